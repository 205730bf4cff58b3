"""Labelled texts as a preset's own tokenizer packs them, kept on disk for the next run."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fnet_studio.core import all_cores
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck, check, report
from fnet_studio.core.recipe import Recipe
from fnet_studio.data import cache
from fnet_studio.data.corpus import Corpus, LabelledTexts
from fnet_studio.data.report import DataReport, describe, describe_split
from fnet_studio.data.sources import parts_of, quick_hash, read_corpus
from fnet_studio.engine.feed import Rows
from fnet_studio.engine.texts import data_files

CHUNK = 256
_ARRAYS = ("token_ids", "segment_ids", "labels")


@dataclass(frozen=True, slots=True)
class Packed:
    """parts: `train`, `validation`, `test`; inputs are `token_ids` and `segment_ids` (rows, length)."""

    parts: dict[str, Rows]
    class_names: tuple[str, ...]
    content_hash: str
    report: DataReport

    @property
    def paired(self) -> bool:
        inputs = self.parts["train"].inputs
        assert isinstance(inputs, dict)
        return bool(inputs["segment_ids"][:1].any())


def own_length(recipe: Recipe, folder: Path) -> dict[str, int]:
    """What the recipe changes of a preset's preprocessor: nothing, or the length. UserError `recipe.length` when the
    model has no positions for it."""
    from fnet_studio.models.preset import open_preset

    asked = recipe.data.sequence_length
    most = int(open_preset(folder).backbone_arguments()["max_sequence_length"])
    if asked > most:
        raise UserError(
            "recipe.length",
            f"The preset {folder.name} has positions for {most} tokens, not for {asked} (data.sequence_length).",
            f"Choose {most} or less; 0 takes the preset's own length.",
        )
    return {"sequence_length": asked} if asked else {}


def load_packed(recipe: Recipe, preprocessor: Any, progress: Progress, stopped: StopCheck) -> Packed:
    """Phases: `reading`, `tokenising`. preprocessor: an `FNetTextClassifierPreprocessor`. Raises Stopped, and what the
    readers raise."""
    data, corpus = recipe.data, None
    check(stopped)
    report(progress, "reading", 0, 0)
    content_hash = quick_hash(data.source, data.path, stopped)
    if content_hash is None:
        corpus = read_corpus(data.source, data.path, data_files(data), progress, stopped)
        content_hash = corpus.content_hash
    options = {
        "vocabulary": preprocessor.tokenizer.vocabulary_hash,
        "sequence_length": preprocessor.sequence_length,
        "truncate": preprocessor.truncate,
        "cut": preprocessor.cut,
        "validation_split": data.validation_split,
        "split_seed": data.split_seed,
        "stratified": data.stratified,
    }
    key = cache.key_of(content_hash, options)
    known = cache.load(key)
    if known is not None:
        try:
            return _from_cache(*known, content_hash)
        except (KeyError, TypeError, ValueError):
            cache.discard(key)
    if corpus is None:
        corpus = read_corpus(data.source, data.path, data_files(data), progress, stopped)
    packed = _pack(corpus, recipe, preprocessor, progress, stopped)
    try:
        cache.store(key, *_for_cache(packed))
    except UserError as error:
        if error.kind != "disk.full":
            raise
    return packed


def _pack(corpus: Corpus, recipe: Recipe, preprocessor: Any, progress: Progress, stopped: StopCheck) -> Packed:
    texts = parts_of(corpus, recipe.data.validation_split, recipe.data.split_seed, recipe.data.stratified)
    total, done = sum(map(len, texts.values())), 0
    unknown = preprocessor.tokenizer.token_to_id("no such piece")
    parts, reports = {}, []
    for name, part in texts.items():
        inputs, lengths = _pack_part(part, preprocessor, progress, stopped, done, total)
        done += len(part)
        parts[name] = Rows(inputs, part.labels)
        ids = inputs["token_ids"]
        reports.append(describe_split(name, part, lengths, ids, unknown, len(corpus.class_names)))
    described = describe(texts["train"], texts["validation"], texts["test"], reports, corpus.notes)
    return Packed(parts, corpus.class_names, corpus.content_hash, described)


def _pack_part(
    part: LabelledTexts, preprocessor: Any, progress: Progress, stopped: StopCheck, before: int, total: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Inputs by name, and tokens a text (texts,) before cutting, the special ones included."""
    sides = [part.texts] if part.pairs is None else [part.texts, part.pairs]
    chunks = [[side[first : first + CHUNK] for side in sides] for first in range(0, len(part), CHUNK)]
    processes = all_cores.processes_for(sum(len(text) for side in sides for text in side))
    found = []
    report(progress, "tokenising", before, total)
    for packed in all_cores.in_order(partial(_Packing, preprocessor), chunks, processes, stopped):
        found.append(packed)
        report(progress, "tokenising", before + min(len(found) * CHUNK, len(part)), total)
    if not found:
        nothing = np.zeros((0, preprocessor.sequence_length), np.uint8)
        return {"token_ids": nothing, "segment_ids": nothing}, np.zeros(0, np.int64)
    token_ids, segment_ids, lengths = (np.concatenate(column) for column in zip(*found, strict=True))
    return {"token_ids": token_ids, "segment_ids": segment_ids}, lengths


class _Packing:
    """What `_pack_part` does with a chunk, here or in another process."""

    def __init__(self, preprocessor: Any) -> None:
        self._preprocessor = preprocessor
        self._dtype = np.uint16 if preprocessor.tokenizer.vocabulary_size() <= 2**16 else np.int32

    def __call__(self, sides: list[list[str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        ids = tuple(self._preprocessor.tokenizer(side) for side in sides)
        token_ids, segment_ids = self._preprocessor.packer(ids)
        lengths = np.array([[len(one) for one in side] for side in ids], np.int64).sum(0) + 1 + len(ids)
        return token_ids.astype(self._dtype), segment_ids.astype(np.uint8), lengths


def _for_cache(packed: Packed) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    arrays = {}
    for name, part in packed.parts.items():
        assert isinstance(part.inputs, dict)
        arrays |= {f"{name}_{key}": value for key, value in {**part.inputs, "labels": part.labels}.items()}
    return arrays, {"class_names": packed.class_names, "report": packed.report.to_mapping()}


def _from_cache(arrays: dict[str, np.ndarray], description: dict[str, Any], content_hash: str) -> Packed:
    parts = {}
    for name in ("train", "validation", "test"):
        token_ids, segment_ids, labels = (arrays[f"{name}_{key}"] for key in _ARRAYS)
        parts[name] = Rows({"token_ids": token_ids, "segment_ids": segment_ids}, labels)
    return Packed(
        parts, tuple(description["class_names"]), content_hash, DataReport.from_mapping(description["report"])
    )
