"""One stored run: how it went, its curves, its recipe, what it was made with."""

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from fnet_studio.core import recipe as recipes
from fnet_studio.core import run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import RunRecord
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.itemmodels.runs import STATUSES, when
from fnet_studio.ui.parts import Card, Fact, button, follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, duration, measure, percent
from fnet_studio.ui.widgets.learning_chart import LearningChart

CHART_PX = 300
LEFT_OUT = ("observe.probe", "data.path")
UNSAID = (None, "", "none", "auto")
"""Values of settings that nobody chose."""


class RunDetails(QWidget):
    open_wanted = Signal(object)
    trash_wanted = Signal(object)
    resume_wanted = Signal(object)

    def __init__(self, themes: ThemeSource, smoothing: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self._themes = themes
        self.record: RunRecord | None = None
        self._drawn: tuple[str, float, int] = ("", 0.0, 0)
        self.name = label("", "section", wrap=True)
        mark = label("")
        self._mark = follow_icon(mark, themes, "circle-check", "success", 16)
        self.status = label("", "strong")
        self.when = label("", "muted", wrap=True)
        self.facts = QGridLayout()
        self.facts.setHorizontalSpacing(16)
        self.facts.setVerticalSpacing(12)
        top = Card()
        top.column.addWidget(self.name)
        top.column.addLayout(row(mark, self.status, None, spacing=6))
        top.column.addWidget(self.when)
        top.column.addSpacing(4)
        top.column.addLayout(self.facts)
        top.column.addSpacing(4)
        self.resume = button("Go on", themes, "play", "primary", lambda: self.resume_wanted.emit(self.record))
        self.resume.setToolTip("Train on from its newest checkpoint, as if it had never stopped")
        top.column.addLayout(
            row(
                self.resume,
                button("Open", themes, "folder-open", "", lambda: self.open_wanted.emit(self.record), "Its folder"),
                button("Delete", themes, "trash-2", "danger", lambda: self.trash_wanted.emit(self.record)),
                None,
            )
        )
        self.trouble = QVBoxLayout()
        self._drawing = QTimer(self)
        self._drawing.setSingleShot(True)
        self._drawing.setInterval(0)
        self._drawing.timeout.connect(self._show_curves)
        self._filling = QTimer(self)
        self._filling.setSingleShot(True)
        self._filling.setInterval(1)
        self._filling.timeout.connect(self._show_recipe)
        self.chart = LearningChart(themes, smoothing=smoothing)
        self.chart.setFixedHeight(CHART_PX)
        self.no_curve = label("It wrote no steps.", "muted")
        curves = Card()
        curves.column.addWidget(label("Curves", "section"))
        curves.column.addWidget(self.chart)
        curves.column.addWidget(self.no_curve)
        self.recipe, self.made_with = QGridLayout(), QGridLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(12)
        column.addWidget(top)
        column.addLayout(self.trouble)
        column.addWidget(curves)
        for title, grid in (("Recipe", self.recipe), ("Made with", self.made_with)):
            card = Card()
            card.column.addWidget(label(title, "section"))
            grid.setHorizontalSpacing(16)
            grid.setVerticalSpacing(4)
            grid.setColumnStretch(1, 1)
            card.column.addLayout(grid)
            column.addWidget(card)
        column.addStretch(1)

    def show_run(self, record: RunRecord | None) -> None:
        """Nothing is drawn again for a run that has not changed."""
        self.record = record
        self.setVisible(record is not None)
        if record is None:
            return
        key = (record.id, record.ended, record.steps)
        if key == self._drawn and record.status != "running":
            return
        self._drawn = key
        look = STATUSES[record.status]
        self._mark.show_icon(look.icon, look.tone)
        self.status.setText(look.words)
        self.resume.setVisible(record.status in ("stopped", "paused", "failed", "interrupted"))
        self.name.setText(record.name)
        device = record.device.platform.upper() if record.device else "unknown device"
        self.when.setText(f"{when(record.began)} on {device}")
        _clear(self.facts)
        for place, (caption, value) in enumerate(_facts(record)):
            self.facts.addWidget(Fact(caption, value), place // 3, place % 3)
        self._show_trouble(record)
        self._drawing.start()  # these two on turns of their own: they take a while
        self._filling.start()

    def _show_trouble(self, record: RunRecord) -> None:
        _clear(self.trouble)
        failure = record.failure
        if failure:
            error = UserError(failure.get("kind", ""), failure.get("message", ""), failure.get("advice", ""))
            self.trouble.addWidget(ErrorCard(self._themes, error, closable=False))
        elif record.status == "interrupted":
            error = UserError(
                "run.interrupted",
                "The worker ended while this run was under way.",
                "Go on from its newest checkpoint, or delete it.",
            )
            self.trouble.addWidget(ErrorCard(self._themes, error, closable=False, tone="warning"))

    def _show_curves(self) -> None:
        record = self.record
        if record is None:
            return
        self.chart.clear_run()
        try:
            rows = run_store.read_metrics(record.id)
        except UserError as error:
            self.trouble.addWidget(ErrorCard(self._themes, error, closable=False))
            rows = []
        steps = [item for item in rows if "split" not in item and "step" in item]
        checks = [item for item in rows if item.get("split") == "validation"]
        self.chart.setVisible(bool(steps))
        self.no_curve.setVisible(not steps)
        if steps:
            self.chart.set_training(*(_column(steps, name) for name in ("step", "loss", "accuracy")))
        if checks:
            self.chart.set_validation(*(_column(checks, name) for name in ("step", "loss", "accuracy")))
        self.chart.fit()

    def _show_recipe(self) -> None:
        record = self.record
        if record is not None:
            _fill(self.recipe, _settings(record.recipe))
            versions = sorted(record.versions.items())
            _fill(self.made_with, [*versions, ("Data", str(record.data.get("hash", "–"))[:12])])


def _column(rows: list[dict[str, Any]], name: str) -> list[Any]:
    return [item.get(name, float("nan")) for item in rows]


def _facts(record: RunRecord) -> list[tuple[str, str]]:
    def share(value: float | None) -> str:
        return "–" if value is None else percent(value, 2)

    return [
        ("Test accuracy", share(record.test_accuracy)),
        ("Validation", share(record.validation_accuracy)),
        ("Train", share(record.train_accuracy)),
        ("Duration", duration(record.duration_s) if record.ended or record.status == "running" else "–"),
        ("Steps", f"{count(record.steps)} of {count(record.total_steps)}" if record.total_steps else "–"),
        ("Test loss", "–" if record.test_loss is None else measure(record.test_loss)),
        ("Parameters", count(record.parameters) if record.parameters else "–"),
    ]


def _settings(recipe: dict[str, Any]) -> list[tuple[str, str]]:
    """(title, value) of every setting that the recipe holds, in the order of the form."""
    found = []
    for key, field in recipes.fields().items():
        section, name = key.split(".")
        value = recipe.get(section, {}).get(name)
        if value not in UNSAID and key not in LEFT_OUT:
            found.append((field.title, f"{value:g}" if isinstance(value, float) else str(value)))
    return found


def _fill(grid: QGridLayout, pairs: list[tuple[str, str]]) -> None:
    _clear(grid)
    for place, (title, value) in enumerate(pairs):
        grid.addWidget(label(title, "muted"), place, 0)
        words: QLabel = label(value, "", wrap=True, selectable=True)
        words.setAlignment(Qt.AlignmentFlag.AlignRight)
        grid.addWidget(words, place, 1)


def _clear(layout: QVBoxLayout | QGridLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
