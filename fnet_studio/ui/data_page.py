"""Data: the texts that models learn from and are tested on. The list at the left, the chosen data set at the right."""

from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from fnet_studio.core import data_sets, protocol
from fnet_studio.core import recipe as recipes
from fnet_studio.core.data_sets import DataSet
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_sections import DataRecipe
from fnet_studio.core.settings import Settings
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.data.cutting import Cutting
from fnet_studio.ui.data.data_list import DataList
from fnet_studio.ui.data.import_view import ImportView
from fnet_studio.ui.data.library import DataLibrary, Entry
from fnet_studio.ui.data.overview_tab import OverviewTab
from fnet_studio.ui.data.seen_tab import SeenTab
from fnet_studio.ui.data.small_cards import RelocateCard, RenameCard, UndoCard
from fnet_studio.ui.data.texts_tab import TextsTab
from fnet_studio.ui.data.twins_tab import TwinsTab
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.parts import button, row
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.page_header import PageHeader
from fnet_studio.ui.widgets.path_field import dropped_path
from fnet_studio.ui.widgets.shortened_label import ShortenedLabel
from fnet_studio.ui.widgets.side import WithSide
from fnet_studio.ui.widgets.tabs import Tabs
from fnet_studio.ui.widgets.working import Working, centred

LIST_PX = 208
MARGIN = 24


