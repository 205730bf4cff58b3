"""The recipe of a run: every choice that decides its result, in one validated, storable struct.

The bounds and the words beside each field (`core.recipe_sections`) are the single source for the form in the
window, the check in the worker and the `--set` option on the command line.
"""

import difflib
import os
import re
import tomllib
import typing
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import tomli_w
from msgspec import Meta, Struct

from fnet_studio.core import files, places
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_sections import (
    DOWNLOAD,
    AdaptRecipe,
    DataRecipe,
    ModelRecipe,
    ObserveRecipe,
    OptimisationRecipe,
    PretrainingRecipe,
    SavingRecipe,
    TrainingRecipe,
)

Task = Literal["classify", "finetune", "masked-lm", "pretrain"]
TASKS: tuple[str, ...] = typing.get_args(Task)
LANGUAGE_TASKS = ("masked-lm", "pretrain")
"""What they train predicts words and knows no classes."""
FROM_SCRATCH = "none"
"""In the place of `model.preset`."""
SIMILAR = 0.8
"""Of two names, from 0 to 1, from where on one may be meant for the other."""


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    task: Task = "classify"
    """classify: a classifier from scratch. finetune: a preset with a new classifier. masked-lm: go on with a preset's
    pretraining on plain text. pretrain: a preset from scratch, or from another one, on a large corpus."""
    name: Annotated[str, Meta(min_length=1, max_length=80)] = "classify"
    data: DataRecipe = DataRecipe()
    model: ModelRecipe = ModelRecipe()
    training: TrainingRecipe = TrainingRecipe()
    adapt: AdaptRecipe = AdaptRecipe()
    optimisation: OptimisationRecipe = OptimisationRecipe()
    pretraining: PretrainingRecipe = PretrainingRecipe()
    observe: ObserveRecipe = ObserveRecipe()
    saving: SavingRecipe = SavingRecipe()


SECTIONS = tuple(name for name in Recipe.__struct_fields__ if name not in ("task", "name"))


class Field(Struct, frozen=True):
    """What a form or a help text needs to know of one setting, read off the recipe's own annotations."""

    key: str
    title: str
    description: str
    type: type
    default: Any
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None

    @property
    def bounds(self) -> str:
        """The range in words, such as `1 to 4096`, or the choices."""
        if self.choices:
            return ", ".join(self.choices)
        if self.above is not None:
            return f"above {_plain(self.above)}, up to {_plain(self.high)}"
        if self.low is not None and self.high is not None:
            return f"{_plain(self.low)} to {_plain(self.high)}"
        return "text"


def _plain(number: float | None) -> str:
    """Whole numbers with all their digits."""
    return f"{number:.0f}" if number is not None and float(number).is_integer() else f"{number:g}"


def fields() -> dict[str, Field]:
    """Every setting by its dotted key, such as `training.batch_size`, in the order of the file."""
    found: dict[str, Field] = {}
    for part in msgspec.structs.fields(Recipe):
        if not (isinstance(part.type, type) and issubclass(part.type, Struct)):
            continue
        for item in msgspec.structs.fields(part.type):
            key = f"{part.name}.{item.name}"
            found[key] = _field(key, item)
    return found


def _field(key: str, item: msgspec.structs.FieldInfo) -> Field:
    meta = Meta()
    kind: Any = item.type
    if typing.get_origin(kind) is Annotated:
        kind, *extra = typing.get_args(kind)
        meta = extra[0]
    choices: tuple[str, ...] = ()
    if typing.get_origin(kind) is Literal:
        choices, kind = typing.get_args(kind), str
    elif kind is bool:
        choices = ("False", "True")
    return Field(
        key=key,
        title=meta.title or item.name,
        description=meta.description or "",
        type=kind,
        default=item.default,
        choices=choices,
        low=meta.ge,
        high=meta.le,
        above=meta.gt,
    )


