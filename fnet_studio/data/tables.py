"""Tables of text: CSV, TSV, JSON lines and Parquet, read into columns of strings."""

import csv
import importlib
import io
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fnet_studio.core import progress as steps
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import read_error
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.data.encodings import decode_file, sniff

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
}
LARGEST_FIELD_CHARS = 2**24
ODD_ROWS_ALLOWED = 0.1
"""A file with a larger share of rows that do not fit is refused: something is wrong with all of it."""


@dataclass(frozen=True, slots=True)
class Table:
    """columns: name to its values, all of one length, every value a string (missing ones empty).

    class_names: for a column of numbers whose names the file itself tells (Parquet of the Hugging Face hub)."""

    path: Path
    format: str
    encoding: str
    columns: dict[str, list[str]]
    notes: tuple[str, ...] = ()
    class_names: dict[str, list[str]] = field(default_factory=dict)
    delimiter: str = ""
    """Between the fields of a row, as it was given or found."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))


def is_table(path: Path) -> bool:
    return path.suffix.lower() in FORMATS


def read_table(
    path: Path,
    *,
    header: bool | None = None,
    delimiter: str = "",
    head_bytes: int = 0,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
) -> Table:
    """A whole table. header: None to look for one; without, columns are called `column 1` and so on. delimiter:
    empty to look for it. head_bytes: read no more of a long file than about this much, where its format allows; 0 for
    all of it. Raises Stopped, UserError `data.missing`, `data.unreadable`, `data.format`, `data.binary`,
    `data.encoding`, `data.rows`, `data.empty` or `data.no-parquet`, naming the file and the line."""
    path = Path(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UserError(
            "data.format",
            f"{path} ends in {path.suffix or 'nothing'}, which is no known table.",
            f"Known ones: {', '.join(FORMATS)}.",
        )
    head_bytes = head_bytes if kind != "json" else 0
    try:
        raw = _head(path, head_bytes) if head_bytes and kind != "parquet" else path.read_bytes()
    except FileNotFoundError:
        raise UserError("data.missing", f"There is no file {path}.", "Check the path, or choose it again.") from None
    except OSError as error:
        raise read_error(error, path) from error
    steps.check(stopped)
    if kind == "parquet":
        return _filled(_read_parquet(path, raw))
    text, notes = decode_file(raw, path)
    if kind in ("csv", "tsv"):
        delimiter = delimiter or _delimiter_of(kind, text)
        rows, odd = _delimited(path, kind, text, delimiter, header, progress, stopped)
    else:
        rows, odd = _json_rows(path, kind, text, progress, stopped)
    columns, wrong = rows
    _refuse_many(path, odd, wrong, len(next(iter(columns.values()), [])))
    if wrong:
        notes = (*notes, f"{path.name}: {odd}")
    return _filled(Table(path, kind, sniff(raw), columns, notes, delimiter=delimiter))


def _head(path: Path, size: int) -> bytes:
    """The first lines of a file, whole ones."""
    with open(path, "rb") as file:
        raw = file.read(size - size % 4)
        if not file.read(1):
            return raw
    newline = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(sniff(raw), "utf-8")
    if raw[:2] == b"\xfe\xff" or raw[:4] == b"\0\0\xfe\xff":
        newline = newline.replace("le", "be")
    end = "\n".encode(newline)
    at = raw.rfind(end)
    while at > 0 and at % len(end):  # two letters may look like the end of a line
        at = raw.rfind(end, 0, at)
    return raw[: at + len(end)] if at >= 0 else raw


def _filled(table: Table) -> Table:
    if not len(table):
        raise UserError("data.empty", f"{table.path} holds no rows.", "Choose a file with texts in it.")
    return table


def _refuse_many(path: Path, odd: str, wrong: int, right: int) -> None:
    if wrong > ODD_ROWS_ALLOWED * (wrong + right):
        raise UserError("data.rows", f"{path} cannot be read as a table: {odd}", "Check its format and delimiter.")


_Columns = tuple[dict[str, list[str]], int]
"""The columns, and how many rows did not fit."""


def _delimiter_of(kind: str, text: str) -> str:
    """A file called .csv may hold semicolons or tabs, as spreadsheets of some countries write it."""
    first_line = text.split("\n", 1)[0]
    return "\t" if kind == "tsv" else max(",;\t|", key=first_line.count)


def _delimited(
    path: Path,
    kind: str,
    text: str,
    delimiter: str,
    header: bool | None,
    progress: Progress | None,
    stopped: StopCheck | None,
) -> tuple[_Columns, str]:
    # Tab-separated text mostly knows no quoting, and a stray quote would swallow rows: quotes count only when the
    # rows do not fit without.
    quotings = [csv.QUOTE_NONE, csv.QUOTE_MINIMAL] if delimiter == "\t" else [csv.QUOTE_MINIMAL]
    rows: list[tuple[int, list[str]]] = []
    for quoting in quotings:
        rows = list(_rows(path, text, delimiter, quoting, progress, stopped))
        widths = {len(row) for _, row in rows}
        if len(widths) == 1 and not (quoting == csv.QUOTE_NONE and _all_quoted(rows)):
            break
    if not rows:
        return ({}, 0), ""
    names = rows[0][1]
    if header is None:
        header = _looks_like_header(rows)
    if header:
        rows = rows[1:]
        names = [name.strip() or f"column {number}" for number, name in enumerate(names, 1)]
        if len(set(names)) < len(names):
            names = [f"{name} ({number})" for number, name in enumerate(names, 1)]
    else:
        names = [f"column {number}" for number in range(1, len(names) + 1)]
    fitting = [row for _, row in rows if len(row) == len(names)]
    wrong = [line for line, row in rows if len(row) != len(names)]
    columns = {name: [row[place] for row in fitting] for place, name in enumerate(names)}
    return (columns, len(wrong)), _odd_words(wrong, f"do not have {len(names)} fields")


def _rows(
    path: Path, text: str, delimiter: str, quoting: Any, progress: Progress | None, stopped: StopCheck | None
) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of each row that is not blank."""
    csv.field_size_limit(LARGEST_FIELD_CHARS)
    total = text.count("\n")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    try:
        for number, row in enumerate(reader):
            if number % 1024 == 0:
                steps.check(stopped)
                steps.report(progress, "reading", min(reader.line_num, total), total)
            if row and (len(row) > 1 or row[0].strip()):
                yield reader.line_num, row
    except csv.Error as error:
        raise UserError(
            "data.rows", f"{path}, line {reader.line_num}: {error}.", "Check for a quote that is never closed."
        ) from None


