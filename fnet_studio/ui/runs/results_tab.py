"""What a run's model gets right and wrong: confusion, threshold, calibration, and its most confident errors."""

from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import outcome, protocol, run_evaluation, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.patterns import Pattern
from fnet_studio.core.remedies import gone
from fnet_studio.core.run_evaluation import EvaluationReport, Predictions
from fnet_studio.core.slices import Slice
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import BusyState, EmptyState, ErrorCard
from fnet_studio.ui.moved_files import CHOOSE, ask_where
from fnet_studio.ui.parts import Card, Fact, button, label, row
from fnet_studio.ui.runs.classes_table import ClassesTable
from fnet_studio.ui.runs.confusion_table import ConfusionTable
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.runs.slices_card import SlicesCard
from fnet_studio.ui.runs.slices_table import SlicesTable
from fnet_studio.ui.runs.texts_table import Line, TextsTable
from fnet_studio.ui.runs.threshold_card import ThresholdCard
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, measure, percent
from fnet_studio.ui.widgets.unit_plot import UnitPlot

LISTED = 50
LIST_PX = 300
HOW = "Rows: the true class. Columns: the answer. A click lists the texts."
NAIVE_BAYES = (
    "Accuracy of a much simpler model on these texts: naive Bayes counts which pieces the training texts of each class "
    "have, whatever their order. It is hard to beat with few of them; what a model gets right beyond it is more than "
    "counting."
)
SLICES = (
    "How often it is right on a part of the texts. Add a slice with the words that its texts hold; a click lists a "
    "slice's errors. Of twenty slices one looks different by chance alone."
)


class Read(NamedTuple):
    splits: list[str]
    report: EvaluationReport | None = None
    found: Predictions | None = None
    problem: UserError | None = None
    """The answers themselves could not be read; the figures stand all the same."""
    trouble: UserError | None = None
    """The model has learned nothing."""


def read(run: str, split: str) -> Read:
    """split: '' for the first that was measured. UserError for an evaluation that cannot be read."""
    splits = run_evaluation.evaluated(run)
    if not splits:
        return Read([])
    report = run_evaluation.read(run, split if split in splits else splits[0])
    if not report.confusion:
        return Read(splits, report)
    trouble = outcome.trouble(run_store.read(run), report)
    try:
        return Read(splits, report, run_evaluation.predictions(run, report), None, trouble)
    except UserError as error:
        return Read(splits, report, None, error, trouble)


