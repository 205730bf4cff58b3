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
    """The recipes of a bundled sweep, in its order, each named after the sweep and its value, with `key=value` changes
    put in. UserError as of `core.recipe.load`."""
    sweep = msgspec.convert(tomllib.loads((_folder() / f"{name}.toml").read_text("utf-8")), Sweep)
    if sweep.key in (changes or {}):
        raise UserError(
            "recipe.invalid", f"{name} gives {sweep.key} its values itself.", f"Change the recipe {sweep.recipe}."
        )
    return [
        recipe.load(recipe.bundled(sweep.recipe), {**(changes or {}), sweep.key: value, "name": f"{name}-{value}"})
        for value in sweep.values
    ]


def _folder() -> Path:
    return places.resources() / "sweeps"
