"""Where runs disagree on the same texts: how many only one of them gets right, and which those are."""

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidgetItem, QWidget

from fnet_studio.core import agreement, slices
from fnet_studio.core.agreement import Agreement, Measured
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_names import told_apart
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.runs.texts_table import Line, TextsTable
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, percent, points
from fnet_studio.ui.widgets.fitted_table import FittedTable

ROW_PX, LIST_PX, LISTED = 32, 260, 50
BOTH, FIRST, SECOND, NEITHER, DIFFERENCE = range(5)
HEADS = ("Both right", "Only the first", "Only this one", "Both wrong", "Beside the first")
SHOWN_RUNS = 10
LONGEST_NAME = 32
HEAD_MARGIN = 24


class AgreementCard(Card):
    """The first run beside each of the others."""

    explore_wanted = Signal(str)

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._themes = themes
        self._background = Background(self)
        self._names: list[str] = []
        self._heads: list[str] = []
        self._measured: list[Measured] = []
        self.agreements: list[Agreement] = []
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
        self.column.addWidget(label("Where they disagree", "section"))
        self.column.addWidget(self.words)
        self.column.addWidget(self.table)
        self.column.addWidget(self.difference)
        heading = row(self.listed, self.explore)
        heading.setStretch(0, 1)
        self.column.addLayout(heading)
        self.column.addWidget(self.messages)
        self.column.addWidget(self.texts)
        self.table.currentCellChanged.connect(lambda line, column, *_: self._list(line, column))
        self.texts.activated.connect(lambda _: self._explore())
        self.texts.came.connect(lambda: self.messages.say(None))
        self.texts.failed.connect(lambda failed: self.messages.say(ErrorCard(themes, failed)))

    def show_runs(self, entries: list[RunEntry]) -> None:
        """At least two."""
        self._names, self._measured, self.agreements = told_apart([entry.named for entry in entries]), [], []
        self._heads = told_apart([entry.named for entry in entries], LONGEST_NAME)
        self._show_parts(False)
        self.words.setText("Reading their answers")
        self.messages.say(None)
        records, names = [entry.record for entry in entries], self._names
        self._background.run(
            lambda: agreement.measured_alike(records, names), self._came, self._failed, key="agreement"
        )

    def _failed(self, error: UserError) -> None:
        self.words.setText(f"{error.message} {error.advice}")

    def _came(self, measured: list[Measured]) -> None:
        self._measured = measured
        first, *others = measured
        self.agreements = [agreement.agreement(first.found, other.found) for other in others]
        self.words.setText(
            f"On the {first.report.split} texts, {self._names[0]} (the first) beside {_others(len(others))}. "
            "Choose a number to list its texts."
        )
        self.table.blockSignals(True)
        self.table.setColumnCount(len(HEADS))
        self.table.setHorizontalHeaderLabels(HEADS)
        self.table.setRowCount(len(others))
        self.table.setVerticalHeaderLabels(self._heads[1:])
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
        self.table.setCurrentCell(0, SECOND)
        self.table.blockSignals(False)
        self.table.fit()
        self._show_parts(True)
        self._list(0, SECOND)

    def _put(self, line: int, column: int, words: str, tip: str) -> None:
        item = QTableWidgetItem(words)
        side = Qt.AlignmentFlag.AlignLeft if column == DIFFERENCE else Qt.AlignmentFlag.AlignRight
        item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        item.setToolTip(tip)
        self.table.setItem(line, column, item)

    def _show_parts(self, on: bool) -> None:
        for widget in (self.table, self.difference, self.listed, self.explore, self.texts):
            widget.setVisible(on)

    # ------------------------------------------------------------------------------------------- the texts

    def _list(self, line: int, column: int) -> None:
        """Most confident first. Answered and confidence are those of the run that is wrong, or of the other one."""
        if not 0 <= line < len(self.agreements):
            return
        first, other = self._measured[0], self._measured[line + 1]
        names = (self._names[0], self._names[line + 1])
        self.difference.setText(
            f"Accuracy of {names[1]} less that of {names[0]}: {points(self.agreements[line].difference)} "
            "(95 % confidence interval)."
        )
        if column == DIFFERENCE:
            return
        told, by = first if column == SECOND else other, names[0] if column == SECOND else names[1]
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
        many = f"{LISTED} of {count(len(places))} texts" if len(places) > LISTED else f"{count(len(places))} texts"
        self.listed.setText(f"{what}: {many}, with the answers of {by}")
        self.explore.setEnabled(bool(lines))
        self.texts.put(told.record.id, told.report.split, lines, "There are no such texts.")

    def _explore(self) -> None:
        if self.texts.chosen().prompt:
            self.explore_wanted.emit(self.texts.chosen().prompt)


def _others(many: int) -> str:
    return "the other" if many == 1 else "each of the others"
