"""Float pictures of all layers to one uint8 atlas with its range, as the protocol carries them."""

import numpy as np

from fnet_studio.core import protocol
from fnet_studio.models.trace import MixingTrace


def atlas_of(
    trace: MixingTrace, values: np.ndarray, length: int, keep_zero: bool, took_s: float
) -> tuple[protocol.Maps, bytes]:
    """values: (layers, rows, columns) of `trace.maps`. length: the model's sequence length, for the axes."""
    low, high = float(values.min()), float(values.max())
    scale = 255.0 / (high - low) if high > low else 0.0
    atlas = np.clip((values - low) * scale + 0.5, 0, 255).astype(np.uint8)
    if trace.kind == "attention":
        kind, rows, columns = "attention", (0.0, float(length - 1)), (0.0, float(length - 1))
    else:
        kind, rows, columns = "mixing", _frequencies(length), _frequencies(trace.hidden_dim)
    maps = protocol.Maps(
        layers=values.shape[0],
        rows=values.shape[1],
        columns=values.shape[2],
        low=low,
        high=high,
        kind=kind,
        row_span=rows,
        column_span=columns,
        keep_zero=keep_zero,
        took_ms=took_s * 1000,
    )
    return maps, atlas.tobytes()


def _frequencies(size: int) -> tuple[float, float]:
    """First and last frequency after the shift, in cycles per window of `size` samples."""
    order = np.fft.fftshift(np.fft.fftfreq(size)) * size
    return float(order[0]), float(order[-1])
