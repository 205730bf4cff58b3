"""Locks that several programs and threads share: a file that the system locks for who has it open, so that a lock ends
with its process, and never stays behind."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from fnet_studio.core import files
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck, check, report

POLL_S = 0.1
SHORT_POLL_S = 0.01
"""Of a lock that is held for moments."""


@contextlib.contextmanager
def alone(path: Path, busy: UserError, wait_s: float = 0.0) -> Iterator[None]:
    """Be the only one that holds the lock. Raises `busy` where another does still after `wait_s`, and
    UserError `disk.…`."""
    until = time.monotonic() + wait_s

    def wait() -> None:
        if time.monotonic() >= until:
            raise busy
        time.sleep(SHORT_POLL_S)

    with _held(path, wait):
        yield


@contextlib.contextmanager
def in_turn(path: Path, progress: Progress | None, stopped: StopCheck | None) -> Iterator[None]:
    """The same once another's download has ended. Phase: `waiting for a download`. Raises Stopped, UserError
    `disk.…`."""

    def wait() -> None:
        check(stopped)
        report(progress, "waiting for a download", 0, 0)
        time.sleep(POLL_S)

    with _held(path, wait):
        yield


@contextlib.contextmanager
def _held(path: Path, wait: Callable[[], None]) -> Iterator[None]:
    """The file is taken away at the end: who opened it before that finds it gone, and begins again with a new one."""
    while True:
        with _opened(path) as lock:
            taken = _taken(lock)
            if taken and _is_there(path, lock):
                try:
                    yield
                finally:
                    with contextlib.suppress(OSError):  # Windows removes nothing that is open: there it stays
                        path.unlink()
                return
        if not taken:
            wait()


def _opened(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")
    except OSError as error:
        raise files.disk_error(error, path) from error


def _taken(lock: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a disk that knows no locks: nobody else could hold one
    return True


def _is_there(path: Path, lock: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(lock.fileno()))
    except OSError:
        return False
