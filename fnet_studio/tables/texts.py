"""A file of texts for a trained classifier: a table, with or without labels, or one text a line."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fnet_studio.core import run_models
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import read_error
from fnet_studio.core.recipe import from_mapping
from fnet_studio.core.run_store import RunRecord
from fnet_studio.tables.encodings import decode_file, lines_of
from fnet_studio.tables.mapping import TEXT_NAMES, Columns, classes_meant, columns_of, find_columns_to_classify
from fnet_studio.tables.packed import read_bytes
from fnet_studio.tables.table import Table, is_table, read_table

MOST_BYTES = 512 * 2**20
NOTHING_WANTED = Columns()


@dataclass(frozen=True, slots=True)
class TextRows:
    """In the file's order. pairs: the second texts; empty for single ones. labels: as they stand in the file, named as
    the classes that the training gave them; empty where the file has none. others: the file's other columns."""

    texts: tuple[str, ...]
    pairs: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    label_column: str = ""
    notes: tuple[str, ...] = ()
    others: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read_texts_for(record: RunRecord, path: Path, wanted: Columns = NOTHING_WANTED) -> TextRows:
    """For the classifier of a run. UserError as `read_texts`, or of a recipe that cannot be read."""
    return read_texts(
        path,
        wanted,
        columns_of(from_mapping(record.recipe).data),
        class_names=record.data.get("class_names", ()),
        paired=run_models.paired(record),
    )


def read_texts(
    path: Path, wanted: Columns, training: Columns, *, class_names: Sequence[str], paired: bool | None
) -> TextRows:
    """wanted: columns asked for; training: those of the data that the classifier learnt from, taken where the file has
    them. class_names: a column with these alone holds the labels. paired: whether it sorts pairs of texts; None: not
    known.

    UserError `texts.too-large`, `.empty` or `.pairs`, `data.columns`, and what `read_table` and `read_bytes` raise."""
    if not os.path.exists(path):
        raise UserError("data.missing", f"There is no file {path}.", "Check the path, or choose it again.")
    if path.is_dir():
        raise UserError("data.format", f"{path} is a folder.", "Choose one file: a table, or one text a line.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(
                "texts.too-large",
                f"{path.name} is larger than {MOST_BYTES // 2**20} MiB.",
                "Split it into smaller files.",
            )
        found = _of_table(path, wanted, training, class_names, paired) if is_table(path) else _of_lines(path, paired)
    except OSError as error:
        raise read_error(error, path) from error
    if not any(text.strip() for text in (*found.texts, *found.pairs)):
        raise UserError("texts.empty", f"{path.name} has no text in it.", "Write one text a line, or give a table.")
    return found


def _of_table(
    path: Path, wanted: Columns, training: Columns, class_names: Sequence[str], paired: bool | None
) -> TextRows:
    table = _without_a_guessed_heading(read_table(path), wanted, training)
    columns = find_columns_to_classify(table, wanted, training, class_names=class_names, paired=paired)
    labels = table.columns[columns.label] if columns.label else []
    used = (columns.text, columns.pair, columns.label)
    told = table.class_names.get(columns.label, [])
    named = [told[int(it)] if told and it.isdigit() and int(it) < len(told) else it for it in map(str.strip, labels)]
    return TextRows(
        texts=tuple(table.columns[columns.text]),
        pairs=tuple(table.columns[columns.pair]) if columns.pair else (),
        labels=tuple(classes_meant(named, columns.classes, class_names)),
        label_column=columns.label,
        notes=table.notes,
        others={name: column for name, column in table.columns.items() if name not in used},
    )


def _without_a_guessed_heading(table: Table, wanted: Columns, training: Columns) -> Table:
    """One column of texts often has no heading: a short first text would be taken for it and be lost."""
    if len(table.columns) > 1 or table.format not in ("csv", "tsv", "sheet"):
        return table
    name = next(iter(table.columns)).strip()
    if name in (wanted.text, training.text) or name.lower() in TEXT_NAMES:
        return table
    read = read_table(table.path, header=False)
    if len(read) == len(table):
        return read
    return replace(read, notes=(*read.notes, f"No heading was taken: {name!r} counts as a text."))


def _of_lines(path: Path, paired: bool | None) -> TextRows:
    if paired:
        raise UserError(
            "texts.pairs",
            f"{path.name} has one text a line, and this run learnt to sort pairs of texts.",
            "Give a table with a column for each of the two.",
        )
    text, notes = decode_file(read_bytes(path), path)
    lines = lines_of(text.rstrip())  # empty ones stay, or a row would not be the line that it is in the file
    return TextRows(tuple(line.strip() for line in lines), notes=notes)
