"""The smoothed line of a chart: a debiased exponential moving average.

s_t = w s_{t-1} + (1 - w) x_t with s_0 = 0, shown as s_t / (1 - w^t), so that the line starts on the data instead of
at zero (the correction of Adam: Kingma and Ba 2015, section 3). Points that are not finite are passed over: they stay
gaps in the line and leave the average as it was.
"""

import math

import numpy as np

PIECE = 8192
NEGLIGIBLE = 1e-18
"""A weight that changes no double beside 1."""


class Smoother:
    """Owns the average of one growing series. `extend` costs only the new points."""

    def __init__(self, weight: float) -> None:
        self._weight = weight
        self._state = 0.0
        self._seen = 0
        self._smooth = np.empty(0)
        self._length = 0

    @property
    def weight(self) -> float:
        return self._weight

    @property
    def values(self) -> np.ndarray:
        """(points,) float64, one for each point given so far."""
        return self._smooth[: self._length]

    def restart(self, weight: float) -> None:
        """Forget all points; weight in [0, 1), 0 leaves the series as it is."""
        if not 0 <= weight < 1:
            raise ValueError(f"a smoothing weight of {weight} is not in [0, 1)")
        self.__init__(weight)

    def extend(self, points: np.ndarray) -> None:
        """points: (new points,) float64."""
        points = np.asarray(points, dtype=np.float64)
        needed = self._length + len(points)
        if needed > len(self._smooth):
            grown = np.empty(max(1024, 2 * needed))
            grown[: self._length] = self.values
            self._smooth = grown
        target = self._smooth[self._length : needed]
        finite = np.isfinite(points)
        target[~finite] = np.nan
        target[finite] = self._filter(points[finite])
        self._length = needed

    def _filter(self, points: np.ndarray) -> np.ndarray:
        """Sums by doubling: after the pass of stride s every point holds the 2 s points up to it, each with its weight.
        In pieces that stay in the processor's cache, so that a million points take a hundredth of a second."""
        w = self._weight
        if w == 0 or not len(points):
            self._seen += len(points)
            return points
        reach = math.ceil(math.log(NEGLIGIBLE) / math.log(w))
        smooth = (1 - w) * points
        decay = w ** np.arange(1.0, min(PIECE, reach, len(points)) + 1)
        for begin in range(0, len(points), PIECE):
            piece = smooth[begin : begin + PIECE]
            stride = 1
            while stride < min(reach, len(piece)):
                piece[stride:] += w**stride * piece[:-stride]
                stride *= 2
            carried = decay[: len(piece)]
            piece[: len(carried)] += self._state * carried
            self._state = float(piece[-1])
        biased = max(0, min(reach - self._seen, len(points)))
        if biased:
            smooth[:biased] /= 1 - w ** np.arange(self._seen + 1, self._seen + biased + 1, dtype=np.float64)
        self._seen += len(points)
        return smooth
