"""Memory in use, for the curves of a run."""

import time
from collections.abc import Callable

import psutil

EVERY_S = 0.1


class MemoryGauge:
    """Asks the system ten times a second at most, so that a run of thousands of steps a second can ask each step."""

    def __init__(self, device_memory_bytes: Callable[[], int] = lambda: 0) -> None:
        self._process = psutil.Process()
        self._device_memory_bytes = device_memory_bytes
        self._read_at = float("-inf")
        self._values = (0, 0)

    def read(self) -> tuple[int, int]:
        """(of this process, on its accelerators) in bytes; the second is 0 where none tells."""
        now = time.monotonic()
        if now - self._read_at >= EVERY_S:
            self._values = (self._process.memory_info().rss, self._device_memory_bytes())
            self._read_at = now
        return self._values
