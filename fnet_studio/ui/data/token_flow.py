"""Tokens in a row as a model gets them: special ones, pads, and what was cut. Painted, so that thousands are cheap."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets import ink

PAD_X, PAD_Y, GAP = 6.0, 3.0, 4.0
Kind = Literal["word", "special", "unknown", "pad", "cut"]


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    kind: Kind
    segment: int
    words: str
    """Everything about it, for a tip and for those who do not see it."""


class TokenFlow(QWidget):
    """Arrow keys go from token to token."""

    chosen = Signal(int)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.cells: Sequence[Cell] = ()
        self.current = -1
        self._boxes: list[QRectF] = []
        self._laid_out_for = (-1, -1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumWidth(200)
        themes.changed.connect(lambda _: self.update())

    def show_cells(self, cells: Sequence[Cell], words: str) -> None:
        """words: all of them in one sentence."""
        self.cells, self.current = cells, -1
        self._laid_out_for = (-1, -1)
        self.setAccessibleName(words)
        self.setAccessibleDescription("")
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(width)

    def sizeHint(self) -> QSize:
        return QSize(400, self._arrange(max(self.width(), 200)))

    def _arrange(self, width: int) -> int:
        """Height in pixels; places every token."""
        metrics = QFontMetricsF(self.font())
        height = metrics.height() + 2 * PAD_Y
        if self._laid_out_for != (width, len(self.cells)):
            self._laid_out_for = (width, len(self.cells))
            self._boxes = []
            x = y = 1.0
            for cell in self.cells:
                wide = metrics.horizontalAdvance(cell.text) + 2 * PAD_X
                if x > 1 and x + wide > width - 1:
                    x, y = 1.0, y + height + GAP
                self._boxes.append(QRectF(x, y, min(wide, width - 2), height))
                x += wide + GAP
        return round((self._boxes[-1].bottom() if self._boxes else 0) + 2)

    def paintEvent(self, event: Any) -> None:
        self._arrange(self.width())
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        seen = QRectF(event.rect())
        for place, (cell, box) in enumerate(zip(self.cells, self._boxes)):
            if not box.intersects(seen):
                continue
            ground = ink.mix(theme.card, theme.series[cell.segment % 2], 0.16)
            line, text, style = QColor(0, 0, 0, 0), QColor(theme.text), Qt.PenStyle.SolidLine
            if cell.kind == "special":
                ground, line = QColor(theme.window), QColor(theme.muted)
            elif cell.kind == "unknown":
                ground, line = ink.mix(theme.card, theme.warning, 0.25), QColor(theme.warning)
            elif cell.kind == "pad":
                ground, line, text, style = (
                    QColor(theme.card),
                    QColor(theme.line),
                    QColor(theme.muted),
                    Qt.PenStyle.DotLine,
                )
            elif cell.kind == "cut":
                ground, line, text, style = (
                    QColor(theme.card),
                    QColor(theme.danger),
                    QColor(theme.muted),
                    Qt.PenStyle.DashLine,
                )
            painter.setBrush(ground)
            painter.setPen(QPen(line, 1, style))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            painter.setPen(text)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, cell.text)
            if place == self.current and self.hasFocus():
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(theme.accent), 2))
                painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def choose(self, place: int) -> None:
        if self.cells and 0 <= place < len(self.cells):
            self.current = place
            self.setAccessibleDescription(self.cells[place].words)
            self.chosen.emit(place)
            self.update()

    def box(self, place: int) -> QRectF:
        self._arrange(self.width())
        return self._boxes[place]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Home: -len(self.cells),
            Qt.Key.Key_End: len(self.cells),
        }
        step = steps.get(Qt.Key(event.key()))
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.choose(self._beside(1 if event.key() == Qt.Key.Key_Down else -1))
        elif step is not None:
            self.choose(max(0, min(self.current + step, len(self.cells) - 1)))
        else:
            super().keyPressEvent(event)

    def _beside(self, way: int) -> int:
        """The token above or below the current one."""
        if not 0 <= self.current < len(self._boxes):
            return 0
        here = self._boxes[self.current]
        lines = sorted({box.top() for box in self._boxes})
        line = lines.index(here.top()) + way
        if not 0 <= line < len(lines):
            return self.current
        there = [place for place, box in enumerate(self._boxes) if box.top() == lines[line]]
        return min(there, key=lambda place: abs(self._boxes[place].center().x() - here.center().x()))

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        if self.current < 0:
            self.choose(0)
        self.update()

    def mousePressEvent(self, event: Any) -> None:
        place = self._at(event.position())
        if place >= 0:
            self.choose(place)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            place = self._at(event.pos())  # type: ignore[attr-defined]
            words = self.cells[place].words if place >= 0 else ""
            QToolTip.showText(event.globalPos(), words, self)  # type: ignore[attr-defined]
            return True
        return super().event(event)

    def _at(self, point: Any) -> int:
        x, y = point.x(), point.y()
        return next((place for place, box in enumerate(self._boxes) if box.contains(x, y)), -1)
