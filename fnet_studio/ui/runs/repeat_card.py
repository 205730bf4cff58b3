"""Whether a run can be gone on with exactly: its last steps once more, beside what was stored."""

from PySide6.QtWidgets import QWidget

from fnet_studio.core import protocol
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.comparisons import Comparisons
from fnet_studio.ui.widgets.figures import count, duration
from fnet_studio.ui.widgets.working import Working

ABOUT = (
    "The steps between the run's two newest checkpoints are trained again, and their losses, weights and optimiser "
    "compared with what was stored, bit for bit. The run stays as it is."
)


class RepeatCard(Card):
    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._themes = themes
        self._run = ""
        self._asking = NewestOnly(supervisor, stop_older=True)
        self.start = button("Repeat the last steps", themes, "rotate-cw", "primary", self.repeat)
        self.close_button = button("Close", themes, "x", "quiet", self.leave)
        self.verdict = label("", "strong", wrap=True)
        self.compared = Comparisons(themes)
        self.why = label("", "muted", wrap=True)
        self.messages = MessagePlace()
        self.working = Working(supervisor, themes)
        head = row(label("Does it go on exactly?", "section"), None, self.start, self.close_button)
        self.column.addLayout(head)
        self.column.addWidget(label(ABOUT, "muted", wrap=True))
        for widget in (self.working, self.messages, self.verdict, self.compared, self.why):
            self.column.addWidget(widget)
        self.working.stop_wanted.connect(self._stop)
        self._tell("")

    def show_run(self, run: str) -> None:
        if run != self._run:
            self._run = run
            self._stop()
            self.messages.say(None)
            self._tell("")

    def repeat(self) -> None:
        self.messages.say(None)
        self._tell("")
        self.start.setEnabled(False)
        self._asking.ask(protocol.RepeatSteps(self._run), self._came, self._failed)
        self.working.follow(lambda: self._asking.id, "Waiting for the worker")

    def leave(self) -> None:
        self._stop()
        self.hide()

    def _stop(self) -> None:
        self._asking.forget()
        self._over()

    def _over(self) -> None:
        self.working.over()
        self.start.setEnabled(True)

    def _failed(self, failed: protocol.Failed) -> None:
        self._over()
        self.messages.say(ErrorCard(self._themes, failed))

    def _came(self, found: protocol.StepsRepeated, _blob: bytes) -> None:
        self._over()
        steps = f"Steps {count(found.first)} to {count(found.last)}, trained again in {duration(found.took_s)}"
        self.compared.put(found.comparisons)
        if found.passed:
            self._tell(f"{steps}: all of it is the same, bit for bit. The run goes on exactly where it was.")
            return
        why = "Some GPUs add in another order each time; on the processor the steps are the same."
        if found.devices_then != found.devices:
            then, now = count(found.devices_then), count(found.devices)
            why = f"Then a batch was shared by {then} devices, now by {now}: their sums are added in another order."
        self._tell(f"{steps}: not all of it is the same.", why)

    def _tell(self, verdict: str, why: str = "") -> None:
        self.compared.setVisible(bool(verdict))
        for place, words in ((self.verdict, verdict), (self.why, why)):
            place.setText(words)
            place.setVisible(bool(words))
