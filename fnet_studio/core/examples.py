"""The sentences of the Examples menu: a file in `resources`, since they are true of the bundled preset alone."""

import tomllib

import msgspec
from msgspec import Struct

from fnet_studio.core import places
from fnet_studio.core.protocol import FillMode


class Expect(Struct, frozen=True, forbid_unknown_fields=True):
    """What the preset answers at a mask; a test holds it to that."""

    mask: int
    of: int = 1
    """Of the sentences that alternatives make, which one."""
    best: str = ""
    at_least: float = 0.0
    """Of the best one's probability."""
    among: tuple[str, ...] = ()
    """All of these are in the first five."""
    absent: str = ""
    """Not in the first fifty."""
    word: str = ""
    over: str = ""
    """Less probable than `word`."""


class Example(Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    shows: str
    mode: FillMode = "independent"
    surprise: bool = False
    expect: tuple[Expect, ...] = ()
    most_surprising: str = ""


class Examples(Struct, frozen=True, forbid_unknown_fields=True):
    preset: str
    example: tuple[Example, ...]


def read_examples() -> Examples:
    path = places.resources() / "examples/fill_mask.toml"
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Examples)
