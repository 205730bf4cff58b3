"""One row for each setting of a recipe: typed, chosen from a closed set, or a path."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_scope import DATA_PLACES
from fnet_studio.core.recipe_sections import DOWNLOAD
from fnet_studio.ui.train import preset_row
from fnet_studio.ui.train.form_groups import choices
from fnet_studio.ui.train.preset_row import PresetRow
from fnet_studio.ui.widgets.field_row import FieldRow
from fnet_studio.ui.widgets.figures import count
from fnet_studio.ui.widgets.path_field import TABLES, PathField

COLUMNS = ("data.text_column", "data.pair_column", "data.label_column")
LONGEST_TOLD = 80
FAR = 1_000_000
ARCHIVES = "Archives (*.tar.gz *.tgz);;All files (*)"


def written(value: Any) -> str:
    """A value as a person would type it; reading it gives the very same value."""
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)


def short_bounds(field: recipes.Field) -> str:
    """The range, short enough to stand beside the editor: without an end that nobody comes near."""
    if field.type is str or field.high is None:
        return ""
    if field.type is int and field.low is not None and field.high >= FAR:
        return f"from {count(field.low)}"
    low = f"above {_end(field.above)}" if field.above is not None else _end(field.low or 0)
    return f"{low} to {_end(field.high)}"


def _end(value: float) -> str:
    return count(value) if value == int(value) else f"{value:g}"


def archive_problem(text: str) -> str:
    path = Path(os.path.expanduser(text))
    if text.strip().lower() == DOWNLOAD:
        return ""
    if not text:
        return f"Name aclImdb.tar.gz or the folder made from it, or write {DOWNLOAD} to have it fetched (84 MB)."
    if not os.path.exists(path):  # of a name that no disk takes, pathlib's own would raise
        return _not_there(path)
    if path.is_file() and not path.name.endswith((".tar.gz", ".tgz")):
        return f"{path.name} is not a .tar.gz archive."
    return ""


def file_problem(text: str) -> str:
    """What the worker's look at the file cannot say: that there is none."""
    if not text:
        return "Name a file or a folder."
    path = Path(os.path.expanduser(text))
    return "" if os.path.exists(path) else _not_there(path)


def _not_there(path: Path) -> str:
    name = path.name if len(path.name) <= LONGEST_TOLD else f"{path.name[:LONGEST_TOLD]}…"
    return f"There is no {name} at this place."


def field_problem(field: recipes.Field, text: str) -> str:
    try:
        recipes.parse(field, text)
    except UserError as error:
        return f"{error.message} {error.advice}"
    return "" if text.strip() else f"{field.title} is empty. Write something."


def make_row(field: recipes.Field, check: Callable[[str], str]) -> FieldRow | PathField:
    """check: what is wrong with a text, in words, '' when nothing is."""
    key, default = field.key, written(field.default)
    if key in DATA_PLACES:
        nothing = default if default == "none" else ""
        return PathField(field.title, field.description, TABLES, check, nothing)
    if key == "model.preset":
        return PresetRow(field, default, lambda text: check(text) or preset_row.problem(text))
    closed = choices(key, field.choices) if key not in COLUMNS else ((default, "Looked for"),)
    return FieldRow(
        key,
        field.title,
        field.description,
        short_bounds(field),
        default,
        check,
        closed,
        wide=field.type is str and not closed,
    )
