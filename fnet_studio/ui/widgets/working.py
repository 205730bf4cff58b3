"""Something that the worker is at: which phase, how far, how long still, and a button that ends it."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.core.run_state import phase_words
from fnet_studio.ui import timers
from fnet_studio.ui.arriving import arriving
from fnet_studio.ui.parts import button, label, row
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, duration, percent

SHOW_MS = 150
"""What is over sooner is not worth a flicker."""
STEPS = 1000


class Working(QWidget):
    stop_wanted = Signal()

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, stop_words: str = "Stop", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self._id: Callable[[], int] | None = None
        self._phase = protocol.Phase("")
        self.words = label("", "strong")
        self.detail = label("", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.stop = button(stop_words, themes, "circle-stop", "", self.stop_wanted.emit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row(self.words, None, self.stop))
        column.addWidget(self.bar)
        column.addWidget(self.detail)
        self._soon = timers.once(self, SHOW_MS)
        self._soon.timeout.connect(self.show)
        supervisor.message.connect(self._heard)
        self.hide()

    def follow(self, id: Callable[[], int], words: str) -> None:
        """Show how far a command is, from a moment after now on. id: asked for anew with each message."""
        self._id, self._phase = id, protocol.Phase("")
        self.words.setText(words)
        self.detail.setText("")
        self.bar.setRange(0, 0)
        if not self.isVisible():
            self._soon.start()

    def over(self) -> None:
        self._id = None
        self._soon.stop()
        self.hide()

    def _heard(self, envelope: protocol.Envelope, _blob: bytes) -> None:
        if self._id is None or not envelope.reply_to or envelope.reply_to != self._id():
            return
        match envelope.body:
            case protocol.Phase() as phase:
                self._phase = phase
                self.words.setText(phase_words(phase.name))
                self.bar.setRange(0, STEPS if phase.total else 0)
            case protocol.Progress(done, rate, left_s):
                total = self._phase.total
                if total:
                    self.bar.setRange(0, STEPS)
                    self.bar.setValue(round(STEPS * min(done / total, 1)))
                self.detail.setText(_words(self._phase, done, rate, left_s))
                self.bar.setAccessibleDescription(f"{self.words.text()}. {self.detail.text()}")


def _words(phase: protocol.Phase, done: int, rate: float, left_s: float) -> str:
    if phase.unit == "bytes":
        return arriving(done, phase.total, rate, left_s)
    if phase.name in ("tokenising", "searching", "building vocabulary") and phase.total:
        said = [f"{count(done)} of {count(phase.total)} texts"]
    else:
        said = [percent(min(done / phase.total, 1), 0)] if phase.total else []
    if left_s >= 0:
        said.append(f"{duration(left_s)} left")
    return ", ".join(said)


def centred(widget: QWidget, width: int = 420) -> QWidget:
    """In the middle of the place that it is given."""
    whole = QWidget()
    widget.setFixedWidth(width)
    column = QVBoxLayout(whole)
    column.addStretch(1)
    column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
    column.addStretch(2)
    return whole
