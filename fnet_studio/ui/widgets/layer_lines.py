"""Many lines in one item of a plot: one item a line costs more than the line."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath, QPen


class LayerLines(pg.GraphicsObject):
    """Owns the paths of other runs' curves."""

    def __init__(self) -> None:
        super().__init__()
        self._pens: list[QPen] = []
        self._paths: list[QPainterPath] = []
        self._points: list[tuple[np.ndarray, np.ndarray]] = []
        self._edges: list[tuple[float, float, float, float] | None] = []
        self._spans: list[tuple[float, float] | None] = [None, None]

    def begin(self, pens: Sequence[QPen]) -> None:
        """So many lines, without points yet."""
        self._pens = list(pens)
        self._paths = [QPainterPath() for _ in pens]
        self._points = [(np.empty(0), np.empty(0)) for _ in pens]
        self._edges = [None for _ in pens]
        self.finish()

    def put(self, place: int, x: np.ndarray, y: np.ndarray) -> None:
        """Gaps in y are not a number. Seen after `finish`."""
        self._points[place] = (x, y)
        ok = np.isfinite(y)
        some = bool(ok.any())
        self._paths[place] = pg.arrayToQPath(x, y, connect="finite") if some else QPainterPath()
        self._edges[place] = (x[0], x[-1], y[ok].min(), y[ok].max()) if some else None

    def finish(self) -> None:
        edges = [one for one in self._edges if one is not None]
        spans: list[tuple[float, float] | None] = [None, None]
        if edges:
            left, right, low, high = zip(*edges)
            spans = [(float(min(left)), float(max(right))), (float(min(low)), float(max(high)))]
        if spans != self._spans:
            self.prepareGeometryChange()
            self._spans = spans
            self.informViewBoundsChanged()
        self.update()

    def points(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return self._points

    def dataBounds(self, ax: int, frac: float = 1.0, orthoRange: Any = None) -> tuple[float, float] | None:
        """What the view asks to show all. The names are the drawing library's."""
        return self._spans[ax]

    def pixelPadding(self) -> float:
        return 1.0

    def boundingRect(self) -> QRectF:
        x, y = self._spans
        return QRectF() if x is None or y is None else QRectF(x[0], y[0], x[1] - x[0], y[1] - y[0])

    def paint(self, painter: Any, *_: Any) -> None:
        for pen, path in zip(self._pens, self._paths):
            painter.setPen(pen)
            painter.drawPath(path)
