"""How far a download of several files is; and the progress bars in tqdm's manner, through which kagglehub reports,
turned into callbacks."""

import threading
from pathlib import Path
from typing import Any, Self

from fnet_studio.core import files
from fnet_studio.models.progress import Progress, StopCheck, check, report

_MAKE_ROOM = "Free some space, or move the hub's cache to another disk, then try again."


class Tracker:
    """Owns the sums over all files of one download. Its methods may be called from several threads."""

    def __init__(self, folder: Path, handle: str, progress: Progress | None, stopped: StopCheck | None) -> None:
        self._folder, self._handle = folder, handle
        self._progress, self._stopped = progress, stopped
        self._lock = threading.RLock()
        self._done = self._total = 0

    def expect(self, count: int, here: int = 0) -> None:
        """count more bytes are wanted, of which `here` are on the disk already. UserError `disk.full` before they are
        fetched."""
        with self._lock:
            self._total += count
            self._done += here
            if wanted := self._total - self._done:
                files.require_room(wanted + files.SPARE_BYTES, self._folder, self._handle, _MAKE_ROOM)
            report(self._progress, "downloading", self._done, self._total)

    def arrived(self, count: int) -> None:
        """Raises Stopped when asked to; count is negative when a file is begun anew."""
        check(self._stopped)
        with self._lock:
            self._done += count
            report(self._progress, "downloading", self._done, self._total)

    def bars(self) -> Any:
        """A class with what the library uses of tqdm's. A new bar's total is what `expect` hears."""
        tracker = self

        class Bar:
            def __init__(self, *_: Any, total: int | None = None, initial: int = 0, **__: Any) -> None:
                self.total, self.n = total, initial
                check(tracker._stopped)
                tracker.expect(total or 0, initial)

            def update(self, n: float | None = 1) -> None:
                self.n += int(n or 0)
                tracker.arrived(int(n or 0))

            def __enter__(self) -> Self:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def close(self) -> None: ...
            def refresh(self, *_: Any, **__: Any) -> None: ...
            def set_description(self, *_: Any, **__: Any) -> None: ...
            def set_description_str(self, *_: Any, **__: Any) -> None: ...
            def set_postfix_str(self, *_: Any, **__: Any) -> None: ...

        return Bar
