"""How long the Presets page holds the event loop with many presets on disk.

    QT_QPA_PLATFORM=offscreen PYTHONPATH=tests/bench python tests/bench/presets.py [--presets 50] [--runs 200]

Prints what `tests/bench/runs.py` prints: for each thing that a user does, how long it took until it was seen, and the
longest time that one turn of the event loop took meanwhile.
"""

import argparse
import os
import shutil
import tempfile

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from runs import LIMIT_MS, Turns

from fnet_studio.core import places
from fnet_studio.core.run_store import RunWriter
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource

SOURCE = places.bundled_presets() / "fnet_mini_en"


def copy(target) -> None:
    """With the same bytes under another name: fifty times the weights would fill the disk for nothing."""
    shutil.copytree(SOURCE, target, copy_function=os.link if _can_link(target.parent) else shutil.copy)


def _can_link(folder) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    return folder.stat().st_dev == SOURCE.stat().st_dev


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--presets", type=int, default=50)
    options.add_argument("--runs", type=int, default=200)
    chosen = options.parse_args()
    for number in range(chosen.presets):
        copy(places.presets() / f"preset-{number:03}")
    for number in range(chosen.runs):
        writer = RunWriter.create(f"run {number}", {"task": "finetune", "model": {"preset": "fnet_mini_en"}})
        if number % 10 == 0:
            copy(writer.folder / "preset")
        writer.finish("finished")
    application = QApplication([])
    themes = ThemeSource(application)
    turns = Turns()
    from fnet_studio.ui.presets_page import PresetsPage

    bundled = sum(path.is_dir() for path in places.bundled_presets().iterdir())
    every = bundled + chosen.presets + (chosen.runs + 9) // 10 + 2
    print(f"{every} presets{'':<22}{'seen after':>12} {'longest turn':>14} {'on the wall':>12}   (ms)")

    page: list[PresetsPage] = []

    def make() -> None:
        page.append(PresetsPage(Supervisor(local("scripted"), application), themes, Settings()))
        page[0].resize(1280, 800)

    def shown() -> int:
        return len(page[0].list.model.shown())

    turns.measured("making the page", make, lambda: page)
    turns.measured("reading all presets", page[0].show, lambda: shown() == every)
    view, listed = page[0].list.view, page[0].list
    turns.measured("reading them again", page[0].refresh, lambda: shown() == every)
    turns.measured("going to the next", lambda: QTest.keyClick(view, Qt.Key.Key_Down), lambda: True)
    turns.measured("to the last", lambda: QTest.keyClick(view, Qt.Key.Key_End), lambda: True)
    turns.measured("to the first", lambda: QTest.keyClick(view, Qt.Key.Key_Home), lambda: True)
    turns.measured("searching", lambda: listed.search.setText("preset-01"), lambda: shown() == 10)
    turns.measured("showing all again", listed.search.clear, lambda: shown() == every)
    turns.measured("the dark theme", lambda: themes.set_choice("dark"), lambda: True)
    entry = page[0].library.find("preset-007")
    assert entry is not None
    turns.measured("deleting one", lambda: page[0].remove(entry), lambda: shown() == every - 1)
    reached = "yes" if turns.worst_ms < LIMIT_MS else "NO"
    print(f"worst turn {turns.worst_ms:.1f} ms, wanted under {LIMIT_MS:.0f} ms: {reached}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["FNET_STUDIO_HOME"] = home
        main()
