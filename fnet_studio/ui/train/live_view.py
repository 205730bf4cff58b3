"""The pictures of a run, made when they are first needed, and fed while they are seen."""

from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.core.run_state import RunState
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.live_run import PictureStream


class LiveView(QWidget):
    """Holds the live panels once there are any, and the stream of maps that they paint."""

    def __init__(self, supervisor: Any, themes: ThemeSource, settings: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes, self._settings = themes, settings
        self.pictures = PictureStream(supervisor, self)
        self.panels: Any = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.hide()

    def prepare(self) -> None:
        """Make the panels, unseen, so that no run has to wait for them. Does nothing the second time."""
        if self.panels is None:
            from fnet_studio.ui.train.panels import LivePanels

            self.panels = LivePanels(self._themes, self._settings.smoothing, self)
            self.panels.painted.connect(self.pictures.painted)
            self.panels.maps.zero_switched.connect(self.pictures.set_keep_zero)
            self.panels.chart.smoothing_changed.connect(self._smoothing_changed)
            self._column.addWidget(self.panels)

    def begin(self, probe: str, seen: bool) -> None:
        """A new run. seen: the page is on the screen."""
        self.prepare()
        self.show()
        self.panels.begin(probe)
        self.pictures.watch(seen)
        self.pictures.painted()  # of the last run: what it left unpainted is not shown any more

    def pull(self, changed: set[str], state: RunState, probe: str) -> None:
        """Show what changed of a run."""
        if self.panels is None:
            return
        if "metrics" in changed:
            self.panels.show_metrics(state)
        if "evaluations" in changed:
            self.panels.show_evaluations(state)
        if "annotations" in changed:
            self.panels.show_annotations(state)
        if "frame" in changed and state.frame is not None:
            self.panels.show_frame(state.frame, state.frame_blob, probe)

    def _smoothing_changed(self, weight: float) -> None:
        self._settings.smoothing = weight
