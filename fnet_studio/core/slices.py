"""How often a model is right on a part of a split's texts, a slice, and whether that differs from the other texts."""

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from fnet_studio.core import protocol
from fnet_studio.core.counts import count, plural
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_evaluation import Predictions

Z = 1.959964
"""Of a two-sided interval of 95 %."""
COLUMNS = ("slice", "texts", "right", "accuracy", "low", "high", "difference", "difference_low", "difference_high")
BANDS = 4


class Slice(NamedTuple):
    name: str
    rows: np.ndarray
    """(texts,) int: places in the split, in order."""


class Share(NamedTuple):
    """Of `texts` texts `right` ones are answered right."""

    texts: int
    right: int

    @property
    def value(self) -> float:
        """0 without a text."""
        return self.right / max(self.texts, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, by Wilson's score (1927, Journal of the American Statistical Association 22, 209): it holds for few
        texts and for shares near 0 and 1 too. (0, 1) without a text."""
        if not self.texts:
            return 0.0, 1.0
        shrunk = 1 + Z * Z / self.texts
        middle = (self.value + Z * Z / (2 * self.texts)) / shrunk
        variance = self.value * (1 - self.value) / self.texts + Z * Z / (4 * self.texts**2)
        reach = Z / shrunk * math.sqrt(variance)
        # rounding must not put the share itself outside
        return min(max(middle - reach, 0.0), self.value), max(min(middle + reach, 1.0), self.value)


class Difference(NamedTuple):
    """Accuracy in the slice less that outside of it, with its interval of 95 %."""

    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Chance alone makes one slice of twenty look so."""
        return self.low > 0 or self.high < 0


class SliceMeasure(NamedTuple):
    name: str
    share: Share
    difference: Difference | None
    """None where no text is outside of the slice, or none inside."""


def rows_of(answer: protocol.TextSlice, blob: bytes, found: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """(texts,) int64 each: the rows of a slice that the worker found, and their letters. found: the answers that are
    to be counted there. UserError `run.no-texts` where they are of other data."""
    if answer.of != len(found.labels):
        raise UserError(
            "run.no-texts",
            f"The run was measured on {len(found.labels):,} texts, and the data now has {answer.of:,}.",
            "The data may have changed since the run. Measure it again.",
        )
    rows, letters = np.frombuffer(blob, "<i4").reshape(2, -1).astype(np.int64)
    return rows, letters


def measure(part: Slice, found: Predictions) -> SliceMeasure:
    right = found.predicted == found.labels
    inside = Share(len(part.rows), int(right[part.rows].sum()))
    outside = Share(len(right) - inside.texts, int(right.sum()) - inside.right)
    return SliceMeasure(part.name, inside, _difference(inside, outside) if inside.texts and outside.texts else None)


def _difference(inside: Share, outside: Share) -> Difference:
    """Newcombe's hybrid score interval, his method 10 (1998, Statistics in Medicine 17, 873)."""
    value = inside.value - outside.value
    (low, high), (other_low, other_high) = inside.interval, outside.interval
    below = math.hypot(inside.value - low, other_high - outside.value)
    above = math.hypot(high - inside.value, outside.value - other_low)
    return Difference(value, value - below, value + above)


def by_length(letters: np.ndarray) -> list[Slice]:
    """letters: (texts,) int. Up to `BANDS` slices of about equally many texts, shortest first; none where nearly
    all texts are as long as the longest one."""
    if not len(letters):
        return []
    ends = np.unique(np.quantile(letters, np.arange(1, BANDS) / BANDS, method="inverted_cdf")).astype(int)
    ends = ends[ends < letters.max()]
    band = np.searchsorted(ends, letters)
    names = [f"Up to {_letters(end)}" for end in ends[:1]]
    names += [
        _letters(end) if end == before + 1 else f"{count(before + 1)} to {_letters(end)}"
        for before, end in pairwise(ends)
    ]
    names += [f"Over {_letters(end)}" for end in ends[-1:]]
    return [Slice(name, np.flatnonzero(band == at)) for at, name in enumerate(names)]


def _letters(number: int) -> str:
    return f"{count(number)} {plural('letter', number)}"


def holding(pattern: str, regex: bool = False, case: bool = False) -> str:
    """The name of the slice of texts that hold a pattern."""
    return (f"Fits {pattern}" if regex else f"Holds “{pattern}”") + (", case as typed" if case else "")


def told(difference: Difference | None) -> str:
    """In words, and only where chance does not explain it; '' for none."""
    if difference is None:
        return ""
    if not difference.clear:
        return "no clear difference"
    points = abs(difference.value) * 100
    words = f"{points:.1f}" if points >= 0.05 else f"{points:.1g}"  # of many texts: 0.0 would be no difference
    return f"{words} points {'higher' if difference.value > 0 else 'lower'}"


def table_row(one: SliceMeasure) -> tuple:
    """Columns `COLUMNS`; None for a difference where there is none."""
    difference = one.difference or (None, None, None)
    return (one.name, *one.share, one.share.value, *one.share.interval, *difference)
