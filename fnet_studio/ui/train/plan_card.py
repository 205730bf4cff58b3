"""What a run would need, and what is wrong with it, before it starts."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.core.files import size as size_words
from fnet_studio.core.preflight import Problem
from fnet_studio.ui.parts import Card, Fact, button, follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, duration, percent
from fnet_studio.ui.widgets.flow import FlowLayout
from fnet_studio.ui.widgets.length_histogram import LengthHistogram

OVERRULED = ("memory.short", "device-memory.short", "disk.short")
"""Errors that are estimates: a person may know better."""
MARKS = {
    "error": ("circle-alert", "danger"),
    "warning": ("triangle-alert", "warning"),
    "note": ("info", "muted"),
}
CLASSES_SHOWN = 6


class PlanCard(Card):
    start_wanted = Signal()
    dismissed = Signal()

    def __init__(self, themes: ThemeSource, planned: protocol.Planned, parent: QWidget | None = None) -> None:
        worst = planned.problems[0].severity if planned.problems else "note"
        super().__init__({"error": "danger", "warning": "warning"}.get(worst, "true"), parent)
        self.setObjectName("plan-card")
        self.planned = planned
        self.title = _title(planned, worst)
        self.column.addWidget(label(self.title, "section", wrap=True))
        facts = QWidget()
        flow = FlowLayout(facts, gap_x=24, gap_y=8)
        for caption, value in _facts(planned):
            flow.addWidget(Fact(caption, value))
        self.column.addWidget(facts)
        for problem in planned.problems:
            self.column.addLayout(_problem(themes, problem))
        self.buttons: dict[str, Any] = {}
        line = QWidget()
        foot = FlowLayout(line, gap_x=8, gap_y=8)
        self.report = _Report(themes, planned.data) if _splits(planned.data) else None
        startable = planned.possible or all(
            problem.kind in OVERRULED for problem in planned.problems if problem.severity == "error"
        )
        if startable:
            words = "Start" if worst == "note" else "Start anyway"
            kind = "primary" if planned.possible else "danger"
            self.buttons["start"] = button(words, themes, "play", kind, self.start_wanted.emit)
            foot.addWidget(self.buttons["start"])
        self.buttons["dismiss"] = button("Change the recipe", themes, "", "", self.dismissed.emit)
        foot.addWidget(self.buttons["dismiss"])
        if self.report is not None:
            self.fold = button("Data report", themes, "chevron-right", "quiet", self._toggle)
            self._icon = follow_icon(self.fold, themes, "chevron-right", "muted")
            foot.addWidget(self.fold)
        self.column.addWidget(line)
        if self.report is not None:
            self.report.hide()
            self.column.addWidget(self.report)
        self.setFocusProxy(self.buttons.get("start", self.buttons["dismiss"]))
        words = ". ".join(problem.message for problem in planned.problems)
        self.setAccessibleName(f"{self.title}. {words}")

    def _toggle(self) -> None:
        assert self.report is not None
        unfolded = not self.report.isVisibleTo(self)
        self.report.setVisible(unfolded)
        self._icon.show_icon("chevron-down" if unfolded else "chevron-right", "muted")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismissed.emit()
        else:
            super().keyPressEvent(event)


class _Report(QWidget):
    """Texts of each part, the balance of the classes, and the lengths with what gets cut."""

    def __init__(self, themes: ThemeSource, data: dict, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        splits = _splits(data)
        names = list(data.get("class_names", ()))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 8, 0, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        shown = names[:CLASSES_SHOWN]
        lines = [
            ("", *(split["name"].capitalize() for split in splits)),
            ("Texts", *(count(split["texts"]) for split in splits)),
            *(
                (f"Labelled {name}", *(percent(split["class_counts"][at] / split["texts"]) for split in splits))
                for at, name in enumerate(shown)
            ),
            ("Repeated", *(count(split["duplicates"]) for split in splits)),
            ("Empty", *(count(split["empty"]) for split in splits)),
            ("Cut", *(percent(split["cut_share"]) for split in splits)),
        ]
        for line, cells in enumerate(lines):
            for column, text in enumerate(cells):
                grid.addWidget(label(text, "caption" if not line else ""), line, column, _side(column))
        width = len(splits) + 2
        grid.setColumnStretch(width - 1, 1)
        line = len(lines)
        if len(names) > CLASSES_SHOWN:
            more = len(names) - CLASSES_SHOWN
            words = f"and {more} more {'class' if more == 1 else 'classes'}"
            grid.addWidget(label(words, "caption"), line, 0, 1, width)
            line += 1
        lengths = splits[0]["lengths"]
        words = (
            f"Tokens a text: {count(lengths['shortest'])} to {count(lengths['longest'])}, median "
            f"{count(lengths['median'])}, 95 % up to {count(lengths['p95'])}. "
            f"{percent(splits[0]['cut_share'])} of the training texts get cut."
        )
        grid.addWidget(label(words, "caption", wrap=True), line, 0, 1, width)
        self.histogram = LengthHistogram(themes)
        length = int(data.get("sequence_length", 0))
        self.histogram.show_lengths(lengths["edges"], lengths["counts"], length, words)
        grid.addWidget(self.histogram, line + 1, 0, 1, width)


def _splits(data: dict) -> list[dict]:
    return [split for split in (data.get("report") or {}).get("splits", ()) if split["texts"]]


def _title(planned: protocol.Planned, worst: str) -> str:
    if worst == "error":
        return "This run cannot work as it is"
    number = sum(problem.severity == "warning" for problem in planned.problems)
    if number:
        return "Before it starts: one thing to know" if number == 1 else f"Before it starts: {number} things to know"
    return "Ready to start"


def _facts(planned: protocol.Planned) -> list[tuple[str, str]]:
    cost = planned.estimate
    facts = []
    if cost.duration_s >= 0:
        facts.append(("Time", f"about {duration(cost.duration_s)}"))
    if planned.total_steps:
        steps = f"{count(planned.total_steps)}"
        facts.append(("Steps", f"{steps}, {count(1000 * planned.step_s)} ms each" if planned.step_s else steps))
    for caption, needed, free in (
        ("Memory", cost.memory_bytes, planned.memory_free_bytes),
        ("On the device", cost.device_memory_bytes, planned.device_free_bytes),
        ("Disk", planned.disk_peak_bytes or cost.disk_bytes, planned.disk_free_bytes),
    ):
        if needed:
            facts.append((caption, f"{size_words(needed)} of {size_words(free)} free" if free else size_words(needed)))
    if planned.parameters:
        facts.append(("Parameters", count(planned.parameters)))
    return facts


def _problem(themes: ThemeSource, problem: Problem) -> Any:
    icon, tone = MARKS[problem.severity]
    mark = label("")
    follow_icon(mark, themes, icon, tone, 16)
    mark.setAccessibleName(problem.severity)
    words = label(f"{problem.message} {problem.advice}".strip(), "", wrap=True, selectable=True)
    line = row(mark, spacing=8)
    line.setAlignment(mark, Qt.AlignmentFlag.AlignTop)
    line.addWidget(words, 1)
    return line


def _side(column: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
