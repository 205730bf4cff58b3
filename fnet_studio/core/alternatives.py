"""Alternatives in a sentence: `The {doctor|nurse} said …` stands for one sentence with each of them."""

import itertools
import math
import re
from typing import NamedTuple

from fnet_studio.core.errors import UserError

MOST = 24
"""Sentences that one may stand for: more would not be seen beside each other."""
_GROUP = re.compile(r"\{([^{}|]*(?:\|[^{}|]*)+)\}")


class Variant(NamedTuple):
    text: str
    chosen: tuple[str, ...]
    """One of each group, in order."""


def has_alternatives(text: str) -> bool:
    return _GROUP.search(text) is not None


def variants(text: str) -> tuple[Variant, ...]:
    """The sentences that a text stands for, the last group turning fastest; the text itself where it has no group. An
    alternative may be empty: one space goes with it. Braces without a bar are braces. UserError
    `alternatives.too-many`."""
    groups = [tuple(one.strip() for one in group.split("|")) for group in _GROUP.findall(text)]
    if not groups:
        return (Variant(text, ()),)
    between = _GROUP.split(text)[::2]
    count = math.prod(map(len, groups))
    if count > MOST:
        raise UserError(
            "alternatives.too-many",
            f"The alternatives make {count} sentences.",
            f"Leave some out: {MOST} can be seen beside each other.",
        )
    return tuple(Variant(_joined(between, chosen), chosen) for chosen in itertools.product(*groups))


def _joined(between: list[str], chosen: tuple[str, ...]) -> str:
    text = between[0]
    for words, after in zip(chosen, between[1:], strict=True):
        if not words and (not text or text.endswith(" ")):
            after = after.removeprefix(" ")
        text += words + after
    return text
