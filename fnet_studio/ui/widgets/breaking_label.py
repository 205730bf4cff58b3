"""A label whose text may hold names and paths, which have no spaces to break a line at."""

import re

from PySide6.QtCore import Qt
from PySide6.QtGui import QClipboard, QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QLabel, QMenu

BREAK = "\u200b"
"""Has no width; a line may end at it."""
BREAKABLE = re.compile(r"[_\-./\\](?=\S)|[^\s_\-./\\]{24}(?=\S)")


class BreakingLabel(QLabel):
    """Can be selected; what is copied is the text as it was given."""

    def __init__(self, text: str, role: str = "") -> None:
        """role: as of `parts.label`."""
        super().__init__()
        self.show_text(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setProperty("role", role)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )

    def show_text(self, text: str) -> None:
        self.setText(BREAKABLE.sub(rf"\g<0>{BREAK}", text))
        self.setAccessibleName(text)

    def _copy(self, to: QClipboard.Mode = QClipboard.Mode.Clipboard) -> None:
        if self.hasSelectedText():
            QGuiApplication.clipboard().setText(self.selectedText().replace(BREAK, ""), to)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if QGuiApplication.clipboard().supportsSelection():
            self._copy(QClipboard.Mode.Selection)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy", self._copy).setEnabled(self.hasSelectedText())
        menu.addAction("Select all", lambda: self.setSelection(0, len(self.text())))
        menu.popup(event.globalPos())
