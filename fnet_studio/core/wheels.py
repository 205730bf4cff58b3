"""Unpacking wheels, as their format says (PyPA's binary distribution format), without an installer."""

import os
import stat
import zipfile
from pathlib import Path, PurePosixPath

from fnet_studio.core import files
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import StopCheck, check

BLOCK_BYTES = 2**20
_ROOTS = ("purelib", "platlib")
"""Folders of `NAME.data` that belong beside the packages; scripts and headers are of no use here."""


def unpack(wheel: Path, folder: Path, stopped: StopCheck | None = None) -> None:
    """Put a wheel's packages into a folder.

    Raises Stopped, UserError `wheel.damaged`, `wheel.unsafe` (a name that leads out of the folder, or a link),
    `disk.full` or `disk.unwritable`; then the folder holds only a part of it.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            entries = [(entry, _place(entry, wheel)) for entry in archive.infolist() if not entry.is_dir()]
            unpacked = sum(entry.file_size for entry, place in entries if place)
            files.require_room(unpacked, folder, f"{wheel.name}, unpacked,", files.ARRIVED_IS_KEPT)
            for entry, place in entries:
                if place:
                    _write(archive, entry, folder / place, stopped)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError("wheel.damaged", f"{wheel.name} cannot be unpacked: {error}.", "Fetch it again.") from error
    except OSError as error:
        raise files.disk_error(error, folder) from error


def _place(entry: zipfile.ZipInfo, wheel: Path) -> str:
    """Below the folder; empty for what is left out."""
    if not _inside(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
        raise UserError(
            "wheel.unsafe",
            f"{wheel.name} holds {entry.filename!r}, which would be written outside of its folder.",
            "Nothing of it is used. Do not fetch from there again, and tell whoever made the list.",
        )
    first, *rest = PurePosixPath(entry.filename).parts
    if not first.endswith(".data"):
        return entry.filename
    return "/".join(rest[1:]) if rest and rest[0] in _ROOTS else ""


def _inside(name: str) -> bool:
    """Hidden files are usual in wheels, so this is less strict than `archives.stays_inside`, and for Linux alone."""
    path = PurePosixPath(name)
    return str(path) == name and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, stopped: StopCheck | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, path.open("wb") as out:
        while block := source.read(BLOCK_BYTES):
            check(stopped)
            out.write(block)
    if (entry.external_attr >> 16) & 0o100:  # a program, such as XLA's assembler
        os.chmod(path, path.stat().st_mode | 0o111)
