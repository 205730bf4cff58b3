"""Spreadsheets of Excel and of OpenDocument: one sheet of them, the first with something in it where none is named."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fnet_studio.core.errors import UserError
from fnet_studio.tables.cells import as_text

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def read_sheet(path: Path, raw: bytes, sheet: str = "") -> tuple[list[tuple[int, list[str]]], tuple[str, ...]]:
    """(row's number, its cells) of each row that is not empty, all equally long, without the columns that are empty
    throughout; and a note on the sheets that were not read, where none was named. UserError `data.unreadable`."""
    with _opened(path, raw) as book:
        names = _visible(book)
        for name in [sheet] if sheet else names:
            found = book.get_sheet_by_name(name)
            rows = [[as_text(cell) for cell in row] for row in found.to_python()]
            first = found.start[0] + 1 if found.start else 1
            kept = [(number, row) for number, row in enumerate(rows, first) if any(map(str.strip, row))]
            if kept:
                return _without_empty_columns(kept), () if sheet else _note(path, name, names)
    return [], ()


def sheet_names(path: Path, raw: bytes) -> list[str]:
    """In their order, without hidden ones. UserError `data.unreadable`."""
    with _opened(path, raw) as book:
        return _visible(book)


@contextmanager
def _opened(path: Path, raw: bytes) -> Iterator[Any]:
    import python_calamine as calamine

    advice = "Open it in the program that wrote it, and save the sheet as CSV."
    try:
        with calamine.load_workbook(io.BytesIO(raw)) as book:
            yield book
    except calamine.PasswordError:
        raise UserError("data.unreadable", f"{path} is locked by a password.", "Save it without one.") from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise UserError("data.unreadable", f"{path} cannot be read as a spreadsheet: {error}.", advice) from None


def _visible(book: Any) -> list[str]:
    from python_calamine import SheetVisibleEnum

    return [one.name for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible]


def _without_empty_columns(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    filled = [place for place in range(len(rows[0][1])) if any(row[place].strip() for _, row in rows)]
    return [(number, [row[place] for place in filled]) for number, row in rows]


def _note(path: Path, name: str, names: list[str]) -> tuple[str, ...]:
    if len(names) == 1:
        return ()
    others = ", ".join(other for other in names if other != name)
    advice = "Put the one you want first, or call them train, validation and test."
    return (f"{path.name}: the sheet {name} was read, and not: {others}. {advice}",)
