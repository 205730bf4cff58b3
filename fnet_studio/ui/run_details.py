"""One stored run: how it went, its curves, its recipe, what it was made with."""

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QMenu, QVBoxLayout, QWidget

from fnet_studio.core import recipe as recipes
from fnet_studio.core import recipe_diff, recipe_scope
from fnet_studio.core.curves import Curves, read_curves
from fnet_studio.core.errors import UserError
from fnet_studio.core.remedies import goes_on
from fnet_studio.core.run_notes import RunNotes, parse_tags
from fnet_studio.core.run_store import RunRecord
from fnet_studio.ui import timers
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.itemmodels.runs import STATUSES, when
from fnet_studio.ui.parts import Card, Fact, button, follow_icon, label, row
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, duration, measure, percent
from fnet_studio.ui.widgets.learning_chart import LearningChart
from fnet_studio.ui.widgets.text_boxes import TextLine, TextLines

CHART_PX = 300
NOTES_PX = 72
WRITE_MS = 800
LEFT_OUT = ("observe.probe", "data.path", "data.url")
"""Long ones, which have no place where a line would break."""
NUMBERED = ("data.split_seed", "training.seed")
"""Names rather than numbers: their digits are not parted."""
UNSAID = (None, "", "none", "auto")
"""Values of settings that nobody chose."""


