"""How numbers are written in the window: short, aligned, the same on every page."""

import math
from typing import Any

from fnet_studio.core.counts import count as count
from fnet_studio.core.counts import plural
from fnet_studio.core.shares import percent as percent


def right(share: float, split: str, classifies: bool, number: int | None = None) -> str:
    """`84.5 % of the test texts right`. classifies: a model that does not finds masked words. number: of texts or
    masked words, where it is to be told."""
    of, many = ("the", 2) if number is None else (count(number), number)
    if classifies:
        return f"{percent(share)} of {of} {split} {plural('text', many)} right"
    return f"{percent(share)} of {of} {plural('masked word', many)} of the {split} texts found"


def duration(seconds: float) -> str:
    """`8 s`, `2 min 05 s`, `1 h 07 min`; `–` when unknown (negative or not finite)."""
    if not math.isfinite(seconds) or seconds < 0:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def counted(number: int, noun: str) -> str:
    """`1 text`, `2 382 texts`; of nouns that take an s."""
    return f"{count(number)} {plural(noun, number)}"


def short_count(number: float) -> str:
    """`850`, `22.5 k`, `1.30 M`."""
    if not math.isfinite(number):
        return "–"
    if abs(number) < 999.5:
        return f"{number:.0f}"
    if abs(number) < 999_950:
        return f"{number / 1e3:.1f} k"
    return f"{number / 1e6:.2f} M"


def nats(log_probability: float) -> str:
    """A natural logarithm, with a true minus: `−1.87`."""
    return f"{log_probability:.2f}".replace("-", "−")


def points(difference: Any) -> str:
    """The interval of a `core.slices.Difference`, in points of 1 %: `−0.4 to +1.2 points`."""
    low, high = (f"{100 * end:+.1f}".replace("-", "−") for end in (difference.low, difference.high))
    return f"{low} to {high} points"


def measure(value: float) -> str:
    """A loss or a learning rate: four digits that mean something."""
    if not math.isfinite(value):
        return "–"
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.4f}"
    return f"{value:.3g}"
