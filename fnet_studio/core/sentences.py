"""A file of sentences with `[MASK]` in them: one a line, or a column of a table."""

import csv
import io
import json
from pathlib import Path

from fnet_studio.core.errors import UserError

MOST_BYTES = 64 * 2**20
MOST_SENTENCES = 100_000
COLUMNS = ("text", "sentence", "prompt")
SUFFIXES = (".txt", ".csv", ".tsv", ".jsonl")


def read_sentences(path: Path) -> tuple[str, ...]:
    """The sentences in order, empty ones left out. `.csv` and `.tsv`: the column text, sentence or prompt, or the first
    one of a table without such a heading. `.jsonl`: the same fields of an object a line. Anything else: a line each.

    UserError `sentences.unreadable`, `.encoding`, `.too-large`, `.format` or `.empty`."""
    text = _text_of(path)
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        found = _from_table(text, "\t" if suffix == ".tsv" else ",")
    elif suffix == ".jsonl":
        found = _from_json_lines(text, path)
    else:
        found = text.splitlines()
    sentences = tuple(clean for sentence in found if (clean := " ".join(sentence.split())))
    if not sentences:
        raise UserError("sentences.empty", f"{path.name} has no sentence in it.", "Write one sentence a line.")
    if len(sentences) > MOST_SENTENCES:
        raise UserError(
            "sentences.too-large",
            f"{path.name} has {len(sentences)} sentences.",
            f"Split it into files of {MOST_SENTENCES} or fewer.",
        )
    return sentences


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(
                "sentences.too-large",
                f"{path.name} is larger than {MOST_BYTES // 2**20} MiB.",
                "Split it into smaller files.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            "sentences.unreadable", f"{path} cannot be read ({error.strerror}).", "Choose another file."
        ) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(
            "sentences.encoding", f"{path.name} is not UTF-8 text: see line {line}.", "Save it as UTF-8."
        ) from None


def _from_table(text: str, delimiter: str) -> list[str]:
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    heads = [cell.strip().lower() for cell in rows[0]] if rows else []
    column = next((heads.index(name) for name in COLUMNS if name in heads), -1)
    body = rows if column < 0 else rows[1:]
    column = max(column, 0)
    return [row[column] for row in body if len(row) > column]


def _from_json_lines(text: str, path: Path) -> list[str]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if isinstance(value, dict):
                value = next(value[name] for name in COLUMNS if name in value)
            if not isinstance(value, str):
                raise TypeError
        except (ValueError, TypeError, StopIteration):
            raise UserError(
                "sentences.format",
                f'Line {number} of {path.name} is neither a JSON string nor an object with "text".',
                'Write {"text": "…"} on each line.',
            ) from None
        found.append(value)
    return found
