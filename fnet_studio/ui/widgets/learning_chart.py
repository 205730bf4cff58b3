"""What a run measures, one plot a quantity on one x axis: training and validation, other runs behind, following it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from fnet_studio.core.curves import AXES, NO_CHECKS, NOT_MEASURED, Curves, Mark, mean_and_band
from fnet_studio.core.thinning import sampled
from fnet_studio.ui import timers
from fnet_studio.ui.widgets import chart_words, ink
from fnet_studio.ui.widgets.layer_queue import LayerQueue, Waiting
from fnet_studio.ui.widgets.mark_strip import MarkStrip
from fnet_studio.ui.widgets.overlays import Layer, layers
from fnet_studio.ui.widgets.quantity_plot import QuantityPlot, best_words, fill_legend
from fnet_studio.ui.widgets.run_trace import RunTrace

SHOWN = ("loss", "accuracy")
WINDOWS = {"all": "All steps", "half": "The last half", "tenth": "The last tenth", "1000": "The last 1\u202f000 steps"}
LAYER_BUCKETS = 2400
"""Shared by all other runs: twenty of them need no finer lines than these."""
ABOVE, BELOW = (-8, 6), (-8, -18)
CORNERS = (ABOVE, BELOW, (8, 6), (8, -18))
"""Where a legend stands: from the right or the left, from the top or from the foot, there above the marks."""
AXIS_PX, WIDE_AXIS_PX = 58, 70
"""Of the left axes; a learning rate has long numbers."""
NARROW_PX = 320
"""Plots narrower than this get few words."""
SAMPLED = 5000
"""Points of each curve of which a mean is taken."""
ROWS = 3
"""Plots above each other; more stand side by side."""


class LearningChart(pg.GraphicsLayoutWidget):
    """Left and Right move the read-out from point to point, Page Up and Page Down from mark to mark."""

    read_out = Signal(str)
    """The values at the pointer, or the chart in one sentence when nothing is pointed at."""
    mark_chosen = Signal(object)
    """A `Mark` was clicked, or gone to."""

    def __init__(
        self, colours: Any, parent: QWidget | None = None, *, smoothing: float = 0.6, shown: Sequence[str] = SHOWN
    ) -> None:
        super().__init__(parent)
        self._colours = colours
        self.smoothing, self.axis, self.window = smoothing, "step", "all"
        self.log = self.clipped = False
        self.seeds_as_one = False
        self.trace = RunTrace(smoothing)
        self.others: list[RunTrace] = []
        self.own = ""
        self.layers: list[Layer] = []
        self._layers_drawn: tuple = ()
        self._checks_drawn: tuple = ()
        self._named: tuple[str, ...] = ()
        self._at: int | None = None
        self.plots: dict[str, QuantityPlot] = {}
        self.ci.layout.setSpacing(2)
        self.ci.setContentsMargins(0, 4, 8, 0)
        self.setMinimumSize(280, 240)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Learning curves")
        self.waiting = LayerQueue(self._draw_layer, lambda name, checks: self.plots[name].finish_layers(checks), self)
        self._zoomed = timers.once(self, 30)
        self._zoomed.timeout.connect(self.draw)
        self.scene().sigMouseMoved.connect(self._moved)
        colours.changed.connect(self._recolour)
        self.show_quantities(shown)

    def sizeHint(self) -> QSize:
        return QSize(420, 300)

    # ------------------------------------------------------------------------------------------- plots

    def show_quantities(self, names: Sequence[str]) -> None:
        """Which plots stand there, at least one, from above."""
        self.ci.clear()
        self.plots = {}
        columns = -(-len(names) // ROWS)
        rows = -(-len(names) // columns)
        axis_px = WIDE_AXIS_PX if "learning_rate" in names else AXIS_PX
        for place, name in enumerate(names):
            plot = QuantityPlot.make(self, place % rows, place // rows, name, axis_px)
            plot.view.sigRangeChangedManually.connect(self._range_changed)
            self.plots[name] = plot
        for row in range(ROWS):
            self.ci.layout.setRowStretchFactor(row, 11 if row == rows - 1 else 10 if row < rows else 0)
        self._lowest = {name for place, name in enumerate(names) if place % rows == rows - 1 or place == len(names) - 1}
        first = self.plots[names[0]]
        for plot in list(self.plots.values())[1:]:
            plot.plot.setXLink(first.plot)
        self.legend = first.plot.addLegend(offset=ABOVE, labelTextSize="9pt", verSpacing=-4)
        self.best_legends = {
            name: plot.plot.addLegend(offset=BELOW, labelTextSize="9pt")
            for name, plot in self.plots.items()
            if name == "accuracy"
        }
        if names[0] == "accuracy":
            self.best_legends = {}
        self.strip = MarkStrip(self.plots[names[rows - 1]].plot)
        self.strip.chosen.connect(self._mark_clicked)
        self._set_log()
        self._restyle()
        self.fit()

    @property
    def shown(self) -> list[str]:
        return list(self.plots)

    @property
    def _first(self) -> QuantityPlot:
        return next(iter(self.plots.values()))

    # -------------------------------------------------------------------------------------------- data

    def clear_run(self) -> None:
        """Empty the chart for a new run; the others stay."""
        self.trace = RunTrace(self.smoothing)
        self._at = None
        self.fit()
        self._describe()

    def show_steps(self, columns: Mapping[str, Sequence[float]], per_epoch: int = 0) -> None:
        """All steps of the run so far, by column; those given before are taken as unchanged."""
        self.trace.per_epoch = per_epoch
        self.trace.extend_to(columns)
        self.draw()
        self._describe()

    def show_checks(self, evaluated: Iterable[Any]) -> None:
        """All validations so far: objects with the fields of `curves.Checks`."""
        self.trace.set_checks("validation", evaluated)
        self._draw_validation()
        self._place_legends()
        self._describe()

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """All that happened so far."""
        if len(marks) != len(self.trace.marks):
            self.trace.marks = list(marks)
            self._draw_marks()

    def show_curves(self, curves: Curves, *, keep_range: bool = False) -> None:
        """A stored run, whole; or what is chosen of its window, where more of the same run has come."""
        self.trace = RunTrace.of(curves, self.smoothing)
        self._at = None
        if keep_range:
            self.draw()
        else:
            self.fit()
        self._describe()

    def set_others(self, others: Sequence[RunTrace], seeds_as_one: bool = False, own: str = "") -> None:
        """Other runs to be drawn behind. seeds_as_one: those that differ in their seed become a mean with a band. own:
        what the run itself is called beside them."""
        self.others, self.seeds_as_one, self.own = list(others), seeds_as_one, own
        for trace in self.others:
            trace.set_weight(self.smoothing)
        self._restyle()
        self.draw()
        self._describe()

    # ----------------------------------------------------------------------------------------- choices

    def set_smoothing(self, weight: float) -> None:
        """weight in [0, 1): 0 draws the raw curve alone."""
        self.smoothing = weight
        for trace in (self.trace, *self.others):
            trace.set_weight(weight)
        self.draw()
        self._describe()

    def set_log(self, on: bool) -> None:
        """The loss and everything else but accuracy on logarithmic axes; values of zero or less become gaps."""
        self.log = on
        self._set_log()
        self.fit()

    def _set_log(self) -> None:
        for name, plot in self.plots.items():
            plot.set_log(self.log and name not in ("accuracy", *NOT_MEASURED))

    def set_axis(self, axis: str) -> None:
        """x: `step`, `epoch` or `time_s`."""
        self.axis = axis
        self._restyle()
        self.fit()

    def set_clip(self, on: bool) -> None:
        """Leave outliers outside the y axes."""
        self.clipped = on
        self.fit()

    def set_window(self, window: str) -> None:
        """A key of `WINDOWS`: how much of the past is shown."""
        self.window = window
        self.fit()

    def fit(self) -> None:
        """Show all of the window, and follow new points."""
        for plot in self.plots.values():
            plot.plot.enableAutoRange()
        self.draw()

    # ----------------------------------------------------------------------------------------- drawing

    def _range_changed(self, *_: Any) -> None:
        self._zoomed.start()

    @property
    def _unit_s(self) -> float:
        """What the time axis counts in."""
        ends = [x[-1] for trace in (self.trace, *self.others) if len(x := trace.x("time_s"))]
        longest = max(ends, default=0.0)
        return 3600.0 if longest >= 3 * 3600 else 60.0 if longest >= 180 else 1.0

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        return x / self._unit_s if self.axis == "time_s" else x

    def _span(self) -> tuple[float, float]:
        """The x range that is seen, or that will be."""
        if self.window != "all" and len(self.trace):
            x = self._scaled(self.trace.x(self.axis))
            last = len(x) - 1
            first = {"half": last // 2, "tenth": last - last // 10, "1000": max(0, last - 1000)}[self.window]
            return float(x[first]), float(x[last])
        view = self._first.view
        low, high = (-np.inf, np.inf) if view.autoRangeEnabled()[0] else view.viewRange()[0]
        return low, high

    def spans(self) -> tuple[tuple[float, float] | None, dict[str, tuple[float, float]]]:
        """(what is seen of the x axis, of each y axis), None or missing where all of it is."""
        low, high = self._span()
        y_spans = {}
        for name, plot in self.plots.items():
            if not plot.view.autoRangeEnabled()[1]:
                bottom, top = plot.view.viewRange()[1]
                y_spans[name] = (10**bottom, 10**top) if plot.log else (bottom, top)
        return ((low, high) if np.isfinite(low) else None), y_spans

    def draw(self) -> None:
        """All curves anew, in as many points as can be seen. Those of other runs only when they would be different."""
        low, high = self._span()
        width = int(min(max(self._first.view.width(), 200), 2000))
        trace, x = self.trace, self._scaled(self.trace.x(self.axis))
        for name, plot in self.plots.items():
            for kind in ("raw", "smooth"):
                plot.put(kind, *trace.series[name].thinned(x, low, high, width, kind == "smooth"))
        looked_at = (self.axis, self._unit_s, self.log, self.smoothing, tuple(self.shown))
        drawn = (looked_at, low, high, width)
        if self.layers and drawn != self._layers_drawn:
            before, self._layers_drawn = self._layers_drawn, drawn
            checks = not before or before[0] != looked_at or self.waiting.checks
            self.waiting.put(
                [Waiting(name, layer, low, high, width, checks) for name in self.plots for layer in self.layers]
            )
        self._draw_validation()
        self._draw_marks()
        self._place_legends()
        if self.window != "all" and len(trace) and high > low:
            self._first.plot.setXRange(low, high, padding=0.01)
        if self.clipped:
            for plot in self.plots.values():
                plot.clip(True)

    def _place_legends(self) -> None:
        """Where the run's curves are least; they stay where they are while no place is much better."""
        if self._first.drawn() != self._named:
            self._named = self._first.drawn()
            fill_legend(self.legend, self._first, self.layers, self.own)
        legends = ((self.legend, self._first), *((one, self.plots[name]) for name, one in self.best_legends.items()))
        for legend, plot in legends:
            width, height = legend.width() / max(plot.view.width(), 1), legend.height() / max(plot.view.height(), 1)
            crowds = {at: plot.crowd(at[0] < 0, at[1] > 0, width, height) for at in CORNERS}
            best, now = min(CORNERS, key=lambda at: crowds[at]), tuple(legend.opts["offset"])
            if now not in crowds or 2 * crowds[best] < crowds[now]:
                legend.setOffset(best)

    def _draw_layer(self, what: Waiting) -> None:
        plot, layer = self.plots[what.name], what.layer
        buckets = min(what.width, max(80, LAYER_BUCKETS // len(self.layers)))
        if not layer.band:
            one = layer.traces[0]
            x = self._scaled(one.x(self.axis))
            plot.put_layer(layer.place, *one.series[what.name].thinned(x, what.low, what.high, buckets, True))
            if what.checks:
                plot.put_layer_checks(layer.place, *self._checks_of(one, what.name))
            return
        curves = []
        for trace in layer.traces:
            x = self._scaled(trace.x(self.axis))
            curves.append(sampled(x, trace.series[what.name].smooth, what.low, what.high, SAMPLED))
        band = mean_and_band(curves)
        plot.put_layer(layer.place, band.x, band.mean)
        plot.put_band(layer.place, band.x, band.low, band.high)
        if what.checks:
            checked = mean_and_band([self._checks_of(trace, what.name) for trace in layer.traces], 50)
            plot.put_layer_checks(layer.place, checked.x, checked.mean)

    def _checks_of(self, trace: RunTrace, name: str) -> tuple[np.ndarray, np.ndarray]:
        values = getattr(trace.validation(), name, NO_CHECKS.loss)
        return self._scaled(trace.check_x(self.axis))[: len(values)], values

    def _draw_validation(self) -> None:
        """Only when it would be different: validations are few, and this is called with every pull of the steps."""
        checks = self.trace.validation()
        short = {name: self.plots[name].view.width() < NARROW_PX for name in self.best_legends}
        wanted = (checks, self.axis, self._unit_s, self.log, short)
        if self._checks_drawn and checks is self._checks_drawn[0] and wanted[1:] == self._checks_drawn[1:]:
            return
        self._checks_drawn = wanted
        for name, plot in self.plots.items():
            x, values = self._checks_of(self.trace, name)
            plot.put("validation", x, values)
            best = checks.best(name) if len(values) else None
            plot.put_best(None if best is None else (x[best], values[best]))
            legend = self.best_legends.get(name)
            if legend is not None:
                legend.clear()
                legend.setVisible(best is not None)
                if best is not None:
                    legend.addItem(plot.best, best_words(name, values[best], checks.step[best], short[name]))

    def _draw_marks(self) -> None:
        unit = self._unit_s if self.axis == "time_s" else 1.0
        self.strip.put([(self.trace.mark_x(mark, self.axis) / unit, mark) for mark in self.trace.marks])

    # -------------------------------------------------------------------------------------- read-out

    def summary(self) -> str:
        """The chart in one sentence, for the line under it and for screen readers."""
        words = chart_words.summary(self.trace, self.others)
        return f"{self.own}. {words}" if self.own and self.others else words

    def words_at(self, x: float) -> str:
        """The values of the training point nearest to a place on the x axis, and of the last validation up to it."""
        at = self._index_at(x)
        return "" if at is None else chart_words.at(self.trace, at, self.shown, self.others)

    def _index_at(self, x: float) -> int | None:
        places = self._scaled(self.trace.x(self.axis))
        return int(np.argmin(np.abs(places - x))) if len(places) else None

    def _describe(self) -> None:
        summary = self.summary()
        self.setAccessibleDescription(summary)
        if self._at is None:
            self.read_out.emit(summary)

    def _point_at(self, index: int | None) -> None:
        self._at = index
        x = None if index is None else self._scaled(self.trace.x(self.axis))[index]
        for plot in self.plots.values():
            plot.cross.setVisible(x is not None)
            if x is not None:
                plot.cross.setValue(x)
        words = self.summary() if index is None else chart_words.at(self.trace, index, self.shown, self.others)
        self.read_out.emit(words)

    def _moved(self, point: Any) -> None:
        for plot in self.plots.values():
            if len(self.trace) and plot.view.sceneBoundingRect().contains(point):
                self._point_at(self._index_at(plot.view.mapSceneToView(point).x()))
                return
        self._point_at(None)

    def leaveEvent(self, event: Any) -> None:
        self._point_at(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: Any) -> None:
        key = Qt.Key(event.key())
        jump = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key)
        leap = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}.get(key)
        if leap is not None and self.trace.marks:
            self._mark_clicked(self.strip.next(leap))
        elif jump is not None and len(self.trace):
            last = len(self.trace) - 1
            stride = max(1, last // 100)
            self._point_at(min(max((last if self._at is None else self._at) + jump * stride, 0), last))
        else:
            super().keyPressEvent(event)

    def _mark_clicked(self, mark: Mark) -> None:
        if len(self.trace):
            self._point_at(int(np.argmin(np.abs(self.trace.x("step") - mark.step))))
        self.read_out.emit(chart_words.of_mark(mark))
        self.mark_chosen.emit(mark)

    # ----------------------------------------------------------------------------------------- style

    def _axis_words(self) -> str:
        unit = {1.0: " (s)", 60.0: " (min)", 3600.0: " (h)"}[self._unit_s] if self.axis == "time_s" else ""
        return AXES[self.axis] + unit

    def _recolour(self, _theme: Any) -> None:
        self._restyle()
        self.draw()

    def _restyle(self) -> None:
        theme = self._colours.current
        self.setBackground(QColor(theme.card))
        self.layers = layers(self.others, theme, self.seeds_as_one)
        for name, plot in self.plots.items():
            plot.restyle(theme, self._axis_words() if name in self._lowest else "")
            plot.set_layers(self.layers)
        self._layers_drawn = self._checks_drawn = ()
        self.waiting.clear()
        self.strip.restyle(theme)
        for legend in (self.legend, *self.best_legends.values()):
            legend.setBrush(pg.mkBrush(ink.faded(theme.card, 0.8)))
            legend.setLabelTextColor(QColor(theme.text))
        fill_legend(self.legend, self._first, self.layers, self.own)
