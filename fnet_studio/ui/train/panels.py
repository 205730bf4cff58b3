"""The live pictures of a run: the learning chart and the mixing maps of the probe sentence."""

from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.core.curves import QUANTITIES, mark
from fnet_studio.core.run_state import RunState
from fnet_studio.ui.parts import label
from fnet_studio.ui.received_atlas import received_atlas
from fnet_studio.ui.runs.run_chart import RunChart
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count
from fnet_studio.ui.widgets.map_panel import MapPanel

COLUMNS = ("step", "time_s", *QUANTITIES)
SIDE_BY_SIDE_PX = 700
"""From this width on the two stand beside each other."""


class LivePanels(QWidget):
    """Imports the drawing library: made when a run is first shown."""

    painted = Signal()
    """The newest maps have reached the screen."""

    def __init__(self, themes: ThemeSource, smoothing: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart = RunChart(themes, smoothing=smoothing)
        self.maps = MapPanel(themes)
        self.waiting = label("The maps will be here after the first step.", "muted", wrap=True)
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(16)
        for panel, share in ((self.chart, 6), (self.maps, 5)):
            card = QFrame()
            card.setProperty("card", "true")
            column = QVBoxLayout(card)
            column.setContentsMargins(16, 12, 16, 12)
            column.addWidget(panel)
            self._layout.addWidget(card, share)
            if panel is self.maps:
                column.addWidget(self.waiting)
        self.maps.setVisible(False)
        self.maps.painted.connect(self.painted)
        self._shown_frame: protocol.Frame | None = None

    def minimumSizeHint(self) -> QSize:
        """Of the two one above the other: the page may always become that narrow."""
        sizes = [self._layout.itemAt(index).minimumSize() for index in range(self._layout.count())]
        heights = [size.height() for size in sizes]
        stacked = self._layout.direction() == QBoxLayout.Direction.TopToBottom
        height = sum(max(360, one) for one in heights) + self._layout.spacing() if stacked else max(heights)
        return QSize(max(size.width() for size in sizes), height)

    def resizeEvent(self, event: Any) -> None:
        wide = event.size().width() >= SIDE_BY_SIDE_PX
        self._layout.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        super().resizeEvent(event)

    def begin(self, probe: str) -> None:
        """A new run: nothing of the last one stays."""
        self.chart.chart.clear_run()
        self._shown_frame = None
        self.maps.setVisible(False)
        self.waiting.setText(f"The maps of “{probe}” will be here after the first step.")
        self.waiting.setVisible(True)

    def show_metrics(self, state: RunState) -> None:
        if state.started is not None and self.chart.run_id != state.started.run:
            self.chart.show_run(state.started.run, str(state.started.recipe.get("name", "run")))
        columns = {name: values for name in COLUMNS if (values := getattr(state, name, None)) is not None}
        self.chart.chart.show_steps(columns, state.started.steps_per_epoch if state.started else 0)

    def show_evaluations(self, state: RunState) -> None:
        self.chart.chart.show_checks(state.of_split("validation"))

    def show_annotations(self, state: RunState) -> None:
        self.chart.chart.show_marks([mark(one.kind, one.step, one.time_s, one.text) for one in state.annotations])

    def show_frame(self, frame: protocol.Frame, blob: bytes, probe: str) -> None:
        """Does nothing when it is shown already."""
        if frame is self._shown_frame:
            return
        self._shown_frame = frame
        atlas = received_atlas(frame.maps, blob)
        self.maps.show_atlas(atlas, f"Step {count(frame.step)} · probe: “{probe}”")
        self.maps.setVisible(True)
        self.waiting.setVisible(False)
