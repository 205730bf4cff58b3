"""One run, as large as the page: its curves, its maps, its results, where its texts lie, and a box to try it."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.core.curves import Curves, Mark
from fnet_studio.core.errors import UserError
from fnet_studio.core.settings import Settings
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import EmptyState, ErrorCard
from fnet_studio.ui.parts import Card, button, row
from fnet_studio.ui.row_text import RowText
from fnet_studio.ui.runs.library import RunEntry, RunLibrary
from fnet_studio.ui.runs.maps_tab import MapsTab
from fnet_studio.ui.runs.repeat_card import RepeatCard
from fnet_studio.ui.runs.results_tab import ResultsTab
from fnet_studio.ui.runs.run_chart import RunChart, read_curves_of
from fnet_studio.ui.runs.text_map_tab import TextMapTab
from fnet_studio.ui.runs.try_tab import TryTab
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.shortened_label import ShortenedLabel
from fnet_studio.ui.widgets.tabs import Tabs

TABS = ("Curves", "Mixing maps", "Results", "Map of texts", "Try it")
GROWING = {"Curves", "Mixing maps"}
"""Those that a run under way adds to."""


class RunView(QWidget):
    """Each tab reads when it is first looked at. Ctrl+Tab goes to the next one."""

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
        self._themes = themes
        self._background = Background(self)
        self._entry: RunEntry | None = None
        self._fresh: set[str] = set()
        self.title = ShortenedLabel("section", fills=False)
        self.when = ShortenedLabel("muted", fills=False)
        self.back = button("Back", themes, "undo-2", "", self.back_wanted.emit, "To the list (Esc)")
        self.repeat = RepeatCard(supervisor, themes)
        self.repeat.hide()
        tip = "Train its last steps again, and compare with what was stored"
        self.check = button("Check resuming", themes, "badge-check", "", self._show_repeat, tip)
        self.chart = RunChart(themes, smoothing=settings.smoothing, library=library)
        self.no_curve = EmptyState(
            themes, "chart-line", "No steps to draw", "The curves begin with the first training step."
        )
        self.no_curve.hide()
        self.trouble = QVBoxLayout()
        curves = Card()
        curves.column.addLayout(self.trouble)
        curves.column.addWidget(self.chart, 1)
        curves.column.addWidget(self.no_curve, 1)
        self.maps = MapsTab(themes)
        maps = Card()
        maps.column.addWidget(self.maps)
        self.results = ResultsTab(supervisor, themes, settings.slices)
        self.text_map = TextMapTab(supervisor, themes)
        self.trying = TryTab(supervisor, themes)
        self.tabs = Tabs()
        self.tabs.setDocumentMode(True)
        for words, page in zip(TABS, (curves, maps, self.results, self.text_map, self.trying)):
            self.tabs.addTab(page, words)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row(self.back, self.title, self.when, None, self.check, spacing=12))
        column.addWidget(self.repeat)
        column.addWidget(self.tabs, 1)
        self.tabs.currentChanged.connect(self._show_tab)
        self.chart.chart.mark_chosen.connect(self._mark_chosen)
        self.results.explore_wanted.connect(self.explore_wanted)
        self.results.try_wanted.connect(self.try_text)
        self.text_map.explore_wanted.connect(self.explore_wanted)
        self.text_map.try_wanted.connect(self.try_text)
        self.trying.explore_wanted.connect(self.explore_wanted)

    def show_run(self, entry: RunEntry, tab: str = "") -> None:
        """tab: one of `TABS`, or as it was."""
        self._name(entry)
        self._fresh = set()
        self.chart.chart.clear_run()
        self.chart.line.setText("Reading the curves …")
        self.repeat.show_run(entry.id)
        if tab:
            self.tabs.setCurrentIndex(TABS.index(tab))
        self._show_tab()

    @property
    def run(self) -> str:
        """Its id, '' before the first one is shown."""
        return self._entry.id if self._entry is not None else ""

    def follow(self, entry: RunEntry) -> None:
        """The same run as it is now: what changed since is read again. The chart keeps its range."""
        before = self._entry
        if before is None or before == entry:
            return
        self._name(entry)
        if before.model != entry.model:
            self._fresh.clear()
        elif before.record.steps != entry.record.steps:
            self._fresh -= GROWING
        self._show_tab()

    def _name(self, entry: RunEntry) -> None:
        self._entry = entry
        for words, text in ((self.title, entry.name), (self.when, entry.id)):
            words.setText(text)
            words.setToolTip(text)
        self.chart.show_run(entry.id, entry.name)

    def _show_repeat(self) -> None:
        self.repeat.show()
        self.repeat.start.setFocus()

    def try_text(self, asked: RowText) -> None:
        self.tabs.setCurrentIndex(TABS.index("Try it"))
        self.trying.try_text(asked)

    def _show_tab(self, *_: Any) -> None:
        entry, tab = self._entry, TABS[self.tabs.currentIndex()]
        if entry is None or tab in self._fresh:
            return
        self._fresh.add(tab)
        if tab == "Curves":
            while (item := self.trouble.takeAt(0)) is not None:
                widget = item.widget()
                if widget is not None:
                    widget.deleteLater()
            self._background.run(lambda: read_curves_of(entry), self._curves, self._no_curves, key="curves")
        elif tab == "Mixing maps":
            self.maps.show_run(entry)
        elif tab == "Results":
            self.results.show_run(entry)
        elif tab == "Map of texts":
            self.text_map.show_run(entry)
        else:
            self.trying.show_run(entry)

    def _curves(self, curves: Curves) -> None:
        self.chart.setVisible(len(curves) > 0)
        self.no_curve.setVisible(not len(curves))
        self.chart.chart.show_curves(curves, keep_range=True)

    def _no_curves(self, error: UserError) -> None:
        self.chart.hide()
        self.trouble.addWidget(ErrorCard(self._themes, error, closable=False))

    def _mark_chosen(self, mark: Mark) -> None:
        """The maps go along, to the same step."""
        self.maps.go_to(mark.step)

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.back_wanted.emit()
        else:
            super().keyPressEvent(event)
