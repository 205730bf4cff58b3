"""The line at the bottom: what runs, how far it is, how long it takes still, and Stop. On every page."""

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from fnet_studio.core import protocol
from fnet_studio.core.phase_progress import PhaseProgress
from fnet_studio.core.recipe import LANGUAGE_TASKS
from fnet_studio.core.run_state import HELD, phase_words
from fnet_studio.ui import timers
from fnet_studio.ui.parts import button, follow_icon, label
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, duration, right

PAINT_MS = 100


class StatusLine(QWidget):
    """Follows a long command until it ends. Painted ten times a second at most."""

    stop_wanted = Signal()
    run_wanted = Signal(str)
    """Name of a run's folder: its details are wanted."""
    told = Signal(str, bool)
    """In a word or two what runs and how far it is, for where there is no room for more; or how it ended, and True."""

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._supervisor = supervisor
        self._command = 0
        self._at = PhaseProgress()
        self._run = ""
        self._classifies = True
        self._dirty = False
        self._short = ""
        self._mark = label("")
        self._icon = follow_icon(self._mark, themes, "activity", "accent", 16)
        self.phase = label("", "strong")
        self.counted = label("", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMinimumWidth(80)
        self.bar.setMaximumWidth(320)
        self.left = label("", "muted")
        self.show_run = button("Show the run", themes, "", "quiet", lambda: self.run_wanted.emit(self._run))
        self.stop = button("Stop", themes, "circle-stop", "", self.stop_wanted.emit, "Stop the run (Esc)")
        self.close_line = QToolButton()
        self.close_line.setAccessibleName("Close this line")
        follow_icon(self.close_line, themes, "x", "muted")
        self.close_line.clicked.connect(lambda _=False: self.hide())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 7, 16, 7)
        layout.setSpacing(12)
        for item in (self._mark, self.phase, self.counted):
            layout.addWidget(item)
        layout.addWidget(self.bar, 1)
        layout.addWidget(self.left)
        layout.addStretch(1)
        for item in (self.show_run, self.stop, self.close_line):
            layout.addWidget(item)
        self._clock = timers.repeating(self, PAINT_MS)
        self._clock.timeout.connect(self._paint)
        supervisor.asked.connect(self._asked)
        supervisor.message.connect(self._message)
        supervisor.stopping_changed.connect(self._soon)
        self.hide()

    @property
    def command(self) -> int:
        """Id of the command that runs, 0 when none does."""
        return self._command

    def _soon(self) -> None:
        self._dirty = True

    def _asked(self, id: int, _command: protocol.Command) -> None:
        if self._command and self._command in self._supervisor.long_running:  # the worker refuses a second one
            return
        self._command = id
        self._at, self._run = PhaseProgress(), ""
        self._icon.show_icon("activity", "accent")
        self._working(True)
        self._clock.start()
        self._paint(force=True)
        self.show()

    def _working(self, on: bool) -> None:
        for item in (self.bar, self.stop, self.counted, self.left):
            item.setVisible(on)
        self.show_run.setVisible(not on and bool(self._run))
        self.close_line.setVisible(not on)

    def _message(self, envelope: protocol.Envelope, _blob: bytes) -> None:
        if not self._command or envelope.reply_to != self._command:
            return
        self._at.apply(envelope.body)
        match envelope.body:
            case protocol.RunStarted(run=run, recipe=recipe):
                self._run, self._classifies = run, recipe.get("task") not in LANGUAGE_TASKS
            case protocol.Done(result=result):
                self._end("circle-check", "success", _outcome(result, self._classifies), "Finished")
            case protocol.Stopped(kept=kept, paused=paused):
                stopped = "Stopped; the model was kept" if kept else "Stopped"
                words = "Paused, its memory given back" if paused else stopped
                self._end("circle-stop", "warning", words, "Paused" if paused else "Stopped")
                if not kept:
                    self.show_run.hide()
            case protocol.Failed(kind=kind, message=message):
                self._end("circle-alert", "danger", message, "Failed")
                self.setVisible(kind != "worker.lost")  # the card of the crash says it already
        self._dirty = True

    def _end(self, icon: str, tone: str, words: str, short: str) -> None:
        self._command, self._short = 0, ""
        self._clock.stop()
        self._icon.show_icon(icon, tone)
        self.phase.setText(words)
        self._working(False)
        self.told.emit(short, True)

    def _paint(self, force: bool = False) -> None:
        if not self._command or not (self._dirty or force):
            return
        self._dirty = False
        stopping = self._supervisor.stop_words
        phase, progress = self._at.phase, self._at.progress
        doing = phase_words(phase.name) if phase.name else "Starting"
        total, done = phase.total, progress.done
        held, at = phase.name in HELD, ""
        if phase.name == "paused" and self._at.trained.done and self._at.total_steps:
            total, done = self._at.total_steps, self._at.trained.done
            at = f" at step {count(done)} of {count(total)}"
        self.phase.setText(stopping or f"{doing}{at}")
        # of no use any more, and the words need the room
        self.bar.setVisible(not stopping and (not held or bool(at)))
        for item in (self.counted, self.left):
            item.setVisible(not stopping and not held)
        self.bar.setRange(0, total)  # 0 to 0: of unknown length
        self.bar.setValue(min(done, total))
        counted = f"{count(done)} of {count(total)} {phase.unit}".rstrip() if total else ""
        left = progress.left_s
        # the words of a stop are long, and what it waits for is in them; a held run's say where it is
        self.counted.setText("" if stopping or held else counted)
        self.left.setText(f"{duration(left)} left" if left >= 0 and not stopping else "")
        self.bar.setAccessibleDescription(f"{self.phase.text()} {self.counted.text()}")
        self.stop.setText("Stop now" if stopping else "Stop")
        doing = "Stopping" if stopping else doing
        short = f"{doing} {100 * min(done, total) // total} %" if total and not stopping else doing
        if short != self._short:
            self._short = short
            self.told.emit(short, False)


def _outcome(result: object, classifies: bool) -> str:
    if isinstance(result, protocol.RunFinished):
        if math.isnan(result.test_accuracy):
            return f"Finished in {duration(result.duration_s)}, without test texts"
        return f"Finished in {duration(result.duration_s)}: {right(result.test_accuracy, 'test', classifies)}"
    if isinstance(result, protocol.Evaluation):
        return f"Measured: {right(result.accuracy, result.split, bool(result.confusion), result.examples)}"
    return "Finished"
