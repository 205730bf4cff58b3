"""Where things lie: resources that ship with the program, and the user's own folders.

`FNET_STUDIO_HOME` moves every one of the user's places under one folder; tests always set it.
"""

import os
from functools import cache
from pathlib import Path

import platformdirs

APP = "fnet-studio"


@cache
def resources() -> Path:
    """The folder of shipped files: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "resources"
    return installed if installed.is_dir() else package.parent / "resources"


def _home() -> Path | None:
    home = os.environ.get("FNET_STUDIO_HOME")
    return Path(home).expanduser() if home else None


def data() -> Path:
    """Runs and presets that the user made or fetched."""
    home = _home()
    return home / "data" if home else Path(platformdirs.user_data_dir(APP, appauthor=False))


def config() -> Path:
    home = _home()
    return home / "config" if home else Path(platformdirs.user_config_dir(APP, appauthor=False))


def cache_dir() -> Path:
    """What may be deleted at any time: tokenised data sets, compiled programs, Keras' own file."""
    home = _home()
    return home / "cache" if home else Path(platformdirs.user_cache_dir(APP, appauthor=False))


def logs() -> Path:
    home = _home()
    return home / "logs" if home else Path(platformdirs.user_log_dir(APP, appauthor=False))


def runs() -> Path:
    return data() / "runs"


def presets() -> Path:
    return data() / "presets"


def recipes() -> Path:
    """Recipes that the user saved."""
    return data() / "recipes"


def bundled_presets() -> Path:
    return resources() / "presets"
