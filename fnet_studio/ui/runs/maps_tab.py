"""The mixing maps of the probe sentence over a whole run: one slider through what was kept."""

from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QSlider, QStackedWidget, QVBoxLayout, QWidget

from fnet_studio.core import run_maps
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_maps import MapAxes
from fnet_studio.ui import timers
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import BusyState, EmptyState, ErrorCard
from fnet_studio.ui.parts import button, label, row
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.widgets.atlas import Atlas
from fnet_studio.ui.widgets.figures import count
from fnet_studio.ui.widgets.map_panel import MapPanel

PLAY_MS = 200
MOST_KEPT = 400
"""Pictures that are read; of more, every so manyth."""


def read_atlases(run: str) -> list[tuple[int, Atlas]]:
    """(step, maps) in order, all on one scale, so that a change in brightness is one in the maps. UserError."""
    steps = run_maps.steps(run)
    steps = [steps[int(at)] for at in np.linspace(0, len(steps) - 1, min(len(steps), MOST_KEPT))] if steps else []
    axes = run_maps.axes(run)
    maps = [run_maps.read(run, step) for step in steps]
    if not maps:
        return []
    low, high = min(float(one.min()) for one in maps), max(float(one.max()) for one in maps)
    return [(step, _atlas(values, low, high, axes)) for step, values in zip(steps, maps)]


def _atlas(values: np.ndarray, low: float, high: float, axes: MapAxes) -> Atlas:
    levels = np.clip((values - low) * (255.0 / max(high - low, 1e-9)) + 0.5, 0, 255).astype(np.uint8)
    return Atlas(
        levels,
        low,
        high,
        kind=axes.kind,
        row_span=axes.row_span,
        column_span=axes.column_span,
        keep_zero=axes.keep_zero,
    )


class MapsTab(QWidget):
    """Left and Right on the slider go from picture to picture, Space plays."""

    def __init__(self, themes: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._background = Background(self)
        self._run = ""
        self.atlases: list[tuple[int, Atlas]] = []
        self.panel = MapPanel(themes)
        self.panel.zero.hide()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Step")
        self.slider.setPageStep(10)
        self.step = label("", "strong")
        self.one_scale = QCheckBox("One scale for all steps")
        self.one_scale.setToolTip("The colours mean the same at every step. Switched off, each picture spans its own.")
        self.one_scale.setChecked(True)
        self.play = button("Play run", themes, "play", "", self._play, "Walk through the run")
        self.play.setCheckable(True)
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row(self.play, self.slider, self.step, self.one_scale, spacing=12))
        column.addWidget(self.panel, 1)
        self.empty = EmptyState(
            themes,
            "waves",
            "No maps were kept",
            "A run keeps the maps of its probe sentence every few seconds (setting: Keep maps every). "
            "This one ended before the first, or has no Fourier mixing to draw.",
        )
        self.busy = BusyState("Reading the maps")
        self._trouble = QWidget()
        self._trouble_column = QVBoxLayout(self._trouble)
        self.stack = QStackedWidget()
        for page in (self.empty, self.busy, shown, self._trouble):
            self.stack.addWidget(page)
        self._shown = shown
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stack)
        self._timer = timers.repeating(self, PLAY_MS)
        self._timer.timeout.connect(self._advance)
        self.slider.valueChanged.connect(self._draw)
        self.one_scale.toggled.connect(lambda _: self._draw())
        # its own switch says which layer's range; this one which step's
        self.panel.own_scale.setChecked(False)
        self.panel.own_scale.hide()

    def show_run(self, entry: RunEntry) -> None:
        run = entry.id
        if run != self._run:
            self._run, self.atlases = run, []
            self._stop()
            self.stack.setCurrentWidget(self.busy)
        self.probe = str(entry.record.recipe.get("observe", {}).get("probe", ""))
        self._background.run(lambda: read_atlases(run), self._came, self._failed, key="maps")

    def go_to(self, step: float) -> None:
        """The picture nearest to a step."""
        if self.atlases:
            steps = np.array([at for at, _ in self.atlases])
            self.slider.setValue(int(np.argmin(np.abs(steps - step))))

    def _came(self, atlases: list[tuple[int, Atlas]]) -> None:
        left_at = self.atlases[self.slider.value()][0] if self.slider.value() < len(self.atlases) - 1 else None
        self.atlases = atlases
        if not atlases:
            self.stack.setCurrentWidget(self.empty)
            return
        self.stack.setCurrentWidget(self._shown)
        self.play.setEnabled(len(atlases) > 1)
        self.slider.setRange(0, len(atlases) - 1)
        self.slider.setValue(len(atlases) - 1)
        if left_at is not None:
            self.go_to(left_at)
        self._draw()

    def _failed(self, error: UserError) -> None:
        while (item := self._trouble_column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self._trouble_column.addWidget(ErrorCard(self._themes, error, closable=False))
        self._trouble_column.addStretch(1)
        self.stack.setCurrentWidget(self._trouble)

    def _draw(self) -> None:
        if not self.atlases:
            return
        step, atlas = self.atlases[self.slider.value()]
        self.step.setText(f"Step {count(step)}")
        self.slider.setAccessibleDescription(f"Step {step}, {self.slider.value() + 1} of {len(self.atlases)}")
        self.panel.own_scale.setChecked(not self.one_scale.isChecked())
        self.panel.show_atlas(atlas, f"Step {count(step)} · probe: “{self.probe}”")
        self.panel.zero.hide()

    def _play(self) -> None:
        if self.play.isChecked():
            if self.slider.value() == self.slider.maximum():
                self.slider.setValue(0)
            self._timer.start()
            self.play.setText("Pause run")
        else:
            self._stop()

    def _stop(self) -> None:
        self._timer.stop()
        self.play.setChecked(False)
        self.play.setText("Play run")

    def _advance(self) -> None:
        if self.slider.value() >= self.slider.maximum():
            self._stop()
        else:
            self.slider.setValue(self.slider.value() + 1)

    def hideEvent(self, event: Any) -> None:
        self._stop()
        super().hideEvent(event)
