"""The confusion matrix: how many texts of each class were answered as which. A cell can be chosen."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from fnet_studio.core.run_evaluation import EvaluationReport
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.figures import count, percent

ROW_PX = 52
GROUND = Qt.ItemDataRole.UserRole + 1


class _Ground(QStyledItemDelegate):
    """The stylesheet's cells have no colour of their own: it is painted under them."""

    def paint(self, painter: Any, option: Any, index: Any) -> None:
        painter.fillRect(option.rect.adjusted(2, 2, -2, -2), index.data(GROUND))
        super().paint(painter, option, index)


class ConfusionTable(QTableWidget):
    """Arrow keys move, Enter or a click chooses."""

    cell_chosen = Signal(int, int)
    """(true class, answered class)."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._report: EvaluationReport | None = None
        self.setAccessibleName("Confusion matrix")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setItemDelegate(_Ground(self))
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setMinimumSectionSize(72)
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
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
        self.setHorizontalHeaderLabels([f"answered {name}" for name in names])
        self.setVerticalHeaderLabels(list(names))
        for true, line in enumerate(report.confusion):
            whole = max(sum(line), 1)
            for answered, texts in enumerate(line):
                item = QTableWidgetItem(f"{count(texts)}\n{percent(texts / whole)}")
                tone = theme.accent if true == answered else theme.danger
                ground = ink.mix(theme.card, tone, 0.06 + 0.34 * texts / whole if texts else 0.0)
                item.setData(GROUND, ground)
                item.setForeground(QBrush(QColor(theme.text)))
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                words = f"{count(texts)} texts of {names[true]} were answered {names[answered]}"
                item.setToolTip(f"{words}. Click to list them.")
                item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
                self.setItem(true, answered, item)
        shown = min(len(names), 8)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + shown * ROW_PX + 6)
