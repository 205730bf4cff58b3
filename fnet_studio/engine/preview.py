"""A look at the head of the user's own data: what there is to choose from before a run reads all of it."""

import os
from collections import Counter
from pathlib import Path

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.data.browse import is_plain
from fnet_studio.data.files import Place, class_files, find_parts
from fnet_studio.data.plain import text_files
from fnet_studio.tables.encodings import decode_file, lines_of, sniff
from fnet_studio.tables.mapping import Columns, composed, find_columns, text_column
from fnet_studio.tables.packed import unpacked
from fnet_studio.tables.table import Table, is_table, read_table

HEAD_BYTES = 4 * 2**20
CELL_CHARS = 160
SAMPLES = 8
MOST_LABELS = 50
"""A column with more different values than this hardly holds classes."""
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
FORMAT_NAMES = {
    "csv": "CSV",
    "tsv": "TSV",
    "jsonl": "JSON lines",
    "json": "JSON",
    "parquet": "Parquet",
    "sheet": "Spreadsheet",
}
ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp1252": "Windows-1252", "binary": ""}


def preview(command: protocol.PreviewData) -> protocol.DataPreview:
    """UserError as the readers raise, and `data.format` for a file of no known kind."""
    path = Path(os.path.expanduser(command.path))
    try:
        return _look(command.path, path)
    except OSError as error:
        where = error.filename or path
        raise UserError("data.unreadable", f"{where} cannot be read: {error.strerror}.", "Check its rights.") from error


def _look(named: str, path: Path) -> protocol.DataPreview:
    if path.is_dir():
        return _folder(named, path)
    if is_table(path) or path.suffix.lower() == ".zip":  # which says what it holds instead
        return _table(named, path, find_parts(path))
    if not path.exists():
        raise UserError("data.missing", f"There is no file {path}.", "Check the path, or choose it again.")
    if is_plain(path):
        return _text(named, [path])
    raise UserError(
        "data.format",
        f"{path.name} is no table and no text that can be read here.",
        "Choose a CSV, TSV, JSON, Excel, OpenDocument or Parquet table, a .txt file, or a folder.",
    )


def _folder(named: str, path: Path) -> protocol.DataPreview:
    parts = find_parts(path)
    train = parts["training"].path
    if is_table(train):
        return _table(named, path, parts)
    files = class_files(train)
    if files:
        files = [(composed(name), file) for name, file in files]
        classes = Counter(name for name, _ in files)
        labels = tuple(sorted(classes.items()))
        first = dict(reversed(files))
        samples = tuple((_start(first[name]), name) for name in list(classes)[:SAMPLES])
        columns = (protocol.ColumnPreview("text"), protocol.ColumnPreview("folder", labels))
        return protocol.DataPreview(
            named,
            "classes",
            "a folder for each class",
            sum(classes.values()),
            True,
            columns,
            samples,
            parts=_inside(path, parts),
        )
    files = text_files(path)
    if not files:
        raise UserError(
            "data.layout",
            f"{path} holds neither tables nor texts.",
            "Choose a folder with one folder of .txt files for each class, or with train.csv and test.csv.",
        )
    return _text(named, files)


def _inside(path: Path, parts: dict[str, Place]) -> dict[str, str]:
    """The parts that were found in what was chosen; none when it is all one."""
    return {} if parts["training"] == Place(path) else {name: str(place) for name, place in parts.items()}


def _table(named: str, path: Path, parts: dict[str, Place]) -> protocol.DataPreview:
    place = parts["training"]
    table = read_table(place.path, part=place.part, head_bytes=HEAD_BYTES)
    try:
        found = find_columns(table, Columns())
        text, pair, label = found.text, found.pair, found.label
    except UserError:
        text, pair, label = _text_alone(table), "", ""
    encoding = ENCODINGS.get(table.encoding, table.encoding.upper())
    return protocol.DataPreview(
        path=named,
        kind="table",
        format=", ".join(filter(None, (FORMAT_NAMES[table.format], encoding, DELIMITERS.get(table.delimiter)))),
        rows=len(table),
        whole=table.whole,
        columns=tuple(protocol.ColumnPreview(name, _labels(table, name)) for name in table.columns),
        samples=tuple(
            tuple(_short(values[row]) for values in table.columns.values()) for row in range(min(SAMPLES, len(table)))
        ),
        text=text,
        pair=pair,
        label=label,
        parts=_inside(path, parts),
        notes=table.notes,
    )


def _text_alone(table: Table) -> str:
    try:
        return text_column(table, "")
    except UserError:
        return ""


def _labels(table: Table, name: str) -> tuple[tuple[str, int], ...]:
    told = table.class_names.get(name, [])
    found: Counter[str] = Counter()
    for value in table.columns[name]:
        value = value.strip()
        if value:
            found[composed(told[int(value)] if told and value.isdigit() and int(value) < len(told) else value)] += 1
        if len(found) > MOST_LABELS:
            return ()
    return tuple(sorted(found.items())) if len(found) > 1 else ()


def _text(named: str, files: list[Path]) -> protocol.DataPreview:
    texts = [_start(file) for file in files[:SAMPLES]]
    if len(files) == 1:
        with unpacked(files[0]) as stream:
            raw = stream.read(2**16)
        words, _ = decode_file(raw[: raw.rfind(b"\n") + 1] or raw, files[0])
        texts = [_short(line) for line in lines_of(words) if line.strip()][:SAMPLES]
        encoding = sniff(raw[: raw.rfind(b"\n") + 1] or raw)
        kind = f"plain text, {ENCODINGS.get(encoding, encoding.upper())}"
    else:
        kind = f"{len(files):,} plain text files"
    return protocol.DataPreview(named, "text", kind, len(files), True, samples=tuple((text,) for text in texts))


def _start(file: Path) -> str:
    with unpacked(file) as stream:
        raw = stream.read(4 * CELL_CHARS)
    return _short(raw.decode("utf-8", "replace"))


def _short(cell: str) -> str:
    cell = " ".join(cell.split())
    return cell if len(cell) <= CELL_CHARS else cell[: CELL_CHARS - 1] + "…"
