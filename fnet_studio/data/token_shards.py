"""A tokenised corpus on disk: compressed shards small enough to be carried about, and one flat file to train from.

A corpus is a folder with `corpus.json`, `vocabulary.spm` and `<split>-<number>.xz`. A shard holds token ids in uint16,
first all low bytes, then all high bytes (which packs better), and each document ends with the id of `</s>`.
"""

import hashlib
import lzma
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from fnet_studio.core import files, places
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck, check, report

FORMAT = 1
DESCRIPTION, VOCABULARY = "corpus.json", "vocabulary.spm"
TOKENS_A_SHARD = 20 * 2**20
"""40 MiB before compression, some 27 MiB after it."""
_XZ = {"format": lzma.FORMAT_XZ, "preset": 1}


class Shard(Struct, frozen=True):
    file: str
    tokens: int
    sha256: str


class Corpus(Struct, frozen=True):
    """Content of `corpus.json`."""

    content_hash: str
    """Of the texts, and of all that decides their tokens."""
    document_end: int
    documents: dict[str, int]
    shards: dict[str, list[Shard]]
    format: int = FORMAT

    def tokens(self, split: str) -> int:
        return sum(shard.tokens for shard in self.shards[split])


class Writer:
    """Fills a folder; it is a corpus from `finish` on. Keeps one shard in memory."""

    def __init__(self, folder: Path, document_end: int, tokens_a_shard: int = TOKENS_A_SHARD) -> None:
        self.folder, self.document_end, self.tokens_a_shard = folder, document_end, tokens_a_shard
        self.shards: dict[str, list[Shard]] = {}
        self.documents: dict[str, int] = {}
        self._waiting: dict[str, list[np.ndarray]] = {}

    def add(self, split: str, documents: Iterable[Iterable[int]]) -> None:
        """UserError when the disk refuses."""
        waiting = self._waiting.setdefault(split, [])
        for document in documents:
            waiting.append(np.array([*document, self.document_end], np.uint16))
            self.documents[split] = self.documents.get(split, 0) + 1
        while sum(map(len, waiting)) >= self.tokens_a_shard:
            tokens = np.concatenate(waiting)
            self._write(split, tokens[: self.tokens_a_shard])
            waiting[:] = [tokens[self.tokens_a_shard :]]

    def finish(self, content_hash: str, vocabulary: bytes) -> Corpus:
        """UserError when the disk refuses."""
        for split, waiting in self._waiting.items():
            rest = np.concatenate([np.zeros(0, np.uint16), *waiting])
            if len(rest) or split not in self.shards:
                self._write(split, rest)
        corpus = Corpus(content_hash, self.document_end, self.documents, self.shards)
        files.write_atomically(self.folder / VOCABULARY, vocabulary)
        files.write_json(self.folder / DESCRIPTION, corpus)
        return corpus

    def _write(self, split: str, tokens: np.ndarray) -> None:
        done = self.shards.setdefault(split, [])
        name = f"{split}-{len(done):03d}.xz"
        planes = tokens.astype("<u2").view(np.uint8).reshape(-1, 2).T.tobytes()
        packed = lzma.compress(planes, **_XZ)
        files.write_atomically(self.folder / name, packed)
        done.append(Shard(name, len(tokens), hashlib.sha256(packed).hexdigest()))


def is_corpus(folder: Path) -> bool:
    return (folder / DESCRIPTION).is_file()


def read_corpus(folder: Path) -> Corpus:
    """UserError `data.unreadable`."""
    try:
        corpus = msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=Corpus)
        if corpus.format != FORMAT:
            raise ValueError(f"its format is {corpus.format}, not {FORMAT}")
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise UserError(
            "data.unreadable", f"{folder / DESCRIPTION} cannot be used: {error}.", "Tokenise the texts again."
        ) from None
    return corpus


def open_tokens(
    folder: Path, corpus: Corpus, split: str, progress: Progress | None = None, stopped: StopCheck | None = None
) -> np.ndarray:
    """All tokens of a split, (tokens,) uint16, mapped into memory: unpacked into the cache at first use. Phase:
    `unpacking`. Raises Stopped; UserError `data.unreadable` for a missing or damaged shard."""
    flat = places.cache_dir() / "tokens" / f"{corpus.content_hash}-{split}.u16"
    if not flat.is_file() or flat.stat().st_size != 2 * corpus.tokens(split):
        _unpack(folder, corpus.shards[split], flat, progress, stopped)
    if not corpus.tokens(split):
        return np.zeros(0, np.uint16)
    return np.memmap(flat, "<u2", "r")


def _unpack(
    folder: Path, shards: list[Shard], flat: Path, progress: Progress | None, stopped: StopCheck | None
) -> None:
    flat.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{flat.name}.", dir=flat.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            for number, shard in enumerate(shards):
                check(stopped)
                report(progress, "unpacking", number, len(shards))
                planes = np.frombuffer(_planes(folder, shard), np.uint8).reshape(2, -1)
                out.write(np.ascontiguousarray(planes.T).tobytes())
        os.replace(temporary, flat)
    except OSError as error:
        raise files.disk_error(error, flat) from error
    finally:
        Path(temporary).unlink(missing_ok=True)
    report(progress, "unpacking", len(shards), len(shards))


def _planes(folder: Path, shard: Shard) -> bytes:
    path = folder / shard.file
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise UserError(
            "data.unreadable", f"The shard {path} cannot be read: {error.strerror}.", "Put it back, or tokenise again."
        ) from None
    if hashlib.sha256(packed).hexdigest() != shard.sha256:
        raise UserError("data.unreadable", f"The shard {path} is damaged.", "Copy it again, or tokenise again.")
    return lzma.decompress(packed)
