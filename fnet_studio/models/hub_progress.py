"""How far a download of several files is."""

from pathlib import Path

from fnet_studio.core import files
from fnet_studio.models.progress import Progress, StopCheck, check, report

_MAKE_ROOM = "Free some space, or move the hub's cache to another disk, then try again."


class Tracker:
    """Owns the sums over all files of one download."""

    def __init__(self, folder: Path, handle: str, progress: Progress | None, stopped: StopCheck | None) -> None:
        self._folder, self._handle = folder, handle
        self._progress, self._stopped = progress, stopped
        self._done = self._total = 0

    def expect(self, count: int, here: int = 0) -> None:
        """count more bytes are wanted, of which `here` are on the disk already. UserError `disk.full` before they are
        fetched."""
        self._total += count
        self._done += here
        if wanted := self._total - self._done:
            files.require_room(wanted + files.SPARE_BYTES, self._folder, self._handle, _MAKE_ROOM)
        report(self._progress, "downloading", self._done, self._total)

    def arrived(self, count: int) -> None:
        """Raises Stopped when asked to; count is negative when a file is begun anew."""
        check(self._stopped)
        self._done += count
        report(self._progress, "downloading", self._done, self._total)

    def grew(self, count: int) -> None:
        """As `arrived`, for a file whose size nobody knows: `expect` was told nothing of it."""
        self._total += count
        self.arrived(count)
