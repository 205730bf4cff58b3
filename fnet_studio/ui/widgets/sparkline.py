"""A number's recent past in the space of a word."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from fnet_studio.ui.widgets import ink

POINTS = 240


class Sparkline(QWidget):
    """Draws at most the last 240 values, from zero to their maximum."""

    def __init__(self, colours: Any, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._values = np.empty(0)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        colours.changed.connect(self._repaint)

    def _repaint(self) -> None:
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(96, 28)

    def set_values(self, values: Sequence[float]) -> None:
        tail = np.array(values[-POINTS:], dtype=np.float64)
        self._values = tail[np.isfinite(tail)]
        self.update()

    def paintEvent(self, event: Any) -> None:
        if len(self._values) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 2, -1, -2)
        top = max(float(self._values.max()), 1e-12)
        x = np.linspace(box.left(), box.right(), len(self._values))
        y = box.bottom() - self._values / top * box.height()
        line = QPolygonF([QPointF(a, b) for a, b in zip(x, y)])
        training, _ = ink.series(self._colours.current)
        painter.setPen(QPen(training, 1.5))
        painter.drawPolyline(line)
