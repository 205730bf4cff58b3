"""Rows out of JSON: lines of objects, a list of them, or one object that holds a list or whole columns."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fnet_studio.core import progress as steps
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.tables.cells import as_text


def read_json(
    path: Path, text: str, lines: bool, part: str, progress: Progress | None, stopped: StopCheck | None
) -> tuple[dict[str, list[str]], list[int]]:
    """Columns, and the numbers of the lines (or items) that hold no object. lines: an object a line; otherwise a
    document, which may turn out to be lines all the same. part: of a document with several lists. Objects within an
    object become columns of their own, as `data.text`. UserError `data.rows`."""
    document = None if lines else _document(path, text, part)
    columns = _as_columns(document)
    if columns is not None:
        return columns, []
    if document is None:
        items = _lines(text, progress, stopped)
    else:
        items = enumerate(document if isinstance(document, list) else [document], 1)
    objects: list[dict[str, Any]] = []
    wrong: list[int] = []
    names: dict[str, None] = {}
    for number, item in items:
        try:
            flat = _flat(item) if isinstance(item, dict) else None
        except RecursionError:  # deeper than Python can follow, as in `_lines`
            flat = None
        if flat is None:
            wrong.append(number)
        else:
            objects.append(flat)
            names.update(dict.fromkeys(flat))
    return {name: [as_text(item.get(name)) for item in objects] for name in names}, wrong


def list_names(path: Path, text: str) -> list[str]:
    """Of the lists of objects in a document, in their order; none where it is something else. UserError
    `data.rows`."""
    return list(_lists(_parsed(path, text)))


def _document(path: Path, text: str, part: str) -> Any:
    """A list of rows, an object, or None for what is lines of objects."""
    document = _parsed(path, text)
    lists = _lists(document)
    if part:
        return lists[part]
    if len(lists) > 1:
        raise UserError(
            "data.rows",
            f"{path} holds {len(lists)} lists of rows: {', '.join(list(lists)[:5])}.",
            "Call the one to train on train, and others validation and test; or leave one.",
        )
    if lists:
        return next(iter(lists.values()))
    return document if document is None or isinstance(document, list | dict) else [document]


def _parsed(path: Path, text: str) -> Any:
    """None for what is lines of objects."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith("{"):
            return None
        raise UserError("data.rows", f"{path} is not valid JSON: {error}.", "Mend the file.") from None


def _lists(document: Any) -> dict[str, list[Any]]:
    return {name: value for name, value in document.items() if _is_rows(value)} if isinstance(document, dict) else {}


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _as_columns(document: Any) -> dict[str, list[str]] | None:
    """Of {name: [values]} and of pandas' {name: {row: value}}, all equally long; None of anything else."""
    if not isinstance(document, dict) or not document:
        return None
    values = list(document.values())
    if all(isinstance(column, list) for column in values):
        columns = values
    elif all(isinstance(column, dict) and column.keys() == values[0].keys() for column in values) and len(values) > 1:
        columns = [list(column.values()) for column in values]
    else:
        return None
    if len({len(column) for column in columns}) > 1:
        return None
    return {name: [as_text(value) for value in column] for name, column in zip(document, columns, strict=True)}


def _lines(text: str, progress: Progress | None, stopped: StopCheck | None) -> Iterator[tuple[int, Any]]:
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


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in item.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": deeper for inner, deeper in _flat(value).items()}
        else:
            flat[name] = value
    return flat
