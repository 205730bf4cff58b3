"""A corpus that is looked at: rows that fit a question, texts that stand twice, and what there is in all."""

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fnet_studio.core.patterns import repeats
from fnet_studio.core.progress import Progress, StopCheck, check, report
from fnet_studio.core.recipe_sections import NO_LABEL
from fnet_studio.data.corpus import LabelledTexts
from fnet_studio.data.files import DataFiles
from fnet_studio.data.plain import is_text, read_texts
from fnet_studio.data.search import ApartSearch
from fnet_studio.data.sources import parts_of, read_corpus
from fnet_studio.data.split import split_rows
from fnet_studio.tables.mapping import Columns
from fnet_studio.tables.packed import bare_name
from fnet_studio.tables.table import is_table

SPLITS = ("train", "validation", "test")
_CHUNK = 512
_LOOSE = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class OpenedParts:
    """parts: `train`, `validation`, `test`, any of them without a text. class_names: empty for plain text, whose labels
    are all -1."""

    parts: dict[str, LabelledTexts]
    class_names: tuple[str, ...]
    content_hash: str
    notes: tuple[str, ...] = ()

    @property
    def paired(self) -> bool:
        return self.parts["train"].pairs is not None

    def __len__(self) -> int:
        return sum(map(len, self.parts.values()))


def open_parts(
    source: str,
    path: str | Path,
    files: DataFiles | None,
    validation_split: float,
    split_seed: int,
    stratified: bool = False,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
) -> OpenedParts:
    """As a training would read and split it; plain text, and tables without labels, as masked-LM training would.
    Raises Stopped, and what the readers raise."""
    columns = files.columns if files is not None else Columns()
    if source == "files" and (columns.label == NO_LABEL or is_plain(Path(path))):
        found = read_texts(Path(path), columns.text, progress, stopped)
        train, validation = split_rows(len(found.texts), validation_split, split_seed)
        rows = {"train": train, "validation": validation, "test": np.zeros(0, np.int64)}
        parts = {name: _unlabelled([found.texts[row] for row in rows[name]]) for name in SPLITS}
        if files is not None and files.test:
            parts["test"] = _unlabelled(read_texts(Path(files.test), columns.text, progress, stopped).texts)
        return OpenedParts(parts, (), found.content_hash, found.notes)
    corpus = read_corpus(source, path, files, progress, stopped)
    parts = parts_of(corpus, validation_split, split_seed, stratified)
    return OpenedParts(parts, corpus.class_names, corpus.content_hash, corpus.notes)


def is_plain(path: Path) -> bool:
    """A text file, or a folder of such without a folder for each class."""
    if not path.is_dir():
        return Path(bare_name(path)).suffix.lower() in (".txt", ".text", "") and path.is_file()
    entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    deeper = any(entry.is_dir() for entry in entries) or any(is_table(entry) for entry in entries)
    return not deeper and any(is_text(entry) for entry in entries)


def _unlabelled(texts: list[str]) -> LabelledTexts:
    return LabelledTexts(texts, np.full(len(texts), -1, np.int32))


def fitting(
    opened: OpenedParts,
    *,
    split: str = "",
    label: int | None = None,
    pattern: re.Pattern[str] | None = None,
    empty: bool = False,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
) -> dict[str, np.ndarray]:
    """Rows of each part, int64 and in order. Raises Stopped, and what `ApartSearch.fits` raises."""
    found = {}
    total, before = len(opened), 0
    with _search_for(pattern, stopped) as fits:
        for name, part in opened.parts.items():
            if split and name != split:
                found[name] = np.zeros(0, np.int64)
                continue
            keep = np.ones(len(part), bool) if label is None else part.labels == label
            if fits is not None or empty:
                _look(
                    part,
                    keep,
                    fits,
                    empty,
                    lambda done, at=before: report(progress, "searching", at + done, total),
                    stopped,
                )
            found[name] = np.flatnonzero(keep)
            before += len(part)
    return found


Fits = Callable[[Sequence[str]], Iterable[bool]]


@contextlib.contextmanager
def _search_for(pattern: re.Pattern[str] | None, stopped: StopCheck | None) -> Iterator[Fits | None]:
    """What tells of each text whether the pattern is in it; None without a pattern."""
    if pattern is None:
        yield None
    elif repeats(pattern):
        with ApartSearch(pattern, stopped) as search:
            yield search.fits
    else:
        found = pattern.search
        yield lambda texts: [found(text) is not None for text in texts]


def _look(
    part: LabelledTexts,
    keep: np.ndarray,
    fits: Fits | None,
    empty: bool,
    told: Callable[[int], None],
    stopped: StopCheck | None,
) -> None:
    """Clear in `keep` (n,) the rows that do not fit."""
    for first in range(0, len(part), _CHUNK):
        check(stopped)
        told(first)
        rows = (np.flatnonzero(keep[first : first + _CHUNK]) + first).tolist()
        if not rows:
            continue
        texts = [[part.texts[row] for row in rows]]
        if part.pairs is not None:
            texts.append([part.pairs[row] for row in rows])
        if empty:
            keep[rows] &= [not any(words.strip() for words in both) for both in zip(*texts)]
        if fits is not None:
            keep[rows] &= np.any([list(fits(words)) for words in texts], axis=0)


Place = tuple[str, int]
"""Part and row."""


def twins(
    opened: OpenedParts,
    across: bool,
    loosely: bool = False,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
) -> list[tuple[Place, Place]]:
    """(first, later): texts equal to an earlier one of the same part, or, `across`, of an earlier part. Texts without a
    letter are no twins: they are counted as empty. Raises Stopped."""
    found: list[tuple[Place, Place]] = []
    seen: dict[Hashable, Place] = {}
    total, before = len(opened), 0
    for name, part in opened.parts.items():
        here: dict[Hashable, Place] = {}
        for row, key in enumerate(_keys(part, loosely)):
            if row % _CHUNK == 0:
                check(stopped)
                report(progress, "searching", before + row, total)
            if not key:
                continue
            place = (name, row)
            if across and key in seen:
                found.append((seen[key], place))
            elif not across and key in here:
                found.append((here[key], place))
            here.setdefault(key, place)
        if across:
            seen = here | seen
        before += len(part)
    return found


def _keys(part: LabelledTexts, loosely: bool) -> Iterable[Hashable]:
    if not loosely:
        return part.inputs()

    def key(text: str) -> str:
        return _LOOSE.sub(" ", text.casefold()).strip()

    return (tuple(map(key, one)) if isinstance(one, tuple) else one and key(one) for one in part.inputs())


def counts(part: LabelledTexts, classes: int) -> tuple[tuple[int, ...], int]:
    """Texts of each class, and how many texts hold no letter."""
    per_class = np.bincount(part.labels[part.labels >= 0], minlength=classes)
    return tuple(int(count) for count in per_class[:classes]), sum(one is None for one in part.inputs())


def per_part(found: list[tuple[Place, Place]]) -> Counter[str]:
    """How many of the later ones lie in each part."""
    return Counter(later[0] for _, later in found)
