"""How much memory this process holds, and held at most."""

import contextlib
import ctypes
import sys
import time
from collections.abc import Callable

import psutil

EVERY_S = 0.1
_PEAK = "VmHWM:"


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


def in_use_bytes() -> int:
    return psutil.Process().memory_info().rss


def begin_peak() -> None:
    """Let the peak count from now on. Only Linux can; elsewhere it goes on counting from the process's start."""
    try:
        with open("/proc/self/clear_refs", "w") as switch:
            switch.write("5")  # proc_pid_clear_refs(5): resets the peak resident set size
    except OSError:
        return


def peak_bytes() -> int:
    """Largest resident size since `begin_peak`; 0 where the system does not say."""
    try:
        with open("/proc/self/status") as status:
            kilobytes = next((line.split()[1] for line in status if line.startswith(_PEAK)), "0")
        return int(kilobytes) * 1024
    except OSError:
        return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))  # Windows


def free_bytes() -> int:
    """What this process may hold without others being driven out: what it has, and what is available."""
    return psutil.virtual_memory().available + in_use_bytes()


def give_back() -> None:
    """Hand what was freed back to the system. glibc keeps it otherwise, in pieces between what is still in use: of
    IMDb's texts 140 of 165 MB."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):  # another C library than glibc
            ctypes.CDLL(None).malloc_trim(0)
