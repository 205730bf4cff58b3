"""Where models are right more seldom: slices of the texts, by their length and by what they hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from fnet_studio.core import files
from fnet_studio.core.patterns import Pattern
from fnet_studio.core.run_evaluation import Predictions
from fnet_studio.core.slices import Slice
from fnet_studio.ui.background import Background
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.runs.slice_finder import SliceFinder
from fnet_studio.ui.save_file import ask_save_path
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource


class Table(Protocol):
    """A view with a row for each slice, which knows whose answers it counts."""

    chosen: Any
    """Signal of a row, by mouse or keyboard."""

    def show_slices(self, parts: Sequence[Slice], select: int) -> None:
        """The first one is of all texts. select: a row that is shown as chosen, quietly; -1 for none."""
        ...

    def as_csv(self) -> str: ...


class SlicesCard(Card):
    chosen = Signal(object)
    """A `core.slices.Slice`: show its texts."""

    def __init__(
        self,
        supervisor: Supervisor,
        themes: ThemeSource,
        wanted: list[Pattern],
        table: Table,
        what: str,
        parent: QWidget | None = None,
    ) -> None:
        """wanted: see `SliceFinder`. what: the words below the heading."""
        super().__init__(parent=parent)
        assert isinstance(table, QWidget)
        self._background = Background(self)
        self._run = ""
        self.shown: Sequence[Slice] = []
        self.finder = SliceFinder(supervisor, themes, wanted)
        self.remove_button = button("Remove", themes, "", "", self.remove, "Take the chosen slice away (Delete)")
        self.save_button = button("Save as CSV", themes, "", "", self._save, "The slices with their figures")
        self.table: Any = table
        self.column.addLayout(row(label("Slices", "section"), None, self.remove_button, self.save_button))
        self.column.addWidget(label(what, "muted", wrap=True))
        self.column.addWidget(self.finder)
        self.column.addWidget(self.table)
        self.finder.changed.connect(self._show)
        self.finder.again.connect(self._choose_again)
        self.table.chosen.connect(self._choose)
        delete = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.table, self.remove)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        self._show(None)

    def put(self, run: str, split: str, answers: Predictions) -> None:
        """answers: the run's on that split. Those of other runs, if there are any, are on the same texts."""
        self._run = run
        self.finder.put(run, split, answers)

    def refresh(self) -> None:
        """Of the same texts other answers are counted."""
        self.table.show_slices(self.shown, self.table.currentIndex().row())

    def remove(self) -> None:
        """The chosen slice, if it was added."""
        part = self._current()
        if part is not None and self.finder.removable(part):
            self.finder.remove(part)

    def _show(self, asked_for: Slice | None) -> None:
        """What was chosen stays so, unless a slice was just asked for; without it, all texts are."""
        before = self._current()
        self.shown = self.finder.slices
        at = self._row(asked_for or before)
        told = asked_for is not None or (before is not None and at < 0)
        at = max(at, min(len(self.shown), 1) - 1)
        self.table.setVisible(bool(self.shown))
        self.save_button.setEnabled(bool(self.shown))
        self.table.show_slices(self.shown, at)
        self.remove_button.setEnabled(at >= 0 and self.finder.removable(self.shown[at]))
        if told and at >= 0:
            self.chosen.emit(self.shown[at])

    def _row(self, part: Slice | None) -> int:
        """-1 where it is not shown."""
        return next((at for at, one in enumerate(self.shown) if one is part), -1)

    def _choose(self, at: int) -> None:
        self.remove_button.setEnabled(self.finder.removable(self.shown[at]))
        self.chosen.emit(self.shown[at])

    def _choose_again(self, part: Slice) -> None:
        at = self._row(part)
        self.table.selectRow(at)
        self._choose(at)

    def _current(self) -> Slice | None:
        at = self.table.currentIndex().row()
        return self.shown[at] if 0 <= at < len(self.shown) else None

    def _save(self) -> None:
        path = ask_save_path(self, "Save", f"{self._run}-slices", ".csv", "Table")
        if path is not None:
            self.save_to(path)

    def save_to(self, path: Path) -> None:
        text, write = self.table.as_csv(), files.write_atomically
        finder = self.finder
        self._background.run(lambda: write(path, text.encode()), lambda _: finder.say(f"Saved {path}."), finder.refuse)
