"""Tables of text: CSV, TSV, JSON, spreadsheets and Parquet, packed or not, read into columns of strings."""

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from fnet_studio.core import progress as steps
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import read_error
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.tables import spreadsheets
from fnet_studio.tables.encodings import decode_file, sniff
from fnet_studio.tables.json_tables import list_names, read_json
from fnet_studio.tables.packed import bare_name, members, read_bytes, unpacked
from fnet_studio.tables.parquet import read_parquet

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    **dict.fromkeys(spreadsheets.ENDINGS, "sheet"),
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
    whole: bool = True
    """Whether all of the file was read."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))


def is_table(path: Path) -> bool:
    """By its name, without the packing; of a zip archive, whether it holds one."""
    path = Path(path)
    if path.suffix.lower() != ".zip":
        return _format_of(bare_name(path)) != ""
    try:
        return bool(_tables_in(path))
    except (OSError, UserError):
        return False


def parts_in(path: Path) -> dict[str, str]:
    """What lies beside each other in one file, by its name in lower case: the sheets of a workbook, the lists of a
    JSON document, the tables in a zip archive (without their endings). `read_table` reads one of them. OSError, and
    UserError as `read_table` raises."""
    path = Path(path)
    if path.suffix.lower() == ".zip":
        return {PurePosixPath(name).stem.lower(): name for name in _tables_in(path)}
    names: list[str] = []
    if _format_of(bare_name(path)) == "sheet":
        names = spreadsheets.sheet_names(path, read_bytes(path))
    elif _format_of(bare_name(path)) == "json":
        names = list_names(path, decode_file(read_bytes(path), path)[0])
    return {name.strip().lower(): name for name in names}


def read_table(
    path: Path,
    *,
    part: str = "",
    header: bool | None = None,
    delimiter: str = "",
    head_bytes: int = 0,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
) -> Table:
    """A whole table. part: of a file that holds several, as `parts_in` names it. header: None to look for one; without,
    columns are called `column 1` and so on. delimiter: empty to look for it. head_bytes: read no more of a long file
    than about this much, where its format allows; 0 for all of it. Raises Stopped, UserError `data.missing`,
    `data.unreadable`, `data.too-large`, `data.format`, `data.binary`, `data.encoding`, `data.rows`, `data.empty` or
    `data.no-parquet`, naming the file and the line."""
    path = Path(path)
    try:
        name, member = (part, part) if part and path.suffix.lower() == ".zip" else _inside(path)
        kind = _format_of(name)
        by_lines = kind in ("csv", "tsv", "jsonl")
        raw, whole = _head(path, member, head_bytes) if head_bytes and by_lines else (read_bytes(path, member), True)
    except FileNotFoundError:
        raise UserError("data.missing", f"There is no file {path}.", "Check the path, or choose it again.") from None
    except OSError as error:
        raise read_error(error, path) from error
    steps.check(stopped)
    if kind == "parquet":
        columns, class_names = read_parquet(path, raw)
        return _filled(Table(path, kind, "binary", columns, class_names=class_names))
    if kind == "sheet":
        cells, notes = spreadsheets.read_sheet(path, raw, part)
        rows = [_Row(number, row) for number, row in cells]
        if header is None:
            rows, titles = _without_titles(rows)
            notes += titles
        columns, _ = _columns(rows, header)
        return _filled(Table(path, kind, "binary", columns, notes))
    text, notes = decode_file(raw, path)
    if kind in ("csv", "tsv"):
        told = _SEPARATOR.match(text)
        delimiter = delimiter or (told[1] if told else _delimiter_of(kind, text))
        rows = _delimited(path, text, delimiter, progress, stopped)
        if whole and rows and _never_closed(text, rows[-1], delimiter):
            rows[-1] = rows[-1]._replace(fields=[])
        columns, wrong = _columns(rows[1:] if told else rows, header)
        odd = f"do not have {len(columns)} fields"
    else:
        columns, lines = read_json(path, text, kind == "jsonl", part, progress, stopped)
        wrong = [_Row(line, []) for line in lines]
        odd = "do not hold a JSON object"
    if wrong:
        odd = _odd_words([row.line for row in wrong], odd)
        _refuse_many(path, odd, wrong, len(next(iter(columns.values()), [])))
        notes = (*notes, f"{path.name}: {odd}")
    return _filled(Table(path, kind, sniff(raw), columns, notes, delimiter=delimiter, whole=whole))


def _format_of(name: str) -> str:
    return FORMATS.get(Path(name).suffix.lower(), "")


def _tables_in(path: Path) -> list[str]:
    return [name for name in members(path) if _format_of(name)]


def _inside(path: Path) -> tuple[str, str]:
    """What a file is called unpacked, and its place in a zip archive. UserError `data.format`."""
    if path.suffix.lower() == ".zip":
        found = _tables_in(path)
        if len(found) == 1:
            return found[0], found[0]
        what = f"{len(found)} tables: {', '.join(found[:5])}" if found else "no table"
        advice = "Unpack it and choose one, or call them train, validation and test."
        raise UserError("data.format", f"{path} holds {what}.", advice)
    if not _format_of(bare_name(path)):
        raise UserError(
            "data.format",
            f"{path} ends in {path.suffix or 'nothing'}, which is no known table.",
            f"Known ones: {', '.join(FORMATS)}, also packed as .gz, .bz2, .xz or .zip.",
        )
    return bare_name(path), ""


def _head(path: Path, member: str, size: int) -> tuple[bytes, bool]:
    """The first lines of a file, whole ones; and whether they are all there are."""
    with unpacked(path, member) as file:
        raw = file.read(size - size % 4)
        if not file.read(1):
            return raw, True
    newline = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(sniff(raw), "utf-8")
    if raw[:2] == b"\xfe\xff" or raw[:4] == b"\0\0\xfe\xff":
        newline = newline.replace("le", "be")
    end = "\n".encode(newline)
    at = raw.rfind(end)
    while at > 0 and at % len(end):  # two letters may look like the end of a line
        at = raw.rfind(end, 0, at)
    return (raw[: at + len(end)] if at >= 0 else raw), False


def _filled(table: Table) -> Table:
    if not len(table):
        raise UserError("data.empty", f"{table.path} holds no rows.", "Choose a file with texts in it.")
    return table


class _Row(NamedTuple):
    """One that is not blank."""

    line: int
    """Where it begins, from 1."""
    fields: list[str]
    lines: int = 1
    """That it spans."""


_Rows = list[_Row]
_SEPARATOR = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""What Excel writes before the first row."""


