"""A file of sentences, answered one after the other, as a table."""

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QHeaderView,
    QProgressBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import answer_tables, files, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.tables.sentences import Sentences, read_sentences
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import button, label
from fnet_studio.ui.widgets.figures import count, duration, percent
from fnet_studio.ui.widgets.flow import FlowLayout
from fnet_studio.ui.widgets.path_field import TABLES

AT_A_TIME = 16
IN_A_CELL = 6
"""Answers: more would be cut, and the second mask's not seen. The rest stands in the tool tip and in what is saved."""
NOWHERE = QModelIndex()
HEADS = ("#", "Sentence", "Answers, best first")
ABOUT = (
    "One sentence a line with [MASK] in it, or a table with a column named text. Every mask is answered "
    "with the others hidden."
)


class BatchModel(QAbstractTableModel):
    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.texts: tuple[str, ...] = ()
        self.rows: list[protocol.ManyRow] = []

    def begin(self, texts: tuple[str, ...]) -> None:
        self.beginResetModel()
        self.texts, self.rows = texts, []
        self.endResetModel()

    def add(self, rows: tuple[protocol.ManyRow, ...]) -> None:
        first = len(self.rows)
        self.rows += rows
        self.dataChanged.emit(self.index(first, 0), self.index(len(self.rows) - 1, len(HEADS) - 1))

    def rowCount(self, parent: Any = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.texts)

    def columnCount(self, parent: Any = NOWHERE) -> int:
        return len(HEADS)

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        at, column = index.row(), index.column()
        if column == 0:
            return count(at + 1)
        if column == 1:
            return self.texts[at]
        if at >= len(self.rows):
            return "…"
        return _words(self.rows[at], short=role == Qt.ItemDataRole.DisplayRole)

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return None


