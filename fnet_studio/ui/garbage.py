"""Python's cyclic garbage is collected on the window's thread alone, between two events.

By itself Python collects wherever something is allocated. In a thread that reads a table, a widget among the garbage
would be destroyed while Qt uses it here; within an event that Qt sends to one widget after the other (a change of the
theme), the next one would be gone when its turn comes. pyqtgraph has the same remedy
(pyqtgraph.util.garbage_collector); importing it would take longer than the window's first paint may.
"""

import gc

from PySide6.QtCore import QObject

from fnet_studio.ui import timers

INTERVAL_MS = 1000


class GarbageCollection(QObject):
    """Takes the place of Python's own collection for as long as the process lives."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        gc.freeze()  # what was imported stays anyway, and need not be looked through again
        self._timer = timers.repeating(self, INTERVAL_MS)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def _collect(self) -> None:
        """The oldest generation that is due by Python's own thresholds, of which 0 means never."""
        counts = enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))
        due = [generation for generation, (count, threshold) in counts if count > threshold > 0]
        if due:
            gc.collect(max(due))
