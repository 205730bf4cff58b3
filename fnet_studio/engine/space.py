"""Room on the disk that a run writes to."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from fnet_studio.core.files import size

LOOK_EVERY_S = 1.0
MB = 10**6


class DiskFloor:
    """Says when less is free than should be: asked at each step, it looks once a second."""

    def __init__(
        self,
        folder: Path,
        floor_bytes: int,
        free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self.folder, self.floor_bytes, self._free = folder, floor_bytes, free
        self.next_bytes = 0
        """What the next checkpoint will take, as far as the last one tells."""
        self._looked_at = float("-inf")

    def free_bytes(self) -> int:
        """UserError is for those who write; where this cannot be told, there is room."""
        try:
            return self._free(self.folder)
        except OSError:
            return self.floor_bytes + self.next_bytes

    def low(self, *, now: bool = False) -> bool:
        """now: look whenever it was last."""
        if not self.floor_bytes or not (now or time.monotonic() - self._looked_at >= LOOK_EVERY_S):
            return False
        self._looked_at = time.monotonic()
        return self.free_bytes() < self.floor_bytes + self.next_bytes

    def words(self) -> str:
        return (
            f"Only {size(self.free_bytes())} is free on the disk of {self.folder}, "
            f"{size(self.floor_bytes + self.next_bytes)} is needed: the run waits. Make room, and it goes on by itself."
        )
