"""Writing files so that a crash leaves the old content or the new, never half of one."""

import errno
import os
import tempfile
from pathlib import Path

import msgspec

from fnet_studio.core.errors import UserError


def write_atomically(path: Path, data: bytes) -> None:
    """Write to a temporary file in the same folder, flush to disk, rename. UserError `disk.full` or `disk.unwritable`
    leaves the old file as it was."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise disk_error(error, path) from error


def write_json(path: Path, value: object) -> None:
    write_atomically(path, msgspec.json.format(msgspec.json.encode(value), indent=1))


def disk_error(error: OSError, path: Path) -> UserError:
    """The words for a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(
            "disk.full",
            f"The disk is full: {path.name} could not be written to {path.parent}.",
            "Free some space, then try again; what was saved before is untouched.",
        )
    return UserError("disk.unwritable", f"{path} could not be written: {error.strerror}.", "Check the folder's rights.")
