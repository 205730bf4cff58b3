"""Files as they lie on a disk: plain, packed with gzip, bzip2 or xz, or inside a zip archive."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fnet_studio.core.errors import UserError

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
MOST_BYTES = 2**31
"""A packed file that is larger unpacked is refused: all of it is held in memory, and a forged one has no end."""


def bare_name(path: Path) -> str:
    """Without the packing: "reviews.csv" for reviews.csv.gz. A zip archive keeps its name."""
    return path.stem if path.suffix.lower() in _OPENERS else path.name


def members(path: Path) -> list[str]:
    """Names of the files in a zip archive, sorted, without what systems hide in one. OSError; UserError
    `data.unreadable` for a damaged one."""
    with _damage_told(path), zipfile.ZipFile(path) as archive:
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    parts = {name: PurePosixPath(name).parts for name in names}
    return sorted(name for name in names if not any(part.startswith((".", "__MACOSX")) for part in parts[name]))


@contextmanager
def unpacked(path: Path, member: str = "") -> Iterator[IO[bytes]]:
    """The content of a file, or of a file in a zip archive. OSError; UserError `data.unreadable` for a damaged or
    locked one."""
    with _damage_told(path):
        if member:
            with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
                yield stream
        else:
            with _OPENERS.get(path.suffix.lower(), open)(path, "rb") as stream:
                yield stream


def read_bytes(path: Path, member: str = "") -> bytes:
    """All of it, unpacked. Raises what `unpacked` raises, and UserError `data.too-large`."""
    if not member and path.suffix.lower() not in _OPENERS:
        return path.read_bytes()
    with unpacked(path, member) as stream:
        raw = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise UserError(
            "data.too-large",
            f"{path} holds more than {MOST_BYTES / 2**30:.0f} GiB.",
            "Unpack it, or divide it into smaller files.",
        )
    return raw


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError) as error:
        raise _unreadable(path, error) from None
    except RuntimeError as error:  # of zipfile, for an encrypted member
        raise UserError("data.unreadable", f"{path} is locked: {error}.", "Unpack it first.") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise _unreadable(path, error) from None  # gzip's and bz2's word for damage


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(
        "data.unreadable", f"{path} cannot be unpacked: {error}.", "It is damaged or cut off: fetch it again."
    )
