"""Runs: what is on disk, the details of the selected one, and from there one run or several as large as the page."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from fnet_studio.core import places, protocol, run_notes, run_store, run_trash
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_models import name_of
from fnet_studio.core.run_notes import RunNotes
from fnet_studio.core.settings import Settings
from fnet_studio.ui import timers
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import BusyState, EmptyState, ErrorCard
from fnet_studio.ui.desktop import open_folder, open_own_folder, to_trash
from fnet_studio.ui.keys import Keys
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.parts import button
from fnet_studio.ui.run_details import RunDetails
from fnet_studio.ui.runs.library import RunEntry, RunLibrary
from fnet_studio.ui.runs.list_view import RunList
from fnet_studio.ui.runs.run_files import RunFiles
from fnet_studio.ui.runs.told_card import ToldCard
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import MARGIN, ThemeSource
from fnet_studio.ui.widgets.page_header import PageHeader
from fnet_studio.ui.widgets.pages import Pages
from fnet_studio.ui.widgets.side import WithSide

DETAILS_PX = 380
REFRESH_MS = 300
TURN_MS = 20


class RunsPage(QWidget):
    train_wanted = Signal()
    """The Train page is wanted: there is no run yet, or one goes on."""
    recipe_wanted = Signal(object)
    """A stored recipe is to be trained again, as it is or changed: `recipe.to_mapping`."""
    explore_wanted = Signal(str)
    """A text is to be looked into."""
    model_wanted = Signal(str)
    """By name, to be looked into: see `core.run_models`."""

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._supervisor, self._themes, self._settings = supervisor, themes, settings
        self._background = Background(self)
        self._wanted = ""
        """A run to be selected as soon as it is read."""
        self._unwritten: dict[str, tuple[RunNotes, RunNotes]] = {}
        """By run: what was shown, and what was made of it."""
        self._turns: list[Callable[[], None]] = []
        self._view: Any = None
        self._comparing: Any = None
        self.library = RunLibrary(self)
        self.list = RunList(self.library, themes)
        self.table, self.model = self.list.table, self.list.model
        self.details = RunDetails(themes, settings.smoothing)
        self.notices = Notices()
        self.notices.set_margins(0, 0, 0, 0)
        self.files = RunFiles(self.notices, themes, self)
        self.files.imported.connect(self._show_imported)
        self.empty = EmptyState(
            themes,
            "history",
            "No runs yet",
            "Every training run is kept here with its recipe, curves and results.",
            "Train a first one",
            self.train_wanted.emit,
        )
        self.compare = button("Compare", themes, "layers", "", self.open_comparison)
        self.compare.setToolTip("The selected runs side by side (select several with Ctrl or Shift)")
        header = PageHeader("Runs", "What was trained on this machine, with which recipe, and how well it did.")
        header.add_action(self.compare)
        about = "A run from another machine; its file can be dropped too"
        header.add_action(button("Import", themes, "folder-input", "", self.files.ask_import, about))
        header.add_action(button("Open folder", themes, "folder-open", "", self._open_all))
        self.refresh_button = button("Refresh", themes, "refresh-cw", "", self.refresh, "Read the folder again")
        header.add_action(self.refresh_button)
        self.body = Pages()
        self.with_side = self._lists()
        for page in (BusyState("Reading the runs"), self.empty, self.with_side):
            self.body.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, 16, MARGIN, 16)
        column.setSpacing(12)
        column.addWidget(header)
        column.addWidget(self.notices)
        column.addWidget(self.body, 1)
        self._settling = timers.once(self, TURN_MS)
        self._settling.timeout.connect(self._next_turn)
        self._soon = timers.once(self, REFRESH_MS)
        self._soon.timeout.connect(self.refresh)
        self.details.show_run(None)
        self._connect()
        self._empty_trash()
        self.refresh()

    def _lists(self) -> WithSide:
        side = QScrollArea()
        side.setWidgetResizable(True)
        side.setFrameShape(QFrame.Shape.NoFrame)
        side.setWidget(self.details)
        side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return WithSide("runs", "the details", side, self.list, DETAILS_PX, self._themes, self._settings, at_right=True)

    def _connect(self) -> None:
        self.library.changed.connect(self._came)
        self.list.selection_changed.connect(self._selected)
        self.table.delete_wanted.connect(self.trash_selected)
        self.table.open_wanted.connect(lambda: self.open_run())
        self.table.doubleClicked.connect(lambda _: self.open_run())
        self.table.rename_wanted.connect(self._rename)
        details = self.details
        details.open_wanted.connect(lambda _: self.open_run())
        details.folder_wanted.connect(lambda entry: self._try(lambda: open_folder(run_store.folder(entry.id))))
        details.explore_wanted.connect(lambda entry: self.model_wanted.emit(name_of(entry.id)))
        details.trash_wanted.connect(lambda entry: self.trash([entry]))
        details.resume_wanted.connect(self._resume)
        details.duplicate_wanted.connect(lambda entry: self.recipe_wanted.emit(entry.record.recipe))
        details.export_wanted.connect(self.files.ask_export)
        details.report_wanted.connect(self.files.ask_report)
        details.notes_changed.connect(self._keep_notes)

    # ---------------------------------------------------------------------------------------- what is shown

    @property
    def selected(self) -> RunEntry | None:
        """The first of the selected runs."""
        chosen = self.list.selected
        return chosen[0] if chosen else None

    def use_keys(self, keys: Keys) -> None:
        keys.tip("refresh", self.refresh_button)

    def refresh(self) -> None:
        """Read the folder again, beside the event loop."""
        self.library.refresh()

    def schedule_refresh(self) -> None:
        """Soon, once for many calls; a hidden page reads when it is shown."""
        if self.isVisible():
            self._soon.start()

    def _came(self) -> None:
        entries, problems = self.library.entries, self.library.problems
        self.list.put(entries)
        self._follow_view()
        self._turns = [self._show_table, self._settle]
        self._settling.start()  # on turns of their own, with a paint between them
        if problems:
            more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
            error = UserError(problems[0].kind, problems[0].message + more, problems[0].advice)
            self.notices.put("unreadable", ErrorCard(self._themes, error, tone="warning"))
        else:
            self.notices.take("unreadable")

    def _follow_view(self) -> None:
        """The run that is open goes along; one that is gone closes, but not one that cannot be read for a moment."""
        if self._view is None or self.body.currentWidget() is not self._view:
            return
        entry = self.library.find(self._view.run)
        if entry is not None:
            self._view.follow(entry)
        elif not run_store.is_id(self._view.run):
            self.show_list()

    def _next_turn(self) -> None:
        self._turns.pop(0)()
        if self._turns:
            self._settling.start()

    def _show_table(self) -> None:
        if self.body.currentIndex() < 3:
            self.body.setCurrentWidget(self.with_side if self.library.entries else self.empty)

    def _settle(self) -> None:
        """Select what is wanted, or the newest, and show its details."""
        entries = self.library.entries
        if self._wanted and self.list.select(self._wanted):
            self._wanted = ""
        elif entries and self.selected is None:
            self.list.select(entries[0].id)
        self._selected()

    def select(self, run: str) -> None:
        """Now, or as soon as it has been read."""
        self.show_list()
        if not self.list.select(run):
            self._wanted = run
            self.refresh()

    def _selected(self) -> None:
        chosen = self.list.selected
        self.details.show_run(chosen[0] if chosen else None)
        self.compare.setEnabled(len(chosen) > 1)
        self.compare.setText(f"Compare {len(chosen)}" if len(chosen) > 1 else "Compare")

    def heightForWidth(self, width: int) -> int:
        """As low as it can be: the window would scroll for more, beside what scrolls on the page."""
        return self.layout().totalMinimumHeightForWidth(width)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: object) -> None:
        super().hideEvent(event)
        self.details.keep_notes()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)
        self.list.fit(self.width())

    # ------------------------------------------------------------------------------------ as large as the page

    def show_list(self) -> None:
        self.body.setCurrentWidget(self.with_side if self.library.entries else self.empty)
        self.table.setFocus()

    def open_run(self, tab: str = "") -> None:
        """The selected run with its curves, maps and results."""
        entry = self.selected
        if entry is None:
            return
        if self._view is None:
            from fnet_studio.ui.runs.run_view import RunView

            self._view = RunView(self._supervisor, self.library, self._themes, self._settings)
            self._view.back_wanted.connect(self.show_list)
            self._view.explore_wanted.connect(self.explore_wanted)
            self._view.chart.smoothing_changed.connect(self._smoothing_changed)
            self.body.addWidget(self._view)
        self._view.show_run(entry, tab)
        self.body.setCurrentWidget(self._view)
        self._view.tabs.tabBar().setFocus()

    def open_comparison(self) -> None:
        """The selected runs side by side."""
        chosen = self.list.selected
        if len(chosen) < 2:
            return
        if self._comparing is None:
            from fnet_studio.ui.runs.compare_view import CompareView

            self._comparing = CompareView(self._supervisor, self.library, self._themes, self._settings)
            self._comparing.back_wanted.connect(self.show_list)
            self._comparing.explore_wanted.connect(self.explore_wanted)
            area = QScrollArea()
            area.setWidgetResizable(True)
            area.setFrameShape(QFrame.Shape.NoFrame)
            area.setWidget(self._comparing)
            self._comparing_area = area
            self.body.addWidget(area)
        self._comparing.show_runs(chosen)
        self.body.setCurrentWidget(self._comparing_area)
        self._comparing.back.setFocus()

    def _smoothing_changed(self, weight: float) -> None:
        self._settings.smoothing = weight

    # -------------------------------------------------------------------------------------- notes and trash

    def _rename(self) -> None:
        self.details.name.setFocus()
        self.details.name.selectAll()

    def _keep_notes(self, entry: RunEntry, notes: RunNotes) -> None:
        """One after the other, or an older note might be written over a newer one."""
        idle = not self._unwritten
        before, _ = self._unwritten.get(entry.id, (entry.notes, notes))
        self._unwritten[entry.id] = before, notes
        if idle:
            self._write_notes()

    def _write_notes(self) -> None:
        run, change = next(iter(self._unwritten.items()))

        def over(error: UserError | None) -> None:
            if error is not None:
                self._say("notes", error)
            if error is not None or self._unwritten[run] == change:
                del self._unwritten[run]
            if self._unwritten:
                self._write_notes()
            else:
                self.refresh()

        self._background.run(lambda: run_notes.change(run, *change), lambda _: over(None), over)

    def trash_selected(self) -> None:
        self.trash(self.list.selected)

    def trash(self, entries: list[RunEntry]) -> None:
        """Out of the list at once, and back with one press of Undo; into the system's trash when that card goes."""
        gone: list[RunEntry] = []
        for entry in entries:
            try:
                run_trash.put_aside(entry.id)
                gone.append(entry)
            except UserError as error:
                self._say("trash-refused", error)
        if not gone:
            return
        self._empty_trash(keep=[entry.id for entry in gone])
        words = f"The run {gone[0].name} was deleted." if len(gone) == 1 else f"{len(gone)} runs were deleted."
        card = ToldCard(self._themes, words, "Undo", "undo-2", lambda: self._bring_back(gone))
        card.closed.connect(self._empty_trash)
        self.notices.put("trash", card)
        self.refresh()

    def _bring_back(self, entries: list[RunEntry]) -> None:
        for entry in entries:
            self._try(lambda entry=entry: run_trash.bring_back(entry.id))
        self._wanted = entries[0].id
        self.refresh()

    def _empty_trash(self, keep: list[str] | None = None) -> None:
        """Hand on to the system's trash what nobody took back."""
        folders = [path for path in run_trash.waiting() if path.name not in (keep or ())]

        def hand_on() -> None:
            for path in folders:
                to_trash(path)

        if folders:
            self._background.run(hand_on, lambda _: None, lambda error: self._say("trash-refused", error))

    # ---------------------------------------------------------------------------------------------- actions

    def _resume(self, entry: RunEntry) -> None:
        if self._supervisor.long_running:
            error = UserError("run.running", "Another run is under way.", "Stop it, or wait for its end.")
            self.notices.put("resume", ErrorCard(self._themes, error, tone="warning"))
            return
        self.train_wanted.emit()
        self._supervisor.ask(protocol.Resume(entry.id), on_failed=self._not_resumed)

    def _not_resumed(self, failed: protocol.Failed) -> None:
        self.notices.put("resume", ErrorCard(self._themes, failed))
        self.schedule_refresh()

    def _show_imported(self, run: str) -> None:
        self._wanted = run
        self.refresh()

    def _open_all(self) -> None:
        self._try(lambda: open_own_folder(places.runs()))

    def _say(self, kind: str, error: UserError) -> None:
        self.notices.put(kind, ErrorCard(self._themes, error, tone="warning"))

    def _try(self, do: Callable[[], object]) -> None:
        try:
            do()
        except UserError as error:
            self.notices.put("error", ErrorCard(self._themes, error))
