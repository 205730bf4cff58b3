"""Where the sentence is typed, and the room that its chips have."""

from math import ceil
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QTextEdit, QWidget

from fnet_studio.ui.widgets.chips import STRIP, ChipRow
from fnet_studio.ui.widgets.text_boxes import TextLines

LINES = 3


class TextBox(TextLines):
    """One to three lines, as high as its text; Tab leaves it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setPlaceholderText("Type a sentence. Write [MASK] where a word is wanted, or click a word below.")
        self.setToolTip(
            "[MASK]: a hidden word. [SEP] between two texts makes a pair of them, for models that were trained on "
            "pairs; to the others it is strange. {doctor|nurse}: alternatives, whose answers can be compared."
        )
        self.setAccessibleName("Sentence")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().documentLayout().documentSizeChanged.connect(self._refit)

    def _refit(self, size: Any) -> None:
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(off if round(size.height()) <= LINES else needed)
        self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            # a layout that is under way hears no other wish: the lines that the new width makes count after it
            QTimer.singleShot(0, self, lambda: self._refit(self.document().size()))

    def sizeHint(self) -> QSize:
        lines = min(max(round(self.document().size().height()), 1), LINES)
        line = QFontMetricsF(self.font())
        # the layout gives each part of a line whole pixels, the font's own spacing may be a fraction
        line = ceil(line.ascent()) + ceil(line.descent()) + ceil(line.leading())
        return QSize(400, round(lines * line + 2 * self.document().documentMargin() + 13))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def strike_from(self, character: int) -> None:
        """Strike through what the model does not read, from a character of the text on; -1 for nothing."""
        marks = []
        if character >= 0:
            mark = QTextEdit.ExtraSelection()
            mark.format.setFontStrikeOut(True)
            mark.format.setForeground(self.palette().placeholderText())
            # Qt counts in UTF-16
            at = len(self.toPlainText()[:character].encode("utf-16-le")) // 2
            mark.cursor = QTextCursor(self.document())
            mark.cursor.setPosition(at)
            mark.cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            marks.append(mark)
        self.setExtraSelections(marks)

    def replace_text(self, text: str) -> None:
        """Put another text in as one step that can be undone."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)


class ChipArea(QScrollArea):
    """The chips, at most three rows of them in view."""

    def __init__(self, row: ChipRow) -> None:
        super().__init__()
        self._row = row
        self.most_rows = 3
        self.setWidget(row)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row.setProperty("page", True)

    def refit(self) -> None:
        one = self._row.fontMetrics().height() + 18 + (round(STRIP) if self._row.has_strip else 0)
        room = self.most_rows * one
        width = self.width()
        if self._row.heightForWidth(width) > room:
            width -= self.verticalScrollBar().sizeHint().width()
        height = max(self._row.heightForWidth(width), one)
        self._row.resize(width, height)
        self.setFixedHeight(min(height, room))

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self.refit()
