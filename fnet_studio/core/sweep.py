"""One recipe several times, with another value of one setting each time: a small TOML file in `resources/sweeps/`."""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from fnet_studio.core import places, recipe
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe


class Sweep(Struct, frozen=True, forbid_unknown_fields=True):
    recipe: str
    """Name of a bundled recipe."""
    key: str
    """The setting, such as `model.mixer`."""
    values: list[str]


def bundled_names() -> list[str]:
    return sorted(path.stem for path in _folder().glob("*.toml"))


def recipes(name: str, changes: dict[str, str] | None = None) -> list[Recipe]:
    """The recipes of a bundled sweep, in its order, with `key=value` changes put in, each named after the sweep, or as
    the changes say, and its value. UserError as of `core.recipe.load`."""
    changes = changes or {}
    sweep = msgspec.convert(tomllib.loads((_folder() / f"{name}.toml").read_text("utf-8")), Sweep)
    if sweep.key in changes:
        raise UserError(
            "recipe.invalid", f"{name} gives {sweep.key} its values itself.", f"Change the recipe {sweep.recipe}."
        )
    called = changes.get("name", name)
    return [
        recipe.load(recipe.bundled(sweep.recipe), {**changes, sweep.key: value, "name": f"{called}-{value}"})
        for value in sweep.values
    ]


def _folder() -> Path:
    return places.resources() / "sweeps"
