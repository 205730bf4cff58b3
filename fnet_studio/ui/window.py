"""The main window: rail, pages, notices and the status line, and who hears of what."""

import base64
from copy import deepcopy
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import protocol, provenance, updates
from fnet_studio.core import recipe as recipes
from fnet_studio.core import settings as settings_file
from fnet_studio.core.data_sets import DataSet
from fnet_studio.core.errors import UserError
from fnet_studio.core.settings import Settings
from fnet_studio.ui import icons, timers
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import BusyState, ErrorCard
from fnet_studio.ui.keys import Keys
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.pages import MAKERS, WELCOME, preload
from fnet_studio.ui.rail import PLACES, Rail
from fnet_studio.ui.status_line import StatusLine
from fnet_studio.ui.stopping import Stopping
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import SMALLEST_WINDOW, ThemeSource
from fnet_studio.ui.waiting_focus import WaitingFocus
from fnet_studio.ui.when_done import WhenDone
from fnet_studio.ui.widgets.path_field import dropped_runs
from fnet_studio.ui.widgets.side import WithSide
from fnet_studio.ui.worker_state import WorkerState

TITLE = "FNet Studio"
USUAL = (1280, 800)
SAVE_MS = 2000
PRELOAD_MS = 150
CONTROL = Qt.KeyboardModifier.ControlModifier


