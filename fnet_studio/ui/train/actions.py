"""The Train page's head: what can be begun, and how a run is ended."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from fnet_studio.ui.parts import button
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.page_header import PageHeader


class Actions(PageHeader):
    """Shows what makes sense now; `show_state` says what that is."""

    start_wanted = Signal()
    check_wanted = Signal()
    queue_wanted = Signal()
    several_wanted = Signal()
    cancel_wanted = Signal()
    keep_wanted = Signal()
    discard_wanted = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__("Train", "Teach a model by a recipe and watch it learn.", parent)
        self.queue = button(
            "Add to queue",
            themes,
            "plus",
            "",
            self.queue_wanted.emit,
            "Let this recipe wait for its turn, as it is now",
        )
        self.several = button(
            "Add several",
            themes,
            "layers",
            "",
            self.several_wanted.emit,
            "Let this recipe wait several times, with other values of a setting",
        )
        self.check = button(
            "Check",
            themes,
            "gauge",
            "",
            self.check_wanted.emit,
            "Estimate time, memory and disk, and look at the data first",
        )
        self.start = button("Start", themes, "play", "primary", self.start_wanted.emit, "Start the run (Ctrl+Enter)")
        self.cancel = button("Cancel", themes, "x", "", self.cancel_wanted.emit, "Start nothing")
        self.keep = button(
            "Stop and keep", themes, "square", "", self.keep_wanted.emit, "End the run and keep its model"
        )
        self.discard = button(
            "Discard", themes, "trash-2", "danger", self.discard_wanted.emit, "End the run and remove what it wrote"
        )
        for item in (self.queue, self.several, self.check, self.start, self.cancel, self.keep, self.discard):
            self.add_action(item)

    def show_state(self, *, running: bool, planning: bool, stopping: bool) -> None:
        for item, shown in (
            (self.start, not running and not planning),
            (self.check, not running and not planning),
            (self.cancel, planning),
            (self.keep, running and not stopping),
            (self.discard, running and not stopping),
        ):
            item.setVisible(shown)
