"""Writing files so that a crash leaves the old content or the new, never half of one."""

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

import msgspec

from fnet_studio.core.errors import UserError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.EIO, getattr(errno, "ESTALE", errno.ENODEV)}
SPARE_BYTES = 16 * 2**20
"""What a download or an import leaves free on the disk."""
NOTHING = (0, 0)
"""The stamp of what is not there."""
FOR_ALL, PRIVATE = 0o666, 0o600
"""Who may read and write a new file: as the system's mask (umask) has it, or its owner alone."""
ARRIVED_IS_KEPT = "Free some space, then try again: what has arrived is kept."


def write_atomically(path: Path, data: bytes, mode: int = FOR_ALL) -> None:
    """Write to a temporary file in the same folder, flush to disk, rename. A symbolic link stays, and what it leads to
    is written. mode: FOR_ALL or PRIVATE, for a new file; another keeps its own. UserError `disk.full` or
    `disk.unwritable` leaves the old file as it was."""
    write_parts_atomically(path, (data,), mode)


def write_parts_atomically(path: Path, parts: Iterable[bytes | memoryview], mode: int = FOR_ALL) -> None:
    """The same for content that is made or copied part by part, so that no thread waits long for another."""
    target = through_links(path)
    temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as stream:
            if os.name == "posix":
                with contextlib.suppress(OSError):  # a new file, or a file system without modes
                    os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except OSError as error:
        with contextlib.suppress(OSError):  # there is none where the folder refused it
            temporary.unlink()
        raise disk_error(error, path) from error


def through_links(path: Path) -> Path:
    """Where to write, so that a symbolic link stays one."""
    return Path(os.path.realpath(path))


def write_json(path: Path, value: object, mode: int = FOR_ALL) -> None:
    write_atomically(path, msgspec.json.format(msgspec.json.encode(value), indent=1), mode)


def read_error(error: OSError, path: Path) -> UserError:
    """The words for a failed read of data that was there when it was chosen."""
    name = error.filename or path
    if error.errno in _GONE:
        return UserError(
            "data.gone",
            f"{name} disappeared while it was read: {error.strerror}.",
            "Put it back, or plug its disk in again, then try again.",
        )
    return UserError("data.unreadable", f"{name} cannot be read: {error.strerror or error}.", "Check its rights.")


def require_room(wanted: int, folder: Path, what: str, advice: str = "Free some space, then try again.") -> None:
    """wanted: bytes that `what` still needs in the folder, which need not exist yet. UserError `disk.full`, before
    anything is written."""
    here = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(here).free
    if wanted > free:
        raise UserError("disk.full", f"{what} needs {size(wanted)}, but {folder} has only {size(free)} left.", advice)


def size(count: float) -> str:
    """Bytes in words: 812 kB, 1.4 GB."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= 0.9995 * scale:  # in three digits it would be 1e+03 of the unit below
            return f"{count / scale:.3g} {unit}"
    return f"{count:.0f} bytes"


def stamp(path: str | Path) -> tuple[int, int]:
    """Size in bytes and time of the last change in nanoseconds, by which a change is seen; zeros where nothing is."""
    try:
        found = os.stat(os.path.expanduser(path))
    except (OSError, ValueError):
        return NOTHING
    return found.st_size, found.st_mtime_ns


def target_of(asked: Path | None, name: str) -> Path:
    """The file to write: in a folder that was asked for, and where nothing was, under its usual name."""
    return Path(name) if asked is None else asked / name if os.path.isdir(asked) else asked


def disk_error(error: OSError, path: Path) -> UserError:
    """The words for a failed write."""
    if error.errno in _FULL:
        return UserError(
            "disk.full",
            f"The disk is full: {path.name} could not be written to {path.parent}.",
            "Free some space, then try again; what was saved before is untouched.",
        )
    return UserError("disk.unwritable", f"{path} could not be written: {error.strerror}.", "Check the folder's rights.")
