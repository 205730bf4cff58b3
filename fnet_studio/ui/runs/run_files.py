"""Runs and their reports as files: written, and runs brought in again, beside the event loop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from fnet_studio.core import files, run_bundle, run_report
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import RunRecord
from fnet_studio.ui.background import STOPPED, Background, Progress
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.runs.told_card import ToldCard
from fnet_studio.ui.save_file import ask_save_path
from fnet_studio.ui.theme import ThemeSource


class RunFiles(QObject):
    """What is under way, and what came of it, is told among the notices of its page."""

    imported = Signal(str)
    """The id of the last run that was brought in."""

    def __init__(self, notices: Notices, themes: ThemeSource, page: QWidget) -> None:
        super().__init__(page)
        self._notices, self._themes, self._page = notices, themes, page
        self._background = Background(self)

    def ask_export(self, entry: RunEntry) -> None:
        path = ask_save_path(self._page, "Export the run", entry.id, run_bundle.SUFFIX, "Run")
        if path is not None:
            self.export_run(entry, path)

    def export_run(self, entry: RunEntry, path: Path) -> None:
        self._do(
            f"Exporting {entry.name}",
            lambda told: run_bundle.export(entry.id, path, told=told),
            lambda _: f"Saved {path}.",
        )

    def ask_report(self, entry: RunEntry) -> None:
        path = ask_save_path(self._page, "Write a report", entry.id, ".html", "Web page")
        if path is not None:
            self.write_report(entry, path)

    def write_report(self, entry: RunEntry, path: Path) -> None:
        def write(_told: Progress) -> None:
            files.write_atomically(path, run_report.write(entry.id).encode())

        self._do(f"Writing the report of {entry.name}", write, lambda _: f"Saved {path}.")

    def ask_import(self) -> None:
        kinds = f"Run (*{run_bundle.SUFFIX});;All files (*)"
        path, _ = QFileDialog.getOpenFileName(self._page, "Import a run", str(Path.home()), kinds)
        if path:
            self.import_runs([Path(path)])

    def import_runs(self, paths: list[Path]) -> None:
        """One after the other, at least one. Those that cannot be read keep no other from being imported."""
        records: list[RunRecord] = []

        def work(told: Progress) -> None:
            failures = []
            for place, path in enumerate(paths):

                def told_of_all(done: int, of: int, before: int = place) -> None:
                    told(done + before * of, of * len(paths))

                try:
                    records.append(run_bundle.bring_in(path, told_of_all))
                except UserError as error:
                    if error.kind == STOPPED and records:
                        raise UserError(STOPPED, "It was stopped.", _imported(records)) from None
                    if error.kind == STOPPED or len(paths) == 1:
                        raise
                    failures.append(error)
            if failures:
                raise UserError(
                    failures[0].kind,
                    " ".join([_imported(records), *(error.message for error in failures)]),
                    " ".join(dict.fromkeys(error.advice for error in failures)),
                )

        def show() -> None:
            if records:
                self.imported.emit(records[-1].id)

        what = paths[0].name if len(paths) == 1 else f"{len(paths)} runs"
        self._do(f"Importing {what}", work, lambda _: _imported(records), show)

    def _do(
        self,
        words: str,
        work: Callable[[Progress], Any],
        done: Callable[[Any], str],
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        """Beside the event loop, with a card that says how far it is, and then what came of it. ended: called however
        it ended."""
        progress = Progress(self)
        self._notices.put("task", ToldCard(self._themes, f"{words} …", busy=progress))

        def succeeded(result: Any) -> None:
            self._notices.put("task", ToldCard(self._themes, done(result)))
            progress.deleteLater()
            ended()

        def failed(error: UserError) -> None:
            stopped = error.kind == STOPPED
            card = ToldCard(self._themes, str(error)) if stopped else ErrorCard(self._themes, error)
            self._notices.put("task", card)
            progress.deleteLater()
            ended()

        self._background.run(lambda: work(progress), succeeded, failed)


def _imported(records: list[RunRecord]) -> str:
    if len(records) == 1:
        return f"The run {records[0].name} was imported."
    return f"{len(records)} runs were imported." if records else "No run was imported."
