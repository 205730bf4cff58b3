"""A new folder that appears whole or not at all."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from fnet_studio.core import files
from fnet_studio.core.errors import UserError


def refuse_occupied(folder: Path) -> None:
    """UserError `convert.exists` when something is there already; an empty folder is nothing."""
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        kind = "file" if folder.suffix == ".keras" else "folder"
        raise UserError(
            "convert.exists",
            f"{folder} exists already.",
            f"Name a {kind} that does not exist; nothing was written.",
        )


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Gives a hidden folder beside `folder` to write into. It gets its name when the block ends well, and is removed
    when it does not. UserError `convert.exists`, `disk.full` or `disk.unwritable`."""
    refuse_occupied(folder)
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        try:
            part.mkdir(parents=True)
            yield part
            refuse_occupied(folder)
            if folder.is_dir():
                folder.rmdir()
            os.replace(part, folder)
        except (OSError, UserError) as error:
            refused = error.__cause__ if isinstance(error, UserError) and error.kind.startswith("disk.") else error
            if not isinstance(refused, OSError):
                raise
            raise files.disk_error(refused, folder) from refused  # the hidden folder means nothing to anybody
    finally:
        shutil.rmtree(part, ignore_errors=True)
