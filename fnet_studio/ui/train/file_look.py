"""The file of one's own data that a form names, as the worker saw it."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from fnet_studio.core import data_sets, protocol, recipe
from fnet_studio.ui import timers
from fnet_studio.ui.background import Background

LOOK_MS = 300
"""After the last key in a path's field: then the worker looks at the file."""


class FileLook(QObject):
    """Owns the path that is looked at and what was seen there: once the typing has paused, and again when the file
    has changed."""

    due = Signal()
    """The file should be looked at now: `ask`, unless its path is wrong."""
    wanted = Signal(str)
    """A path whose first rows are wanted: `take` takes them."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.path = ""
        self.preview: protocol.DataPreview | None = None
        self.problem = ""
        """Why nobody can train on it, in words."""
        self._background = Background(self)
        self._stamps = ()
        self._timer = timers.once(self, LOOK_MS)
        self._timer.timeout.connect(self.due)

    @property
    def is_table(self) -> bool:
        return self.preview is not None and self.preview.kind == "table"

    def follow(self, path: str) -> bool:
        """Forget what was seen of another file; whether there was another."""
        if path == self.path or (self.preview is not None and self.preview.path == path):
            return False
        self.path = path
        self.preview, self.problem = None, ""
        if path:
            self._timer.start()
        return True

    def ask(self) -> None:
        self._stamp(lambda stamps: setattr(self, "_stamps", stamps))
        self.wanted.emit(self.path)

    def again(self) -> None:
        """Look again if the file has changed since."""
        if self.path and not self._timer.isActive():
            self._stamp(lambda stamps: self.due.emit() if stamps != self._stamps else None)

    def take(self, preview: protocol.DataPreview, task: str) -> None:
        self.preview = preview
        self.problem = ""
        if preview.kind == "text" and task not in recipe.LANGUAGE_TASKS:
            self.problem = (
                "Plain text has no labels to learn. Choose a table with a label column, a folder with one folder for "
                "each class, or a recipe that goes on with pretraining."
            )

    def fail(self, kind: str, words: str) -> None:
        """kind: of the error; one that is not of the data says nothing of the file."""
        if kind.startswith("data."):
            self.problem = words
        self.preview = None

    def _stamp(self, done: Callable[[Any], object]) -> None:
        path = self.path
        self._background.run(lambda: data_sets.path_stamps(path), done, key="stamps")
