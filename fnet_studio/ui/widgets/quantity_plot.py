"""One quantity of the learning chart: its axes, the run's curves, and those of other runs behind them."""

from typing import Any, NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from fnet_studio.core.curves import NOT_MEASURED, QUANTITIES
from fnet_studio.core.files import size as size_words
from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.extent import Extent, calm
from fnet_studio.ui.widgets.figures import count, measure, percent, short_count
from fnet_studio.ui.widgets.layer_lines import LayerLines
from fnet_studio.ui.widgets.map_view import CalmViewBox, style_axis
from fnet_studio.ui.widgets.overlays import Layer

CURVES = ("raw", "smooth", "validation")
LONGEST_NAME = 32
NAMED = 6
"""Other runs that the legend names."""
WIDE = 4
"""Up to so many other runs have wide lines and dashed ones: both take long to paint."""


class _Band(NamedTuple):
    low: pg.PlotCurveItem
    high: pg.PlotCurveItem
    fill: pg.FillBetweenItem


def worded(quantity: str, value: float) -> str:
    """A value as it stands in read-outs."""
    if quantity == "accuracy":
        return percent(value)
    if quantity == "tokens_per_s":
        return short_count(value)
    if quantity in NOT_MEASURED:
        return size_words(value) if np.isfinite(value) else "–"
    return measure(value)


SAMPLED = 200
"""Points of each curve that a legend looks at."""


class QuantityPlot:
    """Owns the items of one plot. They hold what stands on the axes: scaled, as logarithms where the axis is one."""

    def __init__(self, plot: pg.PlotItem, quantity: str) -> None:
        self.plot, self.quantity = plot, quantity
        self.extent = Extent()
        plot.addItem(self.extent)
        self.curves: dict[str, pg.PlotCurveItem] = {}
        for z, kind in enumerate(CURVES):
            curve = self.curves[kind] = pg.PlotCurveItem(connect="finite")
            curve.setZValue(10 + z)
            plot.addItem(curve, ignoreBounds=True)
        self.checked = pg.ScatterPlotItem(size=7)
        self.checked.setZValue(13)
        self.best = pg.ScatterPlotItem(symbol="star", size=16)
        self.best.setZValue(20)
        self.others, self.others_checked = LayerLines(), LayerLines(points=True)
        for item in (self.others, self.others_checked):
            item.setZValue(5)
            plot.addItem(item, ignoreBounds=True)
        self.cross = pg.InfiniteLine(angle=90, movable=False)
        self.cross.setVisible(False)
        for item in (self.checked, self.best, self.cross):
            plot.addItem(item, ignoreBounds=True)
        self._bands: dict[int, _Band] = {}
        self.log = False

    @classmethod
    def make(
        cls, parent: pg.GraphicsLayoutWidget, row: int, column: int, quantity: str, axis_px: int
    ) -> "QuantityPlot":
        """axis_px: width of the left axis, the same for all plots so that they stand in line."""
        plot = parent.addPlot(row=row, col=column, viewBox=CalmViewBox())
        plot.hideButtons()
        plot.showGrid(x=True, y=True, alpha=0.18)
        plot.getAxis("left").setWidth(axis_px)
        for side in ("left", "bottom"):  # with the grid they are most of what is painted, and seldom change
            plot.getAxis(side).setCacheMode(plot.CacheMode.DeviceCoordinateCache)
        return cls(plot, quantity)

    @property
    def view(self) -> pg.ViewBox:
        return self.plot.getViewBox()

    def on_axis(self, values: np.ndarray) -> np.ndarray:
        """Stored values as the axis has them; zero and less become gaps on a logarithmic one."""
        scaled = values * QUANTITIES[self.quantity].scale
        return np.log10(np.where(scaled > 0, scaled, np.nan)) if self.log else scaled

    def put(self, kind: str, x: np.ndarray, y: np.ndarray) -> None:
        """y: stored values."""
        on_axis = self.on_axis(y)
        _set(self.curves[kind], x, on_axis)
        self.extent.put_curve(kind, x, on_axis)
        if kind == "validation":
            self.checked.setData(x, on_axis)

    def put_best(self, spot: tuple[float, float] | None) -> None:
        """(x, stored value) of the best evaluation."""
        x, y = ([], []) if spot is None else ([spot[0]], self.on_axis(np.array([spot[1]])))
        self.best.setData(x, y)

    def crowd(self, right: bool, top: bool, width: float, height: float) -> int:
        """How many points of the run's curves lie in a corner, of `SAMPLED` for each. width, height: of the corner, as
        shares of all that the plot shows."""
        x_span, y_span = self.extent.dataBounds(0), self.extent.dataBounds(1)
        if x_span is None or y_span is None or x_span[1] <= x_span[0] or y_span[1] <= y_span[0]:
            return 0
        many = 0
        for curve in self.curves.values():
            x, y = curve.getData()
            if x is None or y is None or not len(x):
                continue
            at = np.linspace(0, len(x) - 1, SAMPLED).astype(int)
            across = (x[at] - x_span[0]) / (x_span[1] - x_span[0])
            up = (y[at] - y_span[0]) / (y_span[1] - y_span[0])
            inside = across > 1 - width if right else across < width
            many += int((inside & (up > 1 - height if top else up < height)).sum())
        return many

    def drawn(self) -> tuple[str, ...]:
        """The run's curves that have points."""
        return tuple(kind for kind, curve in self.curves.items() if curve.xData is not None and len(curve.xData))

    def set_log(self, on: bool) -> None:
        self.log = on
        self.plot.setLogMode(y=on)

    # ------------------------------------------------------------------------------------- other runs

    def set_layers(self, layers: list[Layer]) -> None:
        """Lines without points yet, for `put_layer`."""
        for band in self._bands.values():
            self.plot.removeItem(band.fill)
        self._bands = {layer.place: self._band(layer) for layer in layers if layer.band}
        width = 2 if len(layers) <= WIDE else 1
        style = Qt.PenStyle.DashLine if len(layers) <= WIDE else Qt.PenStyle.SolidLine
        self.others.begin([pg.mkPen(layer.colour, width=width) for layer in layers])
        self.others_checked.begin([pg.mkPen(layer.colour, width=width, style=style) for layer in layers])
        self._measure_layers()

    def _band(self, layer: Layer) -> _Band:
        low, high = pg.PlotCurveItem(pen=None), pg.PlotCurveItem(pen=None)
        fill = pg.FillBetweenItem(low, high, brush=pg.mkBrush(ink.faded(layer.colour, 0.2)))
        fill.setZValue(1)
        self.plot.addItem(fill, ignoreBounds=True)
        return _Band(low, high, fill)

    def put_layer(self, place: int, x: np.ndarray, y: np.ndarray) -> None:
        """y: stored values. Seen after `finish_layers`."""
        self.others.put(place, x, self.on_axis(y))

    def put_layer_checks(self, place: int, x: np.ndarray, y: np.ndarray) -> None:
        self.others_checked.put(place, x, self.on_axis(y))

    def put_band(self, place: int, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """low, high: stored values."""
        lows, highs = self.on_axis(low), self.on_axis(high)
        ok = np.isfinite(lows) & np.isfinite(highs)
        self._bands[place].low.setData(x[ok], lows[ok])
        self._bands[place].high.setData(x[ok], highs[ok])

    def finish_layers(self, checks: bool) -> None:
        """checks: evaluations were put, too."""
        self.others.finish()
        if checks:
            self.others_checked.finish()
        self._measure_layers()

    def _measure_layers(self) -> None:
        for name, lines in (("others", self.others), ("others_checked", self.others_checked)):
            self.extent.put(name, lines.x_span, lines.y_span)

    # ------------------------------------------------------------------------------------------ range

    def clip(self, on: bool) -> None:
        """The y axis spans what is usual, the 2nd to the 98th percentile of what is drawn, not the outliers; or
        everything."""
        if not on:
            self.plot.enableAutoRange(axis="y")
            return
        parts = [curve.getData()[1] for curve in self.curves.values()] + [y for _, y in self.others.points()]
        spans = [np.percentile(good, (2, 98)) for part in parts if part is not None and len(good := _finite(part))]
        if not spans:
            return
        low, high = min(span[0] for span in spans), max(span[1] for span in spans)
        self.plot.setYRange(*calm(low, high if high > low else low + 1e-9), padding=0.06)

    # ------------------------------------------------------------------------------------------ style

    def restyle(self, theme: Any, bottom: str, words: str = "") -> None:
        """bottom: the x axis' words, '' for a plot with another one under it."""
        training, validation = ink.series(theme)
        self.curves["raw"].setPen(pg.mkPen(ink.faded(training, 0.25), width=1))
        self.curves["smooth"].setPen(pg.mkPen(training, width=2))
        self.curves["validation"].setPen(pg.mkPen(validation, width=2, style=Qt.PenStyle.DashLine))
        self.checked.setBrush(pg.mkBrush(validation))
        self.checked.setPen(pg.mkPen(theme.card, width=1))
        self.cross.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DotLine))
        self.best.setBrush(pg.mkBrush(validation))
        self.best.setPen(pg.mkPen(theme.text, width=1))
        style_axis(self.plot.getAxis("left"), theme, words or QUANTITIES[self.quantity].axis)
        style_axis(self.plot.getAxis("bottom"), theme, bottom)
        self.plot.getAxis("bottom").setStyle(showValues=bool(bottom))
        self.plot.getAxis("bottom").showLabel(bool(bottom))


