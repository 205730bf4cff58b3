"""From the name of a source to arrays that can be trained on: read, split, learn the vocabulary, tokenise, keep."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers

from fnet_studio.core.cutting import Cut
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck, check, report
from fnet_studio.data import cache
from fnet_studio.data.corpus import Corpus, LabelledTexts
from fnet_studio.data.files import DataFiles
from fnet_studio.data.report import DataReport, describe, describe_split
from fnet_studio.data.sources import SOURCES, parts_of, quick_hash, read_corpus
from fnet_studio.data.wordpiece import UNKNOWN_ID, Encoded, WordPieceTokenizer


@dataclass(frozen=True, slots=True)
class Split:
    """token_ids: (n, length) uint16, or int32 for a vocabulary above 65,536. labels: (n,) int32."""

    token_ids: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a run trains on. content_hash: of the bytes that were read; key: of those and every option."""

    train: Split
    validation: Split
    test: Split
    tokenizer: WordPieceTokenizer
    class_names: tuple[str, ...]
    sequence_length: int
    cut: Cut
    content_hash: str
    key: str
    report: DataReport

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """May be shorter than was asked for, when the texts do not hold that many pieces."""
        return self.tokenizer.vocabulary

    def encode(self, text: str) -> Encoded:
        """One sentence as the model will see it, with its tokens' strings."""
        return self.tokenizer.encode(text, self.sequence_length, self.cut)


def load_dataset(
    source: str,
    path: str | Path = "",
    *,
    vocabulary_size: int = 15_000,
    sequence_length: int = 512,
    cut: Cut = "end",
    validation_split: float = 0.2,
    split_seed: int = 42,
    stratified: bool = False,
    files: DataFiles | None = None,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
) -> Dataset:
    """The arrays of a source, from the cache where the same bytes were tokenised with the same options before.

    source: `sample` (bundled), `imdb` (path: its archive or folder) or `files` (the user's own; path alone stands
    for their training part). stratified: as for `parts_of`. The vocabulary comes from the training part alone.
    Phases: `reading`, `building vocabulary`, `tokenising`. Raises Stopped, UserError `data.options` and what
    `read_corpus` and `parts_of` raise. A full disk costs only the cache, and a note in the report says so.
    """
    _check_options(source, vocabulary_size, sequence_length, validation_split, split_seed)
    check(stopped)
    report(progress, "reading", 0, 0)
    content_hash, corpus = quick_hash(source, path, stopped), None
    if content_hash is None:
        corpus = read_corpus(source, path, files, progress, stopped)
        content_hash = corpus.content_hash
    options = {
        "vocabulary_size": vocabulary_size,
        "sequence_length": sequence_length,
        "cut": cut,
        "validation_split": validation_split,
        "split_seed": split_seed,
        "stratified": stratified,
        "tokenizers": tokenizers.__version__,
    }
    key = cache.key_of(content_hash, options)
    known = cache.load(key)
    if known is not None:
        try:
            kept = _from_cache(known[0], known[1], sequence_length, cut, content_hash, key)
            # the same texts may have come from another file, about which there were other things to say
            return kept if corpus is None else replace(kept, report=replace(kept.report, notes=corpus.notes))
        except (KeyError, TypeError, ValueError):
            cache.discard(key)
    if corpus is None:
        corpus = read_corpus(source, path, files, progress, stopped)
    parts = parts_of(corpus, validation_split, split_seed, stratified)
    built = _build(corpus, parts, vocabulary_size, sequence_length, cut, key, progress, stopped)
    return _kept(built)


def _check_options(source: str, vocabulary_size: int, sequence_length: int, share: float, seed: int) -> None:
    def wrong(what: str, advice: str) -> UserError:
        return UserError("data.options", what, advice)

    if source not in SOURCES:
        raise wrong(f"There is no data source {source!r}.", f"Known ones: {', '.join(SOURCES)}.")
    if not 100 <= vocabulary_size <= 200_000:
        raise wrong(f"A vocabulary of {vocabulary_size} pieces is out of range.", "Choose 100 to 200,000.")
    if not 1 <= sequence_length <= 16_384:
        raise wrong(f"A length of {sequence_length} tokens is out of range.", "Choose 1 to 16,384.")
    if not (math.isfinite(share) and 0 < share < 1):
        raise wrong(f"A validation share of {share:g} is out of range.", "Choose a share between 0 and 1.")
    if not 0 <= seed < 2**32:
        raise wrong(f"A split seed of {seed} is out of range.", "Choose 0 to 4,294,967,295.")


def _build(
    corpus: Corpus,
    parts: dict[str, LabelledTexts],
    vocabulary_size: int,
    sequence_length: int,
    cut: Cut,
    key: str,
    progress: Progress | None,
    stopped: StopCheck | None,
) -> Dataset:
    paired = corpus.train.pairs is not None
    learn_from = parts["train"].texts + (parts["train"].pairs or [])
    tokenizer = WordPieceTokenizer.train(learn_from, vocabulary_size, progress, stopped, paired)
    texts = [text for part in parts.values() for text in part.texts]
    pairs = [pair for part in parts.values() for pair in part.pairs or []] if paired else None
    token_ids, lengths = tokenizer.encode_batch(texts, sequence_length, progress, stopped, pairs, cut)
    splits: dict[str, Split] = {}
    reports = []
    first = 0
    for name, part in parts.items():
        rows = slice(first, first + len(part))
        first += len(part)
        splits[name] = Split(token_ids[rows], part.labels)
        reports.append(describe_split(name, part, lengths[rows], token_ids[rows], UNKNOWN_ID, len(corpus.class_names)))
    check(stopped)
    return Dataset(
        **splits,
        tokenizer=tokenizer,
        class_names=corpus.class_names,
        sequence_length=sequence_length,
        cut=cut,
        content_hash=corpus.content_hash,
        key=key,
        report=describe(parts["train"], parts["validation"], parts["test"], reports, corpus.notes),
    )


def _kept(built: Dataset) -> Dataset:
    arrays = {}
    for name in ("train", "validation", "test"):
        split: Split = getattr(built, name)
        arrays[f"{name}_token_ids"], arrays[f"{name}_labels"] = split.token_ids, split.labels
    description = {
        "vocabulary": built.vocabulary,
        "class_names": built.class_names,
        "report": built.report.to_mapping(),
    }
    try:
        cache.store(built.key, arrays, description)
    except UserError as error:
        note = f"Not kept for the next run: {error.message}"
        return replace(built, report=replace(built.report, notes=(*built.report.notes, note)))
    return built


def _from_cache(
    arrays: dict[str, np.ndarray],
    description: dict[str, Any],
    sequence_length: int,
    cut: Cut,
    content_hash: str,
    key: str,
) -> Dataset:
    return Dataset(
        **{
            name: Split(arrays[f"{name}_token_ids"], arrays[f"{name}_labels"])
            for name in ("train", "validation", "test")
        },
        tokenizer=WordPieceTokenizer(description["vocabulary"]),
        class_names=tuple(description["class_names"]),
        sequence_length=sequence_length,
        cut=cut,
        content_hash=content_hash,
        key=key,
        report=DataReport.from_mapping(description["report"]),
    )
