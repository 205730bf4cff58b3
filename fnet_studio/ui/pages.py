"""How each page is made. Imports wait until a page is first wanted: they are what takes time."""

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QWidget

from fnet_studio.core.settings import Settings
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource

WELCOME = "welcome"
"""Shown at the first start, and not on the rail."""


def _explore(supervisor: Supervisor, themes: ThemeSource, settings: Settings) -> Any:
    from fnet_studio.ui.explore.page import ExplorePage

    return ExplorePage(supervisor, themes, settings)


def _train(supervisor: Supervisor, themes: ThemeSource, settings: Settings) -> Any:
    from fnet_studio.ui.train.page import TrainPage

    return TrainPage(supervisor, themes, settings)


def _runs(supervisor: Supervisor, themes: ThemeSource, settings: Settings) -> Any:
    from fnet_studio.ui.runs_page import RunsPage

    return RunsPage(supervisor, themes, settings)


def _presets(supervisor: Supervisor, themes: ThemeSource, settings: Settings) -> Any:
    from fnet_studio.ui.presets_page import PresetsPage

    return PresetsPage(supervisor, themes, settings)


def _data(supervisor: Supervisor, themes: ThemeSource, settings: Settings) -> Any:
    from fnet_studio.ui.data_page import DataPage

    return DataPage(supervisor, themes, settings)


def _settings(supervisor: Supervisor, themes: ThemeSource, settings: Settings) -> Any:
    from fnet_studio.ui.settings_page import SettingsPage

    return SettingsPage(supervisor, themes, settings)


def _welcome(supervisor: Supervisor, themes: ThemeSource, settings: Settings) -> Any:
    from fnet_studio.ui.hardware.welcome_page import WelcomePage

    return WelcomePage(supervisor, themes, settings)


def preload() -> None:
    """Import the drawing library while the worker is still importing its own: it takes most of a second, and must not
    be in the way when a run begins."""
    import fnet_studio.ui.train.panels  # noqa: F401


MAKERS: dict[str, Callable[[Supervisor, ThemeSource, Settings], QWidget]] = {
    "explore": _explore,
    "train": _train,
    "runs": _runs,
    "presets": _presets,
    "data": _data,
    "settings": _settings,
    WELCOME: _welcome,
}
