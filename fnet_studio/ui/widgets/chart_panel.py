"""The learning chart with its controls: smoothing, what is shown and how, other runs, and what can be taken away."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSlider, QVBoxLayout, QWidget

from fnet_studio.core.curves import AXES, QUANTITIES
from fnet_studio.ui.widgets.flow import FlowLayout
from fnet_studio.ui.widgets.learning_chart import WINDOWS, LearningChart

EXPORTS = {
    "png": "Picture (PNG)",
    "svg": "Drawing (SVG)",
    "pdf": "Document (PDF)",
    "csv": "Values (CSV)",
    "json": "Values (JSON)",
}


class ChartPanel(QWidget):
    smoothing_changed = Signal(float)
    export_wanted = Signal(str)
    """A key of `EXPORTS`, or `copy`."""
    compare_wanted = Signal()
    """Other runs are to be chosen."""

    def __init__(self, colours: Any, parent: QWidget | None = None, *, smoothing: float = 0.6) -> None:
        super().__init__(parent)
        self.chart = LearningChart(colours, smoothing=smoothing)
        title = QLabel("Curves")
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
        self.view = _menu_button("&View", "Which quantities, which axes, how much of the past")
        self.export = _menu_button("&Export", "The chart as a picture, or its values")
        self.compare = QPushButton("&Compare")
        self.compare.setToolTip("Draw other runs behind this one")
        self.fit = QPushButton("Show &all")
        self.fit.setToolTip("Undo zooming and follow new steps (Ctrl and the wheel zoom)")
        self.line = QLabel(" ")
        self.line.setProperty("role", "caption")
        self.line.setTextFormat(Qt.TextFormat.PlainText)
        self.line.setWordWrap(True)
        self._fill_view()
        self._fill_export()
        smooth = QHBoxLayout()
        smooth.setSpacing(8)
        for widget in (label, self.slider, self._weight):
            smooth.addWidget(widget)
        self.top = FlowLayout(gap_x=8, gap_y=4, head=True)
        self.top.addWidget(title)
        self.top.addItem(smooth)
        for widget in (self.view, self.compare, self.export, self.fit):
            self.top.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(self.top)
        layout.addWidget(self.chart, 1)
        layout.addWidget(self.line)
        self.chart.read_out.connect(self.line.setText)
        self.slider.valueChanged.connect(self._smooth)
        self.fit.clicked.connect(self._fit)
        self.compare.clicked.connect(self.compare_wanted)
        self._weight.setText(f"{smoothing:.2f}")
        self.line.setText(self.chart.summary())

    def _fill_view(self) -> None:
        menu = self.view.menu()
        assert menu is not None
        menu.addSection("Quantities")
        self.quantities = {name: _checkable(menu, one.title) for name, one in QUANTITIES.items()}
        for name, action in self.quantities.items():
            action.setChecked(name in self.chart.shown)
            action.toggled.connect(self._quantities_changed)
        menu.addSection("Along the bottom")
        self.axes = _choice(menu, {name: words.capitalize() for name, words in AXES.items()}, self.chart.set_axis)
        menu.addSection("How much")
        self.windows = _choice(menu, WINDOWS, self.chart.set_window)
        menu.addSection("Height")
        self.log = _checkable(menu, "Logarithmic")
        self.log.toggled.connect(self.chart.set_log)
        self.clip = _checkable(menu, "Leave out outliers")
        self.clip.toggled.connect(self.chart.set_clip)
        self.seeds = _checkable(menu, "Runs of one recipe as mean and band")
        self.seeds.setVisible(False)

    def _fill_export(self) -> None:
        menu = self.export.menu()
        assert menu is not None
        copy = menu.addAction("Copy picture")
        copy.triggered.connect(lambda: self.export_wanted.emit("copy"))
        for kind, words in EXPORTS.items():
            menu.addAction(f"{words}…").triggered.connect(lambda _=False, kind=kind: self.export_wanted.emit(kind))

    def _quantities_changed(self) -> None:
        chosen = [name for name, action in self.quantities.items() if action.isChecked()]
        if chosen:
            self.chart.show_quantities(chosen)
        else:  # an empty chart says nothing: the last one stays
            self.quantities[self.chart.shown[0]].setChecked(True)

    def _fit(self) -> None:
        self.windows["all"].setChecked(True)
        self.chart.set_window("all")

    def _smooth(self, value: int) -> None:
        weight = value / 100
        self._weight.setText(f"{weight:.2f}")
        self.chart.set_smoothing(weight)
        self.smoothing_changed.emit(weight)


def _menu_button(words: str, tip: str) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(tip)
    button.setMenu(QMenu(button))
    return button


def _checkable(menu: QMenu, words: str) -> QAction:
    action = menu.addAction(words)
    action.setCheckable(True)
    return action


def _choice(menu: QMenu, words: dict[str, str], choose: Any) -> dict[str, QAction]:
    """One of several; the first is chosen."""
    group = QActionGroup(menu)
    actions = {}
    for key, text in words.items():
        action = _checkable(menu, text)
        action.setChecked(not actions)
        action.triggered.connect(lambda _=False, key=key: choose(key))
        group.addAction(action)
        actions[key] = action
    return actions
