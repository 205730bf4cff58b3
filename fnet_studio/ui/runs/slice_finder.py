"""Finds the slices of a split's texts: all of them, some by their length, and those that the user asked for."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.core import protocol, slices
from fnet_studio.core.errors import UserError
from fnet_studio.core.patterns import Pattern
from fnet_studio.core.run_evaluation import Predictions
from fnet_studio.core.slices import Slice
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import button, label, row
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.pattern_field import PatternField
from fnet_studio.ui.widgets.working import Working

EVERY = Pattern("")


class SliceFinder(QWidget):
    """The line to type in, and what becomes of it. One slice after the other is asked of the worker."""

    changed = Signal(object)
    """Other slices are known. The `Slice` that was asked for just now, or None."""
    again = Signal(object)
    """A `Slice` was asked for that is there already."""

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, wanted: list[Pattern], parent: QWidget | None = None
    ) -> None:
        """wanted: those that the user added and that were found, kept in the settings: they stay when other runs are
        shown, and whatever fails there."""
        super().__init__(parent)
        self._supervisor, self._themes = supervisor, themes
        self._asking = NewestOnly(supervisor, stop_older=True)
        self._run, self._split = "", ""
        self._answers: Predictions | None = None
        self.wanted = wanted
        self._typed: list[Pattern] = []
        """Those that no worker has answered yet."""
        self._passed: set[Pattern] = set()
        """Not asked for again while this run is shown: they were refused or stopped."""
        self._asked = EVERY
        self._known: dict[Pattern, Slice] = {}
        self._lengths: list[Slice] = []
        self.search = PatternField("Words that the texts hold", self)
        self.add_button = button("Add slice", themes, "plus", "", self.add)
        self.said = label("", "muted", wrap=True)
        self.said.hide()
        self.working = Working(supervisor, themes)
        self.messages = MessagePlace()
        typed = row(self.search.line, self.search.regex, self.search.case, self.add_button, spacing=12)
        typed.setStretch(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(typed)
        for widget in (self.search.problem, self.working, self.messages, self.said):
            column.addWidget(widget)
        self.search.changed.connect(self._judge)
        self.search.line.returnPressed.connect(self.add)
        self.working.stop_wanted.connect(self._stopped)
        self._judge()

    @property
    def slices(self) -> Sequence[Slice]:
        """Those that are known: all texts, by length, then what was added. None before the texts were read."""
        if EVERY not in self._known:
            return []
        return [self._known[EVERY], *self._lengths, *(self._known[one] for one in self.wanted if one in self._known)]

    def put(self, run: str, split: str, answers: Predictions) -> None:
        """answers: the run's on that split, one for each of its texts."""
        self._asking.forget()
        self._run, self._split, self._answers = run, split, answers
        self._known, self._lengths, self._passed = {}, [], set()
        self.say("")
        self.messages.say(None)
        self.changed.emit(None)
        self._next()

    def add(self) -> None:
        """What was typed."""
        pattern = self.search.pattern
        if not pattern.text or not self.search.valid or self._answers is None:
            return
        self.search.clear()
        self._judge()
        self.messages.say(None)
        if pattern in self._known:
            self.again.emit(self._known[pattern])
            return
        if pattern not in self._typed:
            self._typed.append(pattern)
        self._passed.discard(pattern)
        self._next(then=pattern)

    def removable(self, part: Slice) -> bool:
        return self._pattern(part) is not None

    def remove(self, part: Slice) -> None:
        """One that was added."""
        pattern = self._pattern(part)
        if pattern is not None:
            self.wanted.remove(pattern)
            del self._known[pattern]
            self.changed.emit(None)

    def _pattern(self, part: Slice) -> Pattern | None:
        return next((one for one in self.wanted if self._known.get(one) is part), None)

    def _next(self, then: Pattern | None = None) -> None:
        """Ask for the first slice that is not known yet, typed ones first. then: the one to be shown once it came."""
        ruled_out = self._known.keys() | self._passed
        missing = next((one for one in (EVERY, *self._typed, *self.wanted) if one not in ruled_out), None)
        if missing is None:
            self.working.over()
            return

        def came(found: protocol.TextSlice, blob: bytes) -> None:
            assert self._answers is not None
            try:
                rows, letters = slices.rows_of(found, blob, self._answers)
            except UserError as error:
                self._ended(missing, then, error)
                return
            if missing == EVERY:
                self._known[EVERY] = Slice(f"All {self._split} texts", rows)
                self._lengths = slices.by_length(letters)
            else:
                self._known[missing] = Slice(slices.holding(missing.text, missing.regex, missing.case), rows)
                self._forget_typed(missing)
                if missing not in self.wanted:
                    self.wanted.append(missing)
            self.changed.emit(self._known[missing] if missing == then else None)
            self._next(then)

        asked = protocol.RunSlice(
            self._run,
            self._split,  # type: ignore[arg-type]
            missing.text,
            missing.regex,
            missing.case,
        )
        self._asked = missing
        self._asking.ask(asked, came, lambda reply: self._ended(missing, then, reply))
        self.working.follow(lambda: self._asking.id, "Looking through the texts")

    def _ended(self, asked: Pattern, then: Pattern | None, error: UserError | protocol.Failed) -> None:
        self.working.over()
        if asked == EVERY:  # the texts themselves: the page says it in a card of its own when it lists some
            self.say(f"{error.message} {error.advice}")
            return
        self._forget_typed(asked)
        if not error.kind.startswith("pattern."):  # the run's or the worker's: no other slice would be found either
            self.refuse(error)
            return
        self._passed.add(asked)
        if asked in self.wanted:
            self._offer_removal(asked, error)
        else:
            self.refuse(error)
        self._next(then)

    def _offer_removal(self, kept: Pattern, error: UserError | protocol.Failed) -> None:
        """It was found in other texts, but here it has no row to be taken away by."""

        def remove() -> None:
            if kept in self.wanted:
                self.wanted.remove(kept)
            self.messages.say(None)

        named = f"{slices.holding(kept.text, kept.regex, kept.case)}: {error.message}"
        told = UserError(error.kind, named, error.advice)
        self.messages.say(ErrorCard(self._themes, told, "Remove slice", remove, action_icon="trash-2"))

    def _stopped(self) -> None:
        self._asking.forget()
        self.working.over()
        if self._asked == EVERY:
            self.say("Stopped. Add a slice to look through the texts after all.")
        else:
            self._forget_typed(self._asked)
            self._passed.add(self._asked)

    def _forget_typed(self, pattern: Pattern) -> None:
        if pattern in self._typed:
            self._typed.remove(pattern)

    def refuse(self, error: UserError | protocol.Failed) -> None:
        self.messages.say(ErrorCard(self._themes, error))

    def _judge(self) -> None:
        self.add_button.setEnabled(bool(self.search.pattern.text) and self.search.valid)

    def say(self, words: str) -> None:
        self.said.setText(words)
        self.said.setVisible(bool(words))
