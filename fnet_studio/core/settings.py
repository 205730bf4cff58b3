"""The user's settings: one struct, one TOML file, written atomically.

Keys that this version does not know are kept, and a file that cannot be read is set aside, not lost. A file that
another version wrote is kept beside the new one (`core.migrations`).
"""

import time
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec
import tomli_w
from msgspec import Struct

from fnet_studio.core import files, locks, migrations, places
from fnet_studio.core.errors import UserError
from fnet_studio.core.patterns import Pattern

Choice = Literal["system", "light", "dark"]
LOCK_WAIT_S = 0.05
"""The window stands still while it waits."""


class Settings(Struct):
    theme: Choice = "system"
    scale: int = 100
    """How large everything in the window is, in percent, from the next start on; never below 100 or above 200."""
    preset: str = "fnet_small_en"
    sentence: str = ""
    top_k: int = 10
    page: str = "explore"
    geometry: str = ""
    """Qt's own window geometry, base64."""
    imdb_path: str = ""
    smoothing: float = 0.6
    device: str = "auto"
    worker_command: str = ""
    """The command line of a worker elsewhere, such as in WSL or over ssh; empty for this machine's."""
    reduced_motion: bool = False
    sides: dict[str, int] = {}
    """How wide the user made the sides of pages, in pixels; 0 for a hidden one."""
    keys: dict[str, str] = {}
    """Those that the user changed, by the names of `ui.keys.KEYS`; empty for none."""
    slices: list[Pattern] = []
    """What the texts of a run's slices hold, in the order in which the user added them."""
    update_check: bool = False
    """Ask the feed of releases when the program starts."""
    update_feed: str = ""
    update_key: str = ""
    """The feed's address and its public key in hexadecimal digits; empty for those of the build (`core.updates`)."""


def first_start() -> bool:
    """Nothing was ever saved here."""
    return not (places.config() / "settings.toml").is_file()


def load() -> tuple[Settings, str]:
    """(settings, a sentence for the user when the file had to be set aside, else '')."""
    path = places.config() / "settings.toml"
    if not path.is_file():
        return Settings(), ""
    try:
        return msgspec.convert(
            _known(migrations.upgrade_settings(tomllib.loads(path.read_text("utf-8")))), Settings
        ), ""
    except (OSError, ValueError, msgspec.ValidationError) as error:
        aside = path.with_name(f"settings.broken-{int(time.time())}.toml")
        try:
            path.rename(aside)
        except OSError:
            aside = path
        words = f"The settings could not be read ({error}). They were set aside as {aside.name}"
        return Settings(), f"{words}, and are as on the first start now."


def save(settings: Settings, before: Settings | None = None) -> None:
    """before: what they were when they were read or saved last. Then only what was changed since is written, over what
    another window wrote meanwhile. UserError `settings.locked`, or when the disk refuses; the old file is then still
    there."""
    path = places.config() / "settings.toml"
    lock = path.with_suffix(".lock")
    busy = UserError("settings.locked", f"{lock} is held by another program.", "Try again once that has ended.")
    with locks.alone(lock, busy, LOCK_WAIT_S):
        _write(path, msgspec.to_builtins(settings), msgspec.to_builtins(before) if before is not None else {})


def _write(path: Path, wanted: dict[str, Any], before: dict[str, Any]) -> None:
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        values = before = {}  # nothing is there to be changed: all of them are written
    written = values.get("schema", 1)
    if values and written != migrations.SETTINGS_SCHEMA:
        migrations.keep_copy(path, written)
    values = {"schema": migrations.SETTINGS_SCHEMA, **migrations.upgrade_settings(values)}
    _change(values, before, wanted)
    files.write_atomically(path, tomli_w.dumps(values).encode(), files.PRIVATE)


def _change(values: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    """Do to the values what was done between the two others; tables within them are changed key by key."""
    for key in before.keys() - after.keys():
        values.pop(key, None)
    for key, value in after.items():
        if all(isinstance(each, dict) for each in (value, before.get(key), values.get(key))):
            _change(values[key], before[key], value)
        elif key not in before or before[key] != value:
            values[key] = value


def _known(values: dict[str, Any]) -> dict[str, Any]:
    names = set(Settings.__struct_fields__)
    return {key: value for key, value in values.items() if key in names}
