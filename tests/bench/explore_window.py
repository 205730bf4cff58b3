"""How long Explore's pictures hold the window's event loop, with the real engine and the bundled preset.

    QT_QPA_PLATFORM=offscreen python tests/bench/explore_window.py [--pictures FOLDER]

Every picture is opened once, a sentence is typed, and a picture is compared with a remembered sentence. Printed is the
most processor time that the window's own thread took between two turns of its loop, picture by picture: other work on
the machine does not count. With a folder, the window and each kind of file are saved there too.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

BAR_MS = 50.0


class Loop:
    """Runs the event loop, and measures this thread's processor time from turn to turn."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.longest_ms = 0.0

    def until(self, condition: Any, limit_s: float = 120.0) -> None:
        ends = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > ends:
                raise SystemExit("It took longer than it may.")
            self.turn()

    def turn(self) -> None:
        began = time.thread_time()
        self._application.processEvents()
        self.longest_ms = max(self.longest_ms, (time.thread_time() - began) * 1000)
        time.sleep(0.005)

    def rest(self, seconds: float = 0.4) -> None:
        ends = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > ends)

    def told(self, what: str) -> float:
        longest, self.longest_ms = self.longest_ms, 0.0
        print(f"{what:28}{longest:7.1f} ms" + ("   over" if longest > BAR_MS else ""), flush=True)
        return longest


def main(folder: Path | None) -> None:
    from PySide6.QtWidgets import QApplication

    from fnet_studio.ui import screenshots
    from fnet_studio.ui.app import make_window
    from fnet_studio.ui.explore.pictures.kinds import KINDS

    application = QApplication([])
    window = make_window(application, "jax", "", "explore")
    window.show()
    loop = Loop(application)
    loop.until(lambda: window.supervisor.state.name == "ready")
    page = window.page("explore")
    card = page.pictures
    page.sentence.set_text("The capital of France is [MASK], and it is a large city.")
    loop.until(lambda: card.planes and not card.answers.busy)
    loop.rest()
    loop.told("opening (not in the bar)")
    held = []
    for index, kind in enumerate(KINDS):
        card.tabs.setCurrentIndex(index)
        loop.until(lambda: card.planes and not card.answers.busy)
        loop.rest()
        held.append(loop.told(kind.title))
        if folder is not None:
            screenshots.take(window, folder, f"picture-{kind.key}", loop.rest, ((1000, 680),))
            for ending in ("svg", "pdf"):
                card.export.export_to(folder / f"{kind.key}.{ending}")
            loop.longest_ms = 0.0
    card.tabs.setCurrentIndex(0)
    card.comparing.remember(card.comparing._scene)
    for letter in " Yes.":
        page.sentence.set_text(page.sentence.text + letter)
        loop.rest(0.1)
    page.sentence.set_text("The capital of Italy is [MASK], and it is a large city.")
    loop.rest()
    loop.until(lambda: card.planes and card.planes[0].signed and not card.answers.busy)
    loop.rest()
    held.append(loop.told("typing, and comparing"))
    if folder is not None:
        screenshots.take(window, folder, "picture-compared", loop.rest, ((1000, 680),))
    print(f"longest: {max(held):.1f} ms of {BAR_MS:.0f}")
    window.supervisor.shutdown()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pictures", type=Path, metavar="FOLDER")
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("FNET_STUDIO_HOME", home)
        main(options.parse_args().pictures)
