"""What a plot shows when it shows all: a little more than its curves span, so that the axes rest while curves grow."""

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF

from fnet_studio.core.thinning import apart

PARTS = 64
"""An axis moves on when a curve has grown by one of so many parts of it."""

Span = tuple[float, float]


def calm(low: float, high: float) -> Span:
    """The next round places outside of low and high: a power of two apart, at most a 64th of what lies between."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return low, high
    low, high = apart(low, high)
    unit = 2.0 ** math.floor(math.log2((high - low) / PARTS))
    return math.floor(low / unit) * unit, math.ceil(high / unit) * unit


class Extent(pg.GraphicsObject):
    """Tells the view what to show, in the place of the curves: each of them would be asked in every frame, and the
    axes, their grid and every line behind would be drawn anew for a step that moves nothing by a pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(self.GraphicsItemFlag.ItemHasNoContents)
        self._spans: dict[str, tuple[Span | None, Span | None]] = {}
        self._all: list[Span | None] = [None, None]

    def put(self, name: str, x: Span | None, y: Span | None) -> None:
        """What one of the curves spans."""
        if self._spans.get(name) == (x, y):
            return
        self._spans[name] = (x, y)
        spans = [_around([one[axis] for one in self._spans.values()]) for axis in (0, 1)]
        if spans != self._all:
            self._all = spans
            self.informViewBoundsChanged()

    def put_curve(self, name: str, x: np.ndarray, y: np.ndarray) -> None:
        """x: (points,), growing; y: (points,), not a number in gaps."""
        ok = np.isfinite(y)
        if ok.any():
            self.put(name, (float(x[0]), float(x[-1])), (float(y[ok].min()), float(y[ok].max())))
        else:
            self.put(name, None, None)

    def dataBounds(self, ax: int, frac: float = 1.0, orthoRange: Any = None) -> Span | None:
        """What the view asks to show all. The names are the drawing library's."""
        return self._all[ax]

    def boundingRect(self) -> QRectF:
        return QRectF()

    def paint(self, *_: Any) -> None:
        pass


def _around(spans: list[Span | None]) -> Span | None:
    known = [span for span in spans if span is not None]
    return calm(min(low for low, _ in known), max(high for _, high in known)) if known else None
