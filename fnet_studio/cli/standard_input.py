"""`-` in the place of a file's name."""

import contextlib
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from fnet_studio.tables.mapping import PAIR_NAMES, TEXT_NAMES

STANDARD_INPUT = "-"
HEAD_BYTES = 2**16
JSON = re.compile(r"""\s*([\[{])\s*(["\[{]|$)""")
"""A list or an object: no text such as `[MASK] it`."""


@contextlib.contextmanager
def file(name: str, columns: Sequence[str]) -> Iterator[Path]:
    """What stands behind a name. Standard input is kept in a file of its own for as long as it takes to read it, whose
    name says what it looks like: JSON, a table with a column of a usual name or one of `columns` (the one that was
    asked for, '' for none, and that of the training), or one text a line."""
    if name != STANDARD_INPUT:
        yield Path(name)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "standard-input")
        with path.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        with path.open("rb") as stream:
            first = next(filter(str.strip, _lines(stream)), "")
        yield path.rename(path.with_suffix(_ending(first, columns)))


def _lines(stream: BinaryIO) -> Iterator[str]:
    while line := stream.readline(HEAD_BYTES):
        yield line.decode("utf-8-sig", "replace")


def _ending(first_line: str, columns: Sequence[str]) -> str:
    if found := JSON.match(first_line):
        return ".jsonl" if found[1] == "{" else ".json"
    if columns[0]:
        return ".csv"
    names = [name.strip().strip('"').lower() for name in re.split("[,;\t|]", first_line)]
    known = {*TEXT_NAMES, *(name for pair in PAIR_NAMES for name in pair), *map(str.lower, columns)}
    return ".csv" if (known - {""}) & set(names) else ".txt"