def _all_quoted(rows: list[tuple[int, list[str]]]) -> bool:
    """Some column is wrapped in quotes in every row, so they are not part of the text."""
    body = rows[1:] or rows
    return any(
        all(len(row[place]) > 1 and row[place][0] == row[place][-1] == '"' for _, row in body)
        for place in range(min(len(row) for _, row in rows))
    )


def _looks_like_header(rows: list[tuple[int, list[str]]]) -> bool:
    """Short, distinct, no numbers, and none that comes again below, as a label or a text would. The first name may
    be missing: some programs write a numbered column without one."""
    names = [name.strip() for name in rows[0][1]]
    if len(set(names)) < len(names) or any(len(name) > 40 or _is_number(name) for name in names):
        return False
    if not all(names[1:]) or not any(names):
        return False
    below = rows[1:1000]
    return not any(row[place] == name for _, row in below for place, name in enumerate(names) if place < len(row))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _odd_words(lines: list[int], what: str) -> str:
    if not lines:
        return ""
    rows = "1 row was left out, which does" if len(lines) == 1 else f"{len(lines)} rows were left out, which do"
    return f"{rows} {what.removeprefix('do ')} (the first in line {lines[0]})."


def _json_rows(
    path: Path, kind: str, text: str, progress: Progress | None, stopped: StopCheck | None
) -> tuple[_Columns, str]:
    items: Iterable[tuple[int, Any]]
    if kind == "json" and text.lstrip().startswith("["):
        try:
            items = enumerate(json.loads(text), 1)
        except (ValueError, RecursionError) as error:
            raise UserError("data.rows", f"{path} is not valid JSON: {error}.", "Mend the file.") from None
    else:
        items = _json_lines(text, progress, stopped)
    objects: list[dict[str, Any]] = []
    wrong: list[int] = []
    names: dict[str, None] = {}
    for line, item in items:
        if isinstance(item, dict):
            objects.append(item)
            names.update(dict.fromkeys(item))
        else:
            wrong.append(line)
    columns = {name: [_plain(item.get(name)) for item in objects] for name in names}
    return (columns, len(wrong)), _odd_words(wrong, "do not hold a JSON object")


def _json_lines(text: str, progress: Progress | None, stopped: StopCheck | None) -> Iterator[tuple[int, Any]]:
    # Not splitlines: it also cuts at U+2028, which JSON allows inside a string.
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if number % 1024 == 1:
            steps.check(stopped)
            steps.report(progress, "reading", number, len(lines))
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, None


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)


def _without_parquet(path: Path) -> str:
    """Nothing can be installed into the packaged program: there the table has to be converted elsewhere."""
    if getattr(sys, "frozen", False):
        convert = f"pandas.read_parquet({path.name!r}).to_csv({path.stem + '.csv'!r}, index=False)"
        return f"Save the table as CSV or JSON lines; in a Python that has pandas and pyarrow, with: {convert}"
    return "Install it with `pip install pyarrow`, or save the table as CSV or JSON lines."


def _read_parquet(path: Path, raw: bytes) -> Table:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise UserError(
            "data.no-parquet",
            f"{path} is a Parquet file, and reading those needs the package pyarrow, which is not installed.",
            _without_parquet(path),
        ) from None
    try:
        table = parquet.read_table(io.BytesIO(raw))
    except Exception as error:  # pyarrow's own errors derive from several built-in ones
        raise UserError("data.rows", f"{path} cannot be read as Parquet: {error}.", "Fetch the file again.") from error
    columns = {name: [_plain(value) for value in table.column(name).to_pylist()] for name in table.column_names}
    return Table(path, "parquet", "binary", columns, class_names=_hub_class_names(table.schema.metadata or {}))


def _hub_class_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {name: list(map(str, about["names"])) for name, about in features.items() if about.get("names")}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
