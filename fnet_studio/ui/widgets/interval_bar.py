"""A share with its interval on an axis that all rows of a table have in common."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyledItemDelegate

from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets import ink

INTERVAL = Qt.ItemDataRole.UserRole + 1
STEP = 0.05
"""Of the axis' ends."""
MARGIN_PX, DOT_PX = 12, 4


class Interval(NamedTuple):
    value: float
    low: float
    high: float
    clear: bool
    """It differs from `reference`."""
    reference: float


class Axis(NamedTuple):
    low: float
    high: float


def axis_of(intervals: Iterable[tuple[float, float]]) -> Axis:
    """From 5 % to 5 %, so that all are on it; from 0 to 1 of none."""
    ends = [end for one in intervals for end in one]
    if not ends:
        return Axis(0.0, 1.0)
    low, high = math.floor(min(ends) / STEP) * STEP, math.ceil(max(ends) / STEP) * STEP
    return Axis(low, high) if high > low else Axis(max(low - STEP, 0.0), min(high + STEP, 1.0))


class IntervalDelegate(QStyledItemDelegate):
    """Draws what an index holds as `INTERVAL`: a dot, the interval as a line, and the reference's place."""

    def __init__(self, themes: ThemeSource, parent: Any = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.axis = Axis(0.0, 1.0)

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        super().paint(painter, option, index)
        shown = index.data(INTERVAL)
        if shown is None:
            return
        theme = self._themes.current
        area = QRectF(option.rect).adjusted(MARGIN_PX, 0, -MARGIN_PX, 0)

        def x(share: float) -> float:
            return area.left() + area.width() * (share - self.axis.low) / (self.axis.high - self.axis.low)

        middle = area.center().y()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(ink.mix(theme.card, theme.line, 0.8), 2))
        painter.drawLine(QPointF(area.left(), middle), QPointF(area.right(), middle))
        painter.setPen(QPen(QColor(theme.muted), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x(shown.reference), area.top()), QPointF(x(shown.reference), area.bottom()))
        tone = QColor(theme.accent)
        if shown.clear:
            tone = QColor(theme.danger if shown.value < shown.reference else theme.success)
        painter.setPen(QPen(tone, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(x(shown.low), middle), QPointF(x(shown.high), middle))
        painter.setBrush(tone)
        painter.drawEllipse(QPointF(x(shown.value), middle), DOT_PX, DOT_PX)
        painter.restore()
