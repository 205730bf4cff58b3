"""What the model would put at a mask: bars with probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QLabel, QSizePolicy, QVBoxLayout, QWidget

from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.figures import count, percent
from fnet_studio.ui.widgets.roving import RovingFocus


@dataclass(frozen=True)
class Prediction:
    text: str
    probability: float
    rank: int
    original: bool = False
    """True for what stood there before it was masked."""
    figure: str = ""
    """Written in the place of the probability."""
    special: bool = False
    """A piece that stands for no word: it cannot be put into a sentence."""

    @property
    def shown(self) -> str:
        return self.figure or percent(self.probability)


class PredictionRow(QAbstractButton):
    """Rank, text, bar, probability. The original carries a tick and the word `original`."""

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self.prediction = Prediction("", 0.0, 0)
        self._scale = 1.0
        self._text_width = 60.0
        self._most_rank = 0
        self._apart = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_prediction(
        self, prediction: Prediction, scale: float, text_width: float, apart: bool, most_rank: int
    ) -> None:
        """scale: the probability of a full bar; apart: draw a rule above, ranks are left out there; most_rank: the
        longest of all rows, so that their bars begin below each other."""
        self.prediction, self._most_rank = prediction, most_rank
        self._scale = max(scale, 1e-9)
        self._text_width, self._apart = text_width, apart
        was = ", the original" if prediction.original else ""
        self.setAccessibleName(f"{prediction.text}, {prediction.shown}, rank {prediction.rank}{was}")
        self.setEnabled(not prediction.special)
        self.setCursor(Qt.CursorShape.ArrowCursor if prediction.special else Qt.CursorShape.PointingHandCursor)
        if prediction.special:
            self.setToolTip(f"{prediction.text}: a special piece stands for no word")
        else:
            self.setToolTip(f"Put “{prediction.text}” into the sentence")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, round(QFontMetricsF(self.font()).height() + 10 + (7 if self._apart else 0)))

    def paintEvent(self, event: Any) -> None:
        theme, item = self._colours.current, self.prediction
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        row = QRectF(self.rect())
        if self._apart:
            painter.setPen(QPen(QColor(theme.line), 1, Qt.PenStyle.DashLine))
            painter.drawLine(0, 3, self.width(), 3)
            row.setTop(7)
        if not item.special and (self.underMouse() or self.hasFocus()):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink.faded(theme.accent, 0.10))
            painter.drawRoundedRect(row, 5, 5)
        metrics = QFontMetricsF(self.font())
        rank_width = max(metrics.horizontalAdvance("00"), metrics.horizontalAdvance(count(self._most_rank)))
        number_width = metrics.horizontalAdvance("<0.001 %")
        x = 6.0
        painter.setPen(QColor(theme.muted))
        painter.setFont(tabular(self.font()))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(x, row.y(), rank_width, row.height()), right, count(item.rank))
        painter.setPen(QColor(theme.muted if item.special else theme.text))
        painter.drawText(
            QRectF(self.width() - 6 - number_width, row.y(), number_width, row.height()),
            right,
            item.shown,
        )
        x += rank_width + 10
        font = QFont(self.font())
        font.setBold(item.original)
        painter.setFont(font)
        words = f"✓ {item.text}" if item.original else item.text
        shown = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideRight, self._text_width)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(x, row.y(), self._text_width, row.height()), left, shown)
        x += self._text_width + 10
        track = QRectF(x, row.center().y() - 5, max(self.width() - 18 - number_width - x, 4), 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink.faded(theme.line, 0.55))
        painter.drawRoundedRect(track, 4, 4)
        filled = QRectF(track)
        filled.setWidth(max(2.0, track.width() * min(item.probability / self._scale, 1.0)))
        painter.setBrush(QColor(theme.success if item.original else theme.accent))
        painter.drawRoundedRect(filled, min(4.0, filled.width() / 2), 4)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(row.adjusted(1, 1, -1, -1), 5, 5)


def tabular(font: QFont) -> QFont:
    """The same font with figures of one width, where the font has them."""
    result = QFont(font)
    if hasattr(result, "setFeature"):
        result.setFeature(QFont.Tag("tnum"), 1)
    return result


class PredictionBars(QWidget):
    """The candidates for one mask, best first."""

    chosen = Signal(int)
    """Index (in the predictions last shown) of the one that was clicked."""

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._rows: list[PredictionRow] = []
        self._count = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._title = QLabel()
        self._title.setProperty("role", "strong")
        self._title.setWordWrap(True)
        self._original = QLabel()
        self._original.setProperty("role", "muted")
        self._original.setWordWrap(True)
        layout.addWidget(self._title)
        layout.addWidget(self._original)
        layout.addSpacing(4)
        self._focus = RovingFocus(self)
        colours.changed.connect(self._repaint)

    def rows(self) -> list[PredictionRow]:
        return self._rows[: self._count]

    def show_predictions(self, title: str, original: str, predictions: Sequence[Prediction]) -> None:
        """title: which mask; original: a line about what stood there, '' for none; predictions: best first, the
        original last when it is not among the best."""
        self._title.setText(title)
        self._original.setText(original)
        self._original.setVisible(bool(original))
        self.setAccessibleName(f"Predictions for {title}")
        self._count = len(predictions)
        layout = self.layout()
        while len(self._rows) < self._count:
            row = PredictionRow(self._colours, self)
            index = len(self._rows)
            row.clicked.connect(lambda _=False, index=index: self.chosen.emit(index))
            self._rows.append(row)
            layout.addWidget(row)
        scale = max((item.probability for item in predictions), default=1.0)
        for row in self._rows:
            row.ensurePolished()
        font = QFont(self._rows[0].font() if self._rows else self.font())
        font.setBold(True)
        metrics = QFontMetricsF(font)
        widths = [metrics.horizontalAdvance(f"✓ {item.text}") for item in predictions]
        width = min(max([*widths, 60.0]), 150.0)
        most_rank = max((item.rank for item in predictions), default=0)
        previous = 0
        for row, item in zip(self._rows, predictions):
            apart = bool(previous) and item.rank > previous + 1
            row.show_prediction(item, scale, width, apart, most_rank)
            previous = item.rank
        for index, row in enumerate(self._rows):
            row.setVisible(index < self._count)
        self._focus.set_buttons([row for row in self.rows() if row.isEnabled()])

    def _repaint(self) -> None:
        for row in self._rows:
            row.update()
