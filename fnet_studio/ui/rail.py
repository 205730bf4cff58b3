"""The rail at the left: the pages, and at its foot the device and the worker."""

from typing import NamedTuple

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QLabel, QProgressBar, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.core.files import size as size_words
from fnet_studio.link.liveness import Pulse
from fnet_studio.ui import icons
from fnet_studio.ui.parts import IconFollower, button, follow_icon, label
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.worker_state import WorkerState

WIDTH = 104


class Place(NamedTuple):
    key: str
    words: str
    icon: str


PLACES = (
    Place("explore", "Explore", "compass"),
    Place("train", "Train", "graduation-cap"),
    Place("runs", "Runs", "history"),
    Place("presets", "Presets", "boxes"),
    Place("data", "Data", "database"),
    Place("settings", "Settings", "settings"),
)


class Rail(QWidget):
    """Where the window is too low for all of it, its places are icons alone, and the program's mark and the memory are
    left out."""

    chosen = Signal(str)
    """Key of a page."""
    find_wanted = Signal()
    restart_wanted = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self._whole, self._needed_px = True, 0
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(8, 12, 9, 12)
        self._column.setSpacing(4)
        self._mark = mark = QLabel()
        mark.setPixmap(icons.program_icon().pixmap(QSize(40, 40), self.devicePixelRatioF()))
        mark.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        mark.setAccessibleName("FNet Studio")
        self._column.addWidget(mark)
        self._column.addSpacing(12)
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        for place in PLACES:
            item, follower = self._item(themes, place.words, place.icon, place.words)
            item.setCheckable(True)
            item.toggled.connect(lambda on, f=follower, name=place.icon: f.show_icon(name, "accent" if on else "muted"))
            item.clicked.connect(lambda _=False, key=place.key: self.chosen.emit(key))
            self._group.addButton(item)
            self.buttons[place.key] = item
        self.find, _ = self._item(themes, "Find", "search", "Any button, preset, recipe or run by its name")
        self.find.clicked.connect(lambda _=False: self.find_wanted.emit())
        self._column.addStretch(1)
        self.device = DeviceFoot(themes)
        self._column.addWidget(self.device)
        self._column.addSpacing(12)
        self.worker = WorkerFoot(themes)
        self.worker.restart.clicked.connect(lambda _=False: self.restart_wanted.emit())
        self._column.addWidget(self.worker)

    def _item(self, themes: ThemeSource, words: str, icon: str, tip: str) -> tuple[QToolButton, IconFollower]:
        item = QToolButton()
        item.setProperty("rail", True)
        item.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        item.setText(words)
        item.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        item.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        item.setToolTip(tip)
        self._column.addWidget(item)
        return item, follow_icon(item, themes, icon, "muted", 22)

    def event(self, event: QEvent) -> bool:
        result = super().event(event)
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fit()
        return result

    def _fit(self) -> None:
        if self._whole:  # of icons it cannot be measured: it is when there seems to be room for words again
            self._needed_px = self._column.minimumHeightForWidth(self.width())
        whole = self.height() >= self._needed_px
        if whole != self._whole:
            self._whole = whole
            style = Qt.ToolButtonStyle.ToolButtonTextUnderIcon if whole else Qt.ToolButtonStyle.ToolButtonIconOnly
            for item in (*self.buttons.values(), self.find):
                item.setToolButtonStyle(style)
            self._mark.setVisible(whole)
            self.device.memory.setVisible(whole)

    def show_page(self, key: str) -> None:
        """A page that is not on the rail leaves no place of it marked."""
        if key in self.buttons:
            self.buttons[key].setChecked(True)
            return
        self._group.setExclusive(False)
        for item in self.buttons.values():
            item.setChecked(False)
        self._group.setExclusive(True)


class DeviceFoot(QWidget):
    """The device's name and how much of its memory the worker holds."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 0)
        column.setSpacing(4)
        self.name = label("No device", "caption")
        self.name.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName("Memory of the worker")
        self.amount = label("", "caption")
        self.amount.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.memory = QWidget()
        memory = QVBoxLayout(self.memory)
        memory.setContentsMargins(0, 0, 0, 0)
        memory.setSpacing(4)
        memory.addWidget(self.bar)
        memory.addWidget(self.amount)
        column.addWidget(self.name)
        column.addWidget(self.memory)
        self._device: protocol.Device | None = None
        self.bar.hide()
        self.amount.hide()

    def show_devices(self, devices: tuple[protocol.Device, ...]) -> None:
        """The first accelerator, or the processor."""
        order = sorted(devices, key=lambda device: device.platform == "cpu")
        self._device = order[0] if order else None
        if self._device is None:
            self.name.setText("No device")
        else:
            more = f" × {len(devices)}" if len(devices) > 1 else ""
            self.name.setText(f"{self._device.platform.upper()}{more}")
        self.setToolTip("\n".join(f"{device.platform.upper()}: {device.name}" for device in devices))

    def show_pulse(self, pulse: Pulse) -> None:
        total = self._device.memory_bytes if self._device else 0
        on_device = self._device is not None and self._device.platform != "cpu"
        used = pulse.device_memory_bytes if on_device else pulse.memory_bytes
        self.amount.setVisible(used > 0)
        self.bar.setVisible(used > 0 and total > 0)
        if total > 0:
            self.bar.setValue(min(1000, round(1000 * used / total)))
        share = f"{size_words(used)} of {size_words(total)}" if total else size_words(used)
        self.amount.setText(size_words(used))
        self.bar.setAccessibleDescription(share)
        self.amount.setToolTip(f"Memory held by the worker: {share}")


class WorkerFoot(QWidget):
    """The worker's state as a dot with a word, and a button that restarts it."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.dot = Dot(themes)
        self.words = label("Stopped", "caption", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.restart = button("Restart", themes, kind="quiet", tip="End the worker's process and start a new one")
        self.restart.setProperty("small", True)
        follow_icon(self.restart, themes, "rotate-cw", "muted", 14)
        column.addWidget(self.dot, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.words)
        column.addSpacing(2)
        column.addWidget(self.restart)

    def show_state(self, state: WorkerState) -> None:
        self.dot.show_tone(state.tone)
        self.words.setText(state.words)
        self.setAccessibleName(f"Worker: {state.words}")
        self.setToolTip(f"The worker is {state.words.lower()}.")


class Dot(QWidget):
    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self._tone = "muted"
        self.setFixedSize(12, 12)
        themes.changed.connect(self._recolour)

    def show_tone(self, tone: str) -> None:
        self._tone = tone
        self.update()

    def _recolour(self, _theme: object) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(self._themes.current, self._tone)))
        painter.drawEllipse(1, 1, 10, 10)
