"""Names of runs that stand beside each other."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

LONGEST = 200
ONE_DAY = ("%H:%M", "%H:%M:%S")
SEVERAL_DAYS = ("%d %b", "%d %b %H:%M", "%d %b %H:%M:%S")


class Named(NamedTuple):
    name: str
    began: float = 0.0
    """Seconds since the epoch; 0 where nobody knows."""


def told_apart(runs: Sequence[Named], most: int = LONGEST) -> list[str]:
    """Their names, in up to `most` letters; of those that would read the same, each with its end in the place of its
    middle, and if that is no help with as much of the time at which it began as tells them apart, in this machine's
    zone."""
    names = [_clipped(run.name, most) for run in runs]
    for name, many in Counter(names).items():
        places = [place for place in range(len(runs)) if names[place] == name]
        if many > 1 and len({runs[place].name for place in places}) > 1:
            for place in places:
                names[place] = _without_middle(runs[place].name, most)
    for name, many in Counter(names).items():
        places = [place for place, run in enumerate(runs) if names[place] == name and run.began]
        if many > 1 and places:
            times = _times([runs[place].began for place in places])
            for place, words in zip(places, times, strict=True):
                names[place] = f"{_clipped(runs[place].name, most - len(words) - 2)}, {words}"
    return names


def _times(began: list[float]) -> list[str]:
    moments = [time.localtime(one) for one in began]
    days = {moment[:3] for moment in moments}
    words: list[str] = []
    for form in ONE_DAY if len(days) == 1 else SEVERAL_DAYS:
        words = [time.strftime(form, moment) for moment in moments]
        if len(set(words)) == len(words):
            return words
    return [f"{one} ({number})" for number, one in enumerate(words, 1)]


def _clipped(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: max(most - 1, 1)]}…"


def _without_middle(name: str, most: int) -> str:
    """What tells the runs of a grid apart stands at the end."""
    first = max(most // 3, 1)
    return name if len(name) <= most else f"{name[:first]}…{name[first + 1 - most :]}"
