"""One recipe several times: with another value of one setting each time, as a small TOML file in `resources/sweeps/`
says, or over all combinations of the values that a user gives."""

import copy
import itertools
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from fnet_studio.core import places, recipe, recipe_scope
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe

MOST = 100
"""Runs of one grid."""
LONGEST_NAME = 80
LEAST_NAME = 24
"""Letters that stay of the recipe's own name, whatever the values are."""


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


def values_of(text: str) -> list[str]:
    """The values in `0, 1, 2`, or in `0,1; 0,2` where commas are decimal ones."""
    return [word for word in map(str.strip, text.split(";" if ";" in text else ",")) if word]


def over(base: Recipe, values: Mapping[str, Sequence[str]]) -> list[Recipe]:
    """The recipe with every combination of values, as text by dotted key, those of the last setting changing fastest;
    each named after the recipe and its values, or its number where these are too long. UserError `recipe.invalid` for
    a setting that is unknown or does not count, a value that is wrong, missing or there twice, and for more than
    `MOST`."""
    for key, texts in values.items():
        if not texts:
            raise UserError("recipe.invalid", f"{key} has no values.", "Write them with commas between: 0, 1, 2.")
        known = recipe.fields().get(key)
        parsed = [recipe.parse(known, text) for text in texts] if known else []
        for text, value in zip(texts, parsed):
            if parsed.count(value) > 1:
                raise UserError("recipe.invalid", f"{key}: {text} is there twice.", "Name each value once.")
    if (count := math.prod(map(len, values.values()))) > MOST:
        raise UserError("recipe.invalid", f"These are {count:,} runs.", f"Choose fewer values: {MOST} runs at most.")
    found = []
    for chosen in itertools.product(*values.values()):
        mapping = copy.deepcopy(recipe.to_mapping(base))
        for key, text in zip(values, chosen):
            recipe.put(mapping, key, text)
        words = ", ".join(f"{key.rpartition('.')[2].replace('_', ' ')} {text}" for key, text in zip(values, chosen))
        kept = base.name[: max(LONGEST_NAME - len(words) - 2, LEAST_NAME)]
        mapping["name"] = f"{kept}, {words}"[:LONGEST_NAME]
        found.append(recipe.from_mapping(mapping))
    if len({one.name for one in found}) < len(found):
        found = [_numbered(one, base.name, number, len(found)) for number, one in enumerate(found, 1)]
    for key in values:
        if not any(key in recipe_scope.counting(recipe.to_mapping(one)) for one in found):
            raise UserError(
                "recipe.invalid",
                f"{key} does not count in this recipe: all of these runs would be the same.",
                "Choose another setting.",
            )
    return found


def _numbered(one: Recipe, name: str, number: int, many: int) -> Recipe:
    words = f", {number} of {many}"
    return msgspec.structs.replace(one, name=name[: LONGEST_NAME - len(words)] + words)


def _folder() -> Path:
    return places.resources() / "sweeps"
