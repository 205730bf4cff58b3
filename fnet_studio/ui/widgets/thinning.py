"""Fewer points with the same look: what a long curve needs at the width of a screen."""

import numpy as np

BUCKETS = 2000
"""Each gives its lowest and its highest point: more than a chart has pixels."""


def thin(x: np.ndarray, y: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """The points of a curve between x = low and high and one beyond on either side; from 4 * BUCKETS points on only
    the extremes of each bucket. x: (points,), growing; y: (points,), where what is no number is passed over."""
    begin = max(int(np.searchsorted(x, low)) - 1, 0)
    end = min(int(np.searchsorted(x, high, side="right")) + 1, len(x))
    x, y = x[begin:end], y[begin:end]
    if len(x) < 4 * BUCKETS:
        return x, y
    size = len(x) // BUCKETS
    whole = size * BUCKETS
    blocks = y[:whole].reshape(BUCKETS, size)
    thinned = np.empty((BUCKETS, 2))
    # fmin and fmax pass over what is no number; a bucket of nothing else stays a gap
    np.fmin.reduce(blocks, axis=1, out=thinned[:, 0])
    np.fmax.reduce(blocks, axis=1, out=thinned[:, 1])
    places = np.repeat(x[:whole:size], 2)
    return np.concatenate((places, x[whole:])), np.concatenate((thinned.reshape(-1), y[whole:]))
