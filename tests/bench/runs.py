"""How long the Runs page holds the event loop with thousands of runs on disk.

    QT_QPA_PLATFORM=offscreen python tests/bench/runs.py [--runs 2000]

Prints, for each thing that a user does, how long it took until it was seen, and the longest time that one turn of the
event loop took meanwhile: of this thread's own time, and by the clock on the wall, which other programs lengthen.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fnet_studio.core import run_notes, run_store
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource

LIMIT_MS = 50.0
STEPS = 200


class Turns:
    """The longest turn of the event loop since `begin`."""

    def __init__(self) -> None:
        self.own_ms = self.wall_ms = self.worst_ms = 0.0
        self._timer = QTimer(interval=0)
        self._timer.timeout.connect(self._turn)
        self._timer.start()
        self.begin()

    def begin(self) -> None:
        self.own_ms = self.wall_ms = 0.0
        self._own, self._wall = time.thread_time(), time.perf_counter()

    def _turn(self) -> None:
        own, wall = time.thread_time(), time.perf_counter()
        self.own_ms = max(self.own_ms, (own - self._own) * 1000)
        self.wall_ms = max(self.wall_ms, (wall - self._wall) * 1000)
        self._own, self._wall = own, wall

    def measured(self, words: str, act: Callable[[], object], seen: Callable[[], object]) -> None:
        """Prints how long it takes from `act` until `seen` is true, and the longest turn until all is quiet again."""
        for _ in range(3):
            QTest.qWait(20)
        self.begin()
        began = time.perf_counter()
        act()
        while not seen():
            QCoreApplication.processEvents()
        took = (time.perf_counter() - began) * 1000
        for _ in range(10):
            QTest.qWait(20)
        self.worst_ms = max(self.worst_ms, self.own_ms)
        print(f"{words:<34}{took:>12.0f} {self.own_ms:>14.1f} {self.wall_ms:>12.1f}")


def make_runs(count: int) -> None:
    lines = [
        json.dumps({"step": step, "loss": 1 / step, "accuracy": 0.5, "tokens_per_s": 1.0, "time_s": step * 0.1})
        for step in range(1, STEPS + 1)
    ]
    log = "\n".join(lines) + "\n"
    for number in range(count):
        writer = run_store.RunWriter.create(f"run {number}", to_mapping(Recipe(name=f"recipe {number % 7}")))
        record = writer.record
        record.began -= number * 60
        record.steps = record.total_steps = STEPS
        record.validation_accuracy = record.test_accuracy = 0.5 + number % 100 / 200
        (writer.folder / "metrics.jsonl").write_text(log)
        writer.finish(("finished", "stopped", "failed")[number % 3])
        if number % 5 == 0:
            run_notes.write(record.id, run_notes.RunNotes(tags=("tagged",)))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=2000)
    count = options.parse_args().runs
    make_runs(count)
    application = QApplication([])
    turns = Turns()
    import pyqtgraph  # noqa: F401  (the window imports it beforehand)

    from fnet_studio.ui.runs_page import RunsPage

    print(f"{count} runs{'':<24}{'seen after':>12} {'longest turn':>14} {'on the wall':>12}   (ms)")

    page: list[RunsPage] = []

    def make() -> None:
        page.append(RunsPage(Supervisor(local("scripted"), application), ThemeSource(application), Settings()))
        page[0].resize(1280, 800)

    turns.measured("making the page", make, lambda: page)
    turns.measured("reading all runs", page[0].show, lambda: page[0].model.shown() == count)
    table, listed = page[0].table, page[0].list
    turns.measured("reading them again", page[0].refresh, lambda: page[0].model.shown() == count)
    turns.measured(
        "sorting by test accuracy", lambda: table.header().setSortIndicator(6, Qt.SortOrder.AscendingOrder), bool_
    )
    turns.measured("searching", lambda: listed.search.setText("tagged"), lambda: page[0].model.shown() == count // 5)
    turns.measured("showing all again", lambda: listed.search.setText(""), lambda: page[0].model.shown() == count)
    turns.measured("grouping by recipe", lambda: listed.groups.setCurrentIndex(3), lambda: page[0].model.grouped)
    turns.measured(
        "sorting within the groups", lambda: table.header().setSortIndicator(1, Qt.SortOrder.AscendingOrder), bool_
    )
    turns.measured("no groups", lambda: listed.groups.setCurrentIndex(0), lambda: not page[0].model.grouped)
    turns.measured("going to the next run", lambda: QTest.keyClick(table, Qt.Key.Key_Down), bool_)
    turns.measured("to the last run", lambda: QTest.keyClick(table, Qt.Key.Key_End), bool_)
    turns.measured("selecting all", table.selectAll, lambda: len(listed.selected) == count)
    turns.measured(
        "sorting, all selected", lambda: table.header().setSortIndicator(6, Qt.SortOrder.AscendingOrder), bool_
    )
    turns.measured(
        "searching, all selected", lambda: listed.search.setText("tagged"), lambda: page[0].model.shown() < count
    )
    turns.measured(
        "showing all, some selected", lambda: listed.search.setText(""), lambda: page[0].model.shown() == count
    )
    turns.measured("grouping, some selected", lambda: listed.groups.setCurrentIndex(1), lambda: page[0].model.grouped)
    reached = "yes" if turns.worst_ms < LIMIT_MS else "NO"
    print(f"worst turn {turns.worst_ms:.1f} ms, wanted under {LIMIT_MS:.0f} ms: {reached}")


def bool_() -> bool:
    return True


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["FNET_STUDIO_HOME"] = home
        main()
