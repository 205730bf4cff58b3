"""One layer's map, large: axes with units, a colour bar with values, a read-out under the pointer."""

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.atlas import COLOUR_MAP, Atlas, look_up_table


class CalmViewBox(pg.ViewBox):
    """Scrolls with the page: only Ctrl and the wheel zoom. A double click shows everything again."""

    def __init__(self, **options: Any) -> None:
        super().__init__(enableMenu=False, **options)

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:
        if ev.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(ev, axis)
        else:
            ev.ignore()

    def mouseDoubleClickEvent(self, event: Any) -> None:
        self.autoRange(padding=0)
        event.accept()


def style_axis(axis: pg.AxisItem, theme: Any, label: str = "") -> None:
    """Axis lines, ticks and words in the theme's colours, in points so that they grow with the screen."""
    axis.setPen(pg.mkPen(theme.line))
    axis.setTextPen(pg.mkPen(theme.muted))
    font = axis.font() if callable(getattr(axis, "font", None)) else None
    if font is not None:
        font.setPointSizeF(9)
        axis.setStyle(tickFont=font)
    # minor ticks carry the grid with them, and cost most of the time of a repaint
    axis.setStyle(tickLength=-4, maxTickLevel=0)
    if label:
        axis.setLabel(label, **{"color": QColor(theme.muted).name(), "font-size": "9pt"})
    # switching the prefixes off leaves the last scale in force: first let no range match
    axis.setSIPrefixEnableRanges(((-2.0, -1.0),))
    axis.enableAutoSIPrefix(False)


class MapView(pg.GraphicsLayoutWidget):
    """Shows one layer of an `Atlas`."""

    read_out = Signal(str)
    """What is under the pointer, in words; '' when it leaves."""

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self.atlas: Atlas | None = None
        self.layer = 0
        self._shape: tuple = ()
        self.plot = self.addPlot(row=0, col=0, viewBox=CalmViewBox())
        self.plot.hideButtons()
        self.image = pg.ImageItem(axisOrder="row-major", autoDownsample=True)
        self.image.setLookupTable(look_up_table())
        self.plot.addItem(self.image)
        self.plot.setMouseEnabled(x=True, y=True)
        self._marks = [pg.InfiniteLine(angle=angle, movable=False) for angle in (0, 90)]
        for mark in self._marks:
            mark.setVisible(False)
            self.plot.addItem(mark, ignoreBounds=True)
        self.bar = pg.ColorBarItem(values=(0, 1), width=14, colorMap=pg.colormap.get(COLOUR_MAP), interactive=False)
        # beside the picture, in the plot's own grid, so that both have one height
        self.plot.layout.addItem(self.bar, 2, 5)
        self.plot.layout.setColumnFixedWidth(4, 8)
        self.ci.setContentsMargins(0, 6, 4, 0)
        self.scene().sigMouseMoved.connect(self._moved)
        self.setMinimumSize(240, 160)
        self.setAccessibleName("Map")
        colours.changed.connect(self._restyle)
        self._restyle()

    def sizeHint(self) -> QSize:
        return QSize(420, 240)

    def show_layer(self, atlas: Atlas, layer: int, own_scale: bool = True) -> None:
        """layer counts from 0. own_scale: the colours span this layer's range, not that of all layers. The view
        stays zoomed as it is while the axes mean the same."""
        self.atlas, self.layer = atlas, layer
        levels = atlas.levels(layer) if own_scale else (0, 255)
        self.image.setImage(atlas.pixels[layer], autoLevels=False, levels=levels)
        shape = (atlas.pixels.shape, atlas.kind, atlas.row_span, atlas.column_span)
        if shape != self._shape:
            self._shape = shape
            x, y, width, height = atlas.rectangle()
            self.image.setRect(QRectF(x, y, width, height))
            view = self.plot.getViewBox()
            view.invertY(atlas.kind == "attention")
            view.setLimits(xMin=x, xMax=x + width, yMin=y, yMax=y + height)
            view.setRange(QRectF(x, y, width, height), padding=0)
            self._restyle()
        low, high = (atlas.number(level) for level in levels)
        if self.bar.levels() != (low, high):
            self.bar.setLevels((low, high if high > low else low + 1e-6))
        self.setAccessibleName(f"{atlas.words.title}, layer {layer + 1} of {atlas.layers}")

    def mark(self, position: int) -> None:
        """Mark a token's row and column where rows are positions (attention); -1 takes the marks away."""
        shown = position >= 0 and self.atlas is not None and self.atlas.kind == "attention"
        for line in self._marks:
            line.setVisible(shown)
            line.setValue(position)

    def _moved(self, point: Any) -> None:
        atlas = self.atlas
        if atlas is None or not self.plot.getViewBox().sceneBoundingRect().contains(point):
            self.read_out.emit("")
            return
        spot = self.plot.getViewBox().mapSceneToView(point)
        self.read_out.emit(self.words_at(spot.x(), spot.y()))

    def words_at(self, x: float, y: float) -> str:
        """What the map says at a point of its axes, '' outside."""
        cell = self.atlas.cell(x, y) if self.atlas else None
        if self.atlas is None or cell is None:
            return ""
        atlas, words = self.atlas, self.atlas.words
        value = atlas.value(self.layer, *cell)
        row, column = (atlas.numbers(axis, index) for axis, index in enumerate(cell))
        return f"{words.row_name} {row}   {words.column_name} {column}   {words.colours} = {value:.3f}"

    def leaveEvent(self, event: Any) -> None:
        self.read_out.emit("")
        super().leaveEvent(event)

    def _restyle(self) -> None:
        theme = self._colours.current
        self.setBackground(QColor(theme.card))
        words = self.atlas.words if self.atlas else None
        style_axis(self.plot.getAxis("left"), theme, words.rows if words else "")
        style_axis(self.plot.getAxis("bottom"), theme, words.columns if words else "")
        style_axis(self.bar.axis, theme, words.colours if words else "")
        for mark in self._marks:
            mark.setPen(pg.mkPen(ink.faded("#FFFFFF", 0.9), width=1, style=Qt.PenStyle.DashLine))