def from_mapping(values: dict[str, Any], *, template: bool = False) -> Recipe:
    """A checked recipe from plain values. UserError `recipe.invalid` names the field, its value and its bounds.

    A task on a preset runs at the preset's own length unless the values ask for another. template: a recipe to begin
    with, which may leave open where its data lies.
    """
    if values.get("task", "classify") != "classify" and isinstance(values.get("data", {}), dict):
        values = {**values, "data": {"sequence_length": 0} | values.get("data", {})}
    try:
        recipe = msgspec.convert(values, Recipe, strict=True)
    except msgspec.ValidationError as error:
        raise _explained(error, values) from None
    from_scratch, length = recipe.task == "classify", recipe.data.sequence_length
    if recipe.task == "pretrain":
        from_scratch = recipe.model.preset == FROM_SCRATCH
        if recipe.data.source != "files":
            raise UserError(
                "recipe.invalid",
                f"Pretraining needs a corpus, not {recipe.data.source!r} (data.source).",
                'Set data.source to "files", and data.path to a folder of .txt or .txt.xz files.',
            )
    if length < 8 and (from_scratch or length):
        raise UserError(
            "recipe.invalid",
            f"Length (data.sequence_length) is {length}.",
            "Choose 8 to 4096." if from_scratch else "Choose 8 to 4096, or 0 for the preset's own.",
        )
    heads_count = recipe.task == "classify" and recipe.model.mixer in ("attention", "hybrid")
    if heads_count and recipe.model.hidden_dim % recipe.model.num_heads:
        raise UserError(
            "recipe.invalid",
            f"model.hidden_dim {recipe.model.hidden_dim} cannot be shared by {recipe.model.num_heads} heads.",
            "Choose a hidden size that the number of heads divides.",
        )
    if from_scratch and length % recipe.model.merge:
        raise UserError(
            "recipe.invalid",
            f"A length of {length} (data.sequence_length) cannot be cut into positions of {recipe.model.merge} tokens "
            "(model.merge).",
            "Choose a number of tokens a position that divides the length.",
        )
    if recipe.training.batch_size % recipe.training.accumulation:
        raise UserError(
            "recipe.invalid",
            f"A batch of {recipe.training.batch_size} (training.batch_size) cannot be cut into "
            f"{recipe.training.accumulation} equal parts (training.accumulation).",
            "Choose an accumulation that divides the batch.",
        )
    if recipe.data.source != "sample" and not recipe.data.path and not template:
        wanted = "IMDb" if recipe.data.source == "imdb" else "files of your own"
        download = ", or data.path=download to fetch it" if recipe.data.source == "imdb" else ""
        what = "aclImdb.tar.gz, or the folder made from it" if recipe.data.source == "imdb" else "the training file"
        raise UserError(
            "recipe.no-data",
            f"The recipe asks for {wanted}, but data.path is empty.",
            f"Name {what} (on the command line: --set data.path=FILE{download}).",
        )
    if recipe.adapt.epochs and recipe.task != "finetune":
        raise UserError(
            "recipe.invalid",
            f"Epochs of adapting (adapt.epochs) is {recipe.adapt.epochs}, but the task is {recipe.task}.",
            "Set it to 0, or the task to finetune.",
        )
    chooses = recipe.optimisation.keep == "best" or recipe.optimisation.patience > 0
    if chooses and recipe.optimisation.monitor == "macro-f1" and recipe.task in LANGUAGE_TASKS:
        raise UserError(
            "recipe.invalid",
            f"Best by (optimisation.monitor) is macro-f1, but the task {recipe.task} knows no classes.",
            "Choose accuracy or loss.",
        )
    class_names(recipe.data)
    return recipe


def with_whole_paths(recipe: Recipe) -> Recipe:
    """The same recipe wherever it is run from: the names of its files and folders are made absolute."""
    data = recipe.data
    whole = {
        name: str(Path(os.path.expanduser(value)).absolute())
        for name in ("path", "validation_path", "test_path")
        if (value := getattr(data, name)) not in ("", "none") and not (name == "path" and downloads(data))
    }
    preset, model = Path(os.path.expanduser(recipe.model.preset)), recipe.model
    if preset.name != recipe.model.preset and os.path.isdir(preset):
        model = msgspec.structs.replace(model, preset=str(preset.absolute()))
    return msgspec.structs.replace(recipe, data=msgspec.structs.replace(data, **whole), model=model)


def downloads(data: DataRecipe) -> bool:
    """Whether the archive is to be fetched, and nothing on this machine was named."""
    return data.source == "imdb" and data.path.strip().lower() == DOWNLOAD


def class_names(data: DataRecipe) -> dict[str, str]:
    """What `data.labels` says: label as it stands in the file to class name. UserError `recipe.invalid`."""
    if data.labels in ("", "auto"):
        return {}
    parts = [part.partition("=") for part in data.labels.split(",")]
    if not all(label.strip() and name.strip() for label, _, name in parts):
        raise UserError(
            "recipe.invalid",
            f"Meaning of labels (data.labels) is {data.labels!r}, which is no list of label=name.",
            "Write it like 0=negative, 1=positive.",
        )
    return {label.strip(): name.strip() for label, _, name in parts}


