"""What a classifier was given of one row: a text, or two."""

from typing import NamedTuple

from fnet_studio.core import protocol


class RowText(NamedTuple):
    text: str = ""
    pair: str = ""

    def __str__(self) -> str:
        return f"{self.text} ‖ {self.pair}" if self.pair else self.text

    @property
    def running(self) -> str:
        """One after the other, for a model that takes one text."""
        return f"{self.text} {self.pair}".strip()


def row_text(texts: protocol.Texts, place: int) -> RowText:
    return RowText(texts.texts[place], texts.pairs[place] if texts.pairs else "")
