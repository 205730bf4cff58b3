"""The page of the first start: what this machine has, what that means, and where to begin."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.core import hardware
from fnet_studio.core.errors import UserError
from fnet_studio.core.hardware import Hardware
from fnet_studio.core.settings import Settings
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.hardware.gpu_card import GpuCard
from fnet_studio.ui.hardware.machine_card import MachineCard
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import MARGIN, ThemeSource
from fnet_studio.ui.widgets.page_header import PageHeader

CARD_PX = 760


class WelcomePage(QWidget):
    page_wanted = Signal(str)
    """Key of a page."""
    restart_wanted = Signal()

    def __init__(
        self,
        supervisor: Supervisor,
        themes: ThemeSource,
        _settings: Settings,
        look: Callable[[], Hardware] = hardware.look,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._themes = themes
        self.notices = Notices()
        self.notices.set_margins(0, 0, 0, 0)
        self.machine = MachineCard(look)
        self.gpu = GpuCard(supervisor, themes)
        self.gpu.hide()
        self.machine.found.connect(self._found)
        self.gpu.failed.connect(self._say)
        self.gpu.changed.connect(self.machine.say)
        self.gpu.restart_wanted.connect(self.restart_wanted.emit)
        begin = Card()
        begin.column.addWidget(label("Where to begin", "section"))
        begin.column.addWidget(
            label(
                "Hide a word of a sentence from the bundled model and see what it would put there; or watch a "
                "classifier learn from the bundled film reviews. Nothing of this needs a network.",
                "muted",
                wrap=True,
            )
        )
        self.explore = button(
            "Explore a sentence", themes, "compass", "primary", lambda: self.page_wanted.emit("explore")
        )
        self.train = button("Train a classifier", themes, "graduation-cap", "", lambda: self.page_wanted.emit("train"))
        begin.column.addSpacing(4)
        begin.column.addLayout(row(self.explore, self.train, None))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(MARGIN, 16, MARGIN, 16)
        whole.setSpacing(16)
        whole.addWidget(
            PageHeader("Welcome", "What this machine has for FNet Studio. All of it stands under Settings, too.")
        )
        for item in (self.notices, begin, self.machine, self.gpu):
            item.setMaximumWidth(CARD_PX)
            whole.addWidget(item)
        whole.addStretch(1)

    @property
    def start_button(self) -> QWidget:
        """What Ctrl+Enter presses."""
        return self.explore

    def _found(self, found: Hardware) -> None:
        if found.system == "windows" and found.gpus:
            self.machine.column.addLayout(
                row(button("How to use the GPU", self._themes, "terminal", "", self._to_settings), None)
            )
        self.gpu.setVisible(found.system == "linux" and bool(found.gpus))

    def _to_settings(self) -> None:
        self.page_wanted.emit("settings")

    def _say(self, error: UserError) -> None:
        self.notices.put("error", ErrorCard(self._themes, error))
