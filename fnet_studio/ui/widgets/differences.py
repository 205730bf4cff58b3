"""Two probabilities for each word, one bar under the other, and their difference."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.ui.parts import label
from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.figures import percent
from fnet_studio.ui.widgets.predictions import tabular

BAR, GAP = 6.0, 3.0


class DifferenceRow(QWidget):
    """Word, two bars (the upper one is the first side), difference in percentage points."""

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._it = protocol.Difference("", "", 0.0, 0.0)
        self._scale, self._text_width = 1.0, 60.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    @property
    def figure(self) -> str:
        """Such as `+2.67`, in percentage points; a dash where one side has no such piece."""
        it = self._it
        if it.first is None or it.second is None:
            return "–"
        points = f"{100 * (it.second - it.first):+.2f}"
        return "0.00" if float(points) == 0 else points.replace("-", "−")

    def show_difference(self, it: protocol.Difference, scale: float, text_width: float, names: Sequence[str]) -> None:
        self._it, self._scale, self._text_width = it, max(scale, 1e-9), text_width
        each = [
            f"{name}: {'not in its vocabulary' if share is None else percent(share)}"
            for name, share in zip(names, (it.first, it.second))
        ]
        self.setAccessibleName(f"{it.text}, {each[0]}, {each[1]}, difference {self.figure} percentage points")
        self.setToolTip("\n".join(each))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, round(max(QFontMetricsF(self.font()).height(), 2 * BAR + GAP) + 10))

    def paintEvent(self, event: Any) -> None:
        theme, it = self._colours.current, self._it
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(self.font())
        number_width = metrics.horizontalAdvance("+00.00")
        middle = Qt.AlignmentFlag.AlignVCenter
        row = QRectF(self.rect()).adjusted(0, 0, -4, 0)
        painter.setPen(QColor(theme.text))
        shown = metrics.elidedText(it.text, Qt.TextElideMode.ElideRight, self._text_width)
        painter.drawText(QRectF(0, 0, self._text_width, row.height()), Qt.AlignmentFlag.AlignLeft | middle, shown)
        painter.setFont(tabular(self.font()))
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | middle, self.figure)
        left = self._text_width + 10
        width = max(row.width() - left - number_width - 10, 4.0)
        top = row.center().y() - BAR - GAP / 2
        for number, share in enumerate((it.first, it.second)):
            track = QRectF(left, top + number * (BAR + GAP), width, BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink.faded(theme.line, 0.55))
            painter.drawRoundedRect(track, 3, 3)
            if share is None:
                continue
            track.setWidth(max(2.0, width * min(share / self._scale, 1.0)))
            painter.setBrush(QColor(side_colours(theme)[number]))
            painter.drawRoundedRect(track, min(3.0, track.width() / 2), 3)


def side_colours(theme: Any) -> tuple[QColor, QColor]:
    return ink.series(theme)


class DifferenceBars(QWidget):
    """One mask's words, most probable on either side first."""

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._rows: list[DifferenceRow] = []
        self._count = 0
        self._title = label("", "strong")
        self._names = label("", "muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._title)
        layout.addWidget(self._names)
        colours.changed.connect(self._repaint)

    def rows(self) -> list[DifferenceRow]:
        return self._rows[: self._count]

    def show_differences(self, title: str, names: Sequence[str], differences: Sequence[protocol.Difference]) -> None:
        self._title.setText(title)
        self._names.setText(f"Upper bar: {names[0]}. Lower bar: {names[1]}. Difference in percentage points.")
        self.setAccessibleName(f"Differences for {title}")
        self._count = len(differences)
        while len(self._rows) < self._count:
            self._rows.append(DifferenceRow(self._colours, self))
            self.layout().addWidget(self._rows[-1])
        scale = max((max(it.first or 0.0, it.second or 0.0) for it in differences), default=1.0)
        metrics = QFontMetricsF(self.font())
        width = min(max([metrics.horizontalAdvance(it.text) for it in differences] or [60.0]) + 4, 120.0)
        for index, row in enumerate(self._rows):
            row.setVisible(index < self._count)
            if index < self._count:
                row.show_difference(differences[index], scale, width, names)

    def _repaint(self) -> None:
        for row in self._rows:
            row.update()