def load(path: Path, changes: dict[str, str] | None = None, *, template: bool = False) -> Recipe:
    """The recipe of a TOML file, with `key=value` changes put in. UserError when it cannot be read or is wrong.
    template: as for `from_mapping`."""
    try:
        values = tomllib.loads(Path(path).read_text("utf-8-sig"))  # some editors put a mark at the beginning
    except FileNotFoundError:
        raise UserError(
            "recipe.missing",
            f"There is no recipe {path}.",
            f"The bundled ones: {', '.join(bundled_names())}.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("recipe.unreadable", f"{path} cannot be read: {error}.", "Check the file.") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError("recipe.unreadable", f"{path} is not valid TOML: {error}.", "Mend that line.") from None
    for key, text in (changes or {}).items():
        put(values, key, text)
    return from_mapping(values, template=template)


def save(recipe: Recipe, path: Path, words: str = "") -> None:
    """Every setting as TOML, under a line of words. UserError when the disk refuses."""
    comment = "".join(f"# {line}\n" for line in words.splitlines())
    files.write_atomically(Path(path), (comment + tomli_w.dumps(to_mapping(recipe))).encode())


def described(path: Path) -> str:
    """What a recipe's file says of itself: the comment on its first lines, '' without one or without the file."""
    words = []
    try:
        for line in Path(path).read_text("utf-8-sig").splitlines():
            if not line.startswith("#"):
                break
            words.append(line.lstrip("# ").strip())
    except (OSError, UnicodeDecodeError):
        return ""
    return " ".join(words)


def put(values: dict[str, Any], key: str, text: str) -> None:
    """Set one dotted key to a value given as text. UserError `recipe.invalid` for an unknown key or a wrong value."""
    if key in ("name", "task"):
        values[key] = text
        return
    field = fields().get(key)
    if field is None:
        raise _unknown(key)
    section, name = key.split(".")
    part = values.setdefault(section, {})
    if not isinstance(part, dict):
        raise _no_section(section, part)
    part[name] = parse(field, text)


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def parse(field: Field, text: str) -> Any:
    """The value that a person typed, checked against the field's bounds; a decimal comma is accepted."""
    text = text.strip()
    try:
        if field.type is int:
            value: Any = int("".join(text.replace("_", "").split()))
        elif field.type is float:
            value = float(text.replace(",", "."))
        elif field.type is bool:
            return _TRUTH[text.lower()]
        else:
            value = text
    except (ValueError, KeyError):
        raise _out_of_range(field, text, _KINDS[field.type]) from None
    if field.choices and value not in field.choices:
        raise _out_of_range(field, text, "one of these")
    if field.type is not str:
        too_low = (field.low is not None and value < field.low) or (field.above is not None and value <= field.above)
        if value != value or too_low or (field.high is not None and value > field.high):
            raise _out_of_range(field, text, "in range")
    return value


def _out_of_range(field: Field, text: str, wanted: str, more: str = "") -> UserError:
    return UserError(
        "recipe.invalid",
        f"{field.title} ({field.key}) is {text!r}, not {wanted}.",
        f"Allowed: {field.bounds}{more}.",
    )


_UNKNOWN_FIELD = re.compile("Object contains unknown field `(.*?)`")
_OWN = {"task": ", ".join(TASKS), "name": "1 to 80 letters, in quotes"}
"""Settings of no section, and what they may be."""


def _unknown(key: str) -> UserError:
    """With what there is of that name in another section, or else of a similar one."""
    section, _, name = key.rpartition(".")
    by_name: dict[str, list[str]] = {}
    for one in fields():
        by_name.setdefault(one.partition(".")[2], []).append(one)
    known = [*fields(), *(() if section else (*_OWN, *SECTIONS))]
    alike = by_name.get(name) or difflib.get_close_matches(key, known, 1, SIMILAR)
    for similar in difflib.get_close_matches(name, by_name, 1, SIMILAR):
        alike = alike or by_name[similar]
    advice = f"Did you mean {' or '.join(alike)}?"
    if not alike:
        beside = [one for one in fields() if one.startswith(f"{section}.")]
        advice = f"Known ones: {', '.join(beside or [*_OWN, *fields()])}."
    return UserError("recipe.invalid", f"A recipe has no setting {key!r}.", advice)


def _no_section(section: str, value: Any) -> UserError:
    return UserError(
        "recipe.invalid",
        f"{section} is {value!r} in the recipe, not a section.",
        f"Write [{section}] on a line of its own, and its settings under it.",
    )


def _explained(error: msgspec.ValidationError, values: dict[str, Any]) -> UserError:
    """msgspec ends its message with the place, as in ``- at `$.training.batch_size` ``: name the field and bounds."""
    words = str(error)
    place = words.rpartition("`$")[2].rstrip("`").lstrip(".") if "`$" in words else ""
    if unknown := _UNKNOWN_FIELD.match(words):
        return _unknown(f"{place}.{unknown[1]}".lstrip("."))
    if place in SECTIONS:
        return _no_section(place, values[place])
    if place in _OWN:
        return UserError("recipe.invalid", f"{place} is {values[place]!r} in the recipe.", f"Allowed: {_OWN[place]}.")
    field = fields().get(place)
    if field is None:
        return UserError("recipe.invalid", f"The recipe is wrong: {words}.", "Mend or remove that setting.")
    section, name = place.split(".")
    value = values[section][name]
    if type(value) is field.type or (field.type is float and type(value) is int):
        return _out_of_range(field, str(value), "one of these" if field.choices else "in range")
    quoted = isinstance(value, str)
    return _out_of_range(field, str(value), _KINDS[field.type], ", without quotes" if quoted else "")


def to_mapping(recipe: Recipe) -> dict[str, Any]:
    return msgspec.to_builtins(recipe)


def bundled_names() -> list[str]:
    return sorted(path.stem for path in (places.resources() / "recipes").glob("*.toml"))


def bundled(name: str) -> Path:
    return places.resources() / "recipes" / f"{name}.toml"