def _refuse_many(path: Path, odd: str, wrong: _Rows, right: int) -> None:
    """Counted in lines: a quote that is never closed makes one row of all that follow."""
    lines = sum(row.lines for row in wrong)
    if lines > ODD_ROWS_ALLOWED * (lines + right):
        longest = max(wrong, key=lambda row: row.lines)
        quote = f"Check for a quote that is never closed in line {longest.line}, which took {longest.lines:,} lines."
        advice = quote if longest.lines > max(lines / 2, 1) else "Check its format and delimiter."
        raise UserError("data.rows", f"{path} cannot be read as a table: {odd}", advice)


def _delimiter_of(kind: str, text: str) -> str:
    """A file called .csv may hold semicolons or tabs, as spreadsheets of some countries write it."""
    first_line = text.split("\n", 1)[0]
    return "\t" if kind == "tsv" else max(",;\t|", key=first_line.count)


def _delimited(path: Path, text: str, delimiter: str, progress: Progress | None, stopped: StopCheck | None) -> _Rows:
    # Tab-separated text mostly knows no quoting, and a stray quote would swallow rows: quotes count only when the
    # rows do not fit without.
    quotings = [csv.QUOTE_NONE, csv.QUOTE_MINIMAL] if delimiter == "\t" else [csv.QUOTE_MINIMAL]
    rows: _Rows = []
    for quoting in quotings:
        rows = list(_rows(path, text, delimiter, quoting, progress, stopped))
        widths = {len(row.fields) for row in rows}
        if len(widths) == 1 and not (quoting == csv.QUOTE_NONE and _all_quoted(rows)):
            break
    return rows


