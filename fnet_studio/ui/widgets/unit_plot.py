"""A curve in the square from 0 to 1: ROC, precision over recall, calibration."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor

from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.map_view import CalmViewBox, style_axis


class UnitPlot(pg.GraphicsLayoutWidget):
    """One curve, and the spot on it that a threshold stands for."""

    def __init__(
        self, colours: Any, name: str, x: str, y: str, *, diagonal: bool, points: bool = False, parent: Any = None
    ) -> None:
        """diagonal: a dotted line from corner to corner: chance, or perfect calibration."""
        super().__init__(parent)
        self._colours, self._x, self._y = colours, x, y
        self.plot = self.addPlot(viewBox=CalmViewBox())
        self.plot.hideButtons()
        self.plot.showGrid(x=True, y=True, alpha=0.18)
        self.plot.setRange(xRange=(0, 1), yRange=(0, 1), padding=0.03)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getAxis("left").setWidth(48)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setTicks([[(tenth / 10, f"{tenth / 10:.1f}") for tenth in range(0, 11, 2)]])
        self.ci.setContentsMargins(0, 4, 8, 0)
        self.line = pg.PlotDataItem(connect="finite", symbol="o" if points else None, symbolSize=7)
        self.spot = pg.ScatterPlotItem(size=12)
        self.diagonal = pg.PlotCurveItem([0, 1], [0, 1]) if diagonal else None
        for item in (self.diagonal, self.line, self.spot):
            if item is not None:
                self.plot.addItem(item)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(200, 200)
        colours.changed.connect(self._restyle)
        self._restyle()

    def sizeHint(self) -> QSize:
        return QSize(280, 240)

    def put(self, x: np.ndarray, y: np.ndarray, words: str) -> None:
        """words: the curve in a sentence."""
        self.line.setData(x, y)
        self.spot.setData([], [])
        self.setAccessibleDescription(words)
        self.setToolTip(words)

    def put_spot(self, x: float, y: float) -> None:
        self.spot.setData([x], [y])

    def _restyle(self, _theme: Any = None) -> None:
        theme = self._colours.current
        training, validation = ink.series(theme)
        self.setBackground(QColor(theme.card))
        self.line.setPen(pg.mkPen(training, width=2))
        self.line.setSymbolBrush(training)
        self.line.setSymbolPen(pg.mkPen(theme.card))
        self.spot.setBrush(pg.mkBrush(validation))
        self.spot.setPen(pg.mkPen(theme.text))
        if self.diagonal is not None:
            self.diagonal.setPen(pg.mkPen(theme.muted, style=Qt.PenStyle.DotLine))
        style_axis(self.plot.getAxis("left"), theme, self._y)
        style_axis(self.plot.getAxis("bottom"), theme, self._x)
