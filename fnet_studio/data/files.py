"""A corpus from the user's own files: tables, or a folder for each class."""

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fnet_studio.core import progress as steps
from fnet_studio.core.counts import plural
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import read_error
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.data.corpus import Corpus, LabelledTexts
from fnet_studio.tables.encodings import ManyFilesDecoder
from fnet_studio.tables.mapping import Columns, class_names_of, columns_of_part, composed, find_columns, names_meant
from fnet_studio.tables.packed import bare_name
from fnet_studio.tables.table import is_table, parts_in, read_table

_USUAL_NAMES = {
    "training": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}


@dataclass(frozen=True, slots=True)
class DataFiles:
    """train: a table, or a folder with one sub-folder a class; or what holds `train`, `test` and perhaps `validation`
    of that kind: a folder, a workbook, a JSON document or a zip archive. validation, test: more of the same, empty
    when there is none. header, delimiter: as for `read_table`."""

    train: str
    validation: str = ""
    test: str = ""
    columns: Columns = field(default_factory=Columns)
    header: bool | None = None
    delimiter: str = ""


class Place(NamedTuple):
    """Where one part of a data set lies."""

    path: Path
    part: str = ""
    """Of a file that holds several tables, as for `read_table`."""

    def __str__(self) -> str:
        return f"{self.path}, {self.part}" if self.part else str(self.path)


@dataclass(frozen=True, slots=True)
class _Raw:
    """One part before its labels are numbers."""

    texts: list[str]
    labels: list[str]
    pairs: list[str] | None
    where: str
    notes: tuple[str, ...]
    columns: Columns | None = None
    """Of a table."""


def read_files(files: DataFiles, progress: Progress | None = None, stopped: StopCheck | None = None) -> Corpus:
    """All parts with their labels as numbers; rows without a label are left out, and a note says so.

    The classes are those of the training part. Raises Stopped, what `read_table` and `find_columns` raise, and
    UserError `data.labels` for a label that the training part does not have, `data.layout` for an odd folder.
    """
    digest = hashlib.sha256()
    chosen = {"validation": files.validation, "test": files.test}
    named = find_parts(Path(files.train)) | {name: Place(Path(path)) for name, path in chosen.items() if path}
    raws: dict[str, _Raw] = {}
    for name in ("training", "validation", "test"):
        digest.update(name.encode())
        if name in named:
            known = raws["training"].columns if raws else None
            raws[name] = _read(named[name], files, known, digest.update, progress, stopped)
    classes = files.columns.classes
    names = class_names_of(raws["training"].labels, classes, raws["training"].where)
    notes = [note for raw in raws.values() for note in raw.notes]
    notes += _labels_of_no_row(classes, {label for raw in raws.values() for label in raw.labels if label})
    parts = {name: _labelled(raw, names, classes, notes) for name, raw in raws.items()}
    _refuse_mixed(raws)
    empty = LabelledTexts([], np.zeros(0, np.int32), None if parts["training"].pairs is None else [])
    return Corpus(
        parts["training"], parts.get("test", empty), names, digest.hexdigest(), tuple(notes), parts.get("validation")
    )


def _read(
    place: Place,
    files: DataFiles,
    known: Columns | None,
    update: Callable[[bytes], None],
    progress: Progress | None,
    stopped: StopCheck | None,
) -> _Raw:
    path = place.path
    if path.is_dir():
        raw = _read_class_folders(path, progress, stopped)
    elif bare_name(path).lower().endswith((".txt", ".text")) and path.is_file():
        raise UserError(
            "data.labels",
            f"{path} is plain text, which has no labels, and a classifier needs them.",
            "Choose a table, a folder with one folder for each class, or masked-LM training, which needs no labels.",
        )
    else:
        raw = _read_labelled_table(place, files, known, progress, stopped)
    update(f"{len(raw.texts)} {raw.pairs is not None}\0".encode())
    for values in (raw.texts, raw.labels, raw.pairs or []):
        for value in values:
            update(value.encode("utf-8", "surrogatepass") + b"\0")
    update(repr(sorted(files.columns.classes.items())).encode())
    return raw


def _read_labelled_table(
    place: Place, files: DataFiles, known: Columns | None, progress: Progress | None, stopped: StopCheck | None
) -> _Raw:
    """known: the columns of the training part, where this is another."""
    table = read_table(
        place.path,
        part=place.part,
        header=files.header,
        delimiter=files.delimiter,
        progress=progress,
        stopped=stopped,
    )
    wanted = files.columns
    columns = find_columns(table, wanted) if known is None else columns_of_part(table, wanted, known)
    labels = [label.strip() for label in table.columns[columns.label]]
    told = table.class_names.get(columns.label, [])
    if told:
        labels = [told[int(label)] if label.isdigit() and int(label) < len(told) else label for label in labels]
        # The hub marks a row without a label by -1.
        labels = ["" if label == "-1" else label for label in labels]
    pairs = table.columns[columns.pair] if columns.pair else None
    where = f"{place}, column {columns.label!r},"
    return _Raw(table.columns[columns.text], labels, pairs, where, table.notes, columns)


