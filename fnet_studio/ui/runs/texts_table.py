"""Texts of a run as a table: what they are, what its model answered, and the words, which come after the rest."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from fnet_studio.core import answer_tables, protocol
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.row_text import RowText, row_text
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.widgets.figures import percent

COLUMNS = ("True class", "Answered", "Confidence", "Text")
CONFIDENCE, TEXT = 2, 3
CSV_COLUMNS = ("row", "true_class", "answered", "confidence", "text", "second_text")
SHOWN_CHARACTERS, TOLD_CHARACTERS = 300, 1000


class Line(NamedTuple):
    row: int
    """Its place in the split."""
    true: str
    answered: str
    confidence: float


class TextsTable(QTableWidget):
    came = Signal()
    """The words are there."""
    failed = Signal(object)
    """`protocol.Failed`: the lines stay, with their rows' numbers."""

    def __init__(self, supervisor: Supervisor, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._asking = NewestOnly(supervisor)
        self.lines: Sequence[Line] = ()
        self._texts: list[RowText] = []
        self.setHorizontalHeaderLabels(COLUMNS)
        self.setAccessibleName("Texts")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(TEXT, QHeaderView.ResizeMode.Stretch)
        self.setTabKeyNavigation(False)

    def put(self, run: str, split: str, lines: Sequence[Line], nothing: str) -> None:
        """nothing: said in place of no lines."""
        self.lines, self._texts = lines, []
        self._asking.forget()
        self.clearSpans()
        self.setRowCount(max(len(lines), 1))
        for place, line in enumerate(lines):
            for column, words in enumerate((line.true, line.answered, percent(line.confidence, 2), f"Row {line.row}")):
                self.setItem(place, column, QTableWidgetItem(words))
            self.item(place, CONFIDENCE).setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if not lines:
            self.setItem(0, 0, QTableWidgetItem(nothing))
            self.setSpan(0, 0, 1, len(COLUMNS))
            return
        self.selectRow(0)
        self._asking.ask(protocol.RunTexts(run, split, tuple(line.row for line in lines)), self._came, self.failed.emit)

    def chosen(self) -> RowText:
        """Empty while the words have not come."""
        place = self.currentRow()
        return self._texts[place] if 0 <= place < len(self._texts) else RowText()

    def as_csv(self) -> str:
        texts = self._texts or [RowText()] * len(self.lines)
        return answer_tables.as_csv(CSV_COLUMNS, [(*line, *text) for line, text in zip(self.lines, texts, strict=True)])

    def _came(self, found: protocol.Texts, _blob: bytes) -> None:
        self._texts = [row_text(found, place) for place in range(len(found.texts))]
        for place, text in enumerate(self._texts):
            item = self.item(place, TEXT)
            item.setText(" ".join(str(text).split())[:SHOWN_CHARACTERS])
            item.setToolTip(str(text)[:TOLD_CHARACTERS])
        self.came.emit()
