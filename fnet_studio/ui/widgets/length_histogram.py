"""How long the texts are, in tokens, and which of them get cut."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from fnet_studio.ui.theme import CAPTION_PT
from fnet_studio.ui.widgets.figures import count

HEIGHT_PX = 96
MARGIN_PX = 4
GAP_PX = 6
STEPS = 3
"""Numbers beside the bars, at most, and the zero."""


class LengthHistogram(QWidget):
    """Bars over tokens a text, those beyond the model's length in the warning colour."""

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._edges: Sequence[int] = (0, 1)
        self._counts: Sequence[int] = (0,)
        self._length = 0
        self.setFixedHeight(HEIGHT_PX)
        self.setMinimumWidth(160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        colours.changed.connect(self._recoloured)

    def show_lengths(self, edges: Sequence[int], counts: Sequence[int], length: int, words: str) -> None:
        """edges: (bins + 1,) tokens; counts: (bins,) texts; length: of the model, 0 for unknown; words: the same for
        those who do not see it."""
        self._edges, self._counts, self._length = edges, counts, length
        self.setAccessibleName(f"Lengths of the training texts. {words}")
        self.setToolTip(words)
        self.update()

    def _recoloured(self, _theme: Any) -> None:
        self.update()

    def paintEvent(self, event: Any) -> None:
        theme = self._colours.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPointSizeF(CAPTION_PT)
        painter.setFont(font)
        line_px = painter.fontMetrics().height()
        most, last = max(self._counts, default=0), self._edges[-1]
        if not most or not last:
            painter.end()
            return
        step = step_of(most)
        ticks = range(0, most + 1, step)
        beside = max(painter.fontMetrics().horizontalAdvance(count(tick)) for tick in ticks) + GAP_PX
        top = MARGIN_PX + line_px / 2
        foot_px = line_px + 2
        area = QRectF(
            MARGIN_PX + beside, top, self.width() - 2 * MARGIN_PX - beside, self.height() - top - foot_px - MARGIN_PX
        )
        for tick in ticks:
            y = area.bottom() - area.height() * tick / most
            painter.setPen(QPen(QColor(theme.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(theme.muted))
            number = QRectF(MARGIN_PX, y - line_px / 2, beside - GAP_PX, line_px)
            painter.drawText(number, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count(tick))
        for low, high, texts in zip(self._edges, self._edges[1:], self._counts):
            x = area.left() + area.width() * low / last
            width = max(1.0, area.width() * (high - low) / last - 1)
            height = area.height() * texts / most
            cut = bool(self._length) and low >= self._length
            painter.fillRect(
                QRectF(x, area.bottom() - height, width, height), QColor(theme.warning if cut else theme.series[0])
            )
        painter.setPen(QColor(theme.muted))
        foot = QRectF(area.left(), area.bottom() + 2, area.width(), line_px)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{count(last)} or more tokens")
        if 0 < self._length < last:
            x = area.left() + area.width() * self._length / last
            painter.setPen(QPen(QColor(theme.text), 1, Qt.PenStyle.DashLine))
            painter.drawLine(int(x), int(area.top()), int(x), int(area.bottom()))
            painter.setPen(QColor(theme.text))
            words = f"cut at {count(self._length)}"
            left = x + 4 if x < area.center().x() else x - painter.fontMetrics().horizontalAdvance(words) - 4
            painter.drawText(QRectF(left, area.top(), area.width(), line_px), Qt.AlignmentFlag.AlignLeft, words)
        painter.end()


def step_of(most: int) -> int:
    """Between the numbers of an axis from 0 to `most`, at least 1: a one, two or five with zeros."""
    step = 1
    while True:
        for size in (step, 2 * step, 5 * step):
            if most // size <= STEPS:
                return size
        step *= 10