def _words(row: protocol.ManyRow, *, short: bool) -> str:
    if row.problem:
        return f"No answer: {row.problem}"
    shown = max(1, IN_A_CELL // max(len(row.answers), 1)) if short else None
    masks = [
        ", ".join(f"{item.text or '␣'} {percent(item.probability)}" for item in answer.candidates[:shown])
        for answer in row.answers
    ]
    cut = f"  ·  {row.cut_tokens} tokens cut" if row.cut_tokens else ""
    return "  |  ".join(masks) + cut


def _without_answer(missing: int) -> str:
    return f" {count(missing)} {'has' if missing == 1 else 'have'} no answer." if missing else ""


class BatchCard(QFrame):
    """Asks for some sentences at a time, so that it can be stopped at once and other questions come in between."""

    closed = Signal()

    def __init__(self, supervisor: Any, themes: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._themes = themes
        self._newest = NewestOnly(supervisor, stop_older=True)
        self._background = Background(self)
        self._preset, self._top_k = "", 5
        self._next_preset, self._next_top_k = "", 5
        self._name = self._notes = ""
        self._began = 0.0
        self._running = False
        self._reading: Path | None = None
        self.model = BatchModel(self)
        self.title = label("Sentences from a file", "section")
        self.line = label(ABOUT, "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setVisible(False)
        self.choose_button = button("Choose a file", themes, "folder-open", "primary", self.choose)
        self.stop_button = button("Stop", themes, "circle-stop", "", self.stop)
        self.csv_button = button("Save as CSV", themes, "save", "", lambda: self._save("csv"))
        self.json_button = button("Save as JSON", themes, "save", "", lambda: self._save("json"))
        self.close_button = button("Back to one sentence", themes, "undo-2", "", self.closed.emit)
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setAccessibleName("Sentences and their answers")
        self.view.setShowGrid(False)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setTabKeyNavigation(False)
        self.view.verticalHeader().setVisible(False)
        head = self.view.horizontalHeader()
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        for column in (1, 2):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.messages = MessagePlace()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        buttons = (self.choose_button, self.stop_button, self.csv_button, self.json_button, self.close_button)
        top = FlowLayout(gap_x=8, gap_y=6, head=True)
        for item in (self.title, *buttons):
            top.addWidget(item)
        layout.addLayout(top)
        layout.addWidget(self.line)
        layout.addWidget(self.messages)
        layout.addWidget(self.bar)
        layout.addWidget(self.view, 1)
        self._show_state()

    def prepare(self, preset: str, top_k: int) -> None:
        """Whose answers the next file gets."""
        self._next_preset, self._next_top_k = preset, min(top_k, 10)

    def choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Choose a file of sentences", "", TABLES)
        if name:
            self.read(Path(name))

    def read(self, path: Path) -> None:
        self._newest.forget()
        self.messages.say(None)
        self._running, self._reading = False, path
        self._show_state()
        self.line.setText(f"Reading {path.name} …")

        def failed(error: UserError) -> None:
            self._show_state()
            self._fail(protocol.Failed(error.kind, error.message, error.advice))

        self._background.run(lambda: read_sentences(path), lambda found: self._begin(path, found), failed, "file")

    def _begin(self, path: Path, found: Sentences) -> None:
        if self._reading is None:
            return  # it was closed meanwhile
        self._preset, self._top_k = self._next_preset, self._next_top_k  # one model for the whole file
        self._name, self._notes = path.name, " ".join(found.notes)
        self.model.begin(found.texts)
        self._running = True
        self._began = time.monotonic()
        self.bar.setRange(0, len(found.texts))
        self._next()

    def stop(self) -> None:
        self._running, self._reading = False, None
        self._newest.forget()
        self._show_state()

    def _next(self) -> None:
        done, texts = len(self.model.rows), self.model.texts
        self._running = self._running and done < len(texts)
        if self._running:
            command = protocol.FillMany(self._preset, texts[done : done + AT_A_TIME], self._top_k)
            self._newest.ask(command, self._has_some, self._failed)
        self._show_state()

    def _has_some(self, told: protocol.FilledMany, _: bytes) -> None:
        self.model.add(told.rows)
        self._next()

    def _failed(self, failed: protocol.Failed) -> None:
        self._running = False
        self._show_state()
        self._fail(failed)

    def _fail(self, failed: protocol.Failed) -> None:
        self.messages.say(ErrorCard(self._themes, failed))

    def _show_state(self) -> None:
        done, total = len(self.model.rows), len(self.model.texts)
        self.stop_button.setVisible(self._running)
        self.bar.setVisible(self._running)
        self.bar.setValue(done)
        self.view.setVisible(total > 0)
        for item in (self.csv_button, self.json_button):
            item.setVisible(done > 0)
        if not total:
            self.line.setText(ABOUT)
            return
        words = f"{self._name}, answered by {self._preset}: {count(done)} of {count(total)} sentences"
        if self._running and done:
            left = (time.monotonic() - self._began) / done * (total - done)
            words += f", {duration(left)} left"
        elif not self._running and done < total:
            words += ". Stopped: what is there can be saved"
        missing = sum(bool(it.problem) for it in self.model.rows)
        self.line.setText(f"{words}.{_without_answer(missing)} {self._notes}".rstrip())

    def _save(self, kind: str) -> None:
        stem = Path(self._name).stem or "sentences"
        name, _ = QFileDialog.getSaveFileName(self, "Save the answers", f"{stem}-answers.{kind}", f"*.{kind}")
        if name:
            self.save_to(Path(name), kind)

    def save_to(self, path: Path, kind: str) -> None:
        """What has been answered so far. kind: csv or json."""
        self.messages.say(None)
        rows = self.model.rows
        texts = self.model.texts[: len(rows)]
        if kind == "csv":
            words = answer_tables.as_csv(answer_tables.ANSWERS, answer_tables.many_rows(texts, rows))
        else:
            words = answer_tables.as_json(answer_tables.many_json(texts, rows))
        try:
            files.write_atomically(path, words.encode())
        except UserError as error:
            self._fail(protocol.Failed(error.kind, error.message, error.advice))
        else:
            self.line.setText(f"Saved as {path.name}.")
