"""Settings: look, machine, folders, the worker and its device, its log."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import hardware, places, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import size as size_words
from fnet_studio.core.hardware import Hardware
from fnet_studio.core.settings import Settings
from fnet_studio.link import command
from fnet_studio.ui import scaling, timers
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.desktop import open_own_folder, size_of
from fnet_studio.ui.hardware.gpu_card import GpuCard
from fnet_studio.ui.hardware.machine_card import MachineCard
from fnet_studio.ui.hardware.wsl_card import WslCard
from fnet_studio.ui.keys import Keys
from fnet_studio.ui.keys_card import KeysCard
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.parts import Card, Fact, button, label, row
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import MARGIN, ThemeSource
from fnet_studio.ui.updates_card import UpdatesCard
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.page_header import PageHeader
from fnet_studio.ui.widgets.text_boxes import TextLine
from fnet_studio.ui.worker_state import WorkerState

THEMES = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))
DEVICES = (("auto", "Choose by itself"), ("cpu", "Processor only"), ("cuda", "NVIDIA GPU"))
LOG_BYTES = 32 * 1024
LOG_MS = 1000


class SettingsPage(QWidget):
    restart_wanted = Signal()
    """Of the worker; a run may be under way."""

    def __init__(
        self,
        supervisor: Supervisor,
        themes: ThemeSource,
        settings: Settings,
        look: Callable[[], Hardware] = hardware.look,
        parent: QWidget | None = None,
    ) -> None:
        """look: at another machine, in tests."""
        super().__init__(parent)
        self._supervisor, self._themes, self._settings = supervisor, themes, settings
        self.notices = Notices()
        self.notices.set_margins(0, 0, 0, 0)
        self.updates = UpdatesCard(themes, settings)
        self.updates.failed.connect(self._say)
        self.machine = MachineCard(look)
        self.gpu: GpuCard | WslCard | None = None
        """Once the machine is known: what can be done about its GPU."""
        self.machine.found.connect(self._machine_known)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column, cards in (
            (left, (self._look_card(), self.machine)),
            (right, (self._worker_card(), self.updates, self._folders_card())),
        ):
            column.setSpacing(16)
            for card in cards:
                column.addWidget(card)
            column.addStretch(1)
        self._left = left
        self._keys_place = QVBoxLayout()
        both = QHBoxLayout()
        both.setSpacing(16)
        both.addLayout(left, 1)
        both.addLayout(right, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(MARGIN, 16, MARGIN, 16)
        whole.setSpacing(12)
        whole.addWidget(PageHeader("Settings", "The look of the program, its folders, and the worker that computes."))
        whole.addWidget(self.notices)
        whole.addLayout(both)
        whole.addSpacing(4)
        whole.addLayout(self._keys_place)
        whole.addWidget(self._log_card())
        whole.addStretch(1)
        self._reading = timers.repeating(self, LOG_MS)
        self._reading.timeout.connect(self._read_log)
        supervisor.state_changed.connect(self._state_changed)
        supervisor.devices_changed.connect(self._show_worker)
        self._show_worker()

    def use_keys(self, keys: Keys) -> None:
        self.keys = KeysCard(keys, self._themes)
        self._keys_place.addWidget(self.keys)
        for before, after in pairwise((*self.keys.fields.values(), self.copy, self.log)):
            self.setTabOrder(before, after)

    # --------------------------------------------------------------------------------------------- look

    def _look_card(self) -> Card:
        card = Card()
        card.column.addWidget(label("Look", "section"))
        self.themes = QButtonGroup(self)
        line = row(spacing=16)
        for place, (key, words) in enumerate(THEMES):
            item = QRadioButton(words)
            item.setChecked(self._settings.theme == key)
            item.toggled.connect(lambda on, key=key: self._choose_theme(key) if on else None)
            self.themes.addButton(item, place)
            line.addWidget(item)
        line.addStretch(1)
        card.column.addLayout(line)
        self.scale = Choice()
        self.scale.setAccessibleName("Size of everything")
        self.scale.setToolTip("For a projector, or for tired eyes: words and pictures alike")
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self._scaled, now = scaling.in_force(application), self._settings.scale
        room = application.primaryScreen().availableSize() * ((self._scaled or 100) / 100)
        for percent in scaling.fitting(room.width(), room.height(), now):
            self.scale.addItem(f"{percent} %", percent)
        self.scale.setCurrentIndex(self.scale.findData(now))
        self.scale.activated.connect(lambda _: self._choose_scale(self.scale.currentData()))
        self.scale_note = label("" if self._scaled else f"{scaling.VARIABLE} decides", "caption")
        self.scale.setEnabled(bool(self._scaled))
        title = label("Si&ze", "muted")
        title.setBuddy(self.scale)
        card.column.addLayout(row(title, self.scale, self.scale_note, None))
        self.calm = QCheckBox("Less motion")
        self.calm.setToolTip("Pictures change at once, without moving there")
        self.calm.setChecked(self._settings.reduced_motion)
        self.calm.toggled.connect(self._choose_motion)
        card.column.addWidget(self.calm)
        return card

    def _choose_theme(self, key: str) -> None:
        self._settings.theme = key
        self._themes.set_choice(key)

    def _choose_scale(self, percent: int) -> None:
        self._settings.scale = percent
        self.scale_note.setText("" if percent == self._scaled else "From the next start of the program on")

    def _choose_motion(self, on: bool) -> None:
        self._settings.reduced_motion = on

    # ------------------------------------------------------------------------------------------ folders

    def _folders_card(self) -> Card:
        card = Card()
        card.column.addWidget(label("Folders", "section"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(0, 1)
        self._sizes = {}
        known: tuple[tuple[str, Callable[[], Path], str], ...] = (
            ("Runs", places.runs, "Models, curves and maps"),
            ("Presets", places.presets, "Those that you brought in"),
            ("Cache", places.cache_dir, "May be deleted at any time"),
            ("Settings", places.config, "settings.toml"),
            ("Logs", places.logs, "What the worker wrote"),
        )
        for place, (title, where, tip) in enumerate(known):
            words = QVBoxLayout()
            words.setSpacing(0)
            words.addWidget(label(title, "strong"))
            words.addWidget(label(tip, "caption"))
            size = label("–", "muted")
            self._sizes[title] = (where, size)
            opener = button("Open", self._themes, "folder-open", "", lambda where=where: self._open(where()))
            opener.setToolTip(str(where()))
            opener.setAccessibleName(f"Open the folder: {title}")
            grid.addLayout(words, place, 0)
            grid.addWidget(size, place, 1)
            grid.addWidget(opener, place, 2)
        card.column.addLayout(grid)
        return card

    def _open(self, folder: Path) -> None:
        try:
            open_own_folder(folder)
        except UserError as error:
            self._say(error)

    def _machine_known(self, found: Hardware) -> None:
        if found.system == "linux":
            self.gpu = GpuCard(self._supervisor, self._themes)
            self.gpu.know_gpu(bool(found.gpus))
            self.gpu.restart_wanted.connect(self.restart_wanted.emit)
            self.gpu.changed.connect(self.machine.say)
        elif found.system == "windows":
            self.gpu = WslCard(self._themes)
            self.gpu.command_chosen.connect(self._use_worker)
        if self.gpu is not None:
            self.gpu.failed.connect(self._say)
            self._left.insertWidget(self._left.indexOf(self.machine) + 1, self.gpu)

    def refresh(self) -> None:
        """Measure the folders again."""
        if isinstance(self.gpu, GpuCard):
            self.gpu.show_state()
        for where, size in self._sizes.values():
            size.setText(size_words(size_of(where())))

    # ------------------------------------------------------------------------------------------- worker

    def _worker_card(self) -> Card:
        card = Card()
        card.column.addWidget(label("Device and worker", "section"))
        self.device_facts = QGridLayout()
        self.device_facts.setHorizontalSpacing(24)
        self.device_facts.setVerticalSpacing(12)
        card.column.addLayout(self.device_facts)
        self.versions = label("", "caption", wrap=True, selectable=True)
        card.column.addWidget(self.versions)
        self.device = QComboBox()
        for key, words in DEVICES:
            self.device.addItem(words, key)
        self.device.setCurrentIndex(max(0, self.device.findData(self._settings.device)))
        self.device.currentIndexChanged.connect(self._choose_device)
        self.device.setAccessibleName("Device")
        card.column.addSpacing(4)
        card.column.addLayout(row(label("Device", "muted"), self.device, None))
        self.worker = TextLine(self._settings.worker_command)
        self.worker.setPlaceholderText("On this machine")
        self.worker.setToolTip("Its command line, such as: ssh -T HOST fnet-studio worker")
        self.worker.setAccessibleName("Command line of the worker")
        self.worker.editingFinished.connect(lambda: self._use_worker(self.worker.text()))
        caption = label("Worker", "muted")
        caption.setBuddy(self.worker)
        card.column.addLayout(row(caption, self.worker))
        self.device_hint = label("Takes effect when the worker is restarted.", "caption")
        self.device_hint.hide()
        card.column.addWidget(self.device_hint)
        card.column.addSpacing(4)
        self.check = button("Check this machine", self._themes, "gauge", "", self._ask_doctor)
        self.check.setToolTip("Versions, devices, memory, and a matrix product of a second")
        self.restart = button(
            "Restart", self._themes, "rotate-cw", "", self.restart_wanted.emit, "End the worker and start a new one"
        )
        card.column.addLayout(row(self.check, self.restart, None))
        self.health = QGridLayout()
        self.health.setHorizontalSpacing(24)
        self.health.setVerticalSpacing(12)
        card.column.addLayout(self.health)
        self.trouble = label("", "caption", wrap=True, selectable=True)
        self.trouble.hide()
        card.column.addWidget(self.trouble)
        return card

    def _choose_device(self, place: int) -> None:
        self._settings.device = self.device.itemData(place)
        self._command_changed()

    def _use_worker(self, line: str) -> None:
        if line.strip() == self._settings.worker_command:
            return
        try:
            command.words(line)
        except UserError as error:
            self._say(error)
            return
        self._settings.worker_command = line.strip()
        self.worker.setText(line.strip())
        self._command_changed()

    def _command_changed(self) -> None:
        before = self._supervisor.command
        self._supervisor.command = command.chosen(self._settings, before.engine, before.script)
        self.device_hint.show()

    def _state_changed(self, state: WorkerState) -> None:
        self.check.setEnabled(state.name == "ready")
        if state.name == "starting":
            self.device_hint.hide()
            _fill(self.health, [])
        self._show_worker()

    def _show_worker(self) -> None:
        supervisor = self._supervisor
        welcome, ready = supervisor.welcome, supervisor.ready
        engine = {"jax": "Keras on JAX", "scripted": "Demonstration"}
        facts = [("State", supervisor.state.words)]
        for device in supervisor.devices[:2]:
            memory = f", {size_words(device.memory_bytes)}" if device.memory_bytes else ""
            facts.append((device.platform.upper(), f"{device.name}{memory}"))
        if welcome is not None:
            facts.append(("Engine", engine.get(welcome.engine, welcome.engine)))
        versions = ready.versions if ready else welcome.versions if welcome else {}
        named = (f"{name} {number}" for name, number in sorted(versions.items()) if name != "engine")
        self.versions.setText("  ·  ".join(named))
        _fill(self.device_facts, facts)
        self.check.setEnabled(supervisor.state.name == "ready")

    def _ask_doctor(self) -> None:
        self.check.setEnabled(False)
        self._supervisor.ask(protocol.Doctor(), self._show_health, self._say)

    def _show_health(self, health: protocol.Health, _blob: bytes) -> None:
        _fill(
            self.health,
            [
                ("Matrix product", f"{health.matmul_gflops:.0f} GFLOP/s"),
                ("Memory", size_words(health.memory_bytes)),
                ("Free", size_words(health.memory_free_bytes)),
            ],
        )
        self.trouble.setText(health.gpu_trouble)
        self.trouble.setVisible(bool(health.gpu_trouble))

    def facts_of(self, grid: QGridLayout) -> list[QWidget]:
        return [widget for place in range(grid.count()) if (widget := grid.itemAt(place).widget()) is not None]

    def _say(self, failed: protocol.Failed | UserError) -> None:
        self.notices.put("error", ErrorCard(self._themes, failed))

    # ---------------------------------------------------------------------------------------------- log

    def _log_card(self) -> Card:
        card = Card()
        self.copy = button("Copy", self._themes, "copy", "quiet", self._copy)
        card.column.addLayout(row(label("Worker's log", "section"), None, self.copy))
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setProperty("mono", True)
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setPlaceholderText("The worker has written nothing: that is the usual case.")
        self.log.setAccessibleName("Worker's log")
        self.log.setFixedHeight(160)
        card.column.addWidget(self.log)
        return card

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.log.toPlainText())

    def _read_log(self) -> None:
        path = self._supervisor.log_path
        text = "" if path is None else _tail(path)
        if text != self.log.toPlainText():
            self.log.setPlainText(text)
            bar = self.log.verticalScrollBar()
            bar.setValue(bar.maximum())
        self.copy.setEnabled(bool(text))

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self.refresh()
        self._read_log()
        self._reading.start()

    def hideEvent(self, event: object) -> None:
        self._reading.stop()
        super().hideEvent(event)


def _tail(path: Path) -> str:
    try:
        with open(path, "rb") as stream:
            stream.seek(max(0, path.stat().st_size - LOG_BYTES))
            return stream.read().decode("utf-8", "replace").rstrip("\n")
    except OSError:
        return ""


def _fill(grid: QGridLayout, facts: list[tuple[str, str]], columns: int = 3) -> None:
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
    for place, (caption, value) in enumerate(facts):
        grid.addWidget(Fact(caption, value), place // columns, place % columns)
