"""Fewer points with the same look: what a long curve needs at the width of a screen."""

import numpy as np

BUCKETS = 2000
"""Each gives its lowest and its highest point: more than a chart has pixels."""
BLOCK = 64
SAME = 1e-9
"""Numbers that lie no further apart than this share of them are one number."""


def apart(low: float, high: float) -> tuple[float, float]:
    """The span of what is drawn. What differs by no more than rounding gets room around it, or the plot would show the
    rounding."""
    size = max(abs(low), abs(high))
    if high - low <= SAME * size or high <= low:
        return low - (size / 10 or 0.5), high + (size / 10 or 0.5)
    return low, high


class Extremes:
    """The lowest and the highest value of every 64 points of a growing series, so that a million of them need not be
    looked at for each picture."""

    def __init__(self) -> None:
        self._low, self._high = np.empty(256), np.empty(256)
        self.blocks = 0

    @property
    def low(self) -> np.ndarray:
        """(blocks,) float64; not a number where a block holds no number."""
        return self._low[: self.blocks]

    @property
    def high(self) -> np.ndarray:
        return self._high[: self.blocks]

    def extend_to(self, values: np.ndarray) -> None:
        """values: (points,), all so far; those given before are taken as unchanged."""
        whole = len(values) // BLOCK
        if whole <= self.blocks:
            return
        if whole > len(self._low):
            self._low = np.concatenate((self.low, np.empty(2 * whole - self.blocks)))
            self._high = np.concatenate((self.high, np.empty(2 * whole - self.blocks)))
        fresh = values[self.blocks * BLOCK : whole * BLOCK].reshape(-1, BLOCK)
        # fmin and fmax pass over what is no number; a block of nothing else stays a gap
        np.fmin.reduce(fresh, axis=1, out=self._low[self.blocks : whole])
        np.fmax.reduce(fresh, axis=1, out=self._high[self.blocks : whole])
        self.blocks = whole


def sampled(x: np.ndarray, y: np.ndarray, low: float, high: float, most: int) -> tuple[np.ndarray, np.ndarray]:
    """At most so many points of a curve between x = low and high, evenly chosen, each as it is: for means over curves,
    which extremes would bend. The first and the last one are among them. most: at least 2."""
    begin = max(int(np.searchsorted(x, low)) - 1, 0)
    end = min(int(np.searchsorted(x, high, side="right")) + 1, len(x))
    if end - begin <= most:
        return x[begin:end], y[begin:end]
    at = np.linspace(begin, end - 1, most).astype(int)
    return x[at], y[at]


def thin(
    x: np.ndarray,
    y: np.ndarray,
    low: float,
    high: float,
    buckets: int = BUCKETS,
    extremes: Extremes | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The points of a curve between x = low and high and one beyond on either side; from 4 * buckets points on only
    the extremes of each bucket. x: (points,), growing; y: (points,), where what is no number is passed over.
    extremes: those of y, which make a long curve quick."""
    begin = max(int(np.searchsorted(x, low)) - 1, 0)
    end = min(int(np.searchsorted(x, high, side="right")) + 1, len(x))
    count = end - begin
    if count < 4 * buckets:
        return x[begin:end], y[begin:end]
    if extremes is not None and count >= 4 * buckets * BLOCK:
        first, last = -(-begin // BLOCK), min(end // BLOCK, extremes.blocks)
        lows, highs, unit, start = extremes.low[first:last], extremes.high[first:last], BLOCK, first * BLOCK
    else:
        lows = highs = y[begin:end]
        unit, start = 1, begin
    size = -(-len(lows) // buckets)
    whole = len(lows) // size * size
    rest = start + whole * unit
    thinned = np.empty((whole // size, 2))
    np.fmin.reduce(lows[:whole].reshape(-1, size), axis=1, out=thinned[:, 0])
    np.fmax.reduce(highs[:whole].reshape(-1, size), axis=1, out=thinned[:, 1])
    places = np.repeat(x[start : rest : size * unit], 2)
    tail = y[rest:end]  # less than a bucket
    ends = np.array([np.fmin.reduce(tail), np.fmax.reduce(tail)]) if len(tail) else tail
    at_ends = np.repeat(x[rest : rest + 1], len(ends))
    return (
        np.concatenate((x[begin:start], places, at_ends, x[end - 1 : end])),
        np.concatenate((y[begin:start], thinned.reshape(-1), ends, y[end - 1 : end])),
    )
