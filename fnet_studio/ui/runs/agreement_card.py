"""Where runs disagree on the same texts: how many only one of them gets right, and which those are."""

from typing import NamedTuple

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidgetItem, QWidget

from fnet_studio.core import agreement, slices
from fnet_studio.core.agreement import Agreement, Measured
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_names import told_apart
from fnet_studio.core.slices import Slice
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.runs.texts_table import Line, TextsTable
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.figures import count, counted, percent, points
from fnet_studio.ui.widgets.fitted_table import FittedTable

ROW_PX, LIST_PX, LISTED = 32, 260, 50
BOTH, FIRST, SECOND, NEITHER, DIFFERENCE = range(5)
HEADS = ("Both right", "Only the reference", "Only this one", "Both wrong", "Difference")
SHOWN_RUNS = 10
LONGEST_NAME = 28
HEAD_MARGIN = 24


class Beside(NamedTuple):
    name: str
    head: str
    """The name, as short as a table wants it."""
    measured: Measured


class AgreementCard(Card):
    """One run, the reference, beside each of the others; on all their texts or on a slice of them."""

    explore_wanted = Signal(str)
    compared = Signal(list)
    """The runs as `Beside`, the reference first; none while they are not known to be comparable."""

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._themes = themes
        self._background = Background(self)
        self._all: list[Beside] = []
        """In the order in which they were chosen."""
        self.shown: list[Beside] = []
        """The reference first."""
        self._part: Slice | None = None
        self.agreements: list[Agreement] = []
        self.reference = Choice()
        self.reference.setAccessibleName("Reference")
        self.reference.setMinimumContentsLength(LONGEST_NAME)
        self.reference.setToolTip("The run beside which the others stand")
        self._reference_words = label("Reference", "muted")
        self._reference_words.setBuddy(self.reference)
        self.words = label("", "muted", wrap=True)
        self.table = FittedTable(ROW_PX, SHOWN_RUNS)
        self.table.setAccessibleName("Where they disagree")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.difference = label("", "muted", wrap=True)
        self.listed = label("", "strong", wrap=True)
        self.texts = TextsTable(supervisor)
        self.texts.setFixedHeight(LIST_PX)
        self.explore = button("Open in Explore", themes, "compass", "", self._explore, "Look inside the text (Enter)")
        self.messages = MessagePlace()
        self.column.addLayout(row(label("Where they disagree", "section"), None, self._reference_words, self.reference))
        self.column.addWidget(self.words)
        self.column.addWidget(self.table)
        self.column.addWidget(self.difference)
        heading = row(self.listed, self.explore)
        heading.setStretch(0, 1)
        self.column.addLayout(heading)
        self.column.addWidget(self.messages)
        self.column.addWidget(self.texts)
        self.reference.activated.connect(self._refer)
        self.table.currentCellChanged.connect(lambda line, column, *_: self._list(line, column))
        self.texts.activated.connect(lambda _: self._explore())
        self.texts.came.connect(lambda: self.messages.say(None))
        self.texts.failed.connect(lambda failed: self.messages.say(ErrorCard(themes, failed)))

    def show_runs(self, entries: list[RunEntry]) -> None:
        """At least two."""
        names = told_apart([entry.named for entry in entries])
        heads = told_apart([entry.named for entry in entries], LONGEST_NAME)
        self._all, self.shown, self.agreements, self._part = [], [], [], None
        self._show_parts(False)
        self.words.setText("Reading their answers")
        self.messages.say(None)
        self.compared.emit([])
        records = [entry.record for entry in entries]

        def came(measured: list[Measured]) -> None:
            self._all = [Beside(*one) for one in zip(names, heads, measured, strict=True)]
            self.reference.clear()
            self.reference.addItems(heads)
            self._refer(0)

        self._background.run(lambda: agreement.measured_alike(records, names), came, self._failed, key="agreement")

    def _failed(self, error: UserError) -> None:
        self.words.setText(f"{error.message} {error.advice}")

    def _refer(self, at: int) -> None:
        self.shown = [self._all[at], *self._all[:at], *self._all[at + 1 :]]
        self.compared.emit(self.shown)
        self._compare()

    def restrict(self, part: Slice) -> None:
        """Count the texts of a slice only."""
        self._part = part
        self._compare()

    def _compare(self) -> None:
        first, *others = self.shown
        found, part = first.measured.found, self._part
        rows = part.rows if part is not None and len(part.rows) < len(found.labels) else None
        self.agreements = [agreement.agreement(found, other.measured.found, rows) for other in others]
        split = first.measured.report.split
        texts = f"all {split} texts"
        if part is not None and rows is not None:
            texts = f"{count(len(rows))} of the {split} texts ({part.name})"
        self.words.setText(
            f"On {texts}, {first.name} (the reference) beside {_others(len(others))}. "
            "Choose a number to list its texts."
        )
        chosen = (self.table.currentRow(), self.table.currentColumn())
        self.table.blockSignals(True)
        self.table.setColumnCount(len(HEADS))
        self.table.setHorizontalHeaderLabels(HEADS)
        self.table.setRowCount(len(others))
        self.table.setVerticalHeaderLabels([one.head for one in others])
        head = self.table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        words = head.fontMetrics()
        head.setMinimumSectionSize(max(words.horizontalAdvance(one) for one in HEADS[:DIFFERENCE]) + HEAD_MARGIN)
        head.setSectionResizeMode(DIFFERENCE, QHeaderView.ResizeMode.ResizeToContents)
        for line, one in enumerate(self.agreements):
            for column, places in enumerate(one):
                self._put(line, column, count(len(places)), f"{percent(len(places) / max(one.texts, 1))} of the texts")
            self._put(
                line, DIFFERENCE, slices.told(one.difference), f"95 % confidence interval: {points(one.difference)}"
            )
        for column in range(len(HEADS)):
            side = Qt.AlignmentFlag.AlignLeft if column == DIFFERENCE else Qt.AlignmentFlag.AlignRight
            self.table.horizontalHeaderItem(column).setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        line, column = chosen if chosen[0] in range(len(others)) and chosen[1] in range(DIFFERENCE) else (0, SECOND)
        self.table.setCurrentCell(line, column)
        self.table.blockSignals(False)
        self.table.fit()
        self._show_parts(True)
        self._list(line, column)

    def _put(self, line: int, column: int, words: str, tip: str) -> None:
        item = QTableWidgetItem(words)
        side = Qt.AlignmentFlag.AlignLeft if column == DIFFERENCE else Qt.AlignmentFlag.AlignRight
        item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        item.setToolTip(tip)
        self.table.setItem(line, column, item)

    def _show_parts(self, on: bool) -> None:
        for widget in (
            self._reference_words,
            self.reference,
            self.table,
            self.difference,
            self.listed,
            self.explore,
            self.texts,
        ):
            widget.setVisible(on)

    # ------------------------------------------------------------------------------------------- the texts

    def _list(self, line: int, column: int) -> None:
        """Most confident first. Answered and confidence are those of the run that is wrong, or of the other one."""
        if not 0 <= line < len(self.agreements):
            return
        first, other = self.shown[0], self.shown[line + 1]
        names = (first.name, other.name)
        self.difference.setText(
            f"Accuracy of {names[1]} less that of {names[0]}: {points(self.agreements[line].difference)} "
            "(95 % confidence interval)."
        )
        if column == DIFFERENCE:
            return
        by = first if column == SECOND else other
        told = by.measured
        places = self.agreements[line][column]
        confidence = told.found.probabilities[places].max(axis=1, initial=0)
        best = np.argsort(-confidence, kind="stable")[:LISTED]
        classes, predicted = told.report.class_names, told.found.predicted
        lines = [
            Line(int(at), classes[told.found.labels[at]], classes[predicted[at]], float(confidence[place]))
            for place, at in zip(best, places[best], strict=True)
        ]
        what = (
            f"Both {names[0]} and {names[1]} are right",
            f"Only {names[0]} is right",
            f"Only {names[1]} is right",
            f"Both {names[0]} and {names[1]} are wrong",
        )[column]
        many = counted(len(places), "text")
        many = f"{LISTED} of {many}" if len(places) > LISTED else many
        self.listed.setText(f"{what}: {many}, with the answers of {by.name}")
        self.explore.setEnabled(bool(lines))
        self.texts.put(told.record.id, told.report.split, lines, "There are no such texts.")

    def _explore(self) -> None:
        if self.texts.chosen().prompt:
            self.explore_wanted.emit(self.texts.chosen().prompt)


def _others(many: int) -> str:
    return "the other" if many == 1 else "each of the others"
