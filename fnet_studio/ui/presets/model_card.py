"""What the makers of a preset wrote about it."""

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTextBrowser, QWidget


class ModelCard(QTextBrowser):
    """As high as its text: the page around it scrolls."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bare", True)
        self.setOpenExternalLinks(True)
        self.setAccessibleName("Model card")
        self.document().setDocumentMargin(0)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().documentLayout().documentSizeChanged.connect(lambda _: self._fit())

    def show_text(self, markdown: str) -> None:
        self.setMarkdown(_without_front(markdown))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        height = math.ceil(self.document().size().height()) + 4
        if height != self.height():
            self.setFixedHeight(height)


def _without_front(text: str) -> str:
    """Without the metadata on top, and without the preset's own name: it stands above already."""
    text = text.strip()
    if text.startswith("---\n") and "\n---" in text[4:]:
        text = text[4:].split("\n---", 1)[1].strip()
    first, _, rest = text.partition("\n")
    return rest if first.startswith("# ") else text
