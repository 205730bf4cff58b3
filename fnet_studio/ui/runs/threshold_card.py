"""Two classes: ROC, precision over recall, and a threshold that can be moved along both."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QSlider, QWidget

from fnet_studio.core.run_evaluation import EvaluationReport, Predictions, at_threshold, binary_curves
from fnet_studio.ui.parts import Card, Fact, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, percent
from fnet_studio.ui.widgets.unit_plot import UnitPlot

STEPS = 1000


class ThresholdCard(Card):
    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._found: Predictions | None = None
        self.title = label("Threshold", "section")
        self.words = label("", "muted", wrap=True)
        self.roc = UnitPlot(themes, "ROC curve", "false positive rate", "true positive rate", diagonal=True)
        self.precision = UnitPlot(themes, "Precision over recall", "recall", "precision", diagonal=False)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(50)
        self.slider.setAccessibleName("Threshold")
        self.value = label("", "strong")
        self.value.setMinimumWidth(self.value.fontMetrics().horizontalAdvance("0.0000"))
        self.facts = QGridLayout()
        self.facts.setHorizontalSpacing(16)
        self.column.addWidget(self.title)
        self.column.addWidget(self.words)
        self.column.addLayout(row(self.roc, self.precision, spacing=12))
        self.column.addLayout(row(label("Threshold", "muted"), self.slider, self.value))
        self.column.addLayout(self.facts)
        self.slider.valueChanged.connect(self._moved)

    def put(self, report: EvaluationReport, found: Predictions) -> bool:
        """False when there is nothing to move: not two classes, or texts of one class alone."""
        curves = binary_curves(found) if len(report.class_names) == 2 else None
        self._found = found if curves is not None else None
        if curves is None:
            return False
        positive = report.class_names[1]
        self.words.setText(f"“{positive}” is answered from this probability on; a model is trained for one half.")
        area = float(np.trapezoid(np.append(0, curves.recall), np.append(0, curves.fall_out)))
        roc = f"Area under the curve {area:.4f}"
        self.roc.put(np.append(0, curves.fall_out), np.append(0, curves.recall), roc)
        average = float(np.sum(np.diff(curves.recall, prepend=0) * curves.precision))
        self.precision.put(curves.recall, curves.precision, f"Average precision {average:.4f}")
        self._areas = (area, average)
        if self.slider.value() == STEPS // 2:
            self._moved(STEPS // 2)
        else:
            self.slider.setValue(STEPS // 2)
        return True

    def _moved(self, value: int) -> None:
        if self._found is None:
            return
        at = at_threshold(self._found, value / STEPS)
        self.value.setText(f"{at.threshold:.3f}")
        self.roc.put_spot(at.fall_out, at.recall)
        self.precision.put_spot(at.recall, at.precision)
        while (item := self.facts.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        facts = [
            ("Accuracy", percent(at.accuracy, 2)),
            ("Precision", percent(at.precision, 2)),
            ("Recall", percent(at.recall, 2)),
            ("F1", f"{at.f1:.4f}"),
            ("Wrongly positive", count(at.false_positives)),
            ("Wrongly negative", count(at.false_negatives)),
            ("ROC area", f"{self._areas[0]:.4f}"),
            ("Average precision", f"{self._areas[1]:.4f}"),
        ]
        for place, (caption, words) in enumerate(facts):
            self.facts.addWidget(Fact(caption, words), place // 4, place % 4)
        self.slider.setAccessibleDescription(f"{at.threshold:.3f}: accuracy {percent(at.accuracy)}")
