"""The list of data sets as the window knows it, read beside the event loop: a path may lie on a slow disk."""

from collections.abc import Callable
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from fnet_studio.core import data_sets
from fnet_studio.core.data_sets import DataSet
from fnet_studio.core.errors import UserError
from fnet_studio.ui.background import Background


class Entry(NamedTuple):
    one: DataSet
    missing: tuple[str, ...] = ()
    """Its files that are not where they were."""
    stamps: tuple[tuple[int, int], ...] = ()
    """Of its files: others when they have changed on the disk."""

    @property
    def id(self) -> str:
        return self.one.id


class DataLibrary(QObject):
    """Owns what was read. Every change of the list goes through `change`."""

    changed = Signal()
    refused = Signal(object)
    """UserError: the list could not be changed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = [Entry(data_sets.SAMPLE)]
        self.problems: list[UserError] = []
        self.loaded = False
        self._background = Background(self)

    def refresh(self) -> None:
        self._background.run(_scan, self._scanned, self.refused.emit, key="scan")

    def find(self, id: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.id == id), None)

    def change(self, work: Callable[[], Any], done: Callable[[Any], object] | None = None) -> None:
        """Do something to the list, read it again, then call `done` with what `work` returned."""

        def both() -> tuple[Any, tuple[list[Entry], list[UserError]]]:
            return work(), _scan()

        def over(result: tuple[Any, tuple[list[Entry], list[UserError]]]) -> None:
            self._scanned(result[1])
            if done is not None:
                done(result[0])

        self._background.run(both, over, self.refused.emit)

    def _scanned(self, found: tuple[list[Entry], list[UserError]]) -> None:
        self.entries, self.problems = found
        self.loaded = True
        self.changed.emit()


def _scan() -> tuple[list[Entry], list[UserError]]:
    found, problems = data_sets.list_all()
    return [Entry(one, data_sets.missing(one), data_sets.stamps(one.data)) for one in found], problems
