"""A view box in which a drag can go around things."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QPolygonF

from fnet_studio.ui.widgets.map_view import CalmViewBox


class LassoViewBox(CalmViewBox):
    """A drag with Shift, or any while `lasso` is on, draws an outline; without, it moves the view as everywhere."""

    surrounded = Signal(object)
    """A `QPolygonF` in the plot's units, when the outline is finished."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.lasso = False
        self.outline = pg.PlotCurveItem()
        self.outline.setZValue(2)
        self.addItem(self.outline, ignoreBounds=True)
        self._corners: list[QPointF] = []

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        shift = ev.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if ev.button() != Qt.MouseButton.LeftButton or not (self.lasso or shift or self._corners):
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        if ev.isStart():
            self._corners = [self.mapToView(ev.buttonDownPos())]
        self._corners.append(self.mapToView(ev.pos()))
        if ev.isFinish():
            drawn, self._corners = QPolygonF(self._corners), []
            self.outline.setData([], [])
            self.surrounded.emit(drawn)
            return
        self.outline.setData(*np.array([(corner.x(), corner.y()) for corner in self._corners]).T)


def inside(points: np.ndarray, outline: QPolygonF) -> np.ndarray:
    """points: (n, 2). (n,) bool; where an outline crosses itself, by its odd and even parts."""
    fill = Qt.FillRule.OddEvenFill
    return np.array([outline.containsPoint(QPointF(x, y), fill) for x, y in points.tolist()], bool)
