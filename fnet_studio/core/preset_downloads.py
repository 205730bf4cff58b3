"""Downloads of presets that were begun and are not whole: what the worker writes of each, so that the list shows them
after a restart, and they can go on."""

from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
from msgspec import Struct

from fnet_studio.core import files, locks, places
from fnet_studio.core.errors import UserError


class Begun(Struct, frozen=True):
    name: str
    """Of the preset that it will be."""
    preset: str
    """What was asked for: a built-in name or a handle."""
    head: bool = False
    """With the authors' masked-LM head."""
    done_bytes: int = 0
    total_bytes: int = 0


def name_of(preset: str) -> str:
    """Of the preset that a built-in name or a handle becomes. UserError `hub.bad-handle`."""
    parts = preset.partition("@")[0].removesuffix("/").split("/")
    name = next((part for part in reversed(parts) if part and not part.isdecimal()), "")
    if not name or name.startswith(".") or Path(name).name != name or name.endswith(":"):
        raise UserError(
            "hub.bad-handle", f"{preset!r} is not the name of a model.", "Write it like hf://google/fnet-base."
        )
    return name


def _folder() -> Path:
    return places.data() / "downloads"


def alone(name: str) -> AbstractContextManager[None]:
    """Nobody else may fetch a preset of that name meanwhile. UserError `preset.busy`."""
    words = f"The preset {name} is being downloaded by another window or command."
    return locks.alone(_folder() / f"{name}.lock", UserError("preset.busy", words, "Wait for its end."))


def begun() -> dict[str, Begun]:
    """By name. Never raises."""
    found = {}
    for path in sorted(_folder().glob("*.json")) if _folder().is_dir() else []:
        try:
            it = msgspec.json.decode(path.read_bytes(), type=Begun)
        except (OSError, msgspec.DecodeError):
            continue
        found[it.name] = it
    return found


def begun_elsewhere(name: str, preset: str) -> Begun | None:
    """A download that has the name of this one and is of another preset."""
    it = begun().get(name)
    return it if it is not None and it.preset != preset else None


def write(it: Begun) -> None:
    """UserError when the disk refuses."""
    files.write_json(_folder() / f"{it.name}.json", it)


def forget(name: str) -> None:
    (_folder() / f"{name}.json").unlink(missing_ok=True)
