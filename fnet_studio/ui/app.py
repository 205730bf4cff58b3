"""`fnet-studio`: the window's process, from its command line to its exit."""

import argparse
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from fnet_studio import __version__
from fnet_studio.core import protocol, run_bundle, settings
from fnet_studio.core.errors import UserError
from fnet_studio.link import command
from fnet_studio.ui import scaling
from fnet_studio.ui.garbage import GarbageCollection
from fnet_studio.ui.pages import WELCOME
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.window import Window

TRACE = "FNET_STUDIO_TRACE_START"
"""Set to anything, the time of the first paint is printed (seconds since the epoch)."""
FRAME = QSize(8, 40)
"""Pixels that a desktop may put around a window; it tells only once the window is shown."""


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="fnet-studio", description="Open the window.")
    result.add_argument("--engine", choices=("jax", "scripted"), default="jax", help="scripted: a demonstration")
    result.add_argument("--script", default="", help="faults of the scripted engine, such as crash@50,rate=100")
    result.add_argument("--page", default="", help="the page to open with")
    result.add_argument("paths", nargs="*", type=Path, help="runs (*.fnetrun) and presets (folders, *.zip) to import")
    return result


def run(argv: list[str]) -> NoReturn:
    """Ends the process when the window is closed."""
    options = parser().parse_args(argv)
    # Ctrl+C in the terminal ends the window; its worker notices that and ends itself
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    loaded = settings.load()
    application = scaling.make_application(loaded[0].scale)
    application.setApplicationName("fnet-studio")
    application.setApplicationDisplayName("FNet Studio")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("fnet-studio")
    GarbageCollection(application)
    window = make_window(application, options.engine, options.script, options.page, loaded)
    sys.excepthook = _Reporter(window)
    room = window.screen().availableSize() - FRAME
    window.setMinimumSize(window.minimumSize().boundedTo(room))
    window.resize(window.size().boundedTo(room))
    window.painted.connect(lambda: open_paths(window, options.paths))
    window.show()
    status = application.exec()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    # the interpreter's own end deletes Qt's objects in any order, and a chart's do not always survive that
    os._exit(status)


def make_window(
    application: QApplication,
    engine: command.EngineName = "jax",
    script: str = "",
    page: str = "",
    loaded: tuple[settings.Settings, str] | None = None,
) -> Window:
    """The real window, not yet shown. Its worker starts after the first paint. loaded: what `settings.load` gave."""
    first = settings.first_start()
    choices, warning = loaded or settings.load()
    if page:
        choices.page = page
    themes = ThemeSource(application, choices.theme)
    try:
        worker = command.chosen(choices, engine, script)
    except UserError as error:
        choices.worker_command, warning = "", warning or f"{error.message} The worker of this machine is used."
        worker = command.chosen(choices, engine, script)
    supervisor = Supervisor(worker, application)
    window = Window(supervisor, themes, choices, warning)
    if first and not page and not warning:
        window.go(WELCOME)
    window.painted.connect(_trace)
    window.painted.connect(supervisor.start)
    if choices.update_check:
        window.painted.connect(lambda: window.show_updates(looking=True))
    return window


def open_paths(window: Window, paths: list[Path]) -> None:
    """What a file manager hands over: runs and presets, as their pages bring them in. The rest is refused in words."""
    runs = [path for path in paths if path.suffix == run_bundle.SUFFIX]
    if runs:
        window.import_runs(runs)
    for path in (path for path in paths if path not in runs):
        if path.is_dir() or path.suffix.lower() == ".zip":
            window.go("presets")
            window.page("presets").importing.bring(path)
        else:
            advice = f"Open a run ({run_bundle.SUFFIX}), or a preset's folder or zip archive."
            window.show_error(UserError("window.unknown-file", f"{path} is nothing that can be opened here.", advice))


def _trace() -> None:
    if os.environ.get(TRACE):
        print(f"first paint at {time.time():.4f}", file=sys.stderr, flush=True)


class _Reporter:
    """An error that nobody foresaw, in a slot of the window: a card with its traceback, and the window goes on."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(text)
        if issubclass(kind, Exception):
            failed = protocol.Failed(
                "window.bug",
                f"Something went wrong in the window: {kind.__name__}: {error}",
                "You can go on. Please report it with the details below.",
                text,
            )
            self._window.show_error(failed)