class RunDetails(QWidget):
    open_wanted = Signal(object)
    explore_wanted = Signal(object)
    folder_wanted = Signal(object)
    trash_wanted = Signal(object)
    resume_wanted = Signal(object)
    duplicate_wanted = Signal(object)
    export_wanted = Signal(object)
    report_wanted = Signal(object)
    """Each with the `RunEntry`."""
    notes_changed = Signal(object, object)
    """The `RunEntry`, and its new `RunNotes`."""

    def __init__(self, themes: ThemeSource, smoothing: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self._themes = themes
        self._background = Background(self)
        self.entry: RunEntry | None = None
        self._drawn: tuple = ()
        self.name = TextLine()
        self.name.setAccessibleName("Name of the run")
        self.name.setToolTip("Rename it here (F2)")
        self.name.setMaxLength(120)
        mark = label("")
        self._mark = follow_icon(mark, themes, "circle-check", "success", 16)
        self.status = label("", "strong")
        self.when = label("", "muted", wrap=True)
        self.facts = QGridLayout()
        self.facts.setHorizontalSpacing(16)
        self.facts.setVerticalSpacing(12)
        self.open = button("Open", themes, "chart-line", "", lambda: self.open_wanted.emit(self.entry))
        self.open.setToolTip("Its curves, maps and results, as large as the page (Enter)")
        self.resume = button("Go on", themes, "play", "primary", lambda: self.resume_wanted.emit(self.entry))
        self.resume.setToolTip("Train on from its newest checkpoint, as if it had never stopped")
        self.more = button("More", themes, "", "")
        self.more.setMenu(self._menu())
        top = Card()
        top.column.addWidget(self.name)
        top.column.addLayout(row(mark, self.status, None, spacing=6))
        top.column.addWidget(self.when)
        top.column.addSpacing(4)
        top.column.addLayout(self.facts)
        top.column.addSpacing(4)
        top.column.addLayout(row(self.open, self.resume, self.more, None))
        self.trouble = QVBoxLayout()
        self.chart: LearningChart | None = None
        """Made when the first curves have come: it takes as long to make as everything else here."""
        self._smoothing = smoothing
        self.no_curve = label("Reading the curves …", "muted")
        curves = Card()
        curves.column.addWidget(label("Curves", "section"))
        curves.column.addWidget(self.no_curve)
        self._curves_column = curves.column
        self.recipe, self.made_with = QGridLayout(), QGridLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(12)
        column.addWidget(top)
        column.addLayout(self.trouble)
        column.addWidget(self._notes_card())
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
        self._filling = timers.once(self, 1)
        self._filling.timeout.connect(self._show_recipe)
        self._writing = timers.once(self, WRITE_MS)
        self._writing.timeout.connect(self.keep_notes)
        self._shown = RunNotes()
        """What was put into the fields, as it reads back from them."""
        self.name.editingFinished.connect(self.keep_notes)
        self.tags.editingFinished.connect(self.keep_notes)
        self.notes.textChanged.connect(self._typed)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for words, signal in (
            ("Look inside in Explore", self.explore_wanted),
            ("Train again with its recipe", self.duplicate_wanted),
            ("Export run as one file…", self.export_wanted),
            ("Write report…", self.report_wanted),
            ("Show folder", self.folder_wanted),
        ):
            menu.addAction(words).triggered.connect(lambda _=False, signal=signal: signal.emit(self.entry))
        self.pin = menu.addAction("Pin: first among runs to compare with")
        self.pin.setCheckable(True)
        self.pin.triggered.connect(lambda _=False: self.keep_notes())
        menu.addSeparator()
        menu.addAction("Delete").triggered.connect(lambda _=False: self.trash_wanted.emit(self.entry))
        return menu

    def _notes_card(self) -> Card:
        self.tags, self.notes = TextLine(), TextLines()
        self.tags.setPlaceholderText("baseline, good")
        self.tags.setAccessibleName("Tags")
        self.notes.setPlaceholderText("What was tried here, and what came of it")
        self.notes.setAccessibleName("Notes")
        self.notes.setTabChangesFocus(True)
        self.notes.setFixedHeight(NOTES_PX)
        card = Card()
        card.column.addWidget(label("Notes", "section"))
        card.column.addWidget(label("Tags, with commas between", "caption"))
        card.column.addWidget(self.tags)
        card.column.addWidget(self.notes)
        return card

    @property
    def record(self) -> RunRecord | None:
        return self.entry.record if self.entry is not None else None

    def show_run(self, entry: RunEntry | None) -> None:
        """Nothing is drawn again for a run that has not changed."""
        if self.entry is not None and (entry is None or entry.id != self.entry.id):
            self.keep_notes()
        before, self.entry = self.entry, entry
        self.setVisible(entry is not None)
        if entry is None:
            return
        record = entry.record
        if before is None or before.id != entry.id or (before.notes != entry.notes and self._untouched()):
            self._show_notes(entry)
        key = (record.id, record.ended, record.steps, record.status)
        if key == self._drawn and record.status != "running":
            return
        self._drawn = key
        look = STATUSES[record.status]
        self._mark.show_icon(look.icon, look.tone)
        self.status.setText(look.words)
        self.resume.setVisible(record.status in ("stopped", "paused", "failed", "interrupted"))
        device = record.device.platform.upper() if record.device else "unknown device"
        self.when.setText(f"{when(record.began)} on {device}")
        _clear(self.facts)
        for place, (caption, value) in enumerate(_facts(record)):
            self.facts.addWidget(Fact(caption, value), place // 3, place % 3)
        self._show_trouble(record)
        self._background.run(lambda: read_curves(record), self._curves, self._no_curves, key="curves")
        self._filling.start()  # on a turn of its own: it takes a while

    def _show_notes(self, entry: RunEntry) -> None:
        for widget in (self.name, self.tags, self.notes, self.pin):
            widget.blockSignals(True)
        self.name.setText(entry.name)
        self.name.setCursorPosition(0)
        self.tags.setText(", ".join(entry.notes.tags))
        self.notes.setPlainText(entry.notes.text)
        self.pin.setChecked(entry.notes.pinned)
        for widget in (self.name, self.tags, self.notes, self.pin):
            widget.blockSignals(False)
        self._shown = self._as_typed()
        self._writing.stop()

    def _untouched(self) -> bool:
        """Whether what another window wrote may take the place of what stands in the fields."""
        busy = any(widget.hasFocus() for widget in (self.name, self.tags, self.notes))
        return not busy and self._as_typed() == self._shown

    def _as_typed(self) -> RunNotes:
        name = self.name.text().strip()
        return RunNotes(
            name="" if self.entry is None or name == self.entry.record.name else name,
            tags=parse_tags(self.tags.text()),
            text=self.notes.toPlainText(),
            pinned=self.pin.isChecked(),
        )

    def _typed(self) -> None:
        self._writing.start()

    def keep_notes(self) -> None:
        """Tell of what was typed, if it changed anything."""
        self._writing.stop()
        if self.entry is None:
            return
        typed = self._as_typed()
        if typed != self._shown:
            before, self._shown = self.entry._replace(notes=self._shown), typed
            self.entry = self.entry._replace(notes=typed)
            self.notes_changed.emit(before, typed)

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
                goes_on(record),
            )
            self.trouble.addWidget(ErrorCard(self._themes, error, closable=False, tone="warning"))

    def _curves(self, curves: Curves) -> None:
        running = self.entry is not None and self.entry.record.status == "running"
        self.no_curve.setText("No step is measured yet." if running else "It wrote no steps.")
        self.no_curve.setVisible(not len(curves))
        if self.chart is None and len(curves):
            self.chart = LearningChart(self._themes, smoothing=self._smoothing)
            self.chart.setFixedHeight(CHART_PX)
            self.chart.hide()
            self._curves_column.insertWidget(1, self.chart)
            QTimer.singleShot(0, self, lambda: self._curves(curves))  # on a turn of its own
        elif self.chart is not None:
            self.chart.setVisible(len(curves) > 0)
            if len(curves):
                self.chart.show_curves(curves)

    def _no_curves(self, error: UserError) -> None:
        self.trouble.addWidget(ErrorCard(self._themes, error, closable=False))
        self._curves(Curves())

    def _show_recipe(self) -> None:
        record = self.record
        if record is not None:
            _fill(self.recipe, _settings(record.recipe))
            versions = sorted(record.versions.items())
            _fill(self.made_with, [*versions, ("Data", str(record.data.get("content_hash", "–"))[:12])])


def _facts(record: RunRecord) -> list[tuple[str, str]]:
    def share(value: float | None) -> str:
        return "–" if value is None else percent(value, 2)

    return [
        ("Test accuracy", share(record.test_accuracy)),
        ("Validation", share(record.validation_accuracy)),
        ("Train", share(record.train_accuracy)),
        ("Duration", duration(record.duration_s)),
        ("Steps", f"{count(record.steps)} of {count(record.total_steps)}" if record.total_steps else "–"),
        ("Test loss", "–" if record.test_loss is None else measure(record.test_loss)),
        ("Parameters", count(record.parameters) if record.parameters else "–"),
    ]


def _settings(recipe: dict[str, Any]) -> list[tuple[str, str]]:
    """(title, value) of every setting that counts, in the order of the form."""
    fields = recipes.fields()
    return [
        (fields[key].title, recipe_diff.worded(value) if type(value) is not int or key in NUMBERED else count(value))
        for key, value in recipe_scope.counting(recipe).items()
        if value not in UNSAID and key not in LEFT_OUT
    ]


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
