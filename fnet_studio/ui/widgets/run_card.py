"""The live run in one card: state, phase, time, speed, best validation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from fnet_studio.ui.widgets.figures import count, duration, measure, percent, short_count
from fnet_studio.ui.widgets.flow import FlowLayout
from fnet_studio.ui.widgets.predictions import tabular
from fnet_studio.ui.widgets.shortened_label import ShortenedLabel
from fnet_studio.ui.widgets.sparkline import Sparkline

SIGNS = {
    "idle": "○",
    "planning": "◌",
    "running": "●",
    "held": "◆",
    "finished": "✓",
    "stopped": "■",
    "paused": "◆",
    "failed": "✕",
    "interrupted": "▲",
}
WORDS = {
    "idle": "No run",
    "planning": "Checking",
    "held": "Paused",
    "running": "Running",
    "finished": "Finished",
    "stopped": "Stopped",
    "paused": "Paused",
    "failed": "Failed",
    "interrupted": "Interrupted",
}
TONES = {
    "planning": "accent",
    "running": "accent",
    "held": "warning_text",
    "finished": "success_text",
    "stopped": "warning_text",
    "paused": "warning_text",
    "failed": "danger_text",
    "interrupted": "warning_text",
}

Monitor = Literal["accuracy", "loss", "macro_f1"]
BEST: dict[Monitor, tuple[str, Callable[[float], str]]] = {
    "accuracy": ("Best validation", percent),
    "loss": ("Best validation loss", measure),
    "macro_f1": ("Best validation F1", measure),
}
"""The caption of the best figure, and how it is written."""


@dataclass(frozen=True)
class RunFigures:
    """Plain values; -1 for what is not known yet."""

    status: str = "idle"
    title: str = ""
    phase: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    elapsed_s: float = -1.0
    left_s: float = -1.0
    compile_s: float = -1.0
    tokens_per_s: float = -1.0
    best_figure: float = -1.0
    """The validation figure by which the run is judged."""
    best_step: int = -1
    monitor: Monitor = "accuracy"
    """Which one that is."""
    patience: int = 0
    """Epochs without a better one after which the run ends; 0 for never."""
    waited: int = 0
    """Epochs since the best one."""


class Figure(QWidget):
    """A caption above a number."""

    def __init__(self, caption: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self._caption = QLabel(caption)
        self._caption.setProperty("role", "caption")
        self._value = QLabel("–")
        self._value.setProperty("role", "figure")
        self._value.setFont(tabular(self._value.font()))
        self._value.setTextFormat(Qt.TextFormat.PlainText)
        layout.addWidget(self._caption)
        layout.addWidget(self._value)

    def set_caption(self, text: str) -> None:
        if text != self._caption.text():
            self._caption.setText(text)
            self.setAccessibleName(f"{text}: {self._value.text()}")

    def set_value(self, text: str) -> None:
        if text != self._value.text():
            self._value.setText(text)
            self.setAccessibleName(f"{self._caption.text()}: {text}")


class RunCard(QFrame):
    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self.setProperty("card", True)
        self.figures = RunFigures()
        self._state = QLabel()
        self._state.setProperty("role", "section")
        self._title = ShortenedLabel("muted")
        self._title.setMinimumWidth(1)  # beside a phase that never shrinks
        self._phase = QLabel()
        self._phase.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._bar.setAccessibleName("Progress of the phase")
        self.elapsed = Figure("Elapsed")
        self.left = Figure("Left in this phase")
        self.compiling = Figure("Of it compiling")
        self.speed = Figure("Tokens per second")
        self.best = Figure("Best validation")
        self.patience = Figure("Patience")
        self.sparkline = Sparkline(colours, "Tokens per second so far")
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._state)
        top.addWidget(self._title, 1)
        top.addWidget(self._phase)
        self.sparkline.setFixedWidth(72)
        speed = QHBoxLayout()
        speed.setSpacing(8)
        speed.addWidget(self.speed)
        speed.addWidget(self.sparkline)
        numbers = FlowLayout(gap_x=20, gap_y=8)
        for widget in (self.elapsed, self.left, self.compiling, self.best, self.patience):
            widget.setMinimumWidth(88)
            numbers.addWidget(widget)
        numbers.addItem(speed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(10)
        layout.addLayout(top)
        layout.addWidget(self._bar)
        layout.addLayout(numbers)
        self._layout = layout
        colours.changed.connect(self._restyle)
        self.show_figures(self.figures)

    def add_foot(self, widget: QWidget) -> None:
        """Under the figures: what can be done with the run."""
        self._layout.addWidget(widget)

    def show_figures(self, figures: RunFigures) -> None:
        self.figures = figures
        self._state.setText(f"{SIGNS.get(figures.status, '○')}  {WORDS.get(figures.status, figures.status)}")
        self._title.setText(figures.title)
        self._title.setToolTip(figures.title)
        self._phase.setText(self._phase_words(figures))
        self._phase.setToolTip(figures.phase)
        running = figures.status in ("running", "planning")
        if running and not figures.total:
            self._bar.setRange(0, 0)
        else:
            # a bar of Qt counts in 32 bits
            share = min(figures.done / figures.total, 1.0) if figures.total else 0.0
            self._bar.setRange(0, 1000)
            self._bar.setValue(1000 if figures.status == "finished" else round(1000 * share))
        self.elapsed.set_value(duration(figures.elapsed_s))
        self.left.set_value(f"about {duration(figures.left_s)}" if running and figures.left_s >= 0 else "–")
        self.compiling.set_value(duration(figures.compile_s))
        self.speed.set_value(short_count(figures.tokens_per_s) if figures.tokens_per_s > 0 else "–")
        caption, written = BEST[figures.monitor]
        self.best.set_caption(caption)
        self.best.set_value(written(figures.best_figure) if figures.best_figure >= 0 else "–")
        self.best.setToolTip(f"At step {count(figures.best_step)}" if figures.best_step >= 0 else "")
        self.patience.setVisible(bool(figures.patience))
        self.patience.set_value(f"{figures.waited} of {figures.patience} epochs")
        self.patience.setToolTip("Epochs since the best one; at the last of them the run ends, and the best is kept")
        self.setAccessibleName(f"Run: {WORDS.get(figures.status, figures.status)}. {self._phase.text()}")
        self._restyle()

    def set_speeds(self, tokens_per_s: Any) -> None:
        """(steps,) of the run so far."""
        self.sparkline.set_values(np.asarray(tokens_per_s[-400:]))

    @staticmethod
    def _phase_words(figures: RunFigures) -> str:
        if not figures.phase:
            return ""
        if figures.status == "held":
            known = figures.done and figures.total
            return f"At step {count(figures.done)} of {count(figures.total)}" if known else figures.phase
        if not figures.total:
            return f"{figures.phase} …"
        return f"{figures.phase} · {count(figures.done)} of {count(figures.total)} {figures.unit}".rstrip()

    def _restyle(self) -> None:
        theme = self._colours.current
        tone = TONES.get(self.figures.status)
        colour = getattr(theme, tone) if tone else theme.muted
        sheet = f"color: {colour};"
        if self._state.styleSheet() != sheet:
            self._state.setStyleSheet(sheet)
