"""Any exception of a job, put into the words of a `Failed`."""

import errno
import traceback

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError

FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def failed(error: BaseException) -> protocol.Failed:
    """The cause that a person can act on where it is known, else a crash report with the traceback."""
    text = "".join(traceback.format_exception(error))
    if isinstance(error, UserError):
        # Without a cause the traceback says nothing that the words do not.
        return protocol.Failed(error.kind, error.message, error.advice, text if error.__cause__ else "")
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return protocol.Failed(
            "device.out-of-memory",
            "There is not enough memory for this.",
            "Choose a smaller batch, a shorter length or a smaller model, or close other programs.",
            text,
        )
    if isinstance(error, OSError) and error.errno in FULL:
        where = f" while writing {error.filename}" if error.filename else ""
        return protocol.Failed(
            "disk.full",
            f"The disk is full{where}.",
            "Make room, or move the data folder in the settings, and try again.",
            text,
        )
    return protocol.Failed(
        "worker.bug",
        f"The worker met an error it does not know: {type(error).__name__}: {error}",
        "Please report it with the text below. The worker goes on.",
        text,
    )
