"""What this machine has, and what that means, in plain sentences."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from fnet_studio.core import gpu_support, hardware
from fnet_studio.core.hardware import Hardware
from fnet_studio.ui.background import Background
from fnet_studio.ui.parts import Card, Fact, label

COLUMNS = 3


class MachineCard(Card):
    """Looks once, beside the event loop, since a driver may take seconds to answer."""

    found = Signal(object)
    """`Hardware`."""

    def __init__(self, look: Callable[[], Hardware] = hardware.look, parent: QWidget | None = None) -> None:
        """look: at another machine, in tests."""
        super().__init__(parent=parent)
        self.hardware: Hardware | None = None
        self.column.addWidget(label("This machine", "section"))
        self.facts = QGridLayout()
        self.facts.setHorizontalSpacing(24)
        self.facts.setVerticalSpacing(12)
        self.column.addLayout(self.facts)
        self.sentences = [label("Looking at the machine …", "muted", wrap=True, selectable=True)]
        self.column.addWidget(self.sentences[0])
        Background(self).run(look, self._show)

    def _show(self, hardware: Hardware) -> None:
        self.hardware = hardware
        short = [fact for fact in hardware.facts() if fact[0] in ("Cores", "Memory", "Driver")]
        long = [fact for fact in hardware.facts() if fact not in short]
        place = 0
        for caption, value in long:
            fact = Fact(caption, value)
            fact.value.setWordWrap(True)
            self.facts.addWidget(fact, place, 0, 1, COLUMNS)
            place += 1
        for column, (caption, value) in enumerate(short):
            self.facts.addWidget(Fact(caption, value), place, column)
        self.say()
        self.found.emit(hardware)

    def say(self) -> None:
        """The sentences, again after GPU support came or went."""
        if self.hardware is not None:
            state = gpu_support.state()
            for old in self.sentences:
                old.hide()
                old.deleteLater()
            words = self.hardware.meaning(state.used, offered=state.offer is not None)
            self.sentences = [label(text, "muted", wrap=True, selectable=True) for text in words]
            for item in self.sentences:
                self.column.addWidget(item)
