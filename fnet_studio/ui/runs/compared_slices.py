"""Slices beside each other for several models: how often each is right there, and where that is more than chance."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QTableWidgetItem, QWidget

from fnet_studio.core import agreement, answer_tables
from fnet_studio.core.agreement import ComparedSlice
from fnet_studio.core.run_evaluation import Predictions
from fnet_studio.core.slices import Slice
from fnet_studio.ui.parts import whole_rows
from fnet_studio.ui.widgets.figures import count, percent, points
from fnet_studio.ui.widgets.fitted_table import FittedTable

ROW_PX, SHOWN_ROWS, NAME_PX = 32, 12, 280
NAME, TEXTS, FIRST = range(3)
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ComparedSlices(FittedTable):
    """Figures of the first model as they are; of each other one also what is clear beside the first."""

    chosen = Signal(int)
    """A row, by mouse or keyboard."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(ROW_PX, SHOWN_ROWS, parent)
        self._names: Sequence[str] = ()
        self._heads: Sequence[str] = ()
        self._answers: Sequence[Predictions] = ()
        self._name_px = NAME_PX
        self._compared: list[ComparedSlice] = []
        whole_rows(self, "Slices of the compared runs")
        self.setWordWrap(False)
        self.horizontalHeader().setSectionsClickable(False)
        self.verticalHeader().hide()
        self.selectionModel().currentRowChanged.connect(
            lambda now, _before: self.chosen.emit(now.row()) if now.isValid() else None
        )

    def set_models(self, names: Sequence[str], heads: Sequence[str], answers: Sequence[Predictions]) -> None:
        """heads: the names, as short as a column wants them. answers: of each, on the same texts."""
        self._names, self._heads, self._answers = names, heads, answers

    def show_slices(self, parts: Sequence[Slice], select: int) -> None:
        self._compared = [agreement.compare(part, self._answers) for part in parts]
        with QSignalBlocker(self):
            self.clear()
            self.setColumnCount(FIRST + len(self._heads))
            self.setRowCount(len(parts))
            self.setHorizontalHeaderLabels(["Slice", "Texts", *self._heads])
            for line, one in enumerate(self._compared):
                self._put(line, NAME, one.name, one.name)
                self._put(line, TEXTS, count(one.shares[0].texts), "")
                for place in range(len(one.shares)):
                    self._put(line, FIRST + place, _figure(one, place), self._told(one, place))
            for column in range(TEXTS, self.columnCount()):
                self.horizontalHeaderItem(column).setTextAlignment(RIGHT)
            if select >= 0:
                self.selectRow(select)
        self.resizeColumnsToContents()
        self._name_px = min(self.columnWidth(NAME), NAME_PX)
        self._fill()
        self.fit()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._fill()

    def _fill(self) -> None:
        """What the figures leave is the names'."""
        figures = sum(map(self.columnWidth, range(TEXTS, self.columnCount())))
        self.setColumnWidth(NAME, max(self._name_px, self.viewport().width() - figures))

    def _put(self, line: int, column: int, words: str, tip: str) -> None:
        item = QTableWidgetItem(words)
        if column != NAME:
            item.setTextAlignment(RIGHT)
        item.setToolTip(tip)
        if column >= FIRST:
            item.setData(Qt.ItemDataRole.AccessibleTextRole, tip)
        self.setItem(line, column, item)

    def _told(self, one: ComparedSlice, place: int) -> str:
        share = one.shares[place]
        if not share.texts:
            return f"{one.name}: there are no such texts."
        low, high = share.interval
        words = f"{self._names[place]}: {count(share.right)} of {count(share.texts)} texts are right, "
        words += f"{percent(share.value, 2)} (95 % confidence interval {percent(low)} to {percent(high)})"
        if place:
            words += f". Beside {self._names[0]}: {points(one.differences[place - 1])}"
        return f"{words}."

    def as_csv(self) -> str:
        """A line for each slice and model; no difference for the first model."""
        rows = (row for one in self._compared for row in agreement.table_rows(one, self._names))
        return answer_tables.as_csv(agreement.COLUMNS, rows)


def _figure(one: ComparedSlice, place: int) -> str:
    """The accuracy, and behind an arrow the points by which it clearly differs from the first model's."""
    share = one.shares[place]
    if not share.texts:
        return "–"
    words = percent(share.value, 2)
    difference = one.differences[place - 1] if place else None
    if difference is None or not difference.clear:
        return words
    return f"{'▲' if difference.value > 0 else '▼'} {100 * abs(difference.value):.1f}   {words}"
