"""The confusion matrix: how many texts of each class were answered as which. A cell can be chosen."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush, QColor, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QTableWidgetItem,
    QWidget,
)

from fnet_studio.core.run_evaluation import EvaluationReport
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.figures import count, counted, percent
from fnet_studio.ui.widgets.fitted_table import FittedTable

ROW_PX, MOST_ROWS = 52, 8
COLUMN_PX = 72
NAMES_SHARE = 3
"""The names of the true classes have one in so many parts of the width, and the figures the rest."""
GROUND = Qt.ItemDataRole.UserRole + 1


class _Ground(QStyledItemDelegate):
    """The stylesheet's cells have no colour of their own: it is painted under them."""

    def paint(self, painter: Any, option: Any, index: Any) -> None:
        painter.fillRect(option.rect.adjusted(2, 2, -2, -2), index.data(GROUND))
        super().paint(painter, option, index)


class ConfusionTable(FittedTable):
    """Arrow keys move, Enter or a click chooses."""

    cell_chosen = Signal(int, int)
    """(true class, answered class)."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(ROW_PX, MOST_ROWS, parent)
        self._themes = themes
        self._report: EvaluationReport | None = None
        self.setAccessibleName("Confusion matrix")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setItemDelegate(_Ground(self))
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setMinimumSectionSize(COLUMN_PX)
        for head in (self.horizontalHeader(), self.verticalHeader()):
            head.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.cellClicked.connect(self.cell_chosen)
        self.cellActivated.connect(self.cell_chosen)
        themes.changed.connect(lambda _: self._fill())

    def put(self, report: EvaluationReport) -> None:
        self._report = report
        self._fill()

    def _fill(self) -> None:
        report = self._report
        if report is None:
            return
        names, theme = report.class_names, self._themes.current
        self.setRowCount(len(names))
        self.setColumnCount(len(names))
        for at, name in enumerate(names):
            self.setHorizontalHeaderItem(at, _head(name, f"Answered {name}"))
            self.setVerticalHeaderItem(at, _head(name, f"Truly {name}"))
        for true, line in enumerate(report.confusion):
            whole = max(sum(line), 1)
            for answered, texts in enumerate(line):
                item = QTableWidgetItem(f"{count(texts)}\n{percent(texts / whole)}")
                tone = theme.accent if true == answered else theme.danger
                ground = ink.mix(theme.card, tone, 0.06 + 0.34 * texts / whole if texts else 0.0)
                item.setData(GROUND, ground)
                item.setForeground(QBrush(QColor(theme.text)))
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                words = f"{counted(texts, 'text')} of {names[true]} {'was' if texts == 1 else 'were'} "
                words += f"answered {names[answered]}"
                item.setToolTip(f"{words}. Click to list them.")
                item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
                self.setItem(true, answered, item)
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.verticalHeader().setMaximumWidth(self.width() // NAMES_SHARE)
        super().resizeEvent(event)


def _head(name: str, words: str) -> QTableWidgetItem:
    """words: where there is no room for the name, and for screen readers."""
    item = QTableWidgetItem(name)
    item.setToolTip(words)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
    return item