class Window(QMainWindow):
    """Owns the pages. They are made after the first paint: the window is on screen before anything heavy is
    imported."""

    painted = Signal()
    """Once, after the first paint."""

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, settings: Settings, warning: str = "") -> None:
        """warning: what went wrong with the settings' file, for a card."""
        super().__init__()
        self.supervisor, self.themes, self.settings = supervisor, themes, settings
        self.setWindowTitle(TITLE)
        self.setWindowIcon(icons.program_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(*SMALLEST_WINDOW)
        self.resize(*USUAL)
        self.keys = Keys(settings, self)
        self.rail = Rail(themes)
        self.notices = Notices()
        self.stack = QStackedWidget()
        self.status = StatusLine(supervisor, themes)
        self.stopping = Stopping(supervisor, themes, self.notices, self)
        self.when_done = WhenDone(supervisor, themes, self.notices, self)
        self._pages: dict[str, QWidget] = {}
        self._frames: dict[str, QScrollArea] = {}
        self._palette: Any = None
        self._waiting_focus = WaitingFocus(self)
        self._was_painted = False
        self._lay_out()
        self._connect()
        self._restore_geometry()
        self._saving = timers.repeating(self, SAVE_MS)
        self._saving.timeout.connect(self._save_if_changed)
        self._saved = deepcopy(settings)
        if warning:
            self.notices.put("settings", self._warning(warning, "Choose them on the Settings page."))

    # -------------------------------------------------------------------------------------------- pages

    @property
    def current(self) -> str:
        """Key of the page that is shown."""
        frame = self.stack.currentWidget()
        return next(key for key, known in self._frames.items() if known is frame)

    def page(self, key: str) -> Any:
        """The page, made now if it was not yet."""
        if key not in self._pages:
            page = MAKERS[key](self.supervisor, self.themes, self.settings)
            page.setProperty("page", True)
            self._frames[key].setWidget(page)
            self._pages[key] = page
            if key == "presets":
                page.chosen.connect(self.explore_with)
                page.recipe_wanted.connect(self._train_again)
                page.run_wanted.connect(self.show_run)
            elif key == WELCOME:
                page.page_wanted.connect(self.go)
            elif key == "train":
                page.when_done_wanted.connect(self.when_done.begin)
            elif key == "data":
                page.train_wanted.connect(self._train_on)
                page.explore_wanted.connect(self._explore_text)
            elif key == "runs":
                page.train_wanted.connect(lambda: self.go("train"))
                page.recipe_wanted.connect(self._train_again)
                page.explore_wanted.connect(self._explore_text)
                page.model_wanted.connect(self.explore_with)
            if hasattr(page, "use_keys"):
                page.use_keys(self.keys)
            if hasattr(page, "with_side"):
                self.keys.follow("side", page.with_side.show_key)
            if hasattr(page, "stop_wanted"):
                page.stop_wanted.connect(self.stopping.ask_stop)
            if hasattr(page, "restart_wanted"):
                page.restart_wanted.connect(self.stopping.ask_restart)
        return self._pages[key]

    def go(self, key: str) -> None:
        self.rail.show_page(key)
        if key != WELCOME:
            self.settings.page = key
        if self._was_painted:
            self.page(key)
        frame = self._frames[key]
        if frame is not self.stack.currentWidget():
            self.stack.setCurrentWidget(frame)
            frame.setFocus()  # or Qt hands the focus to whatever comes next, with its ring

    def show_run(self, run: str) -> None:
        self.go("runs")
        self.page("runs").select(run)

    def import_runs(self, paths: list[Path]) -> None:
        """From their files, as the Runs page's own button does."""
        self.go("runs")
        self.page("runs").files.import_runs(paths)

    def show_updates(self, looking: bool = False) -> None:
        """Open the settings at their updates. looking: only ask the feed, and say so when there is something newer."""
        if not looking:
            self.go("settings")
            return
        asking = Background(self)
        source = updates.source(self.settings)

        def answered(update: updates.Update) -> None:
            if update.release is not None:
                words = f"Version {update.release.version} of FNet Studio is there."
                failed = protocol.Failed("update.there", words, "Nothing was downloaded yet.")
                card = ErrorCard(
                    self.themes, failed, "Show it", self.show_updates, action_icon="download", tone="warning"
                )
                self.notices.put("update", card)
                self.page("settings").updates.show_update(update)

        def failed(error: UserError) -> None:
            if error.kind.startswith("update."):  # a network that is away is no news
                self.notices.put("update", ErrorCard(self.themes, error, tone="warning"))

        asking.run(lambda: updates.check(source), answered, failed)

    def find_command(self) -> None:
        """Open the field that finds anything by its name."""
        if self._palette is None:
            from fnet_studio.ui.command_palette.palette import CommandPalette

            self._palette = CommandPalette(self, self.themes)
        self._palette.open()

    def explore_with(self, preset: str) -> None:
        self.go("explore")
        self.page("explore").choose_preset(preset)

    def _explore_text(self, text: str) -> None:
        self.go("explore")
        self.page("explore").sentence.set_text(text)

    def _train_on(self, one: DataSet) -> None:
        self.go("train")
        self.page("train").show_form().use_data(one)

    def _train_again(self, values: dict[str, Any]) -> None:
        """Put a stored recipe into the form, to be started as it is or changed."""
        try:
            recipe = recipes.from_mapping(values)
        except UserError as error:
            self.show_error(error)
            return
        self.go("train")
        form = self.page("train").show_form()
        form.show_recipe(recipe, form.picker.find(provenance.nearest_bundled(recipe)))

    # ------------------------------------------------------------------------------------------- layout

    def _lay_out(self) -> None:
        centre = QWidget()
        whole = QHBoxLayout(centre)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        right = QVBoxLayout()
        right.setSpacing(0)
        for item in (self.notices, self.stack, self.status):
            right.addWidget(item, 1 if item is self.stack else 0)
        whole.addWidget(self.rail)
        whole.addLayout(right, 1)
        self.setCentralWidget(centre)
        for key, words in (*((place.key, place.words) for place in PLACES), (WELCOME, "FNet Studio")):
            frame = QScrollArea()
            frame.setWidgetResizable(True)
            frame.setFrameShape(QFrame.Shape.NoFrame)
            frame.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            frame.setWidget(BusyState(f"Opening {words}"))
            self._frames[key] = frame
            self.stack.addWidget(frame)
        self.go(self.settings.page if self.settings.page in self._frames else "explore")

    def _connect(self) -> None:
        self.rail.chosen.connect(self.go)
        self.rail.find_wanted.connect(self.find_command)
        self.rail.restart_wanted.connect(self.stopping.ask_restart)
        self.status.stop_wanted.connect(self.stopping.ask_stop)
        self.stopping.close_wanted.connect(self.close)
        self.when_done.close_wanted.connect(self.close)
        self.status.run_wanted.connect(self.show_run)
        self.status.told.connect(self._tell)
        self.supervisor.state_changed.connect(self._state_changed)
        self.supervisor.devices_changed.connect(self._devices_changed)
        self.supervisor.pulse_changed.connect(self.rail.device.show_pulse)
        self.supervisor.restarted_by_itself.connect(self._restarted)
        self.supervisor.message.connect(self._message)
        for place in PLACES:
            self.keys.bind(f"go-{place.key}", self, lambda key=place.key: self.go(key))
            self.keys.tip(f"go-{place.key}", self.rail.buttons[place.key])
        self.keys.bind("find", self, self.find_command)
        self.keys.tip("find", self.rail.find)
        self.keys.bind("refresh", self, self._refresh)
        self.keys.bind("side", self, self._switch_side)
        self.keys.bind("full-screen", self, self.switch_full_screen)
        self._state_changed(self.supervisor.state)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter and Esc that no page took for itself; as shortcuts they would contend with the pages' own."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and event.modifiers() & CONTROL:
            self._begin()
        elif event.key() == Qt.Key.Key_Escape:
            if not self.when_done.escape():
                self.stopping.escape()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_runs(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.import_runs(dropped_runs(event))

    def focusNextPrevChild(self, next: bool) -> bool:
        return self._waiting_focus.take() or super().focusNextPrevChild(next)

    def _begin(self) -> None:
        """Press the page's Start, if it has one."""
        found = getattr(self.page(self.current), "start_button", None)
        if found is not None and found.isEnabled():
            found.click()

    @property
    def side(self) -> WithSide | None:
        """What stands beside the page's work, if something does."""
        found = getattr(self.page(self.current), "with_side", None)
        return found if found is not None and found.isVisible() else None

    def _switch_side(self) -> None:
        if self.side is not None:
            self.side.switch()

    def switch_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _refresh(self) -> None:
        refresh = getattr(self.page(self.current), "refresh", None)
        if refresh is not None:
            refresh()

    # -------------------------------------------------------------------------------------- first paint

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if not self._was_painted:
            self.centralWidget().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and not self._was_painted:
            self._was_painted = True
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self._after_first_paint)
        return super().eventFilter(watched, event)

    def _after_first_paint(self) -> None:
        self.painted.emit()
        focused = self.focusWidget()
        if focused is not None:  # Qt gave it to the first button of the rail
            focused.clearFocus()
        self.page(self.current)
        self._saving.start()
        QTimer.singleShot(PRELOAD_MS, self, preload)

    # ------------------------------------------------------------------------------------------- worker

    def _state_changed(self, state: WorkerState) -> None:
        self.rail.worker.show_state(state)
        if state.name == "crashed" and state.failure is not None:
            card = ErrorCard(self.themes, state.failure, "Restart the worker", self.supervisor.restart)
            self.notices.put("worker", card)
        elif state.name == "not-responding":
            failed = protocol.Failed(
                "worker.silent",
                "The worker does not answer.",
                "Wait if the machine is busy with other programs. Restarting it ends what it works on.",
            )
            card = ErrorCard(self.themes, failed, "Restart the worker", self.supervisor.restart, tone="warning")
            self.notices.put("worker", card)
        elif state.name in ("ready", "busy", "starting"):
            self.notices.take("worker")
        if not state.alive:
            self.rail.device.show_devices(())
            self.rail.device.show_pulse(self.supervisor.pulse)

    def _tell(self, words: str, over: bool) -> None:
        """In the title, which the task bar shows while another program is in front; the end of work asks for a look."""
        if over and self.isActiveWindow():
            words = ""
        self.setWindowTitle(f"{words} · {TITLE}" if words else TITLE)
        if over:
            QApplication.alert(self)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and not self.status.command:
            self.setWindowTitle(TITLE)

    def _devices_changed(self) -> None:
        self.rail.device.show_devices(self.supervisor.devices)

    def _restarted(self, gone: WorkerState) -> None:
        words = gone.failure.message if gone.failure else "The worker ended."
        failed = protocol.Failed(
            "worker.restarted",
            f"{words} It was idle, so a new one was started.",
            "Nothing was lost.",
            gone.exit.last_words if gone.exit else "",
        )
        self.notices.put("restarted", ErrorCard(self.themes, failed, tone="warning"))

    def _message(self, envelope: protocol.Envelope, _blob: bytes) -> None:
        """Runs come and go with the replies of long commands."""
        if isinstance(envelope.body, protocol.Reply | protocol.RunStarted):
            runs = self._pages.get("runs")
            if runs is not None and envelope.reply_to:
                runs.schedule_refresh()

    def show_error(self, failed: protocol.Failed | UserError) -> None:
        self.notices.put("error", ErrorCard(self.themes, failed))

    def _warning(self, message: str, advice: str) -> ErrorCard:
        return ErrorCard(self.themes, protocol.Failed("notice", message, advice), tone="warning")

    # -------------------------------------------------------------------------------- settings, closing

    def _restore_geometry(self) -> None:
        try:
            stored = base64.b64decode(self.settings.geometry, validate=True)
        except ValueError:
            stored = b""
        if stored:
            self.restoreGeometry(QByteArray(stored))

    def _save_if_changed(self) -> None:
        self.settings.geometry = base64.b64encode(self.saveGeometry().data()).decode()
        if self.settings != self._saved:
            try:
                settings_file.save(self.settings, self._saved)
                self._saved = deepcopy(self.settings)
            except UserError as error:
                if error.kind == "settings.locked":
                    return  # by another window, for a moment; the next turn tries again
                self._saving.stop()  # say it once
                self.show_error(error)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.supervisor.long_running:
            event.ignore()
            self.stopping.ask_close()
            return
        self._saving.stop()
        self._save_if_changed()
        self.hide()
        self.supervisor.shutdown()
        super().closeEvent(event)
