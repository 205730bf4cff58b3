"""A table of numbers with two named axes: what every picture is made of. Knows nothing of Qt."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

Scale = Literal["linear", "log"]
DECADES = 6
"""How far down a logarithmic scale goes below its largest value, at most."""


@dataclass(frozen=True)
class Axis:
    """What the cells of one direction stand for: a name each, or numbers `first` to `last` each."""

    label: str
    """With its unit, as it stands beside the picture."""
    short: str
    """As the read-out says it."""
    names: tuple[str, ...] = ()
    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    """Of the numbers in each cell the first and the last: there may be more numbers than cells."""
    tokens: bool = False
    """Cells are positions in the model, from 0."""

    def __len__(self) -> int:
        return len(self.names) or len(self.first)

    def words(self, index: int) -> str:
        """Such as `sequence frequency -3 to -1`."""
        if self.names:
            where = f" ({index})" if self.tokens and index < len(self.names) else ""
            return f"{self.short} {self.names[index]}{where}"
        first, last = self.first[index], self.last[index]
        return f"{self.short} {first}" if first == last else f"{self.short} {first} to {last}"

    def part(self, start: int, stop: int) -> "Axis":
        return replace(self, names=self.names[start:stop], first=self.first[start:stop], last=self.last[start:stop])


def numbers(label: str, short: str, first: Sequence[int], last: Sequence[int] | None = None) -> Axis:
    values = tuple(int(value) for value in first)
    return Axis(label, short, first=values, last=values if last is None else tuple(int(value) for value in last))


def bins(label: str, short: str, size: int, cells: int) -> Axis:
    """The numbers 0 to size - 1 in `cells` bins: those of `models.trace.pool`."""
    cells = min(cells, size)
    starts = [-(-cell * size // cells) for cell in range(cells)]
    return numbers(label, short, starts, [*(start - 1 for start in starts[1:]), size - 1])


def frequencies(label: str, short: str, size: int, cells: int, keep_zero: bool) -> Axis:
    """The frequencies of a DFT of `size` numbers, zero in the middle or left out, in `cells` bins as equal as they can
    be: the bins of `models.trace.pool`."""
    order = np.fft.fftshift(np.fft.fftfreq(size, 1 / size)).round().astype(int)
    if not keep_zero and size > 1:
        order = order[order != 0]
    cells = min(cells, len(order))
    bins = np.arange(len(order)) * cells // len(order)
    starts = np.searchsorted(bins, np.arange(cells))
    ends = np.append(starts[1:], len(order)) - 1
    return numbers(label, short, order[starts], order[ends])


@dataclass(frozen=True)
class Plane:
    """values (rows, columns), and what they are."""

    title: str
    values: np.ndarray = field(repr=False)
    rows: Axis
    columns: Axis
    quantity: str
    """With its unit, for the colour bar."""
    signed: bool = False
    """Both signs mean something: colours are symmetric around zero."""
    limits: tuple[float, float] | None = None
    """What the colours span, where it is not the range of the values; signed: as far as the larger goes, both ways."""
    upwards: bool = False
    """Row 0 is at the bottom: a vertical axis of numbers, not a list."""

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.rows), len(self.columns)):
            raise ValueError(f"{self.values.shape} values for {len(self.rows)} rows and {len(self.columns)} columns")

    def levels(self, scale: Scale = "linear", values: np.ndarray | None = None) -> tuple[float, float]:
        """What the darkest and the brightest colour stand for."""
        values = self.values if values is None else values
        finite = values[np.isfinite(values)]
        if not finite.size:
            return 0.0, 1.0
        if self.signed:
            most = float(np.abs(self.limits or finite).max()) or 1.0
            return -most, most
        low, high = self.limits or (float(finite.min()), float(finite.max()))
        if scale == "log":
            positive = finite[finite > 0]
            if not positive.size:
                return 1e-6, 1.0
            least = max(low if low > 0 else float(positive.min()), high * 10.0**-DECADES)
            return (least, high) if least < high else (high / 10, high)
        return (low, high) if low < high else (low, low + (abs(low) or 1.0))

    def words_at(self, row: int, column: int) -> str:
        where = f"{self.rows.words(row)}   {self.columns.words(column)}"
        return f"{where}   {self.quantity} = {figure(self.value(row, column))}"

    def value(self, row: int, column: int) -> float:
        return float(self.values[row, column])

    def less(self, other: "Plane") -> "Plane":
        """The difference to another plane of the same axes. ValueError when the shapes differ."""
        if self.values.shape != other.values.shape:
            raise ValueError("The two pictures have axes of different lengths, so there is no difference to draw.")
        quantity = f"difference of {self.quantity}"
        return replace(self, values=self.values - other.values, quantity=quantity, signed=True, limits=None)

    def of_rows(self, names: Sequence[str]) -> "Plane":
        """The rows of these names alone, in this order."""
        values = self.values[[self.rows.names.index(name) for name in names]]
        return replace(self, values=values, rows=replace(self.rows, names=tuple(names)))

    def rows_by_own_maximum(self) -> "Plane":
        """Each row divided by its largest value."""
        most = np.abs(self.values).max(1, keepdims=True)
        values = self.values / np.where(most > 0, most, 1)
        return replace(self, values=values, quantity=f"{self.quantity}, of each row's maximum", limits=None)


def shades(values: np.ndarray, low: float, high: float, scale: Scale) -> np.ndarray:
    """uint8: 0 for `low` and 255 for `high`, linear or in the logarithm; what is no number is 0."""
    if scale == "log":
        values, low, high = np.log(np.maximum(values, low)), float(np.log(low)), float(np.log(high))
    scaled = (values - low) * (255.0 / (high - low)) + 0.5
    return np.clip(np.nan_to_num(scaled), 0, 255).astype(np.uint8)


def pooled(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """At most (rows, columns), the value farthest from zero of each bin, so that no peak is lost on a small screen."""
    for axis, size in ((0, rows), (1, columns)):
        length = values.shape[axis]
        if length > size > 0:
            starts = (np.arange(size) * length + size - 1) // size
            most, least = np.maximum.reduceat(values, starts, axis), np.minimum.reduceat(values, starts, axis)
            values = np.where(most >= -least, most, least)
    return values


def figure(value: float) -> str:
    """Four digits, without an exponent where none is needed."""
    if value != value:
        return "not a number"
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}"
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def ticks(low: float, high: float, most: int, scale: Scale = "linear") -> list[float]:
    """At most about `most` round numbers between two values."""
    if scale == "log":
        powers = range(int(np.floor(np.log10(low))), int(np.floor(np.log10(high))) + 1)
        fine = [size * 10.0**power for power in powers for size in (1, 2, 5)]
        fine = [tick for tick in fine if low * 0.999 <= tick <= high * 1.001]
        whole = [tick for tick in fine if abs(np.log10(tick) - round(np.log10(tick))) < 1e-9]
        if len(fine) <= most or len(whole) < 2:
            return fine if len(fine) > 1 else [low, high]
        return whole[:: max(1, -(-len(whole) // max(most, 1)))]
    if not high > low:
        return [low]
    rough = (high - low) / max(most, 1)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999)
    first = int(np.ceil(low / step - 1e-9))
    last = int(np.floor(high / step + 1e-9))
    return [index * step for index in range(first, last + 1)]
