"""Spreadsheets of Excel and of OpenDocument: the first sheet with something in it."""

import io
from pathlib import Path

from fnet_studio.core.errors import UserError
from fnet_studio.tables.cells import as_text

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def read_sheet(path: Path, raw: bytes) -> tuple[list[tuple[int, list[str]]], tuple[str, ...]]:
    """(row's number, its cells) of each row that is not empty, all equally long, without the columns that are empty
    throughout; and a note on the sheets that were not read. Hidden sheets are passed over. UserError
    `data.unreadable`."""
    import python_calamine as calamine

    advice = "Open it in the program that wrote it, and save the sheet as CSV."
    try:
        with calamine.load_workbook(io.BytesIO(raw)) as book:
            told = book.sheets_metadata
            names = [one.name for one in told if one.visible == calamine.SheetVisibleEnum.Visible]
            for name in names:
                sheet = book.get_sheet_by_name(name)
                rows = [[as_text(cell) for cell in row] for row in sheet.to_python()]
                first = sheet.start[0] + 1 if sheet.start else 1
                kept = [(number, row) for number, row in enumerate(rows, first) if any(map(str.strip, row))]
                if kept:
                    return _without_empty_columns(kept), _note(path, name, names)
    except calamine.PasswordError:
        raise UserError("data.unreadable", f"{path} is locked by a password.", "Save it without one.") from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise UserError("data.unreadable", f"{path} cannot be read as a spreadsheet: {error}.", advice) from None
    return [], ()


def _without_empty_columns(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    filled = [place for place in range(len(rows[0][1])) if any(row[place].strip() for _, row in rows)]
    return [(number, [row[place] for place in filled]) for number, row in rows]


def _note(path: Path, name: str, names: list[str]) -> tuple[str, ...]:
    if len(names) == 1:
        return ()
    others = ", ".join(other for other in names if other != name)
    return (f"{path.name}: the sheet {name} was read, and not: {others}. Put the one you want first.",)
