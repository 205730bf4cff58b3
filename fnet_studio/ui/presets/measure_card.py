"""How well a preset guesses the words of a text: what `fnet-studio evaluate --task masked-lm` says of it, and beside it
what was measured before on the same text."""

import os
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from fnet_studio.core import files, protocol
from fnet_studio.core.catalogue import Entry
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import Card, button, label, row, whole_rows
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.form_rows import file_problem
from fnet_studio.ui.widgets.figures import count, counted, duration, percent
from fnet_studio.ui.widgets.path_field import PathField
from fnet_studio.ui.widgets.working import Working

ABOUT = (
    "Tokens of a text are masked as in its pretraining, and counted when the preset's first guess is right. The "
    "pseudo-perplexity masks one at a time: of how many tokens, in effect, it has to choose. Take a text that it was "
    "not trained on. Only presets of one vocabulary and length can be compared by these."
)
FILES = "Texts (*.txt *.txt.xz);;All files (*)"
HEADS = ("Preset", "Right", "Pseudo-perplexity")
ROW_PX, SHOWN_ROWS = 32, 8
Stamp = tuple[int, int]


class MeasureCard(Card):
    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._themes = themes
        self._entry: Entry | None = None
        self._found: dict[tuple[str, Stamp, str, str], protocol.PresetMeasured] = {}
        """By text, its stamp, preset and its version, in the order in which they came."""
        self._stamps: dict[str, Stamp] = {}
        """Of each text, as it was when it was there last."""
        self._versions: dict[str, str] = {}
        self._asking = NewestOnly(supervisor, stop_older=True)
        self.path = PathField("Text", "A .txt file, packed as .xz or not, or a folder of such", FILES, file_problem)
        self.start = button("Measure", themes, "chart-line", "primary", self.measure)
        self.close_button = button("Close", themes, "x", "quiet", self.leave)
        self.which = label("", "muted", wrap=True)
        self.messages = MessagePlace()
        self.working = Working(supervisor, themes)
        self.table = QTableWidget()
        whole_rows(self.table, "Measured on this text")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.setColumnCount(len(HEADS))
        self.table.setHorizontalHeaderLabels(HEADS)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().setDefaultSectionSize(ROW_PX)
        for column in range(1, len(HEADS)):
            self.table.horizontalHeaderItem(column).setTextAlignment(_side(column))
        self.column.addLayout(row(label("How well it guesses words", "section"), None, self.close_button))
        self.column.addWidget(label(ABOUT, "muted", wrap=True))
        self.column.addWidget(self.path)
        action = row(self.start, self.which)
        action.setStretch(1, 1)
        self.column.addLayout(action)
        for widget in (self.working, self.messages, self.table):
            self.column.addWidget(widget)
        self.path.changed.connect(lambda _: self._show())
        self.path.edit.returnPressed.connect(self.measure)
        self.working.stop_wanted.connect(self._stop)
        self.hide()

    def show_entry(self, entry: Entry) -> None:
        """The preset that the button is for; what is under way for another goes on."""
        self._entry = entry
        self._show()

    def know(self, versions: dict[str, str]) -> None:
        """By key, of the presets that are listed: figures of one that was replaced since are not shown."""
        self._versions = versions
        self._show()

    def measure(self) -> None:
        if not self.start.isEnabled() or self._entry is None:
            return
        key, version, text = self._entry.key, self._entry.version, self.path.text
        stamp = self._stamp(text)
        self.messages.say(None)
        self.which.setText(f"Measuring {self._entry.title}")

        def came(found: protocol.PresetMeasured, _blob: bytes) -> None:
            self._found.pop((text, stamp, key, version), None)
            self._found[text, stamp, key, version] = found
            self._over()

        def failed(problem: protocol.Failed) -> None:
            self._over()
            self.messages.say(ErrorCard(self._themes, problem))

        path = str(Path(os.path.expanduser(text)).absolute())
        self._asking.ask(protocol.MeasurePreset(key, path), came, failed)
        self.working.follow(lambda: self._asking.id, "Waiting for the worker")
        self._show()

    def leave(self) -> None:
        self._stop()
        self.hide()
        self.closed.emit()

    def _stop(self) -> None:
        self._asking.forget()
        self._over()

    def _over(self) -> None:
        self.working.over()
        self._show()

    def _stamp(self, text: str) -> Stamp:
        """What tells the contents of a text from earlier ones; of a text that is gone, of its last ones."""
        found = files.stamp(text)
        if found != files.NOTHING or text not in self._stamps:
            self._stamps[text] = found
        return self._stamps[text]

    def _show(self) -> None:
        text, entry = self.path.text, self._entry
        able = entry is not None and entry.usable and entry.card.head == "pretrained"
        self.start.setEnabled(able and not self._asking.id and bool(text) and not self.path.error)
        if not self._asking.id and entry is not None:
            self.which.setText(entry.title if able else f"{entry.title} has no trained masked-LM head.")
        stamp = self._stamp(text)
        here = [
            (key, found)
            for (of, contents, key, version), found in self._found.items()
            if (of, contents) == (text, stamp) and self._versions.get(key, version) == version
        ]
        self.table.setRowCount(len(here))
        for line, (key, found) in enumerate(here):
            tip = (
                f"{key}: {percent(found.accuracy, 2)} right, loss {found.loss:.4f}, pseudo-perplexity "
                f"{found.pseudo_perplexity:.1f}; {counted(found.masks, 'masked token')} in "
                f"{counted(found.windows, 'window')} "
                f"of {count(found.sequence_length)} from {Path(text).name}, in {duration(found.duration_s)}"
            )
            values = (key, percent(found.accuracy, 2), f"{found.pseudo_perplexity:.1f}")
            for column, words in enumerate(values):
                item = QTableWidgetItem(words)
                item.setTextAlignment(_side(column))
                item.setToolTip(tip)
                self.table.setItem(line, column, item)
        height = self.table.horizontalHeader().sizeHint().height() + min(len(here), SHOWN_ROWS) * ROW_PX + 4
        self.table.setFixedHeight(height)
        self.table.setVisible(bool(here))


def _side(column: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignVCenter | (Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft)
