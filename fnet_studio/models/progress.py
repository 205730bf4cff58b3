"""How the long functions here report and are stopped: one signature for all of them, that of `fnet_studio.data` too."""

from collections.abc import Callable

from fnet_studio.core.errors import Stopped

Progress = Callable[[str, int, int], None]
"""`progress(phase, done, total)`. phase: `downloading` (done and total in bytes; total may grow), `saving` or
`waiting for a download` (0 of 0)."""

StopCheck = Callable[[], bool]
"""`stopped()` is true once somebody asked to stop. Called for every block that arrives, so it must be quick."""


def report(progress: Progress | None, phase: str, done: int = 0, total: int = 0) -> None:
    if progress is not None:
        progress(phase, done, total)


def check(stopped: StopCheck | None) -> None:
    """Raises Stopped once a stop was asked for."""
    if stopped is not None and stopped():
        raise Stopped
