"""A label that ends in … where there is no room for all of it."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLabel, QSizePolicy


class ShortenedLabel(QLabel):
    def __init__(
        self, role: str = "", *, fills: bool = True, shortened: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    ) -> None:
        """role: as of `parts.label`. fills: it takes all the room that is left, or else as much as its text needs."""
        super().__init__()
        self._shortened = shortened
        self.setTextFormat(Qt.TextFormat.PlainText)
        if role:
            self.setProperty("role", role)
        self.setMinimumWidth(60)
        policy = QSizePolicy.Policy.Ignored if fills else QSizePolicy.Policy.Maximum
        self.setSizePolicy(policy, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        words = self.fontMetrics().elidedText(self.text(), self._shortened, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
