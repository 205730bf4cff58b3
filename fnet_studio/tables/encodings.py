"""Bytes to text when nobody says which encoding they are in."""

import codecs
import re
from pathlib import Path

from fnet_studio.core.errors import UserError

_MARKS = (
    # UTF-32 first: its little-endian mark starts with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def sniff(raw: bytes) -> str:
    """The Python name of the encoding: by its byte order mark, else UTF-8 if it is valid, else Windows-1252."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return name
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def decode_file(raw: bytes, path: Path | str) -> tuple[str, tuple[str, ...]]:
    """The text of a whole file, and a note when its encoding had to be guessed. UserError `data.binary` for what
    is no text at all."""
    encoding = sniff(raw)
    if encoding in ("utf-8", "cp1252") and b"\0" in raw:
        raise UserError(
            "data.binary",
            f"{path} is not a text file: it holds zero bytes.",
            "Choose a text file, or save it as UTF-8.",
        )
    try:
        return raw.decode(encoding, "replace" if encoding == "cp1252" else "strict"), _note(encoding, path)
    except UnicodeDecodeError as error:
        raise UserError(
            "data.encoding", f"{path} starts as {encoding} but is damaged at byte {error.start}.", "Save it as UTF-8."
        ) from None


def lines_of(text: str) -> list[str]:
    """Without their ends. Not splitlines: it also cuts at form feeds, at U+0085 and at U+2028, within a text."""
    return re.split("\r\n|\r|\n", text)


def _note(encoding: str, path: Path | str) -> tuple[str, ...]:
    if encoding != "cp1252":
        return ()
    return (f"{Path(path).name} is not UTF-8 and was read as Windows-1252; check accents and quotes.",)


class ManyFilesDecoder:
    """Decodes many small files and remembers which were not UTF-8, so that one stray file does not lose the rest."""

    def __init__(self) -> None:
        self.odd = 0
        self.first_odd = ""

    def decode(self, raw: bytes, name: str) -> str:
        encoding = sniff(raw)
        if encoding == "cp1252":
            self.odd += 1
            self.first_odd = self.first_odd or name
        return raw.decode(encoding, errors="replace")

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence when anything was odd, else none."""
        if not self.odd:
            return ()
        files = "1 file is" if self.odd == 1 else f"{self.odd} files are"
        return (f"{files} not UTF-8 and read as Windows-1252, the first being {self.first_odd}.",)
