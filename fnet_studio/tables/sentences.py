"""A file of sentences with `[MASK]` in them: one a line, or a column of a table."""

import json
import os
from pathlib import Path
from typing import NamedTuple

from fnet_studio.core.errors import UserError
from fnet_studio.core.files import read_error
from fnet_studio.tables.encodings import decode_file, lines_of
from fnet_studio.tables.packed import bare_name, read_bytes
from fnet_studio.tables.table import is_table, read_table

MOST_BYTES = 64 * 2**20
MOST_SENTENCES = 100_000
COLUMNS = ("text", "sentence", "prompt")


class Sentences(NamedTuple):
    texts: tuple[str, ...]
    notes: tuple[str, ...]
    """What its reader should know of the file: a guessed encoding, sheets that were not read."""


def read_sentences(path: Path) -> Sentences:
    """The sentences in order, empty ones left out. Of a table the column text, sentence or prompt, or the first one
    where none is called so. JSON lines: the same fields of an object, or a string a line. Anything else: a line each.

    UserError `data.missing`, `sentences.too-large`, `.format` or `.empty`, and what `read_table` and `read_bytes`
    raise."""
    if not os.path.exists(path):
        raise UserError("data.missing", f"There is no file {path}.", "Check the path, or choose it again.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(
                "sentences.too-large",
                f"{path.name} is larger than {MOST_BYTES // 2**20} MiB.",
                "Split it into smaller files.",
            )
        if Path(bare_name(path)).suffix.lower() in (".jsonl", ".ndjson"):
            text, notes = decode_file(read_bytes(path), path)
            found = _from_json_lines(text, path)
        elif is_table(path):
            # without a heading: a table of sentences often has none, and its first one would be taken for it
            table = read_table(path, header=False)
            found, notes = _column(table.columns), table.notes
        else:
            text, notes = decode_file(read_bytes(path), path)
            found = lines_of(text)
    except OSError as error:
        raise read_error(error, path) from error
    sentences = tuple(clean for sentence in found if (clean := " ".join(sentence.split())))
    if not sentences:
        raise UserError("sentences.empty", f"{path.name} has no sentence in it.", "Write one sentence a line.")
    if len(sentences) > MOST_SENTENCES:
        raise UserError(
            "sentences.too-large",
            f"{path.name} has {len(sentences)} sentences.",
            f"Split it into files of {MOST_SENTENCES} or fewer.",
        )
    return Sentences(sentences, notes)


def _column(columns: dict[str, list[str]]) -> list[str]:
    named = {name.strip().lower(): name for name in reversed(columns)}
    headed = {values[0].strip().lower(): name for name, values in reversed(columns.items())}
    for wanted in COLUMNS:
        if wanted in named:
            return columns[named[wanted]]
        if wanted in headed:
            return columns[headed[wanted]][1:]
    return next(iter(columns.values()))


def _from_json_lines(text: str, path: Path) -> list[str]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if isinstance(value, dict):
                value = next(value[name] for name in COLUMNS if name in value)
            if not isinstance(value, str):
                raise TypeError
        except (ValueError, TypeError, StopIteration, RecursionError):
            raise UserError(
                "sentences.format",
                f'Line {number} of {path.name} is neither a JSON string nor an object with "text".',
                'Write {"text": "…"} on each line.',
            ) from None
        found.append(value)
    return found
