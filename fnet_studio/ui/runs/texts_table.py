"""Texts of a run as a table: what they are, what its model answered, and the words, which come after the rest."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from fnet_studio.core import answer_tables, protocol
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import whole_rows
from fnet_studio.ui.row_text import RowText, row_text
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.widgets.copied_rows import CopiedRows
from fnet_studio.ui.widgets.figures import percent

COLUMNS = ("True class", "Answered", "Confidence", "Text")
CONFIDENCE, TEXT = 2, 3
CSV_COLUMNS = ("row", "true_class", "answered", "confidence", "text", "second_text")
SHOWN_CHARACTERS, TOLD_CHARACTERS = 300, 1000
MEASURED_ROWS = 100
"""That the columns' widths are made for."""
WIDEST_CLASS = 180
"""Pixels: a class may have a sentence for its name, and the texts need the room."""
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class Line(NamedTuple):
    row: int
    """Its place in the split."""
    true: str
    answered: str
    confidence: float


class TextsModel(QAbstractTableModel):
    """A model and no items: a lasso gathers thousands of texts."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.lines: Sequence[Line] = ()
        self.texts: list[RowText] = []
        self.nothing = ""

    def put(self, lines: Sequence[Line], nothing: str) -> None:
        self.beginResetModel()
        self.lines, self.texts, self.nothing = lines, [], nothing
        self.endResetModel()

    def put_texts(self, texts: list[RowText]) -> None:
        self.texts = texts
        self.dataChanged.emit(self.index(0, TEXT), self.index(len(self.lines) - 1, TEXT))

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else max(len(self.lines), 1)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        at, column = index.row(), index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole and column == CONFIDENCE:
            return RIGHT
        if role == Qt.ItemDataRole.ToolTipRole and column == TEXT and at < len(self.texts):
            return str(self.texts[at])[:TOLD_CHARACTERS]
        if role == Qt.ItemDataRole.ToolTipRole and column < CONFIDENCE and at < len(self.lines):
            return self.lines[at][1 + column]
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if not self.lines:
            return self.nothing if column == 0 else ""
        line = self.lines[at]
        if column == TEXT:
            words = " ".join(str(self.texts[at]).split())[:SHOWN_CHARACTERS] if self.texts else ""
            return words or f"Row {line.row}"
        return (line.true, line.answered, percent(line.confidence, 2))[column]

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section == CONFIDENCE:
            return RIGHT
        return None


class TextsTable(QTableView):
    line_chosen = Signal(int)
    came = Signal()
    """The words are there."""
    failed = Signal(object)
    """`protocol.Failed`: the lines stay, with their rows' numbers."""

    def __init__(self, supervisor: Supervisor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asking = NewestOnly(supervisor)
        self.texts = TextsModel(self)
        self.setModel(self.texts)
        whole_rows(self, "Texts")
        CopiedRows(self)
        self.setWordWrap(False)
        head = self.horizontalHeader()
        head.setResizeContentsPrecision(MEASURED_ROWS)
        head.setSectionResizeMode(TEXT, QHeaderView.ResizeMode.Stretch)
        self.selectionModel().currentRowChanged.connect(lambda now, _before: self.line_chosen.emit(now.row()))

    @property
    def lines(self) -> Sequence[Line]:
        return self.texts.lines

    def put(self, run: str, split: str, lines: Sequence[Line], nothing: str) -> None:
        """nothing: said in place of no lines."""
        self._asking.forget()
        self.clearSpans()
        self.texts.put(lines, nothing)
        if not lines:
            self.setSpan(0, 0, 1, len(COLUMNS))
            return
        for column in range(TEXT):
            self.resizeColumnToContents(column)
            self.setColumnWidth(column, min(self.columnWidth(column), WIDEST_CLASS))
        self.selectRow(0)
        self._asking.ask(protocol.RunTexts(run, split, tuple(line.row for line in lines)), self._came, self.failed.emit)

    def chosen(self) -> RowText:
        """Empty while the words have not come."""
        place, texts = self.currentIndex().row(), self.texts.texts
        return texts[place] if 0 <= place < len(texts) else RowText()

    def as_csv(self) -> str:
        texts = self.texts.texts or [RowText()] * len(self.lines)
        return answer_tables.as_csv(CSV_COLUMNS, [(*line, *text) for line, text in zip(self.lines, texts, strict=True)])

    def _came(self, found: protocol.Texts, _blob: bytes) -> None:
        self.texts.put_texts([row_text(found, place) for place in range(len(found.texts))])
        self.came.emit()
