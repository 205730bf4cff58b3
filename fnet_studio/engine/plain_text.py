"""Plain text for masked-LM training, cut into windows of the model's length."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck, check, report
from fnet_studio.core.recipe import Recipe
from fnet_studio.data import cache
from fnet_studio.data.plain import PlainTexts, read_imdb_unlabelled, read_texts
from fnet_studio.data.sources import read_corpus
from fnet_studio.data.split import split_rows
from fnet_studio.engine.feed import Rows

CHUNK = 256


@dataclass(frozen=True, slots=True)
class Windows:
    """parts: `train`, `validation`, `test`, each `Rows`, but for the first of a pretraining; a long text gives several
    rows. texts: how many there were."""

    parts: dict[str, Any]
    content_hash: str
    texts: int
    notes: tuple[str, ...]


def load_windows(recipe: Recipe, preprocessor: Any, progress: Progress, stopped: StopCheck) -> Windows:
    """Phases: `reading`, `tokenising`. Validation texts are those of the file that is named, else a share of all; there
    is a test part only where a test file is named. The windows are kept on disk for the next run of the same texts.
    Raises Stopped, and what the readers raise."""
    data = recipe.data
    report(progress, "reading", 0, 0)
    found = _read(recipe, data.path, progress, stopped)
    content, notes = found.content_hash, found.notes
    texts: dict[str, list[str]] = {}
    if data.source == "files" and data.validation_path != "none":
        held_out = _read(recipe, data.validation_path, progress, stopped)
        texts["train"], texts["validation"], notes = found.texts, held_out.texts, notes + held_out.notes
        content = hashlib.sha256(f"{content} validation {held_out.content_hash}".encode()).hexdigest()
    else:
        train, validation = split_rows(len(found.texts), data.validation_split, data.split_seed)
        texts["train"] = [found.texts[row] for row in train]
        texts["validation"] = [found.texts[row] for row in validation]
    texts["test"] = []
    if data.source == "files" and data.test_path != "none":
        test = _read(recipe, data.test_path, progress, stopped)
        texts["test"], notes = test.texts, notes + test.notes
        content = hashlib.sha256((content + test.content_hash).encode()).hexdigest()
    total, done = sum(map(len, texts.values())), 0
    options = {
        "windows": preprocessor.sequence_length,
        "vocabulary": preprocessor.tokenizer.vocabulary_hash,
        "validation_split": data.validation_split,
        "split_seed": data.split_seed,
    }
    key = cache.key_of(content, options)
    known = cache.load(key)
    if known is not None and set(known[0]) == set(texts):
        return Windows({name: _rows(known[0][name]) for name in texts}, content, total, tuple(notes))
    parts = {}
    for name, part in texts.items():
        parts[name] = windows_of(part, preprocessor, progress, stopped, done, total)
        done += len(part)
    for name in ("train", "validation"):
        if not len(parts[name]):
            raise UserError("data.empty", f"The {name} texts hold no token.", "Choose other texts.")
    try:
        cache.store(key, {name: np.asarray(part.inputs["token_ids"]) for name, part in parts.items()}, {})
    except UserError as error:
        if error.kind != "disk.full":
            raise
    return Windows(parts, content, total, tuple(notes))


def _read(recipe: Recipe, path: str, progress: Progress, stopped: StopCheck) -> PlainTexts:
    """The texts of the training part, without their labels; of IMDb the unlabelled reviews as well."""
    data = recipe.data
    if data.source == "files":
        column = "" if data.text_column == "auto" else data.text_column
        return read_texts(Path(path), column, progress, stopped)
    corpus = read_corpus(data.source, path, None, progress, stopped)
    if data.source == "sample":
        return PlainTexts(corpus.train.texts, corpus.content_hash, corpus.notes)
    more = read_imdb_unlabelled(Path(path), progress, stopped)
    content = hashlib.sha256((corpus.content_hash + more.content_hash).encode()).hexdigest()
    return PlainTexts(corpus.train.texts + more.texts, content, (*corpus.notes, *more.notes))


def windows_of(
    texts: list[str], preprocessor: Any, progress: Progress, stopped: StopCheck, before: int, total: int
) -> Rows:
    """`[CLS] window [SEP]`, each text in windows side by side, so that no token is left out."""
    tokenizer, length = preprocessor.tokenizer, preprocessor.sequence_length
    room = length - 2
    small = np.uint16 if tokenizer.vocabulary_size() <= 2**16 else np.int32
    packed = [np.zeros((0, length), small)]
    for first in range(0, len(texts), CHUNK):
        check(stopped)
        report(progress, "tokenising", before + first, total)
        ids = tokenizer(texts[first : first + CHUNK])
        pieces = [one[start : start + room] for one in ids for start in range(0, len(one), room)]
        if pieces:
            packed.append(preprocessor.packer((pieces,))[0].astype(small))
    report(progress, "tokenising", before + len(texts), total)
    return _rows(np.concatenate(packed))


def _rows(token_ids: np.ndarray) -> Rows:
    segments = np.zeros(token_ids.shape, np.uint8)
    return Rows({"token_ids": token_ids, "segment_ids": segments}, np.zeros(len(token_ids), np.int32))
