"""What happened to a run, as small signs along the foot of a plot."""

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QObject, Signal

from fnet_studio.core.curves import Mark
from fnet_studio.ui.widgets.figures import count

SYMBOLS = {"checkpoint": "d", "paused": "s", "continued": "t2", "resumed": "t2", "less-memory": "x", "disk-low": "x"}
TONES = {
    "paused": "warning",
    "continued": "success",
    "resumed": "success",
    "less-memory": "danger",
    "disk-low": "danger",
}
OTHER = "o"
LIFT = 0.04
"""How far above the foot, as a share of the plot's height."""


class MarkStrip(QObject):
    """A click on a sign tells of it."""

    chosen = Signal(object)
    """The `Mark`."""

    def __init__(self, plot: pg.PlotItem) -> None:
        super().__init__(plot)
        self._view = plot.getViewBox()
        self._marks: list[tuple[float, Mark]] = []
        self._at = -1
        self._theme: Any = None
        self.spots = pg.ScatterPlotItem(size=9, hoverable=True, tip=_tip)
        self.spots.setZValue(30)
        plot.addItem(self.spots, ignoreBounds=True)
        self.spots.sigClicked.connect(self._clicked)
        self._view.sigYRangeChanged.connect(self._move)

    def put(self, marks: Sequence[tuple[float, Mark]]) -> None:
        """(x on the plot's axis, mark), in order."""
        if self._marks != list(marks):  # they are put with every drawing of the curves
            self._marks = list(marks)
            self._move()

    def restyle(self, theme: Any) -> None:
        self._theme = theme
        self._move()

    def next(self, direction: int) -> Mark:
        """The mark after or before the last one that was gone to. There is at least one."""
        self._at = min(max(self._at + direction, 0), len(self._marks) - 1)
        return self._marks[self._at][1]

    def _move(self, *_: Any) -> None:
        if self._theme is None or (not self._marks and not len(self.spots.data)):
            return
        low, high = self._view.viewRange()[1]
        y = low + LIFT * (high - low)
        card = pg.mkPen(self._theme.card)
        self.spots.setData(
            [
                {
                    "pos": (x, y),
                    "symbol": SYMBOLS.get(mark.kind, OTHER),
                    "brush": pg.mkBrush(getattr(self._theme, TONES.get(mark.kind, "muted"))),
                    "pen": card,
                    "data": (place, mark),
                }
                for place, (x, mark) in enumerate(self._marks)
            ]
        )

    def _clicked(self, _item: Any, spots: Sequence[Any], *_: Any) -> None:
        if len(spots):
            self._at, mark = spots[0].data()
            self.chosen.emit(mark)


def _tip(x: float, y: float, data: tuple[int, Mark]) -> str:
    return f"Step {count(data[1].step)}: {data[1].words}"
