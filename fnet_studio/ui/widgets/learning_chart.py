"""Loss above accuracy on one axis of steps, training and validation, following a run."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.figures import count, measure, percent
from fnet_studio.ui.widgets.map_view import CalmViewBox, style_axis
from fnet_studio.ui.widgets.smoothing import Smoother
from fnet_studio.ui.widgets.thinning import BUCKETS, thin

QUANTITIES = ("loss", "accuracy")


class LearningChart(pg.GraphicsLayoutWidget):
    """Accuracy is given as a share and drawn in per cent. Left and Right move the read-out from point to point."""

    read_out = Signal(str)
    """The values at the pointer, or the chart in one sentence when nothing is pointed at."""

    def __init__(self, colours: Any, parent: QWidget | None = None, *, smoothing: float = 0.6) -> None:
        super().__init__(parent)
        self._colours = colours
        self._log = False
        self._step = np.empty(0)
        self._raw = {name: np.empty(0) for name in QUANTITIES}
        self._smoothers = {name: Smoother(smoothing) for name in QUANTITIES}
        self._checked = {name: (np.empty(0), np.empty(0)) for name in QUANTITIES}
        self._at: int | None = None
        self.plots = {name: self._add_plot(row, name) for row, name in enumerate(QUANTITIES)}
        self.plots["accuracy"].setXLink(self.plots["loss"])
        self.plots["loss"].getAxis("bottom").setStyle(showValues=False)
        self._curves = {name: self._add_curves(name) for name in QUANTITIES}
        self._crosses = {name: pg.InfiniteLine(angle=90, movable=False) for name in QUANTITIES}
        for name, line in self._crosses.items():
            line.setVisible(False)
            self.plots[name].addItem(line, ignoreBounds=True)
        self._best = pg.ScatterPlotItem(symbol="star", size=16)
        self.plots["accuracy"].addItem(self._best, ignoreBounds=True)
        # in the corner that a rising curve leaves free
        self.best_legend = self.plots["accuracy"].addLegend(offset=(-8, -8), labelTextSize="9pt")
        self.legend = self.plots["loss"].addLegend(offset=(-8, 6), labelTextSize="9pt", verSpacing=-4)
        self.ci.layout.setSpacing(2)
        self.ci.setContentsMargins(0, 4, 8, 0)
        self.ci.layout.setRowStretchFactor(0, 10)
        self.ci.layout.setRowStretchFactor(1, 11)
        self.setMinimumSize(280, 240)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._zoomed = QTimer(self, interval=30, singleShot=True)
        self._zoomed.timeout.connect(self._draw_again)
        for plot in self.plots.values():
            plot.getViewBox().sigRangeChangedManually.connect(self._range_changed)
        self.scene().sigMouseMoved.connect(self._moved)
        colours.changed.connect(self._restyle)
        self._restyle()
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(420, 300)

    def _add_plot(self, row: int, name: str) -> pg.PlotItem:
        plot = self.addPlot(row=row, col=0, viewBox=CalmViewBox())
        plot.hideButtons()
        plot.showGrid(x=True, y=True, alpha=0.18)
        plot.getAxis("left").setWidth(58)
        return plot

    def _add_curves(self, name: str) -> dict[str, pg.PlotDataItem]:
        curves = {kind: pg.PlotDataItem(connect="finite") for kind in ("raw", "smooth", "validation")}
        for curve in curves.values():
            self.plots[name].addItem(curve)
            # given to plot(), these two raise with PySide6 6.11
            curve.setDownsampling(auto=True, method="peak")
            curve.setClipToView(True)
        return curves

    # ------------------------------------------------------------------------------------------ data

    def clear_run(self) -> None:
        """Empty the chart for a new run."""
        self._step = np.empty(0)
        self._at = None
        for name in QUANTITIES:
            self._raw[name] = np.empty(0)
            self._smoothers[name].restart(self._smoothers[name].weight)
            self._checked[name] = (np.empty(0), np.empty(0))
            self._draw(name)
            self._draw_validation(name)
        self.fit()
        self._describe()

    def set_training(self, step: Sequence[int], loss: Sequence[float], accuracy: Sequence[float]) -> None:
        """All points of the run so far, (points,) each; those given before are taken as unchanged."""
        self._step = np.array(step, dtype=np.float64)
        for name, values in (("loss", loss), ("accuracy", accuracy)):
            raw = np.array(values, dtype=np.float64)
            smoother = self._smoothers[name]
            known = len(smoother.values)
            if known > len(raw):
                smoother.restart(smoother.weight)
                known = 0
            self._raw[name] = raw
            smoother.extend(raw[known:])
            self._draw(name)
        self._describe()

    def set_validation(self, step: Sequence[int], loss: Sequence[float], accuracy: Sequence[float]) -> None:
        steps = np.array(step, dtype=np.float64)
        for name, values in (("loss", loss), ("accuracy", accuracy)):
            self._checked[name] = (steps, np.array(values, dtype=np.float64))
            self._draw_validation(name)
        self._describe()

    def set_smoothing(self, weight: float) -> None:
        """weight in [0, 1): 0 draws the raw curve alone."""
        for name in QUANTITIES:
            self._smoothers[name].restart(weight)
            self._smoothers[name].extend(self._raw[name])
            self._draw(name)
        self._describe()

    def set_log(self, on: bool) -> None:
        """The loss on a logarithmic axis; values of zero or less become gaps."""
        self._log = on
        self.plots["loss"].setLogMode(y=on)
        self._draw("loss")
        self._draw_validation("loss")
        self.fit()

    def fit(self) -> None:
        """Show all points, and follow new ones."""
        for plot in self.plots.values():
            plot.enableAutoRange()
        self._draw_again()

    def _range_changed(self, *_: Any) -> None:
        self._zoomed.start()

    def _draw_again(self) -> None:
        """After zooming: other points of a long curve are wanted."""
        if len(self._step) >= 4 * BUCKETS:
            for name in QUANTITIES:
                self._draw(name)

    def _shown(self, name: str, values: np.ndarray) -> np.ndarray:
        if name == "accuracy":
            return values * 100
        return np.where(values > 0, values, np.nan) if self._log else values

    def _put(self, curve: pg.PlotDataItem, x: np.ndarray, y: np.ndarray) -> None:
        view = self.plots["loss"].getViewBox()
        low, high = (-np.inf, np.inf) if view.autoRangeEnabled()[0] else view.viewRange()[0]
        x, y = thin(x, y, low, high)
        if np.isfinite(y).any():
            curve.setData(x, y)
        else:
            curve.setData([], [])

    def _draw(self, name: str) -> None:
        curves, smoother = self._curves[name], self._smoothers[name]
        self._put(curves["raw"], self._step, self._shown(name, self._raw[name]))
        self._put(curves["smooth"], self._step, self._shown(name, smoother.values))

    def _draw_validation(self, name: str) -> None:
        steps, values = self._checked[name]
        self._put(self._curves[name]["validation"], steps, self._shown(name, values))
        if name == "accuracy":
            best = self._best_index()
            self._best.setData([], [])
            self.best_legend.clear()
            self.best_legend.setVisible(best is not None)
            if best is not None:
                self._best.setData([steps[best]], [values[best] * 100])
                self.best_legend.addItem(
                    self._best, f"best validation {percent(values[best])}, step {count(steps[best])}"
                )

    def _best_index(self) -> int | None:
        values = self._checked["accuracy"][1]
        return int(np.nanargmax(values)) if np.isfinite(values).any() else None

    # -------------------------------------------------------------------------------------- read-out

    def summary(self) -> str:
        """The chart in one sentence, for the line under it and for screen readers."""
        if not len(self._step):
            return "No steps yet."
        loss = self._smoothers["loss"].values
        words = f"Step {count(self._step[-1])}: training loss {measure(loss[-1])}"
        words += self._trend()
        words += f", accuracy {percent(self._smoothers['accuracy'].values[-1])}"
        best = self._best_index()
        if best is not None:
            steps, values = self._checked["accuracy"]
            words += f". Best validation accuracy {percent(values[best])} at step {count(steps[best])}"
        return words + "."

    def _trend(self) -> str:
        """The last tenth of the run against the tenth before it."""
        raw = self._raw["loss"]
        tenth = max(5, len(raw) // 10)
        now, before = raw[-tenth:], raw[-2 * tenth : -tenth]
        now, before = now[np.isfinite(now)], before[np.isfinite(before)]
        if len(now) < 3 or len(before) < 3:
            return ""
        ratio = now.mean() / max(before.mean(), 1e-12)
        return ", falling" if ratio < 0.98 else ", rising" if ratio > 1.02 else ", level"

    def words_at(self, step: float) -> str:
        """The values of the training point nearest to a step, and of the last validation up to it."""
        if not len(self._step):
            return ""
        index = int(np.argmin(np.abs(self._step - step)))
        loss, accuracy = self._raw["loss"][index], self._raw["accuracy"][index]
        smooth = self._smoothers["loss"].values[index]
        words = (
            f"step {count(self._step[index])}   loss {measure(loss)} (smoothed {measure(smooth)})   "
            f"accuracy {percent(accuracy)}"
        )
        steps, losses = self._checked["loss"]
        before = np.flatnonzero(steps <= self._step[index])
        if len(before):
            last = before[-1]
            words += (
                f"   validation loss {measure(losses[last])}, accuracy {percent(self._checked['accuracy'][1][last])}"
            )
        return words

    def _describe(self) -> None:
        summary = self.summary()
        self.setAccessibleName("Loss and accuracy")
        self.setAccessibleDescription(summary)
        if self._at is None:
            self.read_out.emit(summary)

    def _point_at(self, index: int | None) -> None:
        self._at = index
        for line in self._crosses.values():
            line.setVisible(index is not None)
            if index is not None:
                line.setValue(self._step[index])
        self.read_out.emit(self.summary() if index is None else self.words_at(self._step[index]))

    def _moved(self, point: Any) -> None:
        for plot in self.plots.values():
            view = plot.getViewBox()
            if len(self._step) and view.sceneBoundingRect().contains(point):
                step = view.mapSceneToView(point).x()
                self._point_at(int(np.argmin(np.abs(self._step - step))))
                return
        self._point_at(None)

    def leaveEvent(self, event: Any) -> None:
        self._point_at(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: Any) -> None:
        jump = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if jump is None or not len(self._step):
            super().keyPressEvent(event)
            return
        last = len(self._step) - 1
        stride = max(1, last // 100)
        self._point_at(min(max((last if self._at is None else self._at) + jump * stride, 0), last))

    # ----------------------------------------------------------------------------------------- style

    def _restyle(self) -> None:
        theme = self._colours.current
        self.setBackground(QColor(theme.card))
        training, validation = ink.series(theme)
        for name, curves in self._curves.items():
            curves["raw"].setPen(pg.mkPen(ink.faded(training, 0.25), width=1))
            curves["smooth"].setPen(pg.mkPen(training, width=2))
            curves["validation"].setPen(pg.mkPen(validation, width=2, style=Qt.PenStyle.DashLine))
            curves["validation"].setSymbol("o")
            curves["validation"].setSymbolSize(7)
            curves["validation"].setSymbolBrush(validation)
            curves["validation"].setSymbolPen(pg.mkPen(theme.card, width=1))
            self._crosses[name].setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DotLine))
        style_axis(self.plots["loss"].getAxis("left"), theme, "loss")
        style_axis(self.plots["loss"].getAxis("bottom"), theme)
        style_axis(self.plots["accuracy"].getAxis("left"), theme, "accuracy (%)")
        style_axis(self.plots["accuracy"].getAxis("bottom"), theme, "training step")
        self._best.setBrush(pg.mkBrush(validation))
        self._best.setPen(pg.mkPen(theme.text, width=1))
        self.best_legend.setBrush(pg.mkBrush(ink.faded(theme.card, 0.8)))
        self.best_legend.setLabelTextColor(QColor(theme.text))
        self._draw_validation("accuracy")
        self._restyle_legend(theme)

    def _restyle_legend(self, theme: Any) -> None:
        self.legend.clear()
        self.legend.setBrush(pg.mkBrush(ink.faded(theme.card, 0.8)))
        self.legend.setLabelTextColor(QColor(theme.text))
        for kind, words in (("smooth", "training"), ("raw", "training, every step"), ("validation", "validation")):
            self.legend.addItem(self._curves["loss"][kind], words)
