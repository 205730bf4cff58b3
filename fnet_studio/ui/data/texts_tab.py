"""The texts as a table: by part, label and pattern, however many there are; the chosen one whole under it."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHeaderView,
    QPlainTextEdit,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import protocol
from fnet_studio.ui import timers
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.itemmodels.data_rows import LABEL, LETTERS, PAGE, PART, PART_WORDS, ROW, TEXT, DataRowsModel
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import button, label, row, whole_rows
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.figures import count, counted
from fnet_studio.ui.widgets.pattern_field import PatternField
from fnet_studio.ui.widgets.shortened_label import ShortenedLabel
from fnet_studio.ui.widgets.working import Working

FILTER_MS = 200
LOOK_MS = 60
SHOWN_CHARS = 100_000
"""Of the text under the table: more than anybody reads, and laid out in a blink."""
ROW_PX = 28
CHANGED = "The files have changed."
WIDTHS = {PART: 92, ROW: 84, LABEL: 116, LETTERS: 80}


class TextsTab(QWidget):
    pack_wanted = Signal(str, object)
    """A text, and its second one or None: show it as the model sees it."""

    first_came = Signal(str, object)
    """The first text of another data set, and its second one or None."""

    data_changed = Signal()
    """An answer is of files that changed since they were opened: its labels are not those that are known here."""

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._supervisor, self._themes = supervisor, themes
        self._fresh = False
        self._data: dict[str, Any] = {}
        self._names: tuple[str, ...] = ()
        self._hash = ""
        self._asked: protocol.DataRows | None = None
        self._text, self._pair = "", None
        self._filtering = NewestOnly(supervisor, stop_older=True)
        self._paging = NewestOnly(supervisor)
        self._looking = NewestOnly(supervisor)
        self.model = DataRowsModel(themes, self)
        self.model.page_wanted.connect(self._fetch)
        self._build()
        self._soon = timers.once(self, FILTER_MS)
        self._soon.timeout.connect(self._ask)
        self._look_soon = timers.once(self, LOOK_MS)
        self._look_soon.timeout.connect(self._look)

    def _build(self) -> None:
        themes = self._themes
        self.search = PatternField("Look for words in the texts", self)
        self.empty = QCheckBox("Empty only")
        self.part, self.label = Choice(), Choice()
        self.part.setAccessibleName("Part of the data")
        self.label.setAccessibleName("Label")
        self.counted = label("", "muted")
        self.messages = MessagePlace()
        self.working = Working(self._supervisor, themes)
        self.working.stop_wanted.connect(self._stopped)
        self.table = Table()
        self.table.setModel(self.model)
        head = self.table.horizontalHeader()
        head.setSectionResizeMode(TEXT, QHeaderView.ResizeMode.Stretch)
        for column, width in WIDTHS.items():
            head.resizeSection(column, width)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._look_soon.start())
        self.model.modelReset.connect(self._first_row)
        self.model.dataChanged.connect(lambda *_: self._look_soon.start() if not self._text else None)
        self.title = ShortenedLabel("strong")
        self.pack = button("As the model sees it", themes, "eye", "", self._pack, "Cut this text into tokens")
        self.pack.setEnabled(False)
        self.whole = QPlainTextEdit()
        self.whole.setReadOnly(True)
        self.whole.setMinimumHeight(48)
        self.whole.setTabChangesFocus(True)
        self.whole.setAccessibleName("The chosen text")
        self.whole.setPlaceholderText("Choose a row: its whole text stands here.")
        under = QWidget()
        lower = QVBoxLayout(under)
        lower.setContentsMargins(0, 8, 0, 0)
        lower.setSpacing(8)
        line = row(self.title, self.pack)
        line.setStretch(0, 1)
        lower.addLayout(line)
        lower.addWidget(self.whole, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(under)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setChildrenCollapsible(False)
        top = row(self.search.line, self.part, self.label)
        top.setStretch(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        column.addLayout(row(self.search.regex, self.search.case, self.empty, None, self.counted, spacing=16))
        column.addWidget(self.search.problem)
        column.addWidget(self.working)
        column.addWidget(self.messages)
        column.addWidget(self.splitter, 1)
        self.search.changed.connect(self._changed)
        self.search.line.returnPressed.connect(self.table.setFocus)
        self.empty.toggled.connect(self._changed)
        for choice in (self.part, self.label):
            choice.currentIndexChanged.connect(self._changed)

    # ----------------------------------------------------------------------------------------- questions

    def show_data(self, data: dict[str, Any], opened: protocol.DataOpened) -> None:
        """data: the section of a recipe. Read again, what was looked for stays."""
        again = data == self._data
        part, name = (self.part.currentData(), self.label.currentData()) if again else ("", "")
        self._data, self._names, self._hash, self._fresh = data, opened.class_names, opened.content_hash, True
        self._asked = None
        self._look_soon.stop()
        self._looking.forget()  # an answer of the texts before is no sign that files changed
        for item in (self.part, self.label, self.empty):
            item.blockSignals(True)
        if not again:
            self.search.clear()
            self.empty.setChecked(False)
        _fill(self.part, "All parts", [(one.name, PART_WORDS[one.name]) for one in opened.splits if one.texts])
        _fill(self.label, "All labels", [(name, name) for name in opened.class_names])
        self.part.setCurrentIndex(max(self.part.findData(part), 0))
        self.label.setCurrentIndex(max(self.label.findData(name), 0))
        self.label.setEnabled(bool(opened.class_names))
        for item in (self.part, self.label, self.empty):
            item.blockSignals(False)
        if self.search.valid:
            self._ask()
        else:
            self._show_none()

    def _show_none(self) -> None:
        """While the pattern is none that can be looked for; its field says what is wrong."""
        self._filtering.forget()
        self._paging.forget()
        self.working.over()
        self.messages.say(None)
        self.counted.setText("")
        self.model.begin(0, (), self._names)

    def show_only(self, *, empty: bool = False, split: str = "", label: str = "") -> None:
        """A question that another tab asks."""
        self.search.line.clear()
        self.empty.setChecked(empty)
        self.part.setCurrentIndex(max(self.part.findData(split), 0))
        self.label.setCurrentIndex(max(self.label.findData(label), 0))
        self.table.setFocus()

    def _changed(self, *_: Any) -> None:
        if self.search.valid:
            self._soon.start()
        else:
            self._soon.stop()

    def _ask(self) -> None:
        if not self._data:
            return
        pattern = self.search.pattern
        asked = protocol.DataRows(
            self._data,
            str(self.part.currentData() or ""),
            str(self.label.currentData() or ""),
            pattern.text,
            pattern.regex,
            pattern.case,
            self.empty.isChecked(),
            0,
            PAGE,
        )
        self._paging.forget()
        self.counted.setText("Looking …")

        def done(page: protocol.DataPage, _blob: bytes) -> None:
            self.working.over()
            if self._outdated(page):
                return
            self._asked = asked
            self.messages.say(None)
            self.model.begin(page.total, page.rows, self._names)
            every = not (asked.pattern or asked.split or asked.label or asked.empty)
            fit = "" if every else " fits" if page.total == 1 else " fit"
            self.counted.setText(f"{counted(page.total, 'text')}{fit}")

        self._filtering.ask(asked, done, self._failed)
        self.working.follow(lambda: self._filtering.id, "Looking through the texts")

    def _fetch(self, page: int) -> None:
        asked = self._asked
        if asked is None:
            return

        def done(found: protocol.DataPage, _blob: bytes) -> None:
            if asked is self._asked and not self._outdated(found):
                self.model.put(page, found.rows)

        self._paging.ask(_at(asked, page * PAGE, PAGE), done, self._failed)

    def _outdated(self, page: protocol.DataPage) -> bool:
        """Whether the page is of other contents than those that were opened; then they are wanted again."""
        if page.content_hash == self._hash:
            return False
        self.counted.setText(CHANGED)
        self.data_changed.emit()
        return True

    def _stopped(self) -> None:
        self._filtering.forget()
        self.working.over()
        self.counted.setText("Stopped: change what is looked for")

    def _failed(self, failed: protocol.Failed) -> None:
        self.working.over()
        if failed.kind == "data.labels":  # all that can be chosen were there when the files were opened
            self.counted.setText(CHANGED)
            self.data_changed.emit()
            return
        self.counted.setText("")
        self.messages.say(ErrorCard(self._themes, failed, "Try again", self._ask))

    # ---------------------------------------------------------------------------------------- chosen row

    def _first_row(self) -> None:
        self._text, self._pair = "", None
        self._say("" if self.model.total else "No text fits. Change what is looked for.")
        self.whole.clear()
        self.pack.setEnabled(False)
        if self.model.total:
            self.table.selectRow(0)

    def _say(self, words: str) -> None:
        self.title.setText(words)
        self.title.setToolTip(words)

    def _look(self) -> None:
        place = self.table.currentIndex().row()
        asked = self._asked
        if asked is None or not 0 <= place < self.model.total:
            return

        def done(page: protocol.DataPage, _blob: bytes) -> None:
            if not self._outdated(page) and page.rows and place == self.table.currentIndex().row():
                self._show(page.rows[0])

        self._looking.ask(_at(asked, place, 1, whole=True), done, self._failed)

    def _show(self, found: protocol.DataRow) -> None:
        self._text, self._pair = found.text, found.pair or None
        label = f"label {self.model.label_of(found)}" if found.label >= 0 else self.model.label_of(found)
        said = f"{PART_WORDS[found.split]}, row {count(found.row)}, {label}"
        self._say(f"{said}, {counted(found.chars, 'letter')}")
        text = found.text if not found.pair else f"{found.text}\n\n{found.pair}"
        cut = f"\n… {count(len(text) - SHOWN_CHARS)} more letters" if len(text) > SHOWN_CHARS else ""
        self.whole.setPlainText(text[:SHOWN_CHARS] + cut)
        self.pack.setEnabled(bool(text.strip()))
        if self._fresh:
            self._fresh = False
            self.first_came.emit(self._text, self._pair)

    def _pack(self) -> None:
        self.pack_wanted.emit(self._text, self._pair)


class Table(QTableView):
    """One line a row, of one height, so that a million of them cost no more than a hundred."""

    def __init__(self) -> None:
        super().__init__()
        whole_rows(self, "Texts")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionsClickable(False)
        self.setMinimumHeight(112)


def _fill(choice: Choice, everything: str, items: list[tuple[str, str]]) -> None:
    choice.clear()
    choice.addItem(everything, "")
    for key, words in items:
        choice.addItem(words, key)


def _at(asked: protocol.DataRows, first: int, many: int, whole: bool = False) -> protocol.DataRows:
    return protocol.DataRows(
        asked.data,
        asked.split,
        asked.label,
        asked.pattern,
        asked.regex,
        asked.case,
        asked.empty,
        first,
        many,
        whole,
    )
