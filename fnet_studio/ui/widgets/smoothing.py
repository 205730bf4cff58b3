"""The smoothed line of a chart: a debiased exponential moving average.

s_t = w s_{t-1} + (1 - w) x_t with s_0 = 0, shown as s_t / (1 - w^t), so that the line starts on the data instead of
at zero (the correction of Adam: Kingma and Ba 2015, section 3). Points that are not finite are passed over: they stay
gaps in the line and leave the average as it was.
"""

import numpy as np

BLOCK = 64


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
        w, state = self._weight, self._state
        if w == 0 or not len(points):
            self._seen += len(points)
            return points
        # inside a block the average is a product with a triangular matrix; only the carry from block to block is
        # a loop, so that a million points take milliseconds
        size = min(BLOCK, len(points))
        blocks = -(-len(points) // size)
        padded = np.zeros(blocks * size)
        padded[: len(points)] = points
        steps = np.arange(size)
        gap = steps[:, None] - steps[None, :]
        kernel = np.where(gap >= 0, (1 - w) * w ** np.maximum(gap, 0).astype(np.float64), 0.0)
        inside = padded.reshape(blocks, size) @ kernel.T
        decay = w ** (steps + 1.0)
        carries = np.empty(blocks)
        for index in range(blocks):
            carries[index] = state
            state = inside[index, -1] + decay[-1] * state
        raw = (inside + carries[:, None] * decay).reshape(-1)[: len(points)]
        self._state = float(raw[-1])
        bias = 1 - w ** np.arange(self._seen + 1, self._seen + len(points) + 1, dtype=np.float64)
        self._seen += len(points)
        return raw / bias