class ResultsTab(QWidget):
    explore_wanted = Signal(str)
    try_wanted = Signal(object)
    """A `RowText`."""

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, wanted_slices: list[Pattern], parent: QWidget | None = None
    ) -> None:
        """wanted_slices: those that the user added."""
        super().__init__(parent)
        self._supervisor, self._themes = supervisor, themes
        self._background = Background(self)
        self._run, self._first_split = "", "test"
        self._read = Read([])
        self._texts_failed = self._refused = False
        self.split = QComboBox()
        self.split.setAccessibleName("Measured on")
        self.measure_button = button("Measure again", themes, "refresh-cw", "", self._measure, "With the stored model")
        self.facts = QGridLayout()
        self.facts.setHorizontalSpacing(24)
        self.facts.setColumnStretch(9, 1)
        self.trouble = QVBoxLayout()
        self.learned = QVBoxLayout()
        self.confusion = ConfusionTable(themes)
        self.by_class = ClassesTable()
        self.threshold = ThresholdCard(themes)
        self.calibration = UnitPlot(
            themes, "Calibration", "confidence of the answer", "share that is right", diagonal=True, points=True
        )
        self.calibrated = label("", "muted", wrap=True)
        self.slices = SlicesCard(supervisor, themes, wanted_slices, SlicesTable(themes), SLICES)
        self.errors = TextsTable(supervisor)
        self.errors.setFixedHeight(LIST_PX)
        self.listed = label("", "section")
        self.all_errors = button("Most confident errors", themes, "", "", self._list_errors)
        self.explore = button("Open in Explore", themes, "compass", "", self._explore, "Look inside the text (Enter)")
        self.try_it = button("Try it", themes, "play", "", self._try, "Ask the model about this text, changed or not")
        self.stack = QStackedWidget()
        self.empty = EmptyState(
            themes,
            "gauge",
            "Not measured yet",
            "",
            "Measure",
            lambda: self._evaluate(self._first_split),
        )
        self.busy = BusyState("Reading the results")
        for page in (self.empty, self.busy, _scrolling(self._shown())):
            self.stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(self.trouble)
        layout.addWidget(self.stack, 1)
        self.split.activated.connect(lambda _: self._load(self.split.currentData()))
        self.confusion.cell_chosen.connect(self._list_cell)
        self.slices.chosen.connect(self._list_slice)
        self.errors.activated.connect(lambda _: self._explore())
        self.errors.came.connect(self._texts_came)
        self.errors.failed.connect(self._no_texts)
        supervisor.message.connect(self._heard)

    def _shown(self) -> QWidget:
        shown = QWidget()
        confusion, calibration, by_class, errors = Card(), Card(), Card(), Card()
        confusion.column.addWidget(label("Confusion", "section"))
        confusion.column.addWidget(label(HOW, "muted", wrap=True))
        confusion.column.addWidget(self.confusion)
        confusion.column.addStretch(1)
        calibration.column.addWidget(label("Calibration", "section"))
        calibration.column.addWidget(self.calibrated)
        calibration.column.addWidget(self.calibration, 1)
        by_class.column.addWidget(label("By class", "section"))
        by_class.column.addWidget(self.by_class, 0, Qt.AlignmentFlag.AlignLeft)
        errors.column.addLayout(row(self.listed, None, self.all_errors, self.explore, self.try_it))
        errors.column.addWidget(self.errors)
        self._classes = [confusion, calibration, by_class, errors]
        both = row(confusion, calibration, spacing=12)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(12)
        column.addLayout(row(self.split, self.measure_button, None))
        column.addLayout(self.facts)
        column.addLayout(self.learned)
        column.addLayout(both)
        column.addWidget(by_class)
        column.addWidget(self.threshold)
        column.addWidget(self.slices)
        column.addWidget(errors)
        column.addStretch(1)
        return shown

    # ------------------------------------------------------------------------------------------- reading

    def show_run(self, entry: RunEntry) -> None:
        self._run = entry.id
        # a pretraining run sets no test text apart
        self._first_split = "test" if entry.record.data.get("test", 1) else "validation"
        more = "confusion, curves, calibration and errors come with it"
        if not entry.record.classifies:
            more = "how many of the masked words it finds, and its pseudo-perplexity"
        self.empty.words.setText(f"Measure the run's model on the {self._first_split} texts: {more}.")
        self.empty.action.setText(f"Measure on the {self._first_split} texts")
        _clear(self.trouble)
        self._load("")

    def _load(self, split: str) -> None:
        run = self._run
        self.stack.setCurrentWidget(self.busy)
        self.busy.words.setText("Reading the results")
        self._background.run(lambda: read(run, split), self._came, self._failed, key="results")

    def _failed(self, error: UserError) -> None:
        self._say(error)
        self.stack.setCurrentWidget(self.empty)

    def _say(self, error: UserError | protocol.Failed, tone: str = "danger") -> None:
        self._refused = False
        _clear(self.trouble)
        moved = error.kind in ("data.missing", "data.gone")
        action = CHOOSE if moved else ""
        card = ErrorCard(
            self._themes, error, action, self._relocate, action_icon="folder-open", closable=False, tone=tone
        )
        self.trouble.addWidget(card)

    def _relocate(self) -> None:
        """The run's data lies elsewhere now; or is back, or only a part of it is away, and then it is tried again."""
        run = self._run
        try:
            record = run_store.read(run)
        except UserError as error:
            self._say(error)
            return
        lost = gone(record)

        def done(_result: Any, _blob: bytes = b"") -> None:
            if run == self._run:
                _clear(self.trouble)
                self._load(self.split.currentData() or "")

        def failed(reply: protocol.Failed) -> None:
            if run == self._run:
                self._say(reply)

        if not lost:
            done(None)
        elif places := ask_where(lost):
            self._supervisor.ask(protocol.Relocate(run, places), on_done=done, on_failed=failed)

    def _came(self, found: Read) -> None:
        self._read = found
        report = found.report
        if report is None:
            self.stack.setCurrentWidget(self.empty)
            return
        self.stack.setCurrentIndex(2)
        self.split.clear()
        for split in found.splits:
            self.split.addItem(f"{split.capitalize()} texts", split)
        self.split.setCurrentIndex(found.splits.index(report.split))
        self._fill_facts(report)
        _clear(self.learned)
        if found.trouble is not None:
            self.learned.addWidget(ErrorCard(self._themes, found.trouble, closable=False, tone="warning"))
        for card in self._classes:
            card.setVisible(bool(report.confusion))
        self.threshold.setVisible(found.found is not None and self.threshold.put(report, found.found))
        self.slices.setVisible(found.found is not None)
        if found.problem is not None:
            self._say(found.problem)
        if report.confusion:
            self.confusion.put(report)
            self.by_class.put(report)
            bins = report.calibration.bins
            words = f"Expected calibration error {report.calibration.expected_error:.4f}: how far confidence and the "
            self.calibrated.setText(f"{words}share that is right lie apart, on average.")
            x, y = np.array([one.confidence for one in bins]), np.array([one.accuracy for one in bins])
            self.calibration.put(x, y, words)
            self._list_errors()
        if found.found is not None:
            self.slices.table.answers = found.found
            self.slices.put(self._run, report.split, found.found)

    def _fill_facts(self, report: EvaluationReport) -> None:
        _clear(self.facts)
        facts = [
            ("Accuracy", percent(report.accuracy, 2)),
            ("Loss", measure(report.loss)),
            ("Texts" if report.class_names else "Masked words", count(report.examples)),
        ]
        if report.macro_f1 is not None:
            facts.append(("Macro F1", f"{report.macro_f1:.4f}"))
        if report.naive_bayes is not None:
            facts.append(("Naive Bayes", percent(report.naive_bayes, 2)))
        if report.pseudo_perplexity is not None:
            facts.append(("Pseudo-perplexity", f"{report.pseudo_perplexity:.1f}"))
        if report.step:
            facts.append(("After step", count(report.step)))
        for place, (caption, words) in enumerate(facts):
            fact = Fact(caption, words)
            fact.setToolTip(NAIVE_BAYES if caption == "Naive Bayes" else "")
            self.facts.addWidget(fact, 0, place)

    # ------------------------------------------------------------------------------------------ the texts

    def _list_errors(self) -> None:
        report = self._read.report
        if report is not None:
            wrong = [(one.row, one.label, one.predicted, one.confidence) for one in report.errors[:LISTED]]
            self._list("Most confident errors", wrong, "It made no errors on these texts.")

    def _list_cell(self, true: int, answered: int) -> None:
        report, found = self._read.report, self._read.found
        if report is None or found is None:
            return
        places = np.flatnonzero((found.labels == true) & (found.predicted == answered))
        names = report.class_names
        self._list_places(f"{names[true]}, answered {names[answered]}", places, "There are no such texts.")

    def _list_slice(self, part: Slice) -> None:
        found = self._read.found
        if found is not None:
            wrong = part.rows[found.predicted[part.rows] != found.labels[part.rows]]
            self._list_places(f"Errors: {part.name}", wrong, "It made no errors on these texts.")

    def _list_places(self, title: str, places: np.ndarray, nothing: str) -> None:
        """places: of texts in the split; the most confident answers are listed, first ones first."""
        found = self._read.found
        assert found is not None
        predicted, confidence = found.predicted[places], found.probabilities[places].max(axis=1, initial=0)
        best = np.argsort(-confidence, kind="stable")[:LISTED]
        if len(places) > LISTED:
            title += f": {LISTED} of {count(len(places))}"
        lines = [
            (int(places[at]), int(found.labels[places[at]]), int(predicted[at]), float(confidence[at])) for at in best
        ]
        self._list(title, lines, nothing)

    def _list(self, title: str, lines: list[tuple[int, int, int, float]], nothing: str) -> None:
        report = self._read.report
        assert report is not None
        names = report.class_names
        self.listed.setText(title)
        for widget in (self.explore, self.try_it):
            widget.setEnabled(bool(lines))
        told = [Line(at, names[true], names[answered], confidence) for at, true, answered, confidence in lines]
        self.errors.put(self._run, report.split, told, nothing)

    def _texts_came(self) -> None:
        if self._texts_failed:
            self._texts_failed = False
            _clear(self.trouble)

    def _no_texts(self, failed: protocol.Failed) -> None:
        self._texts_failed = True
        self._say(failed)

    def _explore(self) -> None:
        if self.errors.chosen().prompt:
            self.explore_wanted.emit(self.errors.chosen().prompt)

    def _try(self) -> None:
        if self.errors.chosen().prompt:
            self.try_wanted.emit(self.errors.chosen())

    # ------------------------------------------------------------------------------------------ measuring

    def _measure(self) -> None:
        self._evaluate(self.split.currentData() or self._first_split)

    def _heard(self, *_: Any) -> None:
        if self._refused and not self._supervisor.long_running:
            self._refused = False
            _clear(self.trouble)

    def _evaluate(self, split: Any) -> None:
        run = self._run
        if self._supervisor.long_running:
            self._say(UserError("run.running", "A run is under way.", "Measure after its end, or stop it."), "warning")
            self._refused = True
            return
        _clear(self.trouble)
        self.busy.words.setText(f"Measuring on the {split} texts")
        self.busy.detail.setText("Progress and Stop are in the line at the foot of the window.")
        self.stack.setCurrentWidget(self.busy)

        def done(_result: Any, _blob: bytes = b"") -> None:
            if run == self._run:
                self._load(split)

        def failed(reply: protocol.Failed) -> None:
            if run == self._run:
                self._load(split)
                self._say(reply)

        self._supervisor.ask(
            protocol.Evaluate(run, split), on_done=done, on_failed=failed, on_stopped=lambda *_: done(None)
        )


def _scrolling(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    widget.setProperty("page", True)
    area.setWidget(widget)
    return area


def _clear(layout: Any) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
