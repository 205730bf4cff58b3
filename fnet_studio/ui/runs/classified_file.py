"""A run's classifier asked about a file of one's own texts; where they have labels, how many it gets right."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QWidget

from fnet_studio.core import answer_tables, protocol
from fnet_studio.core.classified_texts import ClassifiedTexts
from fnet_studio.tables.texts import TextRows, read_texts_for
from fnet_studio.ui.answered_file import AnsweredFile
from fnet_studio.ui.row_text import RowText
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.widgets.figures import count, percent

ROW, TRUE, ANSWERED, CONFIDENCE, TEXT = range(5)
HEADS = ("Row", "True class", "Answered", "Confidence", "Text")
SHOWN_CHARACTERS, TOLD_CHARACTERS = 300, 1000
MEASURED_ROWS = 100
"""That the columns' widths are made for."""
LEAST_HEIGHT_PX = 220
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
SORTED_BY = Qt.ItemDataRole.UserRole
NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class ClassifiedModel(QAbstractTableModel):
    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.found = ClassifiedTexts("", ())

    def begin(self, found: ClassifiedTexts) -> None:
        self.beginResetModel()
        self.found = found
        self.endResetModel()

    def add(self, told: protocol.Classified) -> None:
        first = self.found.done
        self.found.add(told)
        self.dataChanged.emit(self.index(first, 0), self.index(self.found.done - 1, len(HEADS) - 1))

    def row_text(self, row: int) -> RowText:
        return RowText(self.found.texts[row], self.found.pairs[row] if self.found.pairs else "")

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.found.texts)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return len(HEADS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column, found = index.row(), index.column(), self.found
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (ROW, CONFIDENCE):
            return RIGHT
        if role == Qt.ItemDataRole.ToolTipRole and column == TEXT:
            return str(self.row_text(row))[:TOLD_CHARACTERS]
        if role == SORTED_BY and column in (ROW, CONFIDENCE):
            return row if column == ROW else found.confidence(row)
        if role not in (Qt.ItemDataRole.DisplayRole, SORTED_BY):
            return None
        if column == ROW:
            return count(row)
        if column == TRUE:
            return found.labels[row] if found.labels else ""
        if column == TEXT:
            return " ".join(str(self.row_text(row)).split())[:SHOWN_CHARACTERS]
        predicted = found.predicted(row)
        if not predicted:
            return "–" if row < found.done else "…"
        return predicted if column == ANSWERED else percent(found.confidence(row), 2)

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (ROW, CONFIDENCE):
            return RIGHT
        return None


class ClassifiedFile(AnsweredFile):
    HEADING = "Texts from a file"
    ABOUT = (
        "One text a line, or a table with a column of texts. Labels, if it has any, are compared with the answers; its "
        "other columns are saved with them."
    )
    MAIN = False
    try_wanted = Signal(RowText)
    """Of the row that was chosen by Enter or two clicks."""

    def __init__(self, supervisor: Any, themes: Any, parent: QWidget | None = None) -> None:
        self._entry: RunEntry | None = None
        self._notes = ""
        self.model = ClassifiedModel()
        self._sorted = QSortFilterProxyModel()
        self._sorted.setSourceModel(self.model)
        self._sorted.setSortRole(SORTED_BY)
        self._sorted.setDynamicSortFilter(False)  # rows would leave from under the pointer while answers come
        super().__init__(supervisor, themes, self._sorted, parent)
        for model in (self.model, self._sorted):
            model.setParent(self)
        self.view.setSortingEnabled(True)
        self.view.setWordWrap(False)
        self.view.setMinimumHeight(LEAST_HEIGHT_PX)
        head = self.view.horizontalHeader()
        head.setSortIndicatorClearable(True)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        head.setResizeContentsPrecision(MEASURED_ROWS)
        head.setSectionResizeMode(TEXT, QHeaderView.ResizeMode.Stretch)
        self.view.activated.connect(self._try)

    def show_run(self, entry: RunEntry) -> None:
        """Forgets what another run answered."""
        before, self._entry = self._entry, entry
        if before is not None and before.id == entry.id:
            self._show_state()
            return
        self.messages.say(None)
        self.model.begin(ClassifiedTexts("", ()))
        self.stop()

    def _read(self, path: Path) -> TextRows:
        assert self._entry is not None
        return read_texts_for(self._entry.record, path)

    def _begin(self, found: TextRows) -> None:
        assert self._entry is not None
        self._notes = " ".join(found.notes)
        given = found.texts, found.pairs, found.labels, found.label_column
        self.model.begin(ClassifiedTexts(self._entry.id, *given, others=found.others))
        self.view.setColumnHidden(TRUE, not found.labels)
        for column in (ROW, TRUE):
            self.view.resizeColumnToContents(column)

    def _next_part(self) -> protocol.Classify | None:
        return self.model.found.next_part()

    def _add(self, told: protocol.Classified) -> None:
        first = not self.model.found.done
        self.model.add(told)
        if first:
            for column in (ANSWERED, CONFIDENCE):
                self.view.resizeColumnToContents(column)

    def _show_state(self) -> None:
        super()._show_state()
        head = self.view.horizontalHeader()
        if not self._running and head.sortIndicatorSection() >= 0:  # the answers came below each other
            self._sorted.sort(head.sortIndicatorSection(), head.sortIndicatorOrder())

    def _done_of(self) -> tuple[int, int]:
        return self.model.found.done, len(self.model.found.texts)

    def _answered_by(self) -> str:
        return self._entry.name if self._entry else ""

    def _found(self) -> str:
        words = self.model.found.words()
        return f"{words}. {self._notes}" if words else self._notes

    def _contents(self, kind: str) -> str:
        found = self.model.found
        if kind == "csv":
            return answer_tables.as_csv(found.head(), found.rows())
        return answer_tables.as_json(list(found.as_objects()))

    def _try(self, index: QModelIndex) -> None:
        self.try_wanted.emit(self.model.row_text(self._sorted.mapToSource(index).row()))
