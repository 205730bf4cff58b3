"""The catalogue as the window knows it, read beside the event loop and only where something changed."""

from PySide6.QtCore import QObject, Signal

from fnet_studio.core.catalogue import Catalogue, Entry
from fnet_studio.core.errors import UserError
from fnet_studio.ui.background import Background


class PresetLibrary(QObject):
    """Owns what was read."""

    changed = Signal()
    """It was read anew."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []
        self.problem: UserError | None = None
        self.loaded = self._reading = self._again = False
        self._catalogue = Catalogue()
        self._background = Background(self)

    def refresh(self) -> None:
        """Read again, soon. While it is being read: once more after that."""
        if self._reading:
            self._again = True
            return
        self._reading = True
        self._background.run(self._catalogue.read, self._read, self._failed)

    def find(self, key: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.key == key), None)

    def _read(self, entries: list[Entry]) -> None:
        self.entries, self.problem = entries, None
        self._over()

    def _failed(self, error: UserError) -> None:
        self.problem = error
        self._over()

    def _over(self) -> None:
        self.loaded, self._reading = True, False
        again, self._again = self._again, False
        self.changed.emit()
        if again:
            self.refresh()
