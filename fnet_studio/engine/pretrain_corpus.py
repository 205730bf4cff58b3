"""The corpus of a pretraining: texts to a vocabulary and shards of tokens, once, kept in the cache."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fnet_studio.core import places, presets
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck, check, report
from fnet_studio.core.recipe import FROM_SCRATCH, Recipe
from fnet_studio.data import imdb, token_shards
from fnet_studio.data.plain import text_files
from fnet_studio.models.tokenizer import FNetTokenizer
from fnet_studio.models.vocabulary import DOCUMENT_END, LONGEST_LINE, make_vocabulary
from fnet_studio.tables.encodings import decode_file
from fnet_studio.tables.packed import read_bytes

CHUNK = 512
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")


class Source(NamedTuple):
    """Files by split, and a hash of their names, sizes and first bytes."""

    files: dict[str, list[Path]]
    content_hash: str


def prepare(recipe: Recipe, progress: Progress, stopped: StopCheck) -> Path:
    """The folder of the tokenised corpus: `data.path` itself where it is one, else one in the cache, made if need be.

    Phases: `reading`, `building vocabulary`, `tokenising`. Without a validation file every hundredth document
    validates. Raises Stopped, and UserError for texts that cannot be read.
    """
    path = Path(os.path.expanduser(recipe.data.path))
    imdb.require(path)
    if token_shards.is_corpus(path):
        return path
    source = _source(recipe, path)
    folder = places.cache_dir() / "corpora" / source.content_hash[:32]
    if token_shards.is_corpus(folder):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    vocabulary = _vocabulary(recipe, source, progress, stopped)
    if len(FNetTokenizer(vocabulary).get_vocabulary()) > 2**16:
        raise UserError("recipe.invalid", "A vocabulary may have 65,536 pieces at most.", "Choose a smaller one.")
    _tokenise(source, vocabulary, folder, progress, stopped)
    return folder


def _source(recipe: Recipe, path: Path) -> Source:
    files = {"train": text_files(path), "validation": []}
    if recipe.data.validation_path != "none":
        held_out = Path(os.path.expanduser(recipe.data.validation_path))
        imdb.require(held_out)
        files["validation"] = text_files(held_out)
        kept_apart = {file.resolve() for file in files["validation"]}
        files["train"] = [file for file in files["train"] if file.resolve() not in kept_apart]
    for split, found in files.items():
        if not found and (split == "train" or recipe.data.validation_path != "none"):
            raise UserError(
                "data.empty", f"There is no text to use as {split} text.", "Name a folder of .txt or .txt.xz files."
            )
    decided_by = {
        "vocabulary": _vocabulary_choice(recipe),
        "files": {split: [_fingerprint(file) for file in found] for split, found in files.items()},
        "format": token_shards.FORMAT,
    }
    return Source(files, hashlib.sha256(json.dumps(decided_by, sort_keys=True).encode()).hexdigest())


def _vocabulary_choice(recipe: Recipe) -> list:
    if recipe.model.preset != FROM_SCRATCH:
        proto = FNetTokenizer.from_preset(presets.folder(recipe.model.preset)).proto
        return [hashlib.sha256(proto).hexdigest()]
    return [recipe.data.vocabulary_size, recipe.pretraining.vocabulary_lines]


def _fingerprint(file: Path) -> list:
    """A corpus is too large to be hashed at every start; its packed files change in their size or their beginning."""
    with file.open("rb") as opened:
        return [file.name, file.stat().st_size, hashlib.sha256(opened.read(2**20)).hexdigest()]


def _vocabulary(recipe: Recipe, source: Source, progress: Progress, stopped: StopCheck) -> bytes:
    """That of the preset to start from, or a new one from lines all over the training text."""
    if recipe.model.preset != FROM_SCRATCH:
        return FNetTokenizer.from_preset(presets.folder(recipe.model.preset)).proto
    files, most = source.files["train"], recipe.pretraining.vocabulary_lines
    lines: list[str] = []
    for number, file in enumerate(files):
        check(stopped)
        report(progress, "reading", number, len(files))
        found = [line for line in _text(file).split("\n") if line.strip()]
        share = -(-most // len(files))
        every = max(len(found) // share, 1)
        lines += [_cut(line) for line in found[::every][:share]]
    report(progress, "building vocabulary", 0, 0)
    return make_vocabulary(lines, recipe.data.vocabulary_size, lambda: check(stopped))


def _cut(line: str) -> str:
    return line.encode()[:LONGEST_LINE].decode("utf-8", "ignore")


def _tokenise(source: Source, vocabulary: bytes, folder: Path, progress: Progress, stopped: StopCheck) -> None:
    tokenizer = FNetTokenizer(vocabulary)
    writer = token_shards.Writer(folder, DOCUMENT_END)
    files = [(split, file) for split, found in source.files.items() for file in found]
    for number, (split, file) in enumerate(files):
        report(progress, "tokenising", number, len(files))
        found = list(documents(file))
        for first in range(0, len(found), CHUNK):
            check(stopped)
            chunk = found[first : first + CHUNK]
            ids = tokenizer.tokenize(chunk)
            if source.files["validation"]:
                writer.add(split, ids)
            else:
                writer.add("validation", ids[::100])
                writer.add("train", [one for at, one in enumerate(ids) if at % 100])
    report(progress, "tokenising", len(files), len(files))
    writer.finish(source.content_hash, vocabulary)


def documents(file: Path) -> Iterator[str]:
    """Parted by blank lines; the lines of a document become one. UserError `data.unreadable`."""
    for document in _BLANK_LINES.split(_text(file)):
        if document.strip():
            yield " ".join(document.split("\n")).strip()


def _text(file: Path) -> str:
    """OSError becomes UserError `data.unreadable`."""
    try:
        return decode_file(read_bytes(file), file)[0].replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise UserError("data.unreadable", f"{file} cannot be read: {error.strerror}.", "Check its rights.") from error
