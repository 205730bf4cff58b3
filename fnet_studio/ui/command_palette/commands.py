"""What can be asked for by name, and which of it fits what was typed."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Command(NamedTuple):
    words: str
    line: str
    """What it is and does, and its keys if it has some."""
    icon: str
    do: Callable[[], object]


def matching(commands: Iterable[Command], typed: str) -> list[Command]:
    """Those that have each typed word somewhere, best first: with most of the words in the name, and the first of them
    at its beginning, or at a word's. In equal ranks the order stays."""
    wanted = typed.casefold().split()
    found = [command for command in commands if all(word in _all(command) for word in wanted)]
    return sorted(found, key=lambda command: _rank(command.words.casefold(), wanted))


def _all(command: Command) -> str:
    return f"{command.words}\0{command.line}".casefold()


def _rank(name: str, wanted: list[str]) -> tuple[int, int]:
    if not wanted:
        return 0, 0
    place = name.find(wanted[0])
    begins_a_word = any(start.startswith(wanted[0]) for start in re.split(r"\W+", name))
    return sum(word not in name for word in wanted), 0 if place == 0 else 1 if begins_a_word else 2
