"""Slices as a table: how many texts, how often the model is right, and where that lies beside the other texts."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from fnet_studio.core import answer_tables
from fnet_studio.core.run_evaluation import Predictions
from fnet_studio.core.slices import COLUMNS, Slice, SliceMeasure, measure, table_row, told
from fnet_studio.ui.parts import whole_rows
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.copied_rows import CopiedRows
from fnet_studio.ui.widgets.figures import count, percent, points
from fnet_studio.ui.widgets.interval_bar import INTERVAL, Interval, IntervalDelegate, axis_of

NAME, TEXTS, ACCURACY, OTHERS, DRAWN = range(5)
HEADS = ("Slice", "Texts", "Accuracy", "Than the other texts")
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
NAME_PX, DRAWN_PX = 320, 160
"""The most of a name, the least of the drawing."""
ROW_PX, SHOWN_ROWS = 32, 12
NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class SlicesModel(QAbstractTableModel):
    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.measures: Sequence[SliceMeasure] = ()
        self.drawn_head = ""

    def put(self, measures: Sequence[SliceMeasure], drawn_head: str) -> None:
        """The first one is of all texts."""
        self.beginResetModel()
        self.measures, self.drawn_head = measures, drawn_head
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.measures)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return DRAWN + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one, column = self.measures[index.row()], index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (TEXTS, ACCURACY):
            return RIGHT
        if role == INTERVAL and column == DRAWN and one.share.texts:
            clear = one.difference is not None and one.difference.clear
            return Interval(one.share.value, *one.share.interval, clear, self.measures[0].share.value)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return whole_words(one) if role == Qt.ItemDataRole.ToolTipRole or column == DRAWN else None
        if role != Qt.ItemDataRole.DisplayRole or column == DRAWN:
            return None
        accuracy = percent(one.share.value, 2) if one.share.texts else "–"
        return (one.name, count(one.share.texts), accuracy, told(one.difference))[column]

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (*HEADS, self.drawn_head)[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (TEXTS, ACCURACY):
            return RIGHT
        return None


class SlicesTable(QTableView):
    chosen = Signal(int)
    """Its row, by mouse or keyboard."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.answers: Predictions | None = None
        """What is counted: one for each text of the split."""
        self.slices = SlicesModel(self)
        self.setModel(self.slices)
        self._drawing = IntervalDelegate(themes, self)
        self.setItemDelegateForColumn(DRAWN, self._drawing)
        whole_rows(self, "Slices")
        CopiedRows(self)
        self.setWordWrap(False)
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        head = self.horizontalHeader()
        head.setSectionsClickable(False)
        head.setSectionResizeMode(DRAWN, QHeaderView.ResizeMode.Stretch)
        head.setMinimumSectionSize(64)
        self.selectionModel().currentRowChanged.connect(self._moved)
        themes.changed.connect(lambda _: self.viewport().update())

    def show_slices(self, parts: Sequence[Slice], select: int) -> None:
        """The first one is of all texts. select: a row that is shown as chosen, quietly; -1 for none."""
        measures = [measure(part, self.answers) for part in parts] if self.answers is not None else []
        axis = axis_of(one.share.interval for one in measures if one.share.texts)
        self._drawing.axis = axis
        with QSignalBlocker(self):
            self.slices.put(measures, f"95 % interval, {100 * axis.low:.0f} to {percent(axis.high, 0)}")
            if select >= 0:
                self.selectRow(select)
        for column in range(DRAWN):
            self.resizeColumnToContents(column)
        self.setColumnWidth(NAME, min(self.columnWidth(NAME), NAME_PX))
        self.horizontalHeader().setMinimumHeight(self.horizontalHeader().sizeHint().height())
        shown = min(len(measures), SHOWN_ROWS)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + shown * ROW_PX + 4)

    def as_csv(self) -> str:
        return answer_tables.as_csv(COLUMNS, map(table_row, self.slices.measures))

    def _moved(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(now.row())


def whole_words(one: SliceMeasure) -> str:
    low, high = one.share.interval
    words = f"{one.name}: {count(one.share.right)} of {count(one.share.texts)} texts are right"
    if one.share.texts:
        words += f", {percent(one.share.value, 2)} (95 % confidence interval {percent(low)} to {percent(high)})"
    if one.difference is not None:
        words += f". Beside the other texts: {points(one.difference)}"
    return f"{words}."
