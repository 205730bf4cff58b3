"""Any exception of a job, put into the words of a `Failed`."""

import errno
import traceback

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError

_NO_MEMORY = ("Cannot allocate memory", "failed to map segment from shared object\n", "can't start new thread")
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
            "Make room, or start with FNET_STUDIO_HOME on another disk, and try again.",
            text,
        )
    return protocol.Failed(
        "worker.bug",
        f"The worker met an error it does not know: {type(error).__name__}: {error}",
        "Please report it with the text below. The worker goes on.",
        text,
    )


def not_started(error: BaseException) -> protocol.Failed:
    """The same for an engine that cannot start: its process ends."""
    known = failed(error)
    message, advice = known.message, known.advice
    if known.kind == "device.out-of-memory" or any(part in known.traceback for part in _NO_MEMORY):
        message = "There is not enough memory to load its libraries."
        advice = "Close other programs, or raise the limit that is set on its memory (ulimit -v), then try again."
    elif known.kind == "worker.bug":
        advice = "Run: fnet-studio doctor. If that does not help, please report it with the text below."
    return protocol.Failed("engine.start", f"The engine did not start. {message}", advice, known.traceback)
