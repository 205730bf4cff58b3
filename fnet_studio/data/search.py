"""A regular expression is tried in a process of its own: Python holds every thread still while it matches one text, so
that a pattern which takes minutes there could neither be stopped nor leave the worker alive."""

import contextlib
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.progress import StopCheck

BATCH_BYTES = 2**15
"""Less than a pipe holds, so that sending a batch never waits for the search of it."""
LONGEST_S = 5.0
"""For one text: a pattern that takes longer would take hours for all of them."""
LOOK_S = 0.05


class ApartSearch:
    """Owns the process; a context manager. Used by one thread."""

    def __init__(
        self, pattern: re.Pattern[str], stopped: StopCheck | None = None, longest_s: float = LONGEST_S
    ) -> None:
        self._pattern, self._stopped, self._longest_s = pattern, stopped, longest_s
        self._asked_to_stop = self._too_long = False
        self._over = threading.Event()
        self._answered = time.monotonic()

    def __enter__(self) -> "ApartSearch":
        self._process = subprocess.Popen(program(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self._watch, name="search", daemon=True).start()
        self._send(f"{self._pattern.flags} {self._pattern.pattern}".encode("utf-8", "surrogatepass"))
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what could not be sent any more
                stream.close()  # type: ignore[union-attr]
        self._process.wait()

    def fits(self, texts: Sequence[str]) -> Iterator[bool]:
        """For each text, in order. Raises Stopped, UserError `pattern.slow`, `pattern.failed`."""
        batch, size = [], 0
        for text in texts:
            raw = text.encode("utf-8", "surrogatepass")
            if batch and size + len(raw) > BATCH_BYTES:
                yield from self._batch(batch)
                batch, size = [], 0
            batch.append(raw)
            size += len(raw)
        if batch:
            yield from self._batch(batch)

    def _batch(self, batch: list[bytes]) -> Iterator[bool]:
        self._answered = time.monotonic()
        left = len(batch)
        self._send(b"".join(_with_length(raw) for raw in batch))
        while left:
            answers = self._process.stdout.read1(left)  # type: ignore[union-attr]
            self._answered = time.monotonic()
            if not answers:
                self._ended()
            left -= len(answers)
            yield from (answer == 1 for answer in answers)

    def _send(self, raw: bytes) -> None:
        stream = self._process.stdin
        assert stream is not None
        try:
            stream.write(_with_length(raw))
            stream.flush()
        except OSError:  # it was killed: reading tells why
            pass

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            self._asked_to_stop = self._stopped is not None and self._stopped()
            self._too_long = time.monotonic() - self._answered > self._longest_s
            if self._asked_to_stop or self._too_long:
                self._process.kill()
                return

    def _ended(self) -> None:
        if self._asked_to_stop:
            raise Stopped
        if self._too_long:
            raise UserError(
                "pattern.slow",
                f"The pattern takes more than {self._longest_s:g} s on a single text.",
                "Write it with fewer repeats such as .* and .+, or begin it with words that it must hold.",
            )
        raise UserError(
            "pattern.failed",
            f"The process that looks for the pattern ended with the status {self._process.wait()}.",
            "Try again; the worker's log may say why.",
        )


def program() -> list[str]:
    """The worker's own program, which knows this word (`worker.main`)."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "search"]
    return [sys.executable, "-m", "fnet_studio.worker", "search"]


def _with_length(raw: bytes) -> bytes:
    return len(raw).to_bytes(8, "little") + raw


def main() -> int:
    """The process: a pattern and then batches on stdin, each after its length, of texts after their lengths; for each
    text a byte 1 or 0 on stdout."""
    source, out = sys.stdin.buffer, sys.stdout.buffer

    def read() -> bytes:
        return source.read(int.from_bytes(source.read(8), "little"))

    flags, _, pattern = read().decode("utf-8", "surrogatepass").partition(" ")
    search = re.compile(pattern, int(flags)).search
    while batch := read():
        told, at = time.monotonic(), 0
        while at < len(batch):
            end = at + 8 + int.from_bytes(batch[at : at + 8], "little")
            out.write(b"\1" if search(batch[at + 8 : end].decode("utf-8", "surrogatepass")) else b"\0")
            at = end
            if time.monotonic() - told > LOOK_S:  # seldom: each wakes the worker up
                told = time.monotonic()
                out.flush()
        out.flush()
    return 0
