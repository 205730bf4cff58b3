"""The official IMDb layout, `aclImdb/{train,test}/{neg,pos}/*.txt`, from its archive or from a folder.

The archive is read member by member and never unpacked to the disk, so nothing in it can land outside a folder;
one with a member that would try is refused all the same, because it is not what it claims to be.
"""

import hashlib
import re
import tarfile
import zlib
from pathlib import Path

import numpy as np

from fnet_studio.core import progress as steps
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import read_error
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.data.corpus import Corpus, LabelledTexts
from fnet_studio.data.unzipped import Unzipped
from fnet_studio.tables.encodings import ManyFilesDecoder

CLASS_NAMES = ("neg", "pos")
SPLITS = ("train", "test")
LARGEST_MEMBER_BYTES = 64 * 2**20
"""No file of the data set comes near; a larger one would only fill the memory."""

_LAYOUT = "It should hold aclImdb/train/pos, aclImdb/train/neg, aclImdb/test/pos and aclImdb/test/neg."
_FETCH = "Fetch the archive again: it should be the aclImdb_v1.tar.gz of the data set's authors."

_LABELLED = frozenset((split, label) for split in SPLITS for label in CLASS_NAMES)
_UNLABELLED = frozenset({("train", "unsup")})

_Wanted = frozenset[tuple[str, str]]
_Found = dict[tuple[str, str], list[tuple[str, bytes]]]
"""(split, class) to (name below the class, content)."""


def read_imdb(path: Path, progress: Progress | None = None, stopped: StopCheck | None = None) -> Corpus:
    """All labelled reviews, sorted by class and file name; `unsup` is left out.

    path: the .tar.gz, or a folder with or without the `aclImdb` folder on top. Raises Stopped, or UserError
    `data.missing`, `data.unreadable`, `data.not-an-archive`, `data.damaged-archive`, `data.unsafe-archive`,
    `data.too-large`, `data.layout` or `data.empty-class`, each naming the file.
    """
    path = Path(path)
    found, content_hash = _read(path, _LABELLED, progress, stopped)
    return _corpus(path, found, content_hash)


def read_unlabelled(
    path: Path, progress: Progress | None = None, stopped: StopCheck | None = None
) -> tuple[list[tuple[str, bytes]], str]:
    """(name, content) of the reviews in `train/unsup`, by name, and the content's hash. Raises like `read_imdb`."""
    path = Path(path)
    found, content_hash = _read(path, _UNLABELLED, progress, stopped)
    if not found:
        raise UserError("data.empty-class", f"{path} holds no reviews in train/unsup.", _LAYOUT)
    return sorted(found["train", "unsup"]), content_hash


def _read(path: Path, wanted: _Wanted, progress: Progress | None, stopped: StopCheck | None) -> tuple[_Found, str]:
    require(path)
    try:
        if path.is_dir():
            found = _read_folder(path, wanted, progress, stopped)
            return found, _hash_of(found)
        return _read_archive(path, wanted, progress, stopped), file_hash(path, stopped)
    except OSError as error:
        raise read_error(error, path) from error


def require(path: Path) -> None:
    """UserError `data.missing` when nothing is there."""
    if not path.exists():
        raise UserError("data.missing", f"There is no file or folder {path}.", "Check the path, or choose it again.")


