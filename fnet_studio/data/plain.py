"""Texts without labels, for masked-language training: plain text files, or the `unsup` reviews of IMDb."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fnet_studio.core import progress as steps
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import read_error
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.data import imdb
from fnet_studio.data.files import find_parts, is_hidden
from fnet_studio.tables.encodings import ManyFilesDecoder, decode_file
from fnet_studio.tables.mapping import text_column
from fnet_studio.tables.packed import bare_name, read_bytes
from fnet_studio.tables.table import is_table, read_table

Unit = Literal["auto", "line", "paragraph", "file"]


@dataclass(frozen=True, slots=True)
class PlainTexts:
    texts: list[str]
    content_hash: str
    notes: tuple[str, ...] = ()


def read_plain(
    path: Path, unit: Unit = "auto", progress: Progress | None = None, stopped: StopCheck | None = None
) -> PlainTexts:
    """The texts of a file, or of all .txt files, packed ones too, under a folder in the order of their paths.

    unit: what one text is. `auto`: paragraphs where blank lines part them, else lines. Blank texts are left out.
    Raises Stopped, UserError `data.missing`, `data.unreadable`, `data.binary`, `data.encoding` or `data.empty`.
    """
    path = Path(path)
    imdb.require(path)
    digest = hashlib.sha256(unit.encode())
    texts: list[str] = []
    notes: list[str] = []
    try:
        files = text_files(path)
        for number, file in enumerate(files):
            steps.check(stopped)
            steps.report(progress, "reading", number, len(files))
            raw = read_bytes(file)
            digest.update(b"%d\0" % len(raw) + raw)
            text, odd = decode_file(raw, file)
            notes += odd
            texts += [piece for piece in _pieces(text, unit) if piece.strip()]
    except OSError as error:
        raise read_error(error, path) from error
    if not texts:
        raise UserError("data.empty", f"{path} holds no text.", "Choose a text file, or a folder of .txt files.")
    steps.report(progress, "reading", len(files), len(files))
    return PlainTexts(texts, digest.hexdigest(), tuple(notes))


def read_texts(
    path: Path, column: str = "", progress: Progress | None = None, stopped: StopCheck | None = None
) -> PlainTexts:
    """The texts of any file or folder of one's own, whatever labels it has; of one with a training part those alone:
    reading it all would train on the test. column: of a table, "" to look for it. Raises Stopped, and what
    `read_plain`, `read_table` and `text_column` raise."""
    place = find_parts(path)["training"]
    if not is_table(place.path):
        return read_plain(place.path, progress=progress, stopped=stopped)
    table = read_table(place.path, part=place.part, progress=progress, stopped=stopped)
    texts = [text for text in table.columns[text_column(table, column)] if text.strip()]
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass"))
    return PlainTexts(texts, digest.hexdigest(), table.notes)


def text_files(path: Path) -> list[Path]:
    """A file itself; of a folder, its .txt files at any depth, packed ones too, without hidden ones."""
    if not path.is_dir():
        return [path]
    found = (file for file in path.rglob("*.txt*") if is_text(file))
    return sorted(file for file in found if not is_hidden(file.relative_to(path)))


def is_text(path: Path) -> bool:
    """Whether a folder's file is one of its texts, by its name."""
    return bare_name(path).lower().endswith(".txt")


def read_imdb_unlabelled(path: Path, progress: Progress | None = None, stopped: StopCheck | None = None) -> PlainTexts:
    """The 50,000 reviews of `train/unsup`, sorted by file name. Raises what `read_imdb` raises."""
    found, content_hash = imdb.read_unlabelled(path, progress, stopped)
    decoder = ManyFilesDecoder()
    texts = [decoder.decode(raw, name) for name, raw in found]
    return PlainTexts(texts, content_hash, decoder.notes)


def _pieces(text: str, unit: Unit) -> list[str]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    paragraphs = re.split(r"\n[ \t]*\n\s*", text.strip())
    if unit == "file":
        return [text.strip()]
    if unit == "paragraph" or (unit == "auto" and len(paragraphs) > 1):
        return [" ".join(paragraph.split("\n")) for paragraph in paragraphs]
    return text.split("\n")
