"""The texts beside the pictures, and the worked examples: files in `resources/explain`."""

import tomllib
from dataclasses import dataclass

from fnet_studio.core import places


@dataclass(frozen=True)
class Lesson:
    """A sentence and a picture that show something, step by step."""

    title: str
    sentence: str
    picture: str
    """A key of `kinds.KINDS`."""
    look: str
    """What to do and what to see, in Markdown."""
    keep_zero: bool = False


def explanation(key: str) -> str:
    """A picture's text, in Markdown. FileNotFoundError when there is none."""
    return (places.resources() / "explain" / f"{key}.md").read_text(encoding="utf-8")


def lessons() -> list[Lesson]:
    with (places.resources() / "explain" / "lessons.toml").open("rb") as file:
        return [Lesson(**lesson) for lesson in tomllib.load(file)["lesson"]]
