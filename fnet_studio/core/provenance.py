"""Where a run comes from: the state of the source, and the command that would start it again."""

import shlex
import subprocess
from pathlib import Path
from typing import Any

from msgspec import Struct

from fnet_studio.core import recipe as recipes
from fnet_studio.core import recipe_scope
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe
from fnet_studio.core.recipe_scope import DATA_PLACES

GIT_WAIT_S = 5.0


class GitState(Struct, frozen=True):
    commit: str
    dirty: bool
    """Tracked files differ from the commit."""


def git_state() -> GitState | None:
    """Of the checkout that this program runs from; None for an installed one, or without git."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None

    def ask(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(root), *words],
            stdin=subprocess.DEVNULL,  # the worker's own is the protocol
            capture_output=True,
            text=True,
            timeout=GIT_WAIT_S,
            check=True,
        )
        return done.stdout.strip()

    try:
        return GitState(ask("rev-parse", "HEAD"), bool(ask("status", "--porcelain", "--untracked-files=no")))
    except (OSError, subprocess.SubprocessError):
        return None


def nearest_bundled(recipe: Recipe) -> str:
    """The bundled recipe of its task that needs the fewest changes; the one of its name wins among equals."""

    def distance(name: str) -> tuple[bool, int, bool, str]:
        base = _base(name, recipe)
        return base is None, len(_changes(base, recipe)) if base else 0, name != recipe.name, name

    return min(recipes.bundled_names(), key=distance)


def as_command(recipe: Recipe, name: str = "") -> str:
    """The command line of exactly this recipe, with only what differs from the nearest bundled one, quoted for a POSIX
    shell. name: the run's, where it is not the recipe's."""
    base_name = nearest_bundled(recipe)
    base = _base(base_name, recipe)
    words = ["fnet-studio", "train", base_name]
    counting = recipe_scope.counting(recipes.to_mapping(recipe))
    for key, value in _changes(base, recipe).items() if base else ():
        if key in counting or key not in DATA_PLACES:  # files that are not read are refused there
            words += ["--set", f"{key}={value}"]
    if (name or recipe.name) != base_name:
        words += ["--name", name or recipe.name]
    return shlex.join(words)


def as_python(recipe: Recipe, name: str = "") -> str:
    """A cell for a notebook: the same run, and its results."""
    changes = {key: value for key, value in _flat(recipe).items() if value != _flat(Recipe()).get(key)}
    values: dict[str, Any] = {"task": recipe.task, "name": recipe.name}
    for key, value in changes.items():
        section, field = key.split(".")
        values.setdefault(section, {})[field] = value
    return (
        "from fnet_studio.core import recipe, run_store\n"
        "from fnet_studio.core.protocol import Train\n"
        "from fnet_studio.link.blocking import Worker\n\n"
        f"values = {_written(values)}\n"
        "with Worker() as worker:\n"
        "    checked = recipe.to_mapping(recipe.from_mapping(values))\n"
        f"    finished, _ = worker.call(Train(checked, {name or recipe.name!r}))\n"
        "run_store.read(finished.run)\n"
    )


def _written(values: dict[str, Any]) -> str:
    lines = [f"    {key!r}: {value!r}," for key, value in values.items()]
    return "\n".join(["{", *lines, "}"])


def _base(name: str, recipe: Recipe) -> Recipe | None:
    """A bundled recipe, with the data's place put in, without which some cannot be read; None for another task."""
    try:
        base = recipes.load(recipes.bundled(name), {"data.path": recipe.data.path} if recipe.data.path else {})
    except UserError:
        return None
    return base if base.task == recipe.task else None


def _changes(base: Recipe, recipe: Recipe) -> dict[str, Any]:
    before, found = _flat(base), {}
    if recipe.data.path:
        found["data.path"] = recipe.data.path
    return found | {key: value for key, value in _flat(recipe).items() if value != before[key]}


def _flat(recipe: Recipe) -> dict[str, Any]:
    return {
        f"{section}.{key}": value
        for section, fields in recipes.to_mapping(recipe).items()
        if isinstance(fields, dict)
        for key, value in fields.items()
    }
