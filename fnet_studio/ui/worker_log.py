"""What the worker writes to stderr: a file for each process, and its last lines for the crash card."""

import contextlib
import time
from pathlib import Path
from typing import BinaryIO

from fnet_studio.core import places
from fnet_studio.link.exit import StderrTail

KEPT_LOGS = 20


class WorkerLog:
    """Owns the log of one worker process. A disk that refuses loses the file, never the window."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._tail = StderrTail()
        self._file: BinaryIO | None = None
        self.path: Path | None = None
        """None until something was written."""

    def feed(self, data: bytes) -> None:
        if not data:
            return
        self._tail.feed(data)
        with contextlib.suppress(OSError):
            self._file = self._file or self._open()
            self._file.write(data)

    def text(self) -> str:
        return self._tail.text()

    def close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _open(self) -> BinaryIO:
        folder = places.logs()
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(folder.glob("worker-*.log"))[: -KEPT_LOGS + 1]:
            old.unlink(missing_ok=True)
        self.path = folder / f"worker-{time.strftime('%Y%m%d-%H%M%S')}-{self._pid}.log"
        return open(self.path, "ab", buffering=0)
