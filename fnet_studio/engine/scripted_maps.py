"""Synthetic pictures that look like mixing maps: symmetric, smooth, ridged, with a bright cross at zero."""

import numpy as np

from fnet_studio.core import protocol
from fnet_studio.engine.scripted_text import LENGTH

HIDDEN = 128
LAYERS = 4


def maps(seed: int, watch: protocol.Watch, layers: int = LAYERS, progress: float = 1.0) -> tuple[protocol.Maps, bytes]:
    """progress: 0 to 1, how far a training is; the pictures gain structure with it."""
    rows, columns = min(watch.rows, LENGTH), min(watch.columns, HIDDEN)
    values = np.stack([_map(seed + layer, layer, rows, columns, progress, watch.keep_zero) for layer in range(layers)])
    low, high = float(values.min()), float(values.max())
    atlas = np.clip((values - low) * (255.0 / max(high - low, 1e-9)) + 0.5, 0, 255).astype(np.uint8)
    described = protocol.Maps(
        layers=layers,
        rows=rows,
        columns=columns,
        low=low,
        high=high,
        row_span=(-LENGTH / 2, LENGTH / 2 - 1),
        column_span=(-HIDDEN / 2, HIDDEN / 2 - 1),
        keep_zero=watch.keep_zero,
        took_ms=1.0,
    )
    return described, atlas.tobytes()


def _map(seed: int, layer: int, rows: int, columns: int, progress: float, keep_zero: bool) -> np.ndarray:
    """(rows, columns) of log(1 + |M|). A real input's transform has |M[k, l]| = |M[-k, -l]|: so has the picture."""
    random = np.random.default_rng(seed)
    k = np.linspace(-1, 1, rows)[:, None]
    h = np.linspace(-1, 1, columns)[None, :]
    value = 1.6 + 1.2 * np.exp(-3 * np.abs(k) * (1 + layer / 3)) + 0.15 * random.standard_normal((rows, columns))
    for _ in range(10):
        at_k, at_h, wide = random.uniform(0, 1), random.uniform(-1, 1), random.uniform(0.02, 0.25)
        ridge = np.exp(-(((k - at_k) / wide) ** 2) - ((h - at_h) / 0.3) ** 2)
        value = value + progress * random.uniform(0.3, 1.6) * ridge
    value = (value + value[::-1, ::-1]) / 2
    if keep_zero:
        value[rows // 2, :] += 2.5
        value[:, columns // 2] += 2.0
    return np.maximum(value, 0.0)
