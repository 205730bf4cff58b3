"""What a model is given of one row: a text, or two."""

from typing import NamedTuple

from fnet_studio.core import protocol


class RowText(NamedTuple):
    text: str = ""
    pair: str = ""

    def __str__(self) -> str:
        return f"{self.text} ‖ {self.pair}" if self.pair else self.text

    @property
    def prompt(self) -> str:
        """As Explore takes it: `[SEP]` between two texts."""
        return f"{self.text} [SEP] {self.pair}" if self.pair else self.text


def row_text(texts: protocol.Texts, place: int) -> RowText:
    return RowText(texts.texts[place], texts.pairs[place] if texts.pairs else "")
