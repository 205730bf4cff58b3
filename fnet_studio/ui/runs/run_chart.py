"""The chart panel over the runs on disk: others are drawn behind, and what it shows can be taken away."""

from pathlib import Path
from typing import Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from fnet_studio.core import figure
from fnet_studio.core.curves import Curves, read_curves
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_names import Named, told_apart
from fnet_studio.core.seeds import without_seed
from fnet_studio.ui.background import Background
from fnet_studio.ui.runs import chart_export
from fnet_studio.ui.runs.library import RunEntry, RunLibrary
from fnet_studio.ui.runs.run_picker import RunPicker
from fnet_studio.ui.save_file import ask_save_path
from fnet_studio.ui.widgets.chart_panel import EXPORTS, ChartPanel
from fnet_studio.ui.widgets.run_trace import RunTrace


class RunChart(ChartPanel):
    """Owns which other runs are drawn, and their measurements."""

    def __init__(
        self, colours: Any, parent: QWidget | None = None, *, smoothing: float = 0.6, library: RunLibrary | None = None
    ) -> None:
        """library: the page's own; without one, the runs are read when they are first asked for."""
        super().__init__(colours, parent, smoothing=smoothing)
        self.run_id, self.run_name = "", "run"
        self._library = library or RunLibrary(self)
        self._background = Background(self)
        self._traces: dict[str, RunTrace] = {}
        self._read_at: dict[str, tuple[str, int]] = {}
        """How far each run was when its trace was read."""
        self._chosen: list[str] = []
        self.picker: RunPicker | None = None
        self.compare_wanted.connect(self._pick)
        self.export_wanted.connect(self._export)
        self.seeds.toggled.connect(lambda _: self._show_others())
        self._library.changed.connect(self._offer)

    def show_run(self, run: str, name: str) -> None:
        """The run that the chart is about; it is not drawn behind itself."""
        self.run_id, self.run_name = run, name
        if self._chosen:
            self.show_runs(self._chosen)

    # ----------------------------------------------------------------------------------------- other runs

    def _pick(self) -> None:
        if self.picker is None:
            self.picker = RunPicker(self)
            self.picker.chosen.connect(self.show_runs)
        self.picker.open_at(self.compare)
        if self._library.loaded:
            self._offer()
        self._library.refresh()

    def _offer(self) -> None:
        if self.picker is not None:
            entries = [entry for entry in self._library.entries if entry.id != self.run_id and entry.record.steps]
            self.picker.put(entries, self._chosen)

    def show_runs(self, runs: list[str]) -> None:
        """Draw these runs behind. Those that are not read yet, or have gone on since, come as soon as they are."""
        self._chosen = [run for run in runs if run != self.run_id]
        known = [entry for run in self._chosen if (entry := self._library.find(run))]
        entries = [one for one in known if one.id not in self._traces or self._read_at[one.id] != _at(one)]
        self._show_others()
        if entries:
            weight = self.chart.smoothing
            self._background.run(lambda: _read(entries, weight), self._came, self._not_read, key="others")

    def _came(self, found: tuple[list[tuple[RunEntry, RunTrace]], UserError | None]) -> None:
        read, problem = found
        for entry, trace in read:
            self._traces[entry.id], self._read_at[entry.id] = trace, _at(entry)
        self._show_others()
        if problem is not None:
            self._not_read(problem)

    def _not_read(self, error: UserError) -> None:
        self.line.setText(str(error))

    def _show_others(self) -> None:
        self._traces = {run: self._traces[run] for run in self._chosen if run in self._traces}
        groups = [trace.group for trace in self._traces.values()]
        self.seeds.setVisible(len(set(groups)) < len(groups))
        own, *names = self._names()
        for trace, name in zip(self._traces.values(), names, strict=True):
            trace.name = name
        self.chart.set_others(list(self._traces.values()), self.seeds.isChecked(), own)
        self.compare.setText(f"&Compare ({len(self._chosen)})" if self._chosen else "&Compare")

    def _names(self) -> list[str]:
        """Of the run itself, and of those behind it, told apart."""
        own = self._library.find(self.run_id)
        first = Named(self.run_name, own.record.began if own else 0.0)
        return told_apart([first, *(trace.named for trace in self._traces.values())])

    # -------------------------------------------------------------------------------------------- taking away

    def _export(self, kind: str) -> None:
        if not len(self.chart.trace):
            self.line.setText("There is nothing to export yet: the run has no steps.")
            return
        if kind == "copy":
            run, others, view = chart_export.contents(self.chart, self._names()[0])
            svg = figure.draw(run, others, view, run.name).encode()
            QGuiApplication.clipboard().setImage(chart_export.picture(svg))
            self.line.setText("The chart is on the clipboard.")
            return
        path = ask_save_path(self, "Export the chart", self.run_name, f".{kind}", EXPORTS[kind])
        if path is not None:
            self.export_to(path, kind)

    def export_to(self, path: Path, kind: str) -> None:
        """kind: a key of `EXPORTS`. The line under the chart tells what came of it."""
        parts = chart_export.contents(self.chart, self._names()[0])
        self.line.setText(f"Writing {path.name} …")
        self._background.run(
            lambda: chart_export.write(path, kind, *parts),
            lambda _: self.line.setText(f"Saved {path}."),
            self._not_read,
        )


def read_curves_of(entry: RunEntry) -> Curves:
    """UserError as `curves.read_curves`. For a thread."""
    return read_curves(entry.record)


def _at(entry: RunEntry) -> tuple[str, int]:
    return entry.record.status, entry.record.steps


def _read(entries: list[RunEntry], weight: float) -> tuple[list[tuple[RunEntry, RunTrace]], UserError | None]:
    """Those that can be read, and what is wrong with the first one that cannot."""
    read, problem = [], None
    for entry in entries:
        record = entry.record
        try:
            curves = read_curves(record)
        except UserError as error:
            problem = problem or error
            continue
        group = without_seed(record.recipe)
        trace = RunTrace.of(curves, weight, run=entry.id, name=entry.name, group=group, began=record.began)
        read.append((entry, trace))
    return read, problem
