"""What follows when the queue has been worked off, after a last moment to say no."""

from PySide6.QtCore import QObject, Signal

from fnet_studio.core.errors import UserError
from fnet_studio.ui import timers
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import ConfirmCard, ErrorCard
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource

NOTICE = "when-done"
COUNT_S = 30
WORDS = {
    "close": ("FNet Studio closes", "Close now", "Stay open"),
    "sleep": ("The machine goes to sleep", "Sleep now", "Stay awake"),
    "shut-down": ("The machine shuts down", "Shut down now", "Stay on"),
}
"""By action: what happens, and both answers."""


class WhenDone(QObject):
    close_wanted = Signal()

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, notices: Notices, parent: QObject) -> None:
        super().__init__(parent)
        self._supervisor, self._themes, self._notices = supervisor, themes, notices
        self._background = Background(self)
        self._action = ""
        self._left_s = 0
        self._clock = timers.repeating(self, 1000)
        self._clock.timeout.connect(self._tick)

    def begin(self, action: str) -> None:
        """action: one of `WORDS`."""
        self._action, self._left_s = action, COUNT_S
        _, now, no = WORDS[action]
        card = ConfirmCard(
            self._themes,
            self._question(),
            "The runs are kept, with what became of each.",
            [("now", now, "primary"), ("no", no, "")],
        )
        card.answered.connect(self._answer)
        self._notices.put(NOTICE, card)
        card.setFocus()
        self._clock.start()

    def _question(self) -> str:
        return f"The queue is done. {WORDS[self._action][0]} in {self._left_s} s."

    def escape(self) -> bool:
        """Esc on any page says no. Whether there was something to say no to."""
        card = self._notices.find(NOTICE)
        if not isinstance(card, ConfirmCard):
            return False
        card.answer(card.way_out)
        return True

    def _tick(self) -> None:
        card = self._notices.find(NOTICE)
        if not isinstance(card, ConfirmCard) or self._supervisor.long_running:  # whoever begins a run is there
            self._clock.stop()
            self._notices.take(NOTICE)
            return
        self._left_s -= 1
        card.question.setText(self._question())
        if self._left_s <= 0:
            card.answer("now")

    def _answer(self, key: str) -> None:
        self._clock.stop()
        if key != "now":
            return
        if self._action == "close":
            self.close_wanted.emit()
        else:
            from fnet_studio.ui import desktop  # what it imports would delay the window's first paint

            action = self._action
            self._background.run(lambda: desktop.power(action), lambda _: None, self._refused)

    def _refused(self, error: UserError) -> None:
        self._notices.put(NOTICE, ErrorCard(self._themes, error))
