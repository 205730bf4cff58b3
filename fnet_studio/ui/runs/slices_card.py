"""Where a run's model is right more seldom: slices of the texts, by their length and by what they hold."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QWidget

from fnet_studio.core import answer_tables, files, protocol, slices
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_evaluation import Predictions
from fnet_studio.core.slices import Slice, SliceMeasure
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.runs.slices_table import SlicesTable
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.pattern_field import Pattern, PatternField
from fnet_studio.ui.widgets.working import Working

WHAT = (
    "How often it is right on a part of the texts. Add a slice with the words that its texts hold; a click lists a "
    "slice's errors. Of twenty slices one looks different by chance alone."
)
EVERY = Pattern("")


class SlicesCard(Card):
    chosen = Signal(object)
    """A `core.slices.Slice`: show its texts."""

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._supervisor, self._themes = supervisor, themes
        self._background = Background(self)
        self._asking = NewestOnly(supervisor, stop_older=True)
        self._run, self._split = "", ""
        self._found: Predictions | None = None
        self.wanted: list[Pattern] = []
        """Those that the user added: they stay when another run is shown."""
        self._known: dict[Pattern, Slice] = {}
        self._lengths: list[Slice] = []
        self.shown: list[Slice] = []
        self.measures: list[SliceMeasure] = []
        self.search = PatternField("Words that the texts hold", self)
        self.add_button = button("Add slice", themes, "plus", "", self.add)
        self.remove_button = button("Remove", themes, "", "", self.remove, "Take the chosen slice away (Delete)")
        self.save_button = button("Save as CSV", themes, "", "", self._save, "The slices with their figures")
        self.said = label("", "muted", wrap=True)
        self.said.hide()
        self.working = Working(supervisor, themes)
        self.messages = MessagePlace()
        self.table = SlicesTable(themes)
        heading = row(label("Slices", "section"), None, self.remove_button, self.save_button)
        typed = row(self.search.line, self.search.regex, self.search.case, self.add_button, spacing=12)
        typed.setStretch(0, 1)
        self.column.addLayout(heading)
        self.column.addWidget(label(WHAT, "muted", wrap=True))
        self.column.addLayout(typed)
        for widget in (self.search.problem, self.working, self.messages, self.said, self.table):
            self.column.addWidget(widget)
        self.search.changed.connect(self._judge)
        self.search.line.returnPressed.connect(self.add)
        self.working.stop_wanted.connect(self._stopped)
        self.table.chosen.connect(self._choose)
        delete = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.table, self.remove)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        self._judge()

    # ------------------------------------------------------------------------------------------- asking

    def put(self, run: str, split: str, found: Predictions) -> None:
        """found: the run's answers on that split."""
        self._asking.forget()
        self._run, self._split, self._found = run, split, found
        self._known, self._lengths = {}, []
        self._say("")
        self.messages.say(None)
        self._show("")
        self._next()

    def add(self) -> None:
        """What was typed; one that is there already is chosen."""
        pattern = self.search.pattern
        if not pattern.text or not self.search.valid or self._found is None:
            return
        self.search.clear()
        self._judge()
        self.messages.say(None)
        if pattern in self._known:
            at = self.shown.index(self._known[pattern])
            self.table.selectRow(at)
            self._choose(at)
            return
        if pattern not in self.wanted:
            self.wanted.append(pattern)
        self._next(then=pattern)

    def remove(self) -> None:
        pattern = self._removable()
        if pattern is not None:
            self.wanted.remove(pattern)
            del self._known[pattern]
            self._show(self.shown[0].name)

    def _next(self, then: Pattern | None = None) -> None:
        """Ask for the first slice that is not known yet. then: the one to choose once it came."""
        missing = next((one for one in (EVERY, *self.wanted) if one not in self._known), None)
        if missing is None:
            self.working.over()
            if then is not None:
                self._show(self._known[then].name)
            return

        def came(found: protocol.TextSlice, blob: bytes) -> None:
            assert self._found is not None
            try:
                rows, letters = slices.rows_of(found, blob, self._found)
            except UserError as error:
                self._ended(missing, error)
                return
            self._known[missing] = Slice(slices.holding(*missing), rows)
            if missing == EVERY:
                self._known[EVERY] = Slice(f"All {self._split} texts", rows)
                self._lengths = slices.by_length(letters)
            self._show("")
            self._next(then)

        asked = protocol.RunSlice(self._run, self._split, *missing)  # type: ignore[arg-type]
        self._asking.ask(asked, came, lambda reply: self._ended(missing, reply))
        self.working.follow(lambda: self._asking.id, "Looking through the texts")

    def _ended(self, asked: Pattern, error: UserError | protocol.Failed) -> None:
        self.working.over()
        if asked in self.wanted:
            self.wanted.remove(asked)
            self._refuse(error)
            self._next()
        else:  # the texts themselves: the page says it in a card of its own when it lists some
            self._say(f"{error.message} {error.advice}")

    def _stopped(self) -> None:
        self._asking.forget()
        self.working.over()
        self.wanted = [one for one in self.wanted if one in self._known]
        if EVERY not in self._known:
            self._say("Stopped. Add a slice to look through the texts after all.")

    def _refuse(self, error: UserError | protocol.Failed) -> None:
        self.messages.say(ErrorCard(self._themes, error))

    # ------------------------------------------------------------------------------------------- showing

    def _show(self, select: str) -> None:
        """select: the name of the slice that is chosen, '' for the first."""
        known = self._known
        self.shown = [known[EVERY], *self._lengths] if EVERY in known else []
        self.shown += [known[one] for one in self.wanted if one in known]
        found = self._found
        self.measures = [slices.measure(one, found) for one in self.shown] if found is not None else []
        names = [one.name for one in self.shown]
        at = names.index(select) if select in names else 0
        self.table.setVisible(bool(self.shown))
        self.save_button.setEnabled(bool(self.shown))
        self.table.put(self.measures, at if self.shown else -1)
        self.remove_button.setEnabled(self._removable() is not None)
        if select and self.shown:
            self.chosen.emit(self.shown[at])

    def _choose(self, at: int) -> None:
        self.remove_button.setEnabled(self._removable() is not None)
        self.chosen.emit(self.shown[at])

    def _removable(self) -> Pattern | None:
        at = self.table.currentIndex().row()
        if not 0 <= at < len(self.shown):
            return None
        return next((one for one in self.wanted if self._known.get(one) is self.shown[at]), None)

    def _judge(self) -> None:
        self.add_button.setEnabled(bool(self.search.pattern.text) and self.search.valid)

    # ------------------------------------------------------------------------------------------- taking away

    def _save(self) -> None:
        start = str(Path.home() / f"{self._run}-slices.csv")
        name, _ = QFileDialog.getSaveFileName(self, "Save", start, "*.csv")
        if name:
            self.save_to(Path(name if name.endswith(".csv") else f"{name}.csv"))

    def save_to(self, path: Path) -> None:
        text = answer_tables.as_csv(slices.COLUMNS, map(slices.table_row, self.measures))
        write = files.write_atomically
        self._background.run(lambda: write(path, text.encode()), lambda _: self._say(f"Saved {path}."), self._refuse)

    def _say(self, words: str) -> None:
        self.said.setText(words)
        self.said.setVisible(bool(words))
