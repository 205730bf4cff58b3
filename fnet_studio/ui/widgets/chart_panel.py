"""The learning chart with its controls: smoothing, logarithmic loss, show all."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from fnet_studio.ui.widgets.flow import FlowLayout
from fnet_studio.ui.widgets.learning_chart import LearningChart


class ChartPanel(QWidget):
    smoothing_changed = Signal(float)

    def __init__(self, colours: Any, parent: QWidget | None = None, *, smoothing: float = 0.6) -> None:
        super().__init__(parent)
        self.chart = LearningChart(colours, smoothing=smoothing)
        title = QLabel("Loss and accuracy")
        title.setProperty("role", "section")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 99)
        self.slider.setValue(round(smoothing * 100))
        self.slider.setFixedWidth(64)
        self.slider.setAccessibleName("Smoothing")
        self.slider.setToolTip("How much of the past the smoothed line keeps; 0 shows every step as it is")
        self._weight = QLabel()
        self._weight.setMinimumWidth(self._weight.fontMetrics().horizontalAdvance("0.000"))
        label = QLabel("&Smoothing")
        label.setProperty("role", "muted")
        label.setBuddy(self.slider)
        self.log = QCheckBox("&Log")
        self.log.setToolTip("Draw the loss on a logarithmic axis")
        self.fit = QPushButton("Show &all")
        self.fit.setToolTip("Undo zooming and follow new steps (Ctrl and the wheel zoom)")
        self.line = QLabel(" ")
        self.line.setProperty("role", "caption")
        self.line.setTextFormat(Qt.TextFormat.PlainText)
        self.line.setWordWrap(True)
        smooth = QHBoxLayout()
        smooth.setSpacing(8)
        for widget in (label, self.slider, self._weight):
            smooth.addWidget(widget)
        top = FlowLayout(gap_x=8, gap_y=4, head=True)
        top.addWidget(title)
        top.addItem(smooth)
        top.addWidget(self.log)
        top.addWidget(self.fit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self.chart, 1)
        layout.addWidget(self.line)
        self.chart.read_out.connect(self.line.setText)
        self.slider.valueChanged.connect(self._smooth)
        self.log.toggled.connect(self.chart.set_log)
        self.fit.clicked.connect(self.chart.fit)
        self._weight.setText(f"{smoothing:.2f}")
        self.line.setText(self.chart.summary())

    def _smooth(self, value: int) -> None:
        weight = value / 100
        self._weight.setText(f"{weight:.2f}")
        self.chart.set_smoothing(weight)
        self.smoothing_changed.emit(weight)
