"""Texts that stand more than once, in one part or across two: a list, and both of the chosen pair side by side."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHeaderView, QPlainTextEdit, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.ui.cards import EmptyState, ErrorCard
from fnet_studio.ui.data.texts_tab import CHANGED, Table
from fnet_studio.ui.itemmodels.data_rows import PART_WORDS
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import label, row
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.figures import count, counted
from fnet_studio.ui.widgets.shortened_label import ShortenedLabel
from fnet_studio.ui.widgets.working import Working, centred

PAGE = 500
"""Pairs that are listed at a time; more are brought when the end is in sight."""
KINDS = (("leaks", "In two parts"), ("duplicates", "In one part"))
HEADS = ("First", "Again", "Labels", "Text")
Index = QModelIndex | QPersistentModelIndex
Pair = tuple[protocol.DataRow, protocol.DataRow]


class TwinsModel(QAbstractTableModel):
    more_wanted = Signal(int)
    """From this pair on."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.pairs: list[Pair] = []
        self.total = 0
        self._names: tuple[str, ...] = ()

    def begin(self, total: int, pairs: tuple[Pair, ...], names: tuple[str, ...]) -> None:
        self.beginResetModel()
        self.total, self.pairs, self._names = total, list(pairs), names
        self.endResetModel()

    def add(self, pairs: tuple[Pair, ...]) -> None:
        first = len(self.pairs)
        self.beginInsertRows(QModelIndex(), first, first + len(pairs) - 1)
        self.pairs += pairs
        self.endInsertRows()

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and len(self.pairs) < self.total

    def fetchMore(self, parent: Index) -> None:
        self.more_wanted.emit(len(self.pairs))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else len(self.pairs)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and orientation == Qt.Orientation.Horizontal:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        one, other = self.pairs[index.row()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.place(one)} and {self.place(other)}, {self._labels(one, other)}: {one.text[:200]}"
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        text = " ".join(" / ".join(part for part in (one.text[:300], one.pair[:300]) if part).split())
        return (self.place(one), self.place(other), self._labels(one, other), text)[index.column()]

    def place(self, found: protocol.DataRow) -> str:
        return f"{PART_WORDS[found.split]} {count(found.row)}"

    def label_of(self, found: protocol.DataRow) -> str:
        return self._names[found.label] if 0 <= found.label < len(self._names) else "no label"

    def _labels(self, one: protocol.DataRow, other: protocol.DataRow) -> str:
        first, second = self.label_of(one), self.label_of(other)
        return first if first == second else f"{first} ≠ {second}"