def class_files(path: Path) -> list[tuple[str, Path]]:
    """(class, text file) of a folder with one of texts for each class, sorted by class and name as Keras does. `unsup`,
    the unlabelled part of IMDb, is no class. OSError."""
    return [
        (folder.name, file)
        for folder in sorted(path.iterdir())
        if folder.is_dir() and folder.name != "unsup"
        for file in sorted(folder.rglob("*.txt"))
        if not is_hidden(file.relative_to(path))
    ]


def is_hidden(path: Path) -> bool:
    """Within a folder: a Mac puts a hidden file beside each text that it copies."""
    return any(part.startswith(".") for part in path.parts)


def _read_class_folders(path: Path, progress: Progress | None, stopped: StopCheck | None) -> _Raw:
    decoder = ManyFilesDecoder()
    texts: list[str] = []
    labels: list[str] = []
    try:
        files = class_files(path)
        for number, (label, file) in enumerate(files):
            if number % 64 == 0:
                steps.check(stopped)
                steps.report(progress, "reading", number, len(files))
            texts.append(decoder.decode(file.read_bytes(), f"{label}/{file.name}"))
            labels.append(label)
    except OSError as error:
        raise read_error(error, path) from error
    if not texts:
        raise UserError(
            "data.layout",
            f"{path} holds no folder with text files.",
            "Make one folder for each class, with a .txt file for each text.",
        )
    steps.report(progress, "reading", len(files), len(files))
    return _Raw(texts, labels, None, str(path), decoder.notes)


def find_parts(path: Path) -> dict[str, Place]:
    """`training`, `validation` and `test`, each where it is there: folders or tables of the usual names in a folder,
    tables of such names in one file. Without one for training it is `path` itself, and nothing else."""
    inside: dict[str, Place] = {}
    if path.is_dir():
        for entry in sorted(path.iterdir(), reverse=True):  # folders and tables of one name: the first counts
            if entry.is_dir() or is_table(entry):
                inside[(entry.name if entry.is_dir() else Path(bare_name(entry)).stem).lower()] = Place(entry)
    else:
        with contextlib.suppress(OSError, UserError):  # who reads it will say so
            inside = {name: Place(path, part) for name, part in parts_in(path).items()}
    found = {
        kind: inside[name]
        for kind, names in _USUAL_NAMES.items()
        if (name := next((name for name in names if name in inside), ""))
    }
    return found if "training" in found else {"training": Place(path)}


def _labelled(raw: _Raw, names: tuple[str, ...], classes: Mapping[str, str], notes: list[str]) -> LabelledTexts:
    numbers = {name: number for number, name in enumerate(names)}
    named = names_meant(raw.labels, classes)
    meant = [composed(named[label]) for label in raw.labels]
    unknown = next((label for label in meant if label and label not in numbers), None)
    if unknown is not None:
        raise UserError(
            "data.labels",
            f"{raw.where} holds the label {unknown!r}, which the training part does not have.",
            f"Map it to one of: {', '.join(names[:20])}.",
        )
    rows = [row for row, label in enumerate(meant) if label]
    if len(rows) < len(meant):
        left_out = len(meant) - len(rows)
        was = "was" if left_out == 1 else "were"
        notes.append(f"{raw.where} {left_out:,} {plural('row', left_out)} without a label {was} left out.")
    if not rows:
        raise UserError("data.labels", f"{raw.where} holds no label at all.", "Choose another file or column.")
    pairs = None if raw.pairs is None else [raw.pairs[row] for row in rows]
    labels = np.array([numbers[meant[row]] for row in rows], np.int32)
    return LabelledTexts([raw.texts[row] for row in rows], labels, pairs)


def _labels_of_no_row(classes: Mapping[str, str], labels: set[str]) -> list[str]:
    """A note where `data.labels` gives a meaning to what is no label of the files: a typing error, mostly."""
    found = set(map(composed, labels))
    odd = [label for label in classes if composed(label) not in found]
    if not odd:
        return []
    known = sorted(labels)[:20]
    return [f"data.labels names {', '.join(map(repr, odd))}, which no row has; the labels are {', '.join(known)}."]


def _refuse_mixed(raws: dict[str, _Raw]) -> None:
    paired = {name for name, raw in raws.items() if raw.pairs is not None}
    if paired and paired != set(raws):
        alone = next(raw for name, raw in raws.items() if name not in paired)
        raise UserError(
            "data.columns", f"{alone.where} has one text a row where other parts have two.", "Name the columns."
        )
