"""Many lines in one item of a plot: one item a line costs more than the line."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap, QTransform

from fnet_studio.ui.widgets.extent import Span

POINT_PX = 5


class LayerLines(pg.GraphicsObject):
    """Owns the paths of other runs' curves, and their picture: it is painted anew only when they or the view change."""

    def __init__(self, points: bool = False) -> None:
        """points: a dot at every point, too."""
        super().__init__()
        self._dotted = points
        self._pens: list[QPen] = []
        self._paths: list[QPainterPath] = []
        self._points: list[tuple[np.ndarray, np.ndarray]] = []
        self._edges: list[tuple[float, float, float, float] | None] = []
        self.x_span: Span | None = None
        self.y_span: Span | None = None
        self._picture = QPixmap()
        self._pictured: tuple[QTransform, QRect, float] | None = None

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
        x = y = None
        if edges:
            left, right, low, high = zip(*edges)
            x, y = (float(min(left)), float(max(right))), (float(min(low)), float(max(high)))
        if (x, y) != (self.x_span, self.y_span):
            self.prepareGeometryChange()
            self.x_span, self.y_span = x, y
        self._pictured = None
        self.update()

    def points(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return self._points

    def boundingRect(self) -> QRectF:
        x, y = self.x_span, self.y_span
        return QRectF() if x is None or y is None else QRectF(x[0], y[0], x[1] - x[0], y[1] - y[0])

    def paint(self, painter: Any, *_: Any) -> None:
        seen = self.viewRect()
        if not any(edge is not None for edge in self._edges) or seen is None:
            return
        transform = QTransform(painter.worldTransform())
        place = transform.mapRect(seen).toAlignedRect()
        looks = (transform, place, painter.device().devicePixelRatioF())
        if looks != self._pictured:
            self._picture, self._pictured = self._drawn(*looks), looks
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(place.topLeft(), self._picture)
        painter.restore()

    def _drawn(self, transform: QTransform, place: QRect, ratio: float) -> QPixmap:
        picture = QPixmap(place.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        on_picture = transform * QTransform.fromTranslate(-place.x(), -place.y())
        painter.setTransform(on_picture)
        for pen, path in zip(self._pens, self._paths):
            painter.setPen(pen)
            painter.drawPath(path)
        if self._dotted:
            painter.resetTransform()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for pen, (x, y) in zip(self._pens, self._points):
                painter.setPen(QPen(pen.color(), POINT_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                ok = np.isfinite(y)
                painter.drawPoints([on_picture.map(QPointF(a, b)) for a, b in zip(x[ok], y[ok])])
        painter.end()
        return picture
