"""What can be done with a run under way: hold it, save it, measure it; and how far a stop has come."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.ui.parts import button, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.flow import FlowLayout


class RunControls(QWidget):
    """Shows what makes sense now; `show_state` says what that is."""

    pause_wanted = Signal()
    """Hold it, or let it go on."""
    free_wanted = Signal()
    checkpoint_wanted = Signal()
    evaluate_wanted = Signal()
    hurry_wanted = Signal()
    """During a stop: go to the next rung."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)

        def make(words: str, icon: str, kind: str, do: Any, tip: str) -> Any:
            return button(words, themes, icon, kind, do, tip)

        self.pause = make("Pause", "pause", "", self.pause_wanted.emit, "Hold the run where it is; it keeps its memory")
        self.go_on = make("Continue", "play", "primary", self.pause_wanted.emit, "Let the held run go on")
        self.free = make(
            "Pause and free",
            "cpu",
            "",
            self.free_wanted.emit,
            "Save a checkpoint and give the memory back; the run can be resumed at any time",
        )
        self.checkpoint = make("Checkpoint now", "save", "", self.checkpoint_wanted.emit, "Save all of the run now")
        self.evaluate = make(
            "Evaluate now",
            "gauge",
            "",
            self.evaluate_wanted.emit,
            "Measure the model on the validation texts now; it decides nothing",
        )
        self._actions = QWidget()
        flow = FlowLayout(self._actions, gap_x=8, gap_y=8)
        for item in (self.pause, self.go_on, self.free, self.checkpoint, self.evaluate):
            flow.addWidget(item)
        self.rung = label("", "", wrap=True)
        self.rung.setAccessibleName("Stop under way")
        self.hurry = make("Stop now", "circle-stop", "danger", self.hurry_wanted.emit, "Go to the next rung at once")
        self._stopping = QWidget()
        self._stopping.setLayout(line := row(self.rung, self.hurry))
        line.setStretch(0, 1)
        self.note = label("", "caption", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._actions)
        column.addWidget(self._stopping)
        column.addWidget(self.note)
        self.show_note("")
        self.show_state(running=False)

    def show_note(self, words: str) -> None:
        """What came of the last request."""
        self.note.setText(words)
        self.note.setVisible(bool(words))

    def show_state(
        self,
        *,
        running: bool,
        began: bool = False,
        held: bool = False,
        pausing: bool = False,
        asked: frozenset[str] = frozenset(),
        stop_words: str = "",
    ) -> None:
        """began: its first step is done, so there is something to save; held: it stands still; pausing: it was asked
        to; asked: of `checkpoint` and `evaluate`, what is not answered yet; stop_words: of a stop under way."""
        self.setVisible(running)
        self._actions.setVisible(not stop_words)
        self._stopping.setVisible(bool(stop_words))
        self.rung.setText(stop_words)
        self.pause.setEnabled(not pausing)
        self.pause.setText("Pausing …" if pausing else "Pause")
        gone, shown = (self.pause, self.go_on) if held else (self.go_on, self.pause)
        shown.show()
        if gone.hasFocus():
            shown.setFocus()
        gone.hide()
        for item, key, words, busy in (
            (self.checkpoint, "checkpoint", "Checkpoint now", "Saving …"),
            (self.evaluate, "evaluate", "Evaluate now", "Measuring …"),
        ):
            item.setEnabled(began and key not in asked)
            item.setText(busy if key in asked else words)