def file_hash(path: Path, stopped: StopCheck | None = None) -> str:
    """SHA-256 of a file. Raises Stopped."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(2**22):
            digest.update(block)
            steps.check(stopped)
    return digest.hexdigest()


def _read_archive(path: Path, wanted: _Wanted, progress: Progress | None, stopped: StopCheck | None) -> _Found:
    found: _Found = {}
    size = path.stat().st_size
    with path.open("rb") as raw:
        if raw.read(2) != b"\x1f\x8b":
            raise UserError("data.not-an-archive", f"{path} is not a gzip archive.", _FETCH)
        raw.seek(0)
        try:
            with Unzipped(raw, LARGEST_MEMBER_BYTES) as unzipped, tarfile.TarFile(fileobj=unzipped) as archive:
                for number, member in enumerate(archive):
                    if number % 64 == 0:
                        steps.check(stopped)
                        steps.report(progress, "reading", raw.tell(), size)
                    _take(path, unzipped, member, wanted, found)
                _require_end(unzipped, archive.offset, stopped)
        except (EOFError, zlib.error, tarfile.TarError) as error:
            raise UserError(
                "data.damaged-archive", f"{path} is cut short or damaged ({str(error).rstrip('.')}).", _FETCH
            ) from error
    steps.report(progress, "reading", size, size)
    return found


def _take(path: Path, unzipped: Unzipped, member: tarfile.TarInfo, wanted: _Wanted, found: _Found) -> None:
    """Check one member, whatever it is, and keep it if it is a review that is wanted."""
    parts = [part for part in member.name.replace("\\", "/").split("/") if part not in ("", ".")]
    absolute = member.name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", member.name)
    if absolute or ".." in parts:
        raise _unsafe(path, member, "its path leads out of the archive")
    if member.issym() or member.islnk():
        raise _unsafe(path, member, f"it is a link to {member.linkname}")
    if not (member.isfile() or member.isdir()) or member.issparse():
        raise _unsafe(path, member, "it is neither a file nor a folder")
    if not 0 <= member.size <= LARGEST_MEMBER_BYTES:
        raise UserError(
            "data.too-large", f"{path} holds {member.name} of {member.size:,} bytes, too large for a review.", _FETCH
        )
    if not member.isfile() or len(parts) not in (3, 4):
        return
    split, label, name = parts[-3:]
    if (split, label) in wanted and _is_review(name):
        unzipped.seek(member.offset_data)
        content = unzipped.read(member.size)
        if len(content) < member.size:
            raise tarfile.ReadError(f"{member.name} is cut")
        found.setdefault((split, label), []).append((name, content))


def _require_end(unzipped: Unzipped, tar_bytes: int, stopped: StopCheck | None) -> None:
    """Read to the end, so that the checksum is compared; a tar without its closing zero block was cut."""
    while unzipped.read(2**20):
        steps.check(stopped)
    if unzipped.tell() < tar_bytes + tarfile.BLOCKSIZE:
        raise tarfile.ReadError("the end of the archive is missing")


def _unsafe(path: Path, member: tarfile.TarInfo, why: str) -> UserError:
    return UserError("data.unsafe-archive", f"{path} is refused for its member {member.name}: {why}.", _FETCH)


def _is_review(name: str) -> bool:
    """Names with a leading dot are what some systems add when they pack."""
    return name.lower().endswith(".txt") and not name.startswith(".")


def _read_folder(path: Path, wanted: _Wanted, progress: Progress | None, stopped: StopCheck | None) -> _Found:
    root = path / "aclImdb" if (path / "aclImdb").is_dir() else path
    folders = sorted(key for key in wanted if (root / key[0] / key[1]).is_dir())
    files = [
        (key, file) for key in folders for file in sorted((root / key[0] / key[1]).iterdir()) if _is_review(file.name)
    ]
    found: _Found = {}
    for number, (key, file) in enumerate(files):
        if number % 64 == 0:
            steps.check(stopped)
            steps.report(progress, "reading", number, len(files))
        found.setdefault(key, []).append((file.name, file.read_bytes()))
    steps.report(progress, "reading", len(files), len(files))
    return found


def _hash_of(found: _Found) -> str:
    digest = hashlib.sha256()
    for key, files in sorted(found.items()):
        for name, raw in sorted(files):
            digest.update(f"{key[0]}/{key[1]}/{name}\0{len(raw)}\0".encode())
            digest.update(raw)
    return digest.hexdigest()


def _corpus(path: Path, found: _Found, content_hash: str) -> Corpus:
    if not found:
        raise UserError("data.layout", f"{path} holds no IMDb reviews.", _LAYOUT)
    decoder = ManyFilesDecoder()
    splits = {}
    for split in SPLITS:
        texts: list[str] = []
        labels: list[int] = []
        for index, label in enumerate(CLASS_NAMES):
            files = sorted(found.get((split, label), []))
            if not files:
                raise UserError("data.empty-class", f"{path} holds no reviews in {split}/{label}.", _LAYOUT)
            texts += [decoder.decode(raw, f"{split}/{label}/{name}") for name, raw in files]
            labels += [index] * len(files)
        splits[split] = LabelledTexts(texts, np.array(labels, np.int32))
    return Corpus(splits["train"], splits["test"], CLASS_NAMES, content_hash, decoder.notes)
