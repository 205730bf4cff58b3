"""Points in a plane, in groups that differ by colour and by shape; one of them may be chosen, and several gathered."""

from collections.abc import Sequence
from html import escape
from itertools import cycle
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent

from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.lasso import LassoViewBox, inside
from fnet_studio.ui.widgets.map_view import style_axis

SHAPES = {"o": "●", "t": "▼", "s": "■", "d": "◆", "star": "★", "p": "⬟", "h": "⬢", "t1": "▲"}
"""As pyqtgraph calls them, and as a letter."""
POINT_PX, RING_PX, REACH_PX = 7, 15, 14
OPACITY, BEHIND = 0.7, 0.15


class ScatterPlot(pg.GraphicsLayoutWidget):
    """Left and Right go from point to point along the first axis, Up and Down along the second. A click takes the
    nearest one. An outline gathers what it surrounds, and an arrow with Shift adds the point that it comes to; Escape
    lets them go."""

    chosen = Signal(int)
    """A point's place among those that were put."""
    gathered_changed = Signal()
    key_changed = Signal(str)
    """Which shape and colour stands for which group, as rich text: a legend would lie over points."""

    def __init__(self, colours: Any, name: str, parent: Any = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self.points, self.current = np.zeros((0, 2)), -1
        self.gathered = np.zeros(0, bool)
        """(n,) which points; the others stand behind."""
        self.group_of = np.zeros(0, int)
        self.axis_words = ("", "")
        self.box = LassoViewBox()
        self.plot = self.addPlot(viewBox=self.box)
        self.plot.hideButtons()
        self.plot.showGrid(x=True, y=True, alpha=0.18)
        self.plot.setAspectLocked(True)
        self.plot.getAxis("left").setWidth(48)
        self.ci.setContentsMargins(0, 4, 8, 0)
        self.names: Sequence[str] = ()
        self.groups: list[pg.ScatterPlotItem] = []
        self.ring = pg.ScatterPlotItem(size=RING_PX, brush=None)
        self.ring.setZValue(1)
        self.plot.addItem(self.ring)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(280, 180)
        self.box.surrounded.connect(lambda outline: self.gather(inside(self.points, outline)))
        self.scene().sigMouseClicked.connect(self._clicked)
        colours.changed.connect(self._restyle)

    def sizeHint(self) -> QSize:
        return self.minimumSize()  # it takes what room there is

    def put(self, points: np.ndarray, groups: np.ndarray, names: Sequence[str], axes: tuple[str, str]) -> None:
        """points: (n, 2). groups: (n,) places in `names`. axes: what stands at them."""
        again = np.array_equal(points, self.points)
        self.points, self.axis_words, self.names, self.group_of = points, axes, names, groups
        for item in self.groups:
            self.plot.removeItem(item)
        self.groups = []
        for number, shape in zip(range(len(names)), cycle(SHAPES)):
            here = points[groups == number]
            item = pg.ScatterPlotItem(here[:, 0], here[:, 1], size=POINT_PX, pen=None, symbol=shape)
            self.plot.addItem(item)
            self.groups.append(item)
        if not again:
            self.current = -1
            self.ring.setData([], [])
            self.plot.autoRange(padding=0.04)
            self.gather(np.zeros(len(points), bool))
        self._restyle()

    def spans(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """What is seen of each axis."""
        (left, right), (foot, top) = self.box.viewRange()
        return (left, right), (foot, top)

    def choose(self, place: int) -> None:
        if 0 <= place < len(self.points):
            self.current = place
            self.ring.setData(*self.points[place][:, None])
            self.chosen.emit(place)

    def gather(self, these: np.ndarray) -> None:
        """these: (n,) bool."""
        if not np.array_equal(these, self.gathered):
            self.gathered = these
            self._restyle()
            self.gathered_changed.emit()

    def nearest(self, x: float, y: float) -> int:
        """The point within reach of a spot in the plot's own units, or -1."""
        if not len(self.points):
            return -1
        unit = np.array(self.plot.getViewBox().viewPixelSize())
        away = np.hypot(*((self.points - (x, y)) / unit).T)
        place = int(away.argmin())
        return place if away[place] <= REACH_PX else -1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Down: (1, -1), Qt.Key.Key_Up: (1, 1)}
        if event.key() == Qt.Key.Key_Escape and self.gathered.any():
            self.gather(np.zeros(len(self.points), bool))
            return
        move = moves.get(Qt.Key(event.key()))
        if move is None or not len(self.points):
            super().keyPressEvent(event)
            return
        before, after = self.current, self._along(*move)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            more = self.gathered.copy()
            more[[after] if before < 0 else [before, after]] = True
            self.gather(more)
        self.choose(after)

    def _along(self, axis: int, way: int) -> int:
        """The next point; the first one where none is chosen."""
        order = np.argsort(self.points[:, axis], kind="stable")
        if self.current < 0:
            return int(order[0 if way > 0 else -1])
        at = int(np.flatnonzero(order == self.current)[0]) + way
        return int(order[min(max(at, 0), len(order) - 1)])

    def _clicked(self, event: Any) -> None:
        spot: QPointF = self.plot.getViewBox().mapSceneToView(event.scenePos())
        self.choose(self.nearest(spot.x(), spot.y()))

    def _restyle(self, _theme: Any = None) -> None:
        theme = self._colours.current
        self.setBackground(QColor(theme.card))
        first = ink.series(theme)
        more = [QColor(one) for one in theme.series if QColor(one) not in first and ink.contrast(one, theme.card) > 1.8]
        key = []
        looks = zip(self.groups, self.names, cycle(SHAPES.values()), cycle([*first, *more]))
        for number, (item, name, letter, colour) in enumerate(looks):
            full, behind = (pg.mkBrush(ink.faded(colour, share)) for share in (OPACITY, BEHIND))
            if self.gathered.any():
                item.setBrush([full if one else behind for one in self.gathered[self.group_of == number]])
            else:
                item.setBrush(full)
            key.append(f'<span style="color:{colour.name()}">{letter}</span>&nbsp;{escape(name)}')
        self.key_changed.emit("&nbsp; ".join(key))
        self.ring.setPen(pg.mkPen(theme.text, width=2))
        for side, words in zip(("bottom", "left"), self.axis_words):
            style_axis(self.plot.getAxis(side), theme, words)
