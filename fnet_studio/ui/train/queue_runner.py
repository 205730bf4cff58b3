"""Works the queue off with the window's own worker, one run after another, on after failures."""

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from fnet_studio.core import protocol, queue
from fnet_studio.core.errors import UserError
from fnet_studio.link.queue_driver import QueueDriver
from fnet_studio.ui.train.run_starter import RunStarter

SETTLE_MS = 3000
"""Until it is tried again to write what became of an entry."""


class QueueRunner(QObject):
    """Nothing starts by itself: `start` begins, and a run that the user stops ends it too."""

    changed = Signal()
    """Active or not, and what became of an entry."""
    finished = Signal()
    """Nothing waits any more, nobody stopped it, and no other program works at an entry."""
    refused = Signal(object)
    """`protocol.Failed`: the queue's file cannot be used."""

    def __init__(self, supervisor: Any, starter: RunStarter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._supervisor, self._starter = supervisor, starter
        self._driver = QueueDriver()
        self.active = False
        self._command = 0
        starter.starting.connect(self._starting)
        supervisor.asked.connect(self._asked)
        supervisor.message.connect(self._heard)
        supervisor.state_changed.connect(self._worker_changed)
        self._expected: Any = None
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.timeout.connect(self._settle)

    @property
    def at_work(self) -> bool:
        """An entry has its turn: it is estimated or it runs."""
        return self._driver.entry is not None

    def start(self) -> None:
        """Begin, or go on. While another run is at work, the queue begins when that is over."""
        if self.active:
            return
        self.active = True
        self.changed.emit()
        if not self._supervisor.long_running and not self._starter.planning:
            self._next()

    def pause(self) -> None:
        """Let the run at work end, and begin no other."""
        self.active = False
        self.changed.emit()

    def _next(self) -> None:
        if not self.active or self.at_work:
            return
        if self._supervisor.state.alive:
            self._send_next()
        else:
            self._supervisor.start()  # and on when it is ready

    def _send_next(self) -> None:
        try:
            command = self._driver.next()
            elsewhere = command is None and any(entry.state == "running" for entry in queue.entries())
        except UserError as error:
            self.active = False
            self.refused.emit(protocol.Failed(error.kind, error.message, error.advice))
            self.changed.emit()
            return
        if command is None:
            self.active = False
            if not elsewhere:
                self.finished.emit()
        elif isinstance(command, protocol.Train):
            self._starter.start_command(command, self._replied, self._refuse)
        else:
            self._starter.starting.emit(command, self._replied)
        self.changed.emit()

    def _refuse(self, planned: protocol.Planned) -> None:
        self._guarded(lambda: self._driver.refuse(planned.problems[0]))
        self._later()

    def _starting(self, command: protocol.Command, on_reply: Any) -> None:
        if on_reply == self._replied:
            self._expected = command

    def _asked(self, id: int, command: protocol.Command) -> None:
        if command is self._expected:
            self._expected, self._command = None, id

    def _heard(self, envelope: protocol.Envelope, _blob: bytes) -> None:
        if self._command and envelope.reply_to == self._command and isinstance(envelope.body, protocol.Event):
            self._guarded(lambda: self._driver.heard(envelope.body))
        elif isinstance(envelope.body, protocol.Reply) and self.active and not self.at_work:
            self._later()  # a run that was at work when the queue was begun is over

    def _replied(self, reply: protocol.Reply) -> None:
        self._command = 0
        self._guarded(lambda: self._driver.replied(reply))
        if isinstance(reply, protocol.Stopped):  # who stops a run means the queue too
            self.active = False
        self._later()

    def _guarded(self, do: Any) -> None:
        try:
            do()
        except UserError as error:
            self.refused.emit(protocol.Failed(error.kind, error.message, error.advice))
        if not self._driver.settled:
            self._settling.start(SETTLE_MS)

    def _settle(self) -> None:
        """The queue goes on as soon as the disk takes what became of the last entry."""
        try:
            self._driver.settle()
        except UserError:  # which was said when it was tried first
            self._settling.start(SETTLE_MS)
        else:
            self._later()

    def _later(self) -> None:
        """On a turn of its own: whoever else hears of the reply comes first."""
        self.changed.emit()
        QTimer.singleShot(0, self, self._go_on)

    def _go_on(self) -> None:
        if not self._driver.settled:
            return
        if self.active and not self._supervisor.long_running and not self._starter.planning:
            self._follow() if self._driver.entry is not None else self._next()

    def _follow(self) -> None:
        """The second run of an entry that makes two."""
        if not self._command and self._supervisor.state.alive:
            self._send_next()

    def _worker_changed(self, state: Any) -> None:
        if state.name == "ready" and self.active and not self._command:
            self._later()
