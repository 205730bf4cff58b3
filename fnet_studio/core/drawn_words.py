"""How wide words are in a drawing that is written without its font, and what of them fits."""

import unicodedata

LETTER, CAPITAL, FULL = 0.565, 0.7, 1.0
"""Widths in parts of the font's size: on average, as usual sans-serif fonts have them."""
UNSEEN = ("Mn", "Me", "Cf")
"""Unicode's categories of what stands over, under or between letters."""
MORE = "…"


def width(words: str, size: float) -> float:
    """About, in the unit of the font's size."""
    return size * sum(map(_part, words))


def shortened(words: str, room: float, size: float) -> str:
    """The words, or as much of their beginning as there is room for, and an ellipsis."""
    if width(words, size) <= room:
        return words
    left = room - width(MORE, size)
    for place, letter in enumerate(words):
        left -= size * _part(letter)
        if left < 0:
            return words[:place].rstrip() + MORE
    return words


def _part(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return FULL
    if unicodedata.category(letter) in UNSEEN:
        return 0.0
    return CAPITAL if letter.isupper() or letter == MORE else LETTER
