"""A map of a run's texts: near to each other lie those that its classifier sees alike."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import EmptyState, ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.row_text import RowText, row_text
from fnet_studio.ui.runs import text_map_export
from fnet_studio.ui.runs.chart_export import picture
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.runs.texts_table import Line, TextsTable
from fnet_studio.ui.save_file import ask_save_path
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.figures import count, counted, percent
from fnet_studio.ui.widgets.scatter_plot import ScatterPlot
from fnet_studio.ui.widgets.working import Working, centred

SPLITS = ("test", "validation", "train")
BY = (("true", "True class"), ("answer", "Answer"), ("right", "Right or wrong"))
TEXT_PX, TALL_TEXT_PX, TABLE_PX = 64, 132, 168
BESIDE_PX = 1000
"""So wide, the texts that were gathered stand beside the map, which keeps its height then."""
HOW = (
    "Click a point, or go from point to point with the arrow keys. With Shift, a drag goes around several and the "
    "arrows gather what they come to."
)
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
        self._run = self._name = ""
        self._model: tuple[str, str, float] | None = None
        self._background = Background(self)
        self.map: protocol.TextMap | None = None
        self._points = np.zeros((0, 2), np.float32)
        self._row_text = RowText()
        self._asking = NewestOnly(supervisor, stop_older=True)
        self._asking_text = NewestOnly(supervisor)
        self.split = Choice()
        self.split.setAccessibleName("Texts")
        self.split.setMinimumContentsLength(max(len(_texts_of(name)) for name in SPLITS))
        self.by = Choice()
        self.by.setAccessibleName("Colour by")
        for key, words in BY:
            self.by.addItem(words, key)
        self.words = label("", "muted", wrap=True)
        self.key = label("", "", wrap=True)
        self.key.setTextFormat(Qt.TextFormat.RichText)
        self.said = label("", "muted", wrap=True)
        self.said.hide()
        self.plot = ScatterPlot(themes, "Map of texts")
        self.plot.key_changed.connect(self.key.setText)
        self.lasso = button("Lasso", themes, "", "", None, "A drag goes around points, and lists their texts")
        self.lasso.setCheckable(True)
        self.export = QPushButton("Export")
        self.export.setMenu(self._export_menu())
        self.chosen = label("", "strong", wrap=True)
        self.table = TextsTable(supervisor)
        self.table.setMinimumHeight(TABLE_PX)
        self.table_line = label("", "strong", wrap=True)
        self.save_table = button("Save as CSV", themes, "", "", self._save_table, "These texts with their answers")
        self.let_go = button("Let go", themes, "", "", self._let_go, "List these texts no longer (Esc on the map)")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("The chosen text")
        self.text.setTabChangesFocus(True)
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
        self.plot.gathered_changed.connect(self._list)
        self.lasso.toggled.connect(self._use_lasso)
        self.table.line_chosen.connect(self._choose_line)
        self.table.activated.connect(lambda _: self._explore())
        self.table.came.connect(lambda: self.save_table.setEnabled(True))
        self.table.failed.connect(lambda failed: self.messages.say(ErrorCard(self._themes, failed)))

    def _lay_out_map(self) -> QWidget:
        shown = QWidget()
        card, text = Card(), Card()
        by = label("Colour by", "muted")
        by.setBuddy(self.by)
        card.column.addLayout(row(self.split, by, self.by, None, self.lasso, self.export))
        card.column.addWidget(self.words)
        card.column.addWidget(self.said)
        card.column.addWidget(self.key)
        card.column.addWidget(self.plot, 1)
        listed = row(self.table_line, self.save_table, self.let_go)
        listed.setStretch(0, 1)
        self.listed = QWidget()
        several = QVBoxLayout(self.listed)
        several.setContentsMargins(0, 0, 0, 0)
        several.addLayout(listed)
        several.addWidget(self.table)
        self.listed.hide()
        line = row(self.chosen, self.explore, self.try_it)
        line.setStretch(0, 1)
        text.column.addWidget(self.listed, 1)
        text.column.addLayout(line)
        text.column.addWidget(self.text)
        self._both = QBoxLayout(QBoxLayout.Direction.TopToBottom, shown)
        self._both.setContentsMargins(0, 0, 4, 0)
        self._both.setSpacing(12)
        self._both.addWidget(card, 5)
        self._both.addWidget(text)
        return shown

    def _place(self) -> None:
        beside = not self.listed.isHidden() and self.width() >= BESIDE_PX
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        self._both.setDirection(way)
        self._both.setStretch(1, 4 if beside else 0)
        self.text.setFixedHeight(TALL_TEXT_PX if beside else TEXT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def show_run(self, entry: RunEntry) -> None:
        if entry.model == self._model:
            return
        self._model = entry.model
        self._run, self._name, self.map = entry.id, entry.name, None
        self._asking.forget()
        self._asking_text.forget()
        self.working.over()
        self.messages.say(None)
        self.split.clear()
        for name in SPLITS:
            if entry.record.data.get(name):
                self.split.addItem(_texts_of(name), name)
        classifies = entry.record.classifies
        self.empty.action.setVisible(classifies)
        self.empty.words.setText(WHAT if classifies else "This run trained a language model, and sorts no texts.")
        self.stack.setCurrentWidget(self.empty)

    def draw(self) -> None:
        self.messages.say(None)
        self._say("")
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
        self.chosen.setText(HOW)
        self._no_text()

    def _no_text(self) -> None:
        self.text.clear()
        self._row_text = RowText()
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
        self._select_line(place)

        def came(texts: protocol.Texts, _blob: bytes) -> None:
            self._row_text = row_text(texts, 0)
            self.text.setPlainText(str(self._row_text))
            for item in (self.explore, self.try_it):
                item.setEnabled(True)

        def failed(reply: protocol.Failed) -> None:
            self.messages.say(ErrorCard(self._themes, reply))

        self._asking_text.ask(protocol.RunTexts(self._run, found.split, (at,)), came, failed)  # type: ignore[arg-type]

    # --------------------------------------------------------------------------------------- several texts

    def _use_lasso(self, on: bool) -> None:
        self.plot.box.lasso = on
        self.plot.viewport().setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    def _let_go(self) -> None:
        self.plot.gather(np.zeros(len(self.plot.points), bool))

    def _list(self) -> None:
        found, places = self.map, np.flatnonzero(self.plot.gathered)
        self.listed.setVisible(len(places) > 0)
        self._place()
        if found is None or not len(places):
            return
        names = found.class_names
        true, answered = (np.array(every)[places] for every in (found.labels, found.predicted))
        classes = ", ".join(
            f"{count(many)} {name}" for name, many in zip(names, np.bincount(true, minlength=len(names))) if many
        )
        right = percent(float(np.mean(true == answered)), 0)
        self.table_line.setText(f"{counted(len(places), 'text')}: {classes}; {right} answered right")
        lines = [
            Line(found.rows[at], names[found.labels[at]], names[found.predicted[at]], found.confidence[at])
            for at in places
        ]
        self.save_table.setEnabled(False)  # until their words are there
        self.table.put(self._run, found.split, lines, "")

    def _choose_line(self, line: int) -> None:
        places = np.flatnonzero(self.plot.gathered)
        if 0 <= line < len(places):
            self.plot.choose(int(places[line]))

    def _select_line(self, place: int) -> None:
        """In the table too, where it is one of those."""
        if self.plot.gathered[place] and not self.listed.isHidden():
            line = int(self.plot.gathered[:place].sum())
            if line != self.table.currentIndex().row():
                with QSignalBlocker(self.table):
                    self.table.selectRow(line)

    def _save_table(self) -> None:
        path = self._asked_where("csv", "texts")
        if path is not None:
            self.save_table_to(path)

    def save_table_to(self, path: Path) -> None:
        self._write(path, "csv", self.table.as_csv().encode())

    # ------------------------------------------------------------------------------------------ taking away

    def _export_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction("Copy picture").triggered.connect(self._copy_picture)
        for kind, words in text_map_export.EXPORTS.items():
            menu.addAction(f"{words}…").triggered.connect(lambda _=False, kind=kind: self._export(kind))
        return menu

    def _drawing(self) -> bytes:
        assert self.map is not None
        return text_map_export.drawing(self.plot, f"{self._name}: {self.map.split} texts")

    def _copy_picture(self) -> None:
        QGuiApplication.clipboard().setImage(picture(self._drawing()))
        self._say("The map is on the clipboard.")

    def _export(self, kind: str) -> None:
        path = self._asked_where(kind, "map")
        if path is not None:
            self.export_to(path, kind)

    def export_to(self, path: Path, kind: str) -> None:
        """kind: a key of `text_map_export.EXPORTS`."""
        found = self.map
        assert found is not None
        if kind == "csv":
            what = text_map_export.as_csv(found, self._points, self.plot.gathered).encode()
        else:
            what = self._drawing()
        self._write(path, kind, what)

    def _asked_where(self, kind: str, what: str) -> Path | None:
        return ask_save_path(self, "Save", f"{self._name}-{what}", f".{kind}", text_map_export.EXPORTS[kind])

    def _write(self, path: Path, kind: str, what: bytes) -> None:
        def failed(error: UserError) -> None:
            self.messages.say(ErrorCard(self._themes, error))

        write = text_map_export.write
        self._background.run(lambda: write(path, kind, what), lambda _: self._say(f"Saved {path}."), failed)

    def _say(self, words: str) -> None:
        self.said.setText(words)
        self.said.setVisible(bool(words))

    # ------------------------------------------------------------------------------------------ going on

    def _explore(self) -> None:
        if self._row_text.prompt:
            self.explore_wanted.emit(self._row_text.prompt)

    def _try(self) -> None:
        self.try_wanted.emit(self._row_text)


def _texts_of(split: str) -> str:
    return f"{split.capitalize()} texts"
