"""The questions before a run is stopped, its worker is restarted or the window is closed, and what follows them."""

from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal

from fnet_studio.core import protocol
from fnet_studio.ui.cards import ConfirmCard
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource

NOTICE = "stop"
"""One question at a time, so each takes the place of the one before."""


class Stopping(QObject):
    close_wanted = Signal()
    """Closing was chosen while something ran, and nothing runs any more."""

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, notices: Notices, parent: QObject) -> None:
        super().__init__(parent)
        self._supervisor, self._themes, self._notices = supervisor, themes, notices
        self._closing = False
        supervisor.message.connect(self._message)

    def ask_stop(self) -> None:
        """The question of Esc and Stop. While a stop is under way: hurry it."""
        running = self._supervisor.long_running
        if not running:
            return
        if self._supervisor.stop_words:
            self._stop("keep")
            return
        if all(isinstance(command, protocol.Evaluate) for command in running.values()):
            self._stop("discard")
            return
        card = ConfirmCard(
            self._themes,
            "Stop the run?",
            "Keep saves the model as it is now. Discard removes everything that this run wrote.",
            [("keep", "Stop and keep", "primary"), ("discard", "Discard", "danger"), ("no", "Go on training", "")],
        )
        card.answered.connect(self._stop)
        self._ask(card)

    def ask_restart(self) -> None:
        if not self._supervisor.long_running:
            self._supervisor.restart()
            return
        card = ConfirmCard(
            self._themes,
            "Restart the worker now?",
            "A run is under way. It ends, and what it has learned since the last save is lost.",
            [("restart", "Restart", "danger"), ("no", "Go on", "")],
        )
        card.answered.connect(lambda key: self._supervisor.restart() if key == "restart" else None)
        self._ask(card)

    def ask_close(self) -> None:
        card = ConfirmCard(
            self._themes,
            "Close while a run is under way?",
            "Keep saves the model as it is now, then the window closes. Discard removes what the run wrote.",
            [
                ("keep", "Stop, keep and close", "primary"),
                ("discard", "Discard and close", "danger"),
                ("no", "Stay open", ""),
            ],
        )
        card.answered.connect(self._close)
        self._ask(card)

    def escape(self) -> None:
        """Esc: the question's way out, or the question."""
        card = self._notices.find(NOTICE)
        if isinstance(card, ConfirmCard):
            card.answer(card.way_out)
        elif not self._supervisor.stop_words:
            self.ask_stop()

    def _ask(self, card: ConfirmCard) -> None:
        self._notices.put(NOTICE, card)
        card.setFocus()

    def _stop(self, key: Literal["keep", "discard", "no"]) -> None:
        if key != "no":
            for id in self._supervisor.long_running:
                self._supervisor.stop(id, key)

    def _close(self, key: Literal["keep", "discard", "no"]) -> None:
        self._closing = key != "no"
        self._stop(key)

    def _message(self, envelope: protocol.Envelope, _blob: bytes) -> None:
        """The end of what ran takes the question with it, and closes the window if that was the answer."""
        if isinstance(envelope.body, protocol.Reply) and not self._supervisor.long_running:
            self._notices.take(NOTICE)
            if self._closing:
                QTimer.singleShot(0, self, self.close_wanted.emit)
