"""Which tokens stay of a text that is longer than the model: its beginning, its end, or both."""

from typing import Literal

Cut = Literal["end", "start", "middle"]
"""What goes."""
FIRST_SHARE = 0.25
"""Of what stays when the middle goes: 128 tokens of 510 in Sun et al., arXiv 1905.05583."""


def stays(length: int, room: int, cut: Cut) -> tuple[slice, slice]:
    """Where the first and the last tokens lie that stay of a text of `length`, at most `room` together. One of them
    may be empty; where all fit, the second is."""
    room = max(room, 0)
    if length <= room:
        return slice(0, length), slice(length, length)
    first = {"end": room, "start": 0, "middle": int(room * FIRST_SHARE)}[cut]
    return slice(0, first), slice(length - (room - first), length)
