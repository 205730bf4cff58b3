"""How long the Data page holds the event loop with a large data set: python tests/bench/data_page.py [--rows 1000000]

A table of so many rows is written, opened, filtered, scrolled through and looked at as tokens, with the scripted
engine, whose reading is the real one (or with --engine jax). The longest turn of the window's thread is told for each
step, in milliseconds of that thread alone, and how long the user waits. IMDb's archive takes ten seconds and more.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fnet_studio.core import data_sets, protocol
from fnet_studio.core.recipe_sections import DataRecipe

LIMIT_S = 300.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--engine", default="scripted", choices=("scripted", "jax"))
    parser.add_argument("--path", type=Path, help="a data set of one's own, such as IMDb's archive")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fnet-studio-bench-") as home:
        os.environ["FNET_STUDIO_HOME"] = home
        path = options.path or write(Path(home) / "large.csv", options.rows)
        measure(path, options.engine)
    return 0


def write(path: Path, rows: int) -> Path:
    words = ["a", "slow", "start", "but", "the", "last", "hour", "was", "worth", "all", "of", "the", "wait"]
    with open(path, "w", encoding="utf-8") as out:
        out.write("label,text\n")
        for row in range(rows):
            first = row % len(words)
            out.write(f"{'good' if row % 3 else 'bad'},{row // 2} {' '.join(words[first:] + words[:first])}\n")
    return path


def measure(path: Path, engine: Literal["scripted", "jax"]) -> None:
    from fnet_studio.ui.app import make_window

    source = data_sets.source_of(str(path))
    one = data_sets.add("Large", DataRecipe(source=source, path=str(path)))  # type: ignore[arg-type]
    application = QApplication([])
    window = make_window(application, engine, page="data")
    window.resize(1280, 800)
    window.show()
    wait(lambda: window.supervisor.state.name == "ready")
    page = window.page("data")
    wait(lambda: page.opened is not None and page.library.find(one.id) is not None)
    loop = Loop(window)

    def hear(envelope, _blob) -> None:
        """Reading a large archive takes a while: say so."""
        if isinstance(envelope.body, protocol.Phase):
            print(f"  {envelope.body.name} …", flush=True)

    window.supervisor.message.connect(hear)

    def step(words: str, do, over) -> None:
        loop.begin()
        began = time.monotonic()
        do()
        wait(over)
        took = time.monotonic() - began
        QTest.qWait(300)
        print(f"{words:44s} held {loop.end():6.1f} ms at most, took {took:7.2f} s", flush=True)

    def counted() -> bool:
        return page.overview._data.get("path") == str(path) and page.overview._counted is not None

    def at(row: int) -> bool:
        return page.texts.model.known(row) is not None

    table, model = page.texts.table, page.texts.model

    step("open, with twins and lengths counted", lambda: page.choose(one.id), counted)
    step("the table of texts", lambda: page.tabs.setCurrentWidget(page.texts), lambda: at(0))
    last = model.total - 1
    print(f"{model.total:,} rows")
    step("to the last row", table.scrollToBottom, lambda: at(last))
    step("to the middle", lambda: table.scrollTo(model.index(last // 2, 0)), lambda: at(last // 2))

    def scroll() -> None:
        bar = table.verticalScrollBar()
        for place in range(0, bar.maximum(), max(bar.maximum() // 200, 1)):
            bar.setValue(place)
            QTest.qWait(5)

    step("200 jumps through all of it", scroll, lambda: True)
    search = page.texts.search.line

    def settled() -> bool:
        return not page.texts._soon.isActive() and not page.texts._filtering.busy

    step("a word is looked for", lambda: search.setText("last hour"), settled)
    page.texts.search.regex.setChecked(True)
    step("a pattern is looked for", lambda: search.setText("^9.*wait$"), settled)
    print(f"{model.total:,} rows fit")
    step("and taken away", lambda: search.clear(), settled)
    step(
        "twins",
        lambda: page.tabs.setCurrentWidget(page.twins),
        lambda: page.twins.stack.currentWidget() is not page.twins.busy,
    )
    print(f"{page.twins.model.total:,} pairs")
    step("loosely", lambda: page.twins.loosely.setChecked(True), lambda: not page.twins._asking.busy)
    page.texts._pack()
    step("as the model sees it", lambda: page.cutting.choose_length(64), lambda: page.seen.packed is not None)
    step("100 moves of the length", lambda: moves(page), lambda: True)
    window.supervisor.shutdown()
    window.close()


def moves(page) -> None:
    page.tabs.setCurrentWidget(page.overview)
    for length in range(8, 108):
        page.cutting.choose_length(length)
        QTest.qWait(2)


class Loop:
    """The longest turn of the event loop, in the processor time of its thread."""

    def __init__(self, parent) -> None:
        self._timer = QTimer(parent, interval=1)
        self._timer.timeout.connect(self._turn)

    def begin(self) -> None:
        self._longest, self._last = 0.0, time.thread_time()
        self._timer.start()

    def end(self) -> float:
        self._timer.stop()
        return self._longest * 1000

    def _turn(self) -> None:
        now = time.thread_time()
        self._longest, self._last = max(self._longest, now - self._last), now


def wait(condition, limit_s: float = LIMIT_S) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        QTest.qWait(5)


if __name__ == "__main__":
    sys.exit(main())
