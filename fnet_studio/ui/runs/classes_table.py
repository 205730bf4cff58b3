"""How well a model answers each class: precision, recall and F1, as a table."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableWidgetItem, QWidget

from fnet_studio.core.by_class import by_class
from fnet_studio.core.run_evaluation import EvaluationReport
from fnet_studio.ui.itemmodels.runs import share
from fnet_studio.ui.parts import whole_rows
from fnet_studio.ui.widgets.figures import count
from fnet_studio.ui.widgets.fitted_table import FittedTable

ROW_PX, SHOWN_ROWS = 32, 12
NAME_PX = 320
"""The most of a name."""
HEADS = {
    "Class": "The true class",
    "Texts": "How many texts are of the class",
    "Precision": "Of the texts that were answered so, the share that is",
    "Recall": "Of the texts of the class, the share that was answered so",
    "F1": "The harmonic mean of precision and recall, 1 at best",
}
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ClassesTable(FittedTable):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(ROW_PX, SHOWN_ROWS, parent)
        whole_rows(self, "Figures by class")
        self.setSelectionMode(self.SelectionMode.ExtendedSelection)  # to copy several
        self.setEditTriggers(self.EditTrigger.NoEditTriggers)
        self.setWordWrap(False)
        self.setSizeAdjustPolicy(self.SizeAdjustPolicy.AdjustToContents)
        self.setColumnCount(len(HEADS))
        for column, (words, tip) in enumerate(HEADS.items()):
            item = QTableWidgetItem(words)
            item.setToolTip(tip)
            if column:
                item.setTextAlignment(RIGHT)
            self.setHorizontalHeaderItem(column, item)
        head = self.horizontalHeader()
        head.setSectionsClickable(False)

    def put(self, report: EvaluationReport) -> None:
        """One with a confusion matrix."""
        measures = by_class(report.confusion, report.class_names)
        self.setRowCount(len(measures))
        for line, one in enumerate(measures):
            cells = (one.name, count(one.texts), share(one.precision), share(one.recall), one.f1_words)
            for column, words in enumerate(cells):
                item = QTableWidgetItem(words)
                if column:
                    item.setTextAlignment(RIGHT)
                else:
                    item.setToolTip(words)
                self.setItem(line, column, item)
        self.resizeColumnsToContents()
        self.setColumnWidth(0, min(self.columnWidth(0), NAME_PX))
        self.fit()
