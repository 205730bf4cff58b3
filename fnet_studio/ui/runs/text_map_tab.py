"""A map of a run's texts: near to each other lie those that its classifier sees alike."""

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.ui.cards import EmptyState, ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.row_text import RowText, row_text
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.figures import count, percent
from fnet_studio.ui.widgets.scatter_plot import ScatterPlot
from fnet_studio.ui.widgets.working import Working, centred

SPLITS = ("test", "validation", "train")
BY = (("true", "True class"), ("answer", "Answer"), ("right", "Right or wrong"))
TEXT_PX = 64
MOST = 2000
WHAT = (
    f"The classifier turns each text into one vector, and decides by that. The map shows up to {count(MOST)} texts in "
    "the two directions in which these vectors differ most: texts that it sees alike lie together, and wrong answers "
    "where the classes meet."
)


class TextMapTab(QWidget):
    explore_wanted = Signal(str)
    try_wanted = Signal(object)
    """A `RowText`."""

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._run = ""
        self.map: protocol.TextMap | None = None
        self._points = np.zeros((0, 2), np.float32)
        self._row_text = RowText()
        self._asking = NewestOnly(supervisor, stop_older=True)
        self._asking_text = NewestOnly(supervisor)
        self.split = Choice()
        self.split.setAccessibleName("Texts")
        self.by = Choice()
        self.by.setAccessibleName("Colour by")
        for key, words in BY:
            self.by.addItem(words, key)
        self.words = label("", "muted", wrap=True)
        self.key = label("", "", wrap=True)
        self.key.setTextFormat(Qt.TextFormat.RichText)
        self.plot = ScatterPlot(themes, "Map of texts")
        self.plot.key_changed.connect(self.key.setText)
        self.chosen = label("", "strong", wrap=True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("The chosen text")
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(TEXT_PX)
        self.explore = button("Open in Explore", themes, "compass", "", self._explore)
        self.try_it = button("Try it", themes, "play", "", self._try, "Ask the model about this text, changed or not")
        self.messages = MessagePlace()
        self.working = Working(supervisor, themes)
        self.empty = EmptyState(themes, "circle-dot", "Where do its texts lie?", WHAT, "Draw the map", self.draw)
        self.stack = QStackedWidget()
        self._busy = centred(self.working)
        self._shown = self._lay_out_map()
        for page in (self.empty, self._busy, self._shown):
            self.stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.messages)
        column.addWidget(self.stack, 1)
        self.working.stop_wanted.connect(self._stopped)
        self.split.activated.connect(lambda _: self.draw())
        self.by.currentIndexChanged.connect(lambda _: self._paint())
        self.plot.chosen.connect(self._choose)

    def _lay_out_map(self) -> QWidget:
        shown = QWidget()
        card, text = Card(), Card()
        by = label("Colour by", "muted")
        by.setBuddy(self.by)
        card.column.addLayout(row(self.split, by, self.by, None))
        card.column.addWidget(self.words)
        card.column.addWidget(self.key)
        card.column.addWidget(self.plot, 1)
        line = row(self.chosen, self.explore, self.try_it)
        line.setStretch(0, 1)
        text.column.addLayout(line)
        text.column.addWidget(self.text)
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(12)
        column.addWidget(card, 1)
        column.addWidget(text)
        return shown

    def show_run(self, entry: RunEntry) -> None:
        if entry.id == self._run:
            return
        self._run, self.map = entry.id, None
        self._asking.forget()
        self._asking_text.forget()
        self.working.over()
        self.messages.say(None)
        self.split.clear()
        for name in SPLITS:
            if entry.record.data.get(name):
                self.split.addItem(f"{name.capitalize()} texts", name)
        classifies = entry.record.classifies
        self.empty.action.setVisible(classifies)
        self.empty.words.setText(WHAT if classifies else "This run trained a language model, and sorts no texts.")
        self.stack.setCurrentWidget(self.empty)

    def draw(self) -> None:
        self.messages.say(None)
        asked = protocol.MapTexts(self._run, self.split.currentData() or "test", MOST)
        self._asking.ask(asked, self._came, self._failed)
        self.stack.setCurrentWidget(self._busy)
        self.working.follow(lambda: self._asking.id, "Asking the model")

    def _came(self, found: protocol.TextMap, blob: bytes) -> None:
        self.working.over()
        self.map, self._points = found, np.frombuffer(blob, "<f4").reshape(-1, 2)
        right = np.mean(np.equal(found.labels, found.predicted))
        along, across = (percent(share, 0) for share in found.explained)
        self.words.setText(
            f"{count(len(found.rows))} of {count(found.texts)} {found.split} texts, {percent(right)} of them answered "
            f"right. Each is a vector of {count(found.dimensions)} numbers; the axes show {along} and {across} of how "
            "these differ."
        )
        self.stack.setCurrentWidget(self._shown)
        self._paint()
        self._forget_text()

    def _failed(self, failed: protocol.Failed) -> None:
        self.working.over()
        self.stack.setCurrentWidget(self._shown if self.map is not None else self.empty)
        self.messages.say(ErrorCard(self._themes, failed, "Try again", self.draw))

    def _stopped(self) -> None:
        self._asking.forget()
        self.working.over()
        self.stack.setCurrentWidget(self._shown if self.map is not None else self.empty)

    def _paint(self) -> None:
        found = self.map
        if found is None:
            return
        names: tuple[str, ...] = found.class_names
        groups = np.array(found.labels)
        if self.by.currentData() == "answer":
            groups = np.array(found.predicted)
        elif self.by.currentData() == "right":
            groups, names = (groups != np.array(found.predicted)).astype(int), ("right", "wrong")
        axes = tuple(
            f"{which} direction, {percent(share, 0)}" for which, share in zip(("first", "second"), found.explained)
        )
        self.plot.put(self._points, groups, names, (axes[0], axes[1]))
        self.plot.setAccessibleDescription(self.words.text())

    # ------------------------------------------------------------------------------------------ the text

    def _forget_text(self) -> None:
        self.chosen.setText("Click a point, or go from point to point with the arrow keys.")
        self._no_text()

    def _no_text(self) -> None:
        self.text.clear()
        for item in (self.explore, self.try_it):
            item.setEnabled(False)

    def _choose(self, place: int) -> None:
        found = self.map
        assert found is not None
        names = found.class_names
        at, true, answer = found.rows[place], names[found.labels[place]], names[found.predicted[place]]
        right = "rightly" if true == answer else f"wrongly: it is {true}"
        words = f"Row {count(at)}: answered {answer} with {percent(found.confidence[place])}, {right}"
        self.chosen.setText(words)
        self.plot.setAccessibleDescription(words)
        self._no_text()

        def came(texts: protocol.Texts, _blob: bytes) -> None:
            self._row_text = row_text(texts, 0)
            self.text.setPlainText(str(self._row_text))
            for item in (self.explore, self.try_it):
                item.setEnabled(True)

        def failed(reply: protocol.Failed) -> None:
            self.messages.say(ErrorCard(self._themes, reply))

        self._asking_text.ask(protocol.RunTexts(self._run, found.split, (at,)), came, failed)  # type: ignore[arg-type]

    def _explore(self) -> None:
        self.explore_wanted.emit(self._row_text.prompt)

    def _try(self) -> None:
        self.try_wanted.emit(self._row_text)