def fill_legend(legend: pg.LegendItem, plot: QuantityPlot, layers: list[Layer], own: str = "") -> None:
    """What the lines of a plot are. own: what the run itself is called beside the others."""
    legend.clear()
    kinds = [("smooth", "training"), ("raw", "training, every step"), ("validation", "validation")]
    if layers:
        kinds = [("smooth", _clipped(own) or "training"), ("validation", "its validation" if own else "validation")]
    drawn = plot.drawn()
    for kind, words in kinds:
        if kind in drawn:
            legend.addItem(plot.curves[kind], words)
    for layer in layers[:NAMED]:
        legend.addItem(pg.PlotCurveItem(pen=pg.mkPen(layer.colour, width=2)), _clipped(layer.name))
    if len(layers) > NAMED:
        legend.addItem(pg.PlotCurveItem(pen=None), f"and {len(layers) - NAMED} more")


def _clipped(name: str) -> str:
    """Without its middle: what tells runs apart stands at the end."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME // 2]}…{name[1 - LONGEST_NAME // 2 :]}"


def best_words(quantity: str, value: float, step: float, short: bool = False) -> str:
    return (
        f"best {worded(quantity, value)}" if short else f"best validation {worded(quantity, value)}, step {count(step)}"
    )


def _set(curve: pg.PlotCurveItem, x: np.ndarray, y: np.ndarray) -> None:
    if np.isfinite(y).any():
        curve.setData(x, y)
    else:
        curve.setData([], [])


def _finite(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]
