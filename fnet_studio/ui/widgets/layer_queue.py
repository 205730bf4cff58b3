"""The lines of other runs that are still to be drawn: a few in each frame, so that none takes long."""

import time
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject

from fnet_studio.ui import timers
from fnet_studio.ui.widgets.overlays import Layer

TURN_S = 0.004


class Waiting(NamedTuple):
    """A line of another run that is to be drawn in one of the plots."""

    name: str
    """The plot's quantity."""
    layer: Layer
    low: float
    high: float
    """The x range that is seen."""
    width: int
    """Of the plot, in pixels."""
    checks: bool
    """Its evaluations too, not only its steps."""


class LayerQueue(QObject):
    """Until a line's turn comes its old one stays, which is right but coarse, or finer than can be seen."""

    def __init__(
        self, draw: Callable[[Waiting], None], finish: Callable[[str, bool], None], parent: QObject | None = None
    ) -> None:
        """finish gets the quantity of a plot in which lines were drawn, and whether evaluations were."""
        super().__init__(parent)
        self._draw, self._finish = draw, finish
        self._waiting: list[Waiting] = []
        self._later = timers.once(self, 0)
        self._later.timeout.connect(self.turn)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def checks(self) -> bool:
        """Whether evaluations still wait."""
        return any(one.checks for one in self._waiting)

    def put(self, waiting: list[Waiting]) -> None:
        """In place of what waits. The first are drawn now."""
        self._waiting = waiting
        self.turn()

    def clear(self) -> None:
        self._waiting = []

    def turn(self) -> None:
        """Draw as many lines as there is time for in a frame."""
        deadline = time.perf_counter() + TURN_S
        done: list[Waiting] = []
        while self._waiting and (not done or time.perf_counter() < deadline):
            done.append(self._waiting.pop(0))
            self._draw(done[-1])
        for name in dict.fromkeys(one.name for one in done):
            self._finish(name, done[0].checks)
        if self._waiting:
            self._later.start()
