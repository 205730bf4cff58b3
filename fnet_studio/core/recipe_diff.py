"""How the recipes of several runs differ."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from fnet_studio.core import recipe as recipes
from fnet_studio.core import recipe_scope


class Difference(NamedTuple):
    key: str
    title: str
    values: tuple[str, ...]
    """One for each recipe; `–` where the setting does not count."""


def differences(stored: Sequence[dict[str, Any]]) -> list[Difference]:
    """The settings that are not the same in all of these recipes, in the order of the form."""
    flat = [_flat(recipe) for recipe in stored]
    titles = {"task": "Task"} | {key: field.title for key, field in recipes.fields().items()}
    found = []
    for key, title in titles.items():
        values = tuple(one.get(key, "–") for one in flat)
        if len(set(values)) > 1:
            found.append(Difference(key, title, values))
    return found


def _flat(recipe: dict[str, Any]) -> dict[str, str]:
    """Dotted key to the value in words."""
    found = {"task": str(recipe["task"])} if "task" in recipe else {}
    return found | {key: worded(value) for key, value in recipe_scope.counting(recipe).items()}


def worded(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
