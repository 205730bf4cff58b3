"""The guided tour: the real window with the real worker, driven through everything once by clicks and keys."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import psutil
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from fnet_studio.core.settings import Choice
from fnet_studio.link.command import EngineName
from fnet_studio.ui.app import make_window
from fnet_studio.ui.garbage import GarbageCollection
from fnet_studio.ui.hand import Hand
from fnet_studio.ui.screenshots import THEMES
from fnet_studio.ui.tour.explore import Explore
from fnet_studio.ui.tour.lists import see_lists
from fnet_studio.ui.tour.own_data import see_data
from fnet_studio.ui.tour.settings import see_find, see_settings
from fnet_studio.ui.tour.training import Training


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="fnet-studio tour", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".tour"), help="where the pictures go")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to watch the training at most")
    parser.add_argument("--engine", choices=("jax", "scripted"), default="jax")
    parser.add_argument("--theme", choices=THEMES, help="take pictures in this one alone: half of the time")
    options = parser.parse_args(words)
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    themes = (options.theme,) if options.theme else THEMES
    return run_tour(options.folder, options.seconds, options.engine, themes)


def run_tour(
    folder: Path, seconds: float = 60.0, engine: EngineName = "jax", themes: tuple[Choice, ...] = THEMES
) -> int:
    """Saves pictures of each page in its themes, large and small; prints what it sees. 0 when all was as it
    should be. The user's own runs and settings stay out of it: the tour has a home of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    before = os.environ.get("FNET_STUDIO_HOME")
    with tempfile.TemporaryDirectory(prefix="fnet-studio-tour-", ignore_cleanup_errors=True) as home:
        os.environ["FNET_STUDIO_HOME"] = home
        try:
            failures = _tour(folder, seconds, engine, themes)
        finally:
            os.environ.pop("FNET_STUDIO_HOME")
            if before is not None:
                os.environ["FNET_STUDIO_HOME"] = before
    print(f"\n{len(failures)} of what was expected did not come." if failures else "\nAll was as expected.")
    for words in failures:
        print(f"  FAIL  {words}")
    return 1 if failures else 0


def _tour(folder: Path, seconds: float, engine: EngineName, themes: tuple[Choice, ...]) -> list[str]:
    application = QApplication.instance() or QApplication(["fnet-studio"])
    assert isinstance(application, QApplication)
    GarbageCollection(application)
    began = time.monotonic()
    window = make_window(application, engine)
    hand = Hand(window, folder, themes)
    painted: list[float] = []
    window.painted.connect(lambda: painted.append(time.monotonic() - began))
    window.show()
    window.activateWindow()  # a bare X server has no window manager to do it, and keys would go nowhere
    try:
        hand.say("Start")
        hand.wait(lambda: painted, "the window is painted")
        hand.wait(lambda: window.supervisor.state.name == "ready", "the worker is ready", 120)
        ready = window.supervisor.ready
        if ready is not None:
            device = ready.devices[0].name if ready.devices else "no device"
            hand.say(f"        first paint after {painted[0] * 1000:.0f} ms, imports {ready.took_s:.1f} s, {device}")
        Explore(hand).see()
        training = Training(hand, seconds)
        training.wrong_inputs()
        training.own_data()
        training.a_run()
        training.a_stopped_run()
        training.a_killed_worker()
        see_lists(hand)
        see_data(hand)
        see_settings(hand)
        see_find(hand)
        hand.say(f"\n{hand.pictures} pictures in {folder}")
    finally:
        hand.watch_loop(False)
        if window.supervisor.long_running:
            window.supervisor.restart()
        worker = window.supervisor.pid
        window.close()
        hand.expect(not (worker and psutil.pid_exists(worker)), "closing the window ended its worker")
        hand.let_go()
        window.deleteLater()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return hand.failures
