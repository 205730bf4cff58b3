"""Boxes that take words. A file that is dropped on one goes to what holds the box, if that takes files."""

from typing import Any

from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit


def carries_files(data: QMimeData) -> bool:
    """File managers send the names along as text."""
    return any(url.isLocalFile() for url in data.urls())


class TextLine(QLineEdit):
    def dragEnterEvent(self, event: Any) -> None:
        if carries_files(event.mimeData()):
            event.ignore()
        else:
            super().dragEnterEvent(event)


class TextLines(QPlainTextEdit):
    """Nor can a file be pasted."""

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return not carries_files(source) and super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        if not carries_files(source):
            super().insertFromMimeData(source)