class TwinsTab(QWidget):
    data_changed = Signal()
    """As of the texts' tab."""

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._data: dict[str, Any] = {}
        self._names: tuple[str, ...] = ()
        self._hash = ""
        self._looked = False
        self._asking = NewestOnly(supervisor, stop_older=True)
        self._adding = NewestOnly(supervisor)
        self.model = TwinsModel(self)
        self.model.more_wanted.connect(self._more)
        self.kind = Choice()
        self.kind.setAccessibleName("Where the texts stand more than once")
        self.kind.setMinimumContentsLength(12)
        for key, words in KINDS:
            self.kind.addItem(words, key)
        self.loosely = QCheckBox("Ignore case, spaces and punctuation")
        self.counted = label("", "muted")
        self.messages = MessagePlace()
        self.working = Working(supervisor, themes)
        self.working.stop_wanted.connect(self._stopped)
        self.table = Table()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Texts that stand more than once")
        head = self.table.horizontalHeader()
        for column, width in enumerate((128, 128, 120)):
            head.resizeSection(column, width)
        head.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().currentRowChanged.connect(lambda now, _: self._show(now.row()))
        self.titles = (ShortenedLabel("strong"), ShortenedLabel("strong"))
        self.texts = (QPlainTextEdit(), QPlainTextEdit())
        sides = QWidget()
        both = row(spacing=12)
        both.setContentsMargins(0, 8, 0, 0)
        sides.setLayout(both)
        for title, text, words in zip(self.titles, self.texts, ("The first text", "The same text again")):
            text.setReadOnly(True)
            text.setTabChangesFocus(True)
            text.setAccessibleName(words)
            side = QVBoxLayout()
            side.setSpacing(4)
            side.addWidget(title)
            side.addWidget(text, 1)
            both.addLayout(side, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.table)
        splitter.addWidget(sides)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setChildrenCollapsible(False)
        self.empty = EmptyState(themes, "circle-check", "No text stands twice here", "")
        self.busy = centred(self.working)
        self.stack = QStackedWidget()
        for item in (splitter, self.empty, self.busy):
            self.stack.addWidget(item)
        self._splitter = splitter
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(8)
        column.addLayout(row(self.kind, self.loosely, None, self.counted, spacing=16))
        column.addWidget(self.messages)
        column.addWidget(self.stack, 1)
        self.kind.currentIndexChanged.connect(self._ask)
        self.loosely.toggled.connect(self._ask)

    def show_data(self, data: dict[str, Any], opened: protocol.DataOpened) -> None:
        self._data, self._names, self._hash, self._looked = data, opened.class_names, opened.content_hash, False
        self._asking.forget()
        self._adding.forget()
        if self.isVisible():
            self._ask()

    def show_kind(self, kind: str) -> None:
        self.kind.setCurrentIndex(self.kind.findData(kind))
        self.table.setFocus()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if not self._looked:
            self._ask()

    def _question(self, first: int) -> protocol.DataTwins:
        return protocol.DataTwins(self._data, self.kind.currentData(), self.loosely.isChecked(), first, PAGE)

    def _ask(self, *_: Any) -> None:
        if not self._data:
            return
        self._looked = True
        self._adding.forget()
        self.messages.say(None)
        self.counted.setText("")
        self.stack.setCurrentWidget(self.busy)

        def done(found: protocol.TwinsFound, _blob: bytes) -> None:
            self.working.over()
            if found.content_hash != self._hash:
                self.model.begin(0, (), ())
                self.stack.setCurrentWidget(self._splitter)
                self.counted.setText(CHANGED)
                self.data_changed.emit()
                return
            self.model.begin(found.total, found.pairs, self._names)
            self.counted.setText(counted(found.total, "pair"))
            self.stack.setCurrentWidget(self._splitter if found.total else self.empty)
            where = "two parts" if self.kind.currentData() == "leaks" else "its part"
            self.empty.words.setText(
                f"No text stands {'in ' + where if where == 'two parts' else 'twice in ' + where}. "
                + ("" if self.loosely.isChecked() else "Ignore case and punctuation to look for near ones too.")
            )
            if found.total:
                self.table.selectRow(0)

        self._asking.ask(self._question(0), done, self._failed)
        self.working.follow(lambda: self._asking.id, "Looking for texts that stand twice")

    def _more(self, first: int) -> None:
        if self._adding.busy:
            return

        def done(found: protocol.TwinsFound, _blob: bytes) -> None:
            if found.content_hash == self._hash:
                self.model.add(found.pairs)
            else:
                self.data_changed.emit()

        self._adding.ask(self._question(first), done, self._failed)

    def _failed(self, failed: protocol.Failed) -> None:
        self.working.over()
        self.stack.setCurrentWidget(self._splitter)
        self.messages.say(ErrorCard(self._themes, failed, "Try again", self._ask))

    def _stopped(self) -> None:
        self._asking.forget()
        self.working.over()
        self.model.begin(0, (), ())
        self.stack.setCurrentWidget(self._splitter)
        self.counted.setText("Stopped. Change a choice to look again.")

    def _show(self, place: int) -> None:
        pair = self.model.pairs[place] if 0 <= place < len(self.model.pairs) else ()
        for title, text in zip(self.titles, self.texts):
            title.clear()
            text.clear()
        for found, title, text in zip(pair, self.titles, self.texts):
            words = f"{self.model.place(found)}, {self.model.label_of(found)}"
            title.setText(words)
            title.setToolTip(words)
            text.setPlainText("\n\n".join(part for part in (found.text, found.pair) if part))