class DataPage(QWidget):
    train_wanted = Signal(object)
    """`DataSet`: train on it."""
    explore_wanted = Signal(str)

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._supervisor, self._themes, self._settings = supervisor, themes, settings
        self.library = DataLibrary(self)
        self.cutting = Cutting(settings.preset, self)
        self._opening = NewestOnly(supervisor, stop_older=True)
        self._shown: Entry | None = None
        self._learnt: DataSet | None = None
        self._reread = ""
        self._presented: tuple[dict[str, Any], protocol.DataOpened] | None = None
        self.opened: protocol.DataOpened | None = None
        self.setAcceptDrops(True)
        self._build()
        self.library.changed.connect(self._listed)
        self.library.refused.connect(self._refused)
        self.list.entry_chosen.connect(self._chosen)
        self.list.delete_wanted.connect(self.remove)
        self.list.rename_wanted.connect(self.rename)
        self.importing.added.connect(self._add)
        self.importing.cancelled.connect(self._leave_import)
        self.texts.pack_wanted.connect(self._show_packed)
        self.texts.first_came.connect(self.seen.show_text)
        self.texts.data_changed.connect(self._data_changed)
        self.twins.data_changed.connect(self._data_changed)
        self.overview.texts_wanted.connect(self._show_texts)
        self.overview.twins_wanted.connect(self._show_twins)
        self.seen.explore_wanted.connect(self.explore_wanted)
        self.library.refresh()

    def _build(self) -> None:
        themes = self._themes
        header = PageHeader("Data", "The texts that models learn from and are tested on.")
        self.add_button = button(
            "Add data", themes, "plus", "primary", lambda: self.begin_import(), "A file or a folder"
        )
        header.add_action(self.add_button)
        self.notices = Notices()
        self.notices.set_margins(0, 0, 0, 0)
        self.list = DataList(themes)
        self.overview = OverviewTab(self._supervisor, themes, self.cutting)
        self.texts = TextsTab(self._supervisor, themes)
        self.twins = TwinsTab(self._supervisor, themes)
        self.seen = SeenTab(self._supervisor, themes, self.cutting)
        self.tabs = Tabs()
        self.tabs.setAccessibleName("Views of the data set")
        self.tabs.tabBar().setAccessibleName("Views of the data set")
        for tab, words in (
            (self.overview, "Overview"),
            (self.texts, "Texts"),
            (self.twins, "Twice"),
            (self.seen, "As the model sees it"),
        ):
            self.tabs.addTab(tab, words)
        self.title = ShortenedLabel("section")
        self.where = ShortenedLabel("caption", shortened=Qt.TextElideMode.ElideMiddle)
        self.train = button("Train on it", themes, "graduation-cap", "", self._train)
        self.more = button("More", themes, "chevron-down", "", None, "Rename, relocate, remove")
        menu = QMenu(self.more)
        self.rename_action = menu.addAction("Rename …")
        self.rename_action.triggered.connect(lambda _=False: self.rename())
        self.relocate_action = menu.addAction("Files have moved …")
        self.relocate_action.triggered.connect(lambda _=False: self.relocate())
        self.reload_action = menu.addAction("Read again")
        self.reload_action.triggered.connect(lambda _=False: self.refresh())
        menu.addSeparator()
        self.remove_action = menu.addAction("Remove from the list")
        self.remove_action.triggered.connect(lambda _=False: self.remove())
        self.more.setMenu(menu)
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addWidget(self.title)
        names.addWidget(self.where)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addLayout(names, 1)
        top.addWidget(self.train)
        top.addWidget(self.more)
        self.working = Working(self._supervisor, themes)
        self.working.stop_wanted.connect(self._stopped)
        self.trouble = MessagePlace()
        self.again = button("Read it", themes, "refresh-cw", "", self.open)
        self.again.hide()
        wrong = QWidget()
        lines = QVBoxLayout(wrong)
        lines.setContentsMargins(0, 12, 0, 0)
        lines.addWidget(self.trouble)
        lines.addLayout(row(self.again, None))
        lines.addStretch(1)
        self.busy, self.wrong = centred(self.working), wrong
        self.inside = QStackedWidget()
        for item in (self.tabs, self.busy, self.wrong):
            self.inside.addWidget(item)
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.inside, 1)
        self.importing = ImportView(self._supervisor, themes, self._settings.imdb_path)
        self.stack = QStackedWidget()
        self._one = shown
        for item in (shown, self.importing):
            self.stack.addWidget(item)
        self.with_side = WithSide("data", "the list", self.list, self.stack, LIST_PX, themes, self._settings)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(MARGIN, 16, MARGIN, 16)
        whole.setSpacing(12)
        whole.addWidget(header)
        whole.addWidget(self.notices)
        whole.addWidget(self.with_side, 1)

    # -------------------------------------------------------------------------------------------- list

    @property
    def start_button(self) -> QPushButton:
        """What Ctrl+Enter presses."""
        return self.importing.add if self.stack.currentWidget() is self.importing else self.train

    @property
    def entry(self) -> Entry | None:
        """The chosen one."""
        return self.library.find(self.list.chosen)

    def refresh(self) -> None:
        """Look again at the list and at the files (F5)."""
        self._shown = self._presented = None
        self._look()

    def heightForWidth(self, width: int) -> int:
        """As low as it can be: the window would scroll for more, beside what scrolls on the page."""
        return self.layout().totalMinimumHeightForWidth(width)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._look()

    def _look(self) -> None:
        self._reread = ""
        self.notices.take("changing")
        self.library.refresh()
        self.overview.refresh()
        self.seen.refresh()

    def _data_changed(self) -> None:
        """A tab met other contents than those that are shown: they are read again, once for each look at the page; what
        is written to without end would be read without end."""
        entry = self.entry
        if entry is None or self._shown is None or self.opened is None:
            return  # they are being read already
        if self._reread != entry.id:
            self._reread, self._shown, self._presented = entry.id, None, None
            self.library.refresh()
            return
        changing = UserError(
            "data.changing",
            f"The files of {entry.one.name} keep changing.",
            "What stands here may be of before. Read them again once nothing writes to them any more.",
        )
        card = ErrorCard(self._themes, changing, "Read again", self.refresh, action_icon="refresh-cw", tone="warning")
        self.notices.put("changing", card)

    def _listed(self) -> None:
        self.list.show_entries(self.library.entries)
        for problem in self.library.problems:
            self.notices.put(problem.message, ErrorCard(self._themes, problem, tone="warning"))
        if self.entry is None and self.library.entries:
            self.list.choose(self.library.entries[0].id)
        elif self.entry is not None:
            self._chosen(self.entry.id)
        self._learnt = None

    def _chosen(self, id: str) -> None:
        entry = self.library.find(id)
        if entry is None:
            return
        self._say_what(entry)
        if self.stack.currentWidget() is self.importing and self.list.hasFocus():
            self.stack.setCurrentWidget(self._one)
        learnt = self._shown is not None and self._shown.one == entry.one == self._learnt
        if self._shown != entry and not learnt:  # files that changed again since wait for the next look at the page
            self.open()

    def _say_what(self, entry: Entry) -> None:
        one = entry.one
        self.title.setText(one.name)
        self.title.setToolTip(one.name)
        self.where.setText(one.data.path or "Came with the program")
        self.where.setToolTip(one.data.path)
        own = one.id != data_sets.SAMPLE.id
        for action in (self.rename_action, self.relocate_action, self.remove_action):
            action.setEnabled(own)
        self.train.setEnabled(not entry.missing)

    def choose(self, id: str) -> None:
        self.stack.setCurrentWidget(self._one)
        self.list.choose(id)

    # ------------------------------------------------------------------------------------------- opening

    def open(self) -> None:
        """Have the worker read the chosen one."""
        entry = self.entry
        if entry is None:
            return
        self._shown, self.opened = entry, None
        self.again.hide()
        self.notices.take("changing")
        self._opening.forget()
        if entry.missing:
            self._show_missing(entry)
            return
        if not self._supervisor.state.alive:
            self._supervisor.start()
        data = self._mapping(entry.one)
        self.working.stop.setEnabled(True)
        self.inside.setCurrentWidget(self.busy)

        def done(opened: protocol.DataOpened, _blob: bytes) -> None:
            self.working.over()
            self.opened = opened
            self.inside.setCurrentWidget(self.tabs)
            presented = data, msgspec.structs.replace(opened, took_s=0.0)
            if presented != self._presented:  # else only the time of the files is another: what was chosen stays
                self._presented = presented
                for tab in (self.overview, self.texts, self.twins, self.seen):
                    tab.show_data(data, opened)
            self._learn(entry, opened)

        self._opening.ask(protocol.OpenData(data), done, self._failed)
        self.working.follow(lambda: self._opening.id, "Reading the texts")

    def _mapping(self, one: DataSet) -> dict[str, Any]:
        """As a run would have it: with the length and vocabulary of a classifier from scratch."""
        return recipes.to_mapping(recipes.Recipe(data=one.data))["data"]

    def _learn(self, entry: Entry, opened: protocol.DataOpened) -> None:
        one = entry.one
        texts = sum(part.texts for part in opened.splits)
        known = msgspec.structs.replace(one, texts=texts, classes=opened.class_names)
        if known != one and one.id != data_sets.SAMPLE.id:
            self._shown, self._learnt = entry._replace(one=known), known
            self.library.change(lambda: data_sets.save(known))

    def _failed(self, failed: protocol.Failed) -> None:
        self.working.over()
        self.inside.setCurrentWidget(self.wrong)
        self.trouble.say(ErrorCard(self._themes, failed, "Read again", self.open, closable=False))

    def _stopped(self) -> None:
        self._opening.forget()
        self.working.over()
        self.trouble.say(None)
        self.inside.setCurrentWidget(self.wrong)
        self.again.show()

    def _show_missing(self, entry: Entry) -> None:
        self.inside.setCurrentWidget(self.wrong)
        gone = UserError(
            "data.missing",
            f"{', '.join(entry.missing)} is not there any more.",
            "Plug its disk in and look again, or say where it is now. The list keeps the data set.",
        )
        self.trouble.say(
            ErrorCard(
                self._themes,
                gone,
                "Say where it is",
                self.relocate,
                action_icon="folder-open",
                closable=False,
                tone="warning",
            )
        )

    # ------------------------------------------------------------------------------------------- changes

    def begin_import(self, path: str = "") -> None:
        """path: '' for an empty form, or for the one that is being filled in."""
        if path or self.stack.currentWidget() is not self.importing:
            self.stack.setCurrentWidget(self.importing)
            self.importing.begin(path)

    def _leave_import(self) -> None:
        self.stack.setCurrentWidget(self._one)
        self.list.setFocus()

    def _add(self, data: DataRecipe, name: str, texts: int, classes: tuple[str, ...]) -> None:
        format = self.importing.format
        if data.source == "imdb":
            self._settings.imdb_path = data.path

        def added(one: DataSet) -> None:
            self.importing.clear()
            self.choose(one.id)
            self.list.setFocus()

        self.library.change(lambda: data_sets.add(name, data, format, texts, classes), added)

    def rename(self) -> None:
        entry = self.entry
        if entry is None or entry.id == data_sets.SAMPLE.id:
            return
        card = RenameCard(self._themes, entry.one.name)
        card.named.connect(lambda name: self._rename(entry.one, name))
        self.notices.put("rename", card)
        card.edit.setFocus()
        card.edit.selectAll()

    def _rename(self, one: DataSet, name: str) -> None:
        renamed = msgspec.structs.replace(one, name=name)
        if self._shown is not None and self._shown.one == one:
            self._shown = self._shown._replace(one=renamed)
        self.library.change(lambda: data_sets.save(renamed))

    def relocate(self) -> None:
        entry = self.entry
        if entry is None or entry.id == data_sets.SAMPLE.id:
            return
        card = RelocateCard(self._themes, entry.one)
        card.placed.connect(lambda path: self.relocate_to(entry.one, path))
        self.notices.put("relocate", card)
        card.field.edit.setFocus()

    def relocate_to(self, one: DataSet, path: str) -> None:
        self.library.change(lambda: data_sets.save(data_sets.relocated(one, path)))

    def remove(self) -> None:
        """Of the list alone; the user's files stay where they are."""
        entry = self.entry
        if entry is None or entry.id == data_sets.SAMPLE.id:
            return
        one = entry.one

        def removed(_: object) -> None:
            card = UndoCard(self._themes, f"{one.name} was taken from the list. Its files are where they were.")
            card.undo_wanted.connect(lambda: self.library.change(lambda: data_sets.bring_back(one.id), self._back))
            self.notices.put("removed", card)
            card.undo.setFocus()

        self.library.change(lambda: data_sets.remove(one.id), removed)

    def _back(self, one: DataSet) -> None:
        self.choose(one.id)
        self.list.setFocus()

    def _refused(self, error: UserError) -> None:
        self.notices.put("error", ErrorCard(self._themes, error))

    def dragEnterEvent(self, event: Any) -> None:
        if dropped_path(event):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        if dropped_path(event):
            event.acceptProposedAction()
            self.begin_import(dropped_path(event))

    # --------------------------------------------------------------------------------------- between tabs

    def _train(self) -> None:
        entry = self.entry
        if entry is not None:
            self.train_wanted.emit(entry.one)

    def _show_texts(self, empty: bool, split: str, name: str) -> None:
        self.tabs.setCurrentWidget(self.texts)
        self.texts.show_only(empty=empty, split=split, label=name)

    def _show_twins(self, kind: str) -> None:
        self.tabs.setCurrentWidget(self.twins)
        self.twins.show_kind(kind)

    def _show_packed(self, text: str, pair: str | None) -> None:
        self.tabs.setCurrentWidget(self.seen)
        self.seen.show_text(text, pair)