def _columns(rows: _Rows, header: bool | None) -> tuple[dict[str, list[str]], _Rows]:
    """The columns by name, and the rows that do not fit."""
    if not rows:
        return {}, []
    rows = _without_empty_ends(rows)
    names = rows[0].fields
    if header is None:
        header = _looks_like_header(rows)
    if header:
        rows = rows[1:]
        names = _distinct([name.strip() or f"column {number}" for number, name in enumerate(names, 1)])
    else:
        names = [f"column {number}" for number in range(1, len(names) + 1)]
    fitting = [row.fields for row in rows if len(row.fields) == len(names)]
    wrong = [row for row in rows if len(row.fields) != len(names)]
    return {name: [row[place] for row in fitting] for place, name in enumerate(names)}, wrong


def _without_titles(rows: _Rows) -> tuple[_Rows, tuple[str, ...]]:
    """Over the heading of a sheet there often stands what it is about, alone in its row."""
    first = next((at for at, row in enumerate(rows) if sum(bool(cell.strip()) for cell in row.fields) > 1), 0)
    if not first or _looks_like_header(rows) or not _looks_like_header(rows[first:]):
        return rows, ()
    return rows[first:], (f"The title above the heading in line {rows[first].line} was left out.",)


def _without_empty_ends(rows: _Rows) -> _Rows:
    """Some programs end each row with a separator: what would follow it is no column."""
    width, used = len(rows[0].fields), 1
    for row in rows:
        last = len(row.fields)
        while last > used and not row.fields[last - 1].strip():
            last -= 1
        used = max(used, last)
        if used >= width:
            return rows
    return [row._replace(fields=row.fields[:used]) if len(row.fields) == width else row for row in rows]


def _distinct(names: list[str]) -> list[str]:
    """A name that comes again is numbered."""
    found: dict[str, None] = {}
    numbers: Counter[str] = Counter()
    for name in names:
        other = name
        while other in found:
            numbers[name] += 1
            other = f"{name} ({numbers[name] + 1})"
        found[other] = None
    return list(found)


def _rows(
    path: Path, text: str, delimiter: str, quoting: Any, progress: Progress | None, stopped: StopCheck | None
) -> Iterator[_Row]:
    csv.field_size_limit(LARGEST_FIELD_CHARS)
    total = text.count("\n")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    ended = 0
    try:
        for number, row in enumerate(reader):
            began, ended = ended + 1, reader.line_num
            if number % 1024 == 0:
                steps.check(stopped)
                steps.report(progress, "reading", min(reader.line_num, total), total)
            if row and (len(row) > 1 or row[0].strip()):
                yield _Row(began, row, ended - began + 1)
    except csv.Error as error:
        raise UserError(
            "data.rows", f"{path}, line {reader.line_num}: {error}.", "Check for a quote that is never closed."
        ) from None


def _never_closed(text: str, last: _Row, delimiter: str) -> bool:
    """Whether the last row is many lines because its quote is open at the end of the file."""
    if last.lines == 1:
        return False
    lines = itertools.islice(io.StringIO(text, newline=""), last.line - 1, None)
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return str(error) == "unexpected end of data"
    return False


def _all_quoted(rows: _Rows) -> bool:
    """Some column is wrapped in quotes in every row, so they are not part of the text."""
    body = rows[1:] or rows
    return any(
        all(len(row.fields[place]) > 1 and row.fields[place][0] == row.fields[place][-1] == '"' for row in body)
        for place in range(min(len(row.fields) for row in rows))
    )


def _looks_like_header(rows: _Rows) -> bool:
    """Short, no numbers, and none that comes again below, as a label or a text would. The first name may be missing:
    some programs write a numbered column without one."""
    names = [name.strip() for name in rows[0].fields]
    if any(len(name) > 40 or _is_number(name) for name in names):
        return False
    if not all(names[1:]) or not any(names):
        return False
    below = rows[1:1000]
    return not any(
        row.fields[place] == name for row in below for place, name in enumerate(names) if place < len(row.fields)
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _odd_words(lines: list[int], what: str) -> str:
    rows = "1 row was left out, which does" if len(lines) == 1 else f"{len(lines)} rows were left out, which do"
    return f"{rows} {what.removeprefix('do ')} (the first in line {lines[0]})."
