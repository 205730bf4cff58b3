"""Runs side by side, in the shape of the published table, with the settings in which they differ and their curves."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidgetItem, QVBoxLayout, QWidget

from fnet_studio.core import recipe_diff
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_names import LONGEST, Named, told_apart
from fnet_studio.core.run_store import RunRecord
from fnet_studio.core.seeds import name_of_all, same_but_seed, spread
from fnet_studio.core.settings import Settings
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.itemmodels.runs import STATUSES, share
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.runs.agreement_card import AgreementCard, Beside
from fnet_studio.ui.runs.compared_slices import ComparedSlices
from fnet_studio.ui.runs.library import RunEntry, RunLibrary
from fnet_studio.ui.runs.run_chart import RunChart, read_curves_of
from fnet_studio.ui.runs.slices_card import SlicesCard
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, duration
from fnet_studio.ui.widgets.fitted_table import FittedTable
from fnet_studio.ui.widgets.overlays import MOST

CHART_PX = 440
ROW_PX = 32
SHOWN_RUNS = 12
LONGEST_NAME = 32
SLICES = (
    "How often each is right on a part of the texts, the reference first: ▲ and ▼ say by how many points another is "
    "above or below it, where chance does not explain that. Choose a slice to see where they disagree on it."
)
FIGURES = ("Status", "Training", "Train", "Validation", "Test", "Parameters")


class CompareView(QWidget):
    back_wanted = Signal()
    explore_wanted = Signal(str)

    def __init__(
        self,
        supervisor: Supervisor,
        library: RunLibrary,
        themes: ThemeSource,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self._themes = themes
        self._background = Background(self)
        self._names: list[str] = []
        self.title = label("", "section")
        self.back = button("Back", themes, "undo-2", "", self.back_wanted.emit, "To the list (Esc)")
        self.copy = button("Copy figures", themes, "copy", "", self._copy, "As Markdown")
        self.figures = _table("Figures")
        self.settings = _table("Settings that differ")
        self.same = label("All their settings are the same.", "muted")
        self.trouble = MessagePlace()
        self.agreement = AgreementCard(supervisor, themes)
        self.agreement.explore_wanted.connect(self.explore_wanted)
        self.slices = SlicesCard(supervisor, themes, settings.slices, ComparedSlices(), SLICES)
        self.slices.hide()
        self.slices.chosen.connect(self.agreement.restrict)
        self.agreement.compared.connect(self._show_slices)
        self.chart = RunChart(themes, smoothing=settings.smoothing, library=library)
        self.chart.setMinimumHeight(CHART_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(12)
        column.addLayout(row(self.back, self.title, None, self.copy))
        column.addWidget(self.trouble)
        figures, different, curves = Card(), Card(), Card()
        figures.column.addWidget(label("Figures", "section"))
        figures.column.addWidget(self.figures, 0, Qt.AlignmentFlag.AlignLeft)
        different.column.addWidget(label("Settings that differ", "section"))
        different.column.addWidget(self.settings, 0, Qt.AlignmentFlag.AlignLeft)
        different.column.addWidget(self.same)
        curves.column.addWidget(self.chart)
        for card in (figures, different, curves):
            column.addWidget(card)
        column.addWidget(self.slices)
        column.addWidget(self.agreement)
        column.addStretch(1)

    def show_runs(self, entries: list[RunEntry]) -> None:
        """At least two."""
        self.title.setText(f"{len(entries)} runs side by side")
        self._names = told_apart([entry.named for entry in entries])
        names = told_apart([entry.named for entry in entries], LONGEST_NAME)
        self._rows = [_figures(entry) for entry in entries]
        groups = same_but_seed([entry.record for entry in entries])
        self._rows += [_means([entries[place].record for place in group]) for group in groups]
        _fill(self.figures, names + _mean_names(entries, groups, LONGEST_NAME), FIGURES, self._rows)
        self._names += _mean_names(entries, groups)
        different = recipe_diff.differences([entry.record.recipe for entry in entries])
        columns = [one.title for one in different]
        _fill(self.settings, names, columns, [[one.values[at] for one in different] for at in range(len(entries))])
        self.settings.setVisible(bool(different))
        self.same.setVisible(not different)
        first, others = entries[0], [entry.id for entry in entries[1 : MOST + 1]]
        self.chart.show_run(first.id, first.name)
        self.chart.chart.clear_run()
        self.trouble.say(None)
        self._background.run(
            lambda: read_curves_of(first), self.chart.chart.show_curves, self._failed, key="first curves"
        )
        self.chart.show_runs(others)
        self.agreement.show_runs(entries)

    def _show_slices(self, runs: list[Beside]) -> None:
        if not runs:
            self.slices.hide()
            return
        answers = [one.measured.found for one in runs]
        self.slices.table.set_models([one.name for one in runs], [one.head for one in runs], answers)
        if self.slices.isHidden():
            self.slices.show()
            first = runs[0].measured
            self.slices.put(first.record.id, first.report.split, first.found)
        else:  # the same runs, with another one as the reference
            self.slices.refresh()

    def _failed(self, error: UserError) -> None:
        self.trouble.say(ErrorCard(self._themes, error))

    def as_markdown(self) -> str:
        lines = ["| | " + " | ".join(FIGURES) + " |", "| --- " * (len(FIGURES) + 1) + "|"]
        for name, figures in zip(self._names, self._rows):
            escaped = name.replace("|", "\\|")
            lines.append(f"| {escaped} | " + " | ".join(figures) + " |")
        return "\n".join(lines) + "\n"

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.as_markdown())

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.back_wanted.emit()
        else:
            super().keyPressEvent(event)


def _figures(entry: RunEntry) -> list[str]:
    record = entry.record
    return [
        STATUSES[record.status].words,
        duration(record.training_s or record.duration_s),
        share(record.train_accuracy),
        share(record.validation_accuracy),
        share(record.test_accuracy),
        count(record.parameters) if record.parameters else "–",
    ]


def _mean_names(entries: list[RunEntry], groups: list[list[int]], most: int = LONGEST) -> list[str]:
    if len(groups) < 2:
        return [f"Mean of {len(group)} seeds" for group in groups]
    firsts = [entries[group[0]].named for group in groups]
    names = told_apart([Named(name_of_all(name), began) for name, began in firsts], most)
    return [f"Mean of {len(group)} seeds, {name}" for group, name in zip(groups, names)]


def _means(records: list[RunRecord]) -> list[str]:
    """Each accuracy with its standard deviation."""
    accuracies = ([getattr(r, f"{it}_accuracy") for r in records] for it in ("train", "validation", "test"))
    spreads = [spread(values) for values in accuracies]
    return ["", "", *("–" if it is None else it.percent for it in spreads), ""]


def _table(name: str) -> FittedTable:
    table = FittedTable(ROW_PX, SHOWN_RUNS)
    table.setAccessibleName(name)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setShowGrid(False)
    table.setSizeAdjustPolicy(table.SizeAdjustPolicy.AdjustToContents)
    table.setTabKeyNavigation(False)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return table


def _fill(table: FittedTable, names: list[str], columns: Any, rows: list[list[str]]) -> None:
    table.setRowCount(len(names))
    table.setColumnCount(len(columns))
    table.setHorizontalHeaderLabels(list(columns))
    table.setVerticalHeaderLabels(names)
    for place, cells in enumerate(rows):
        for column, words in enumerate(cells):
            item = QTableWidgetItem(words)
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(place, column, item)
    table.fit()
