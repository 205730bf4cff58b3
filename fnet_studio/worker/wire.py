"""The two file descriptors that speak the protocol, taken away from everything else in the process."""

import os
import sys


def claim() -> tuple[int, int]:
    """(source, wire): copies of stdin and stdout that no library knows of. Afterwards descriptor 0 is at its end
    and whatever is printed, by Python or by C code, goes to stderr. Call before any other import."""
    source, wire = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.stderr is None:  # a frozen program without a console on Windows
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (lives as long as the process)
    sys.stdout = sys.stderr
    if os.name == "nt":
        import msvcrt

        msvcrt.setmode(source, os.O_BINARY)  # type: ignore[attr-defined]
        msvcrt.setmode(wire, os.O_BINARY)  # type: ignore[attr-defined]
    return source, wire


def write_all(wire: int, data: bytes) -> None:
    """Waits as long as the other side does not read. OSError when it is gone."""
    view = memoryview(data)
    while view:
        view = view[os.write(wire, view) :]
