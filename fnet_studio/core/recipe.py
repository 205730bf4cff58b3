"""The recipe of a run: every choice that decides its result, in one validated, storable struct.

The bounds and the words beside each field are the single source for the form in the window, the check in
the worker and the `--set` option on the command line.
"""

import tomllib
import typing
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fnet_studio.core import places
from fnet_studio.core.errors import UserError

Source = Literal["sample", "imdb"]
Mixer = Literal["fourier", "attention"]


class DataRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    source: Annotated[Source, Meta(title="Data set", description="The bundled sample, or IMDb reviews.")] = "sample"
    path: Annotated[str, Meta(title="Archive or folder", description="aclImdb.tar.gz, or the folder made from it.")] = (
        ""
    )
    vocabulary_size: Annotated[
        int,
        Meta(ge=100, le=100_000, title="Vocabulary", description="WordPiece pieces, special ones included."),
    ] = 15_000
    sequence_length: Annotated[
        int,
        Meta(
            ge=8,
            le=4096,
            title="Length",
            description="Every text is cut or padded to this many tokens. Padding is mixed in too: the length "
            "is part of the model.",
        ),
    ] = 512
    validation_split: Annotated[
        float, Meta(ge=0.01, le=0.5, title="Validation share", description="Taken from the training texts.")
    ] = 0.2
    split_seed: Annotated[
        int, Meta(ge=0, le=2**31 - 1, title="Split seed", description="Decides which texts validate.")
    ] = 42


class ModelRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    mixer: Annotated[Mixer, Meta(title="Mixing", description="FNet: Fourier. Transformer: attention.")] = "fourier"
    num_layers: Annotated[int, Meta(ge=1, le=48, title="Layers", description="Encoder blocks.")] = 3
    hidden_dim: Annotated[int, Meta(ge=8, le=4096, title="Hidden size", description="Width of a token's vector.")] = 128
    intermediate_dim: Annotated[
        int,
        Meta(ge=8, le=16384, title="Intermediate size", description="Width inside the feed-forward part."),
    ] = 512
    num_heads: Annotated[int, Meta(ge=1, le=64, title="Heads", description="Attention heads; unused by FNet.")] = 2
    dropout: Annotated[
        float, Meta(ge=0.0, le=0.9, title="Dropout", description="Share dropped before the output layer.")
    ] = 0.1


class TrainingRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    epochs: Annotated[int, Meta(ge=1, le=1000, title="Epochs", description="Passes over the training texts.")] = 3
    batch_size: Annotated[int, Meta(ge=1, le=4096, title="Batch", description="Texts a step.")] = 64
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0, title="Learning rate", description="Adam's step size.")] = 1e-3
    seed: Annotated[
        int,
        Meta(ge=0, le=2**31 - 1, title="Seed", description="Decides the first weights, dropout and order."),
    ] = 0


class ObserveRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    probe: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=2000,
            title="Probe sentence",
            description="Its mixing maps are shown live.",
        ),
    ] = "A slow start, but the last hour is the best thing I have seen in years."
    keep_maps_every_s: Annotated[
        float, Meta(ge=1.0, le=3600.0, title="Keep maps every (s)", description="How often maps are stored.")
    ] = 20.0


class SavingRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    checkpoint_every_s: Annotated[
        float, Meta(ge=0.0, le=86400.0, title="Checkpoint every (s)", description="And after each epoch; 0: each step.")
    ] = 60.0
    keep_last: Annotated[int, Meta(ge=1, le=1000, title="Checkpoints kept", description="Older ones are removed.")] = 2


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    task: Literal["classify"] = "classify"
    name: Annotated[str, Meta(min_length=1, max_length=80)] = "classify"
    data: DataRecipe = DataRecipe()
    model: ModelRecipe = ModelRecipe()
    training: TrainingRecipe = TrainingRecipe()
    observe: ObserveRecipe = ObserveRecipe()
    saving: SavingRecipe = SavingRecipe()


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
            return f"above {self.above:g}, up to {self.high:g}"
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return "text"


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


def from_mapping(values: dict[str, Any]) -> Recipe:
    """A checked recipe from plain values. UserError `recipe.invalid` names the field, its value and its bounds."""
    try:
        recipe = msgspec.convert(values, Recipe, strict=True)
    except msgspec.ValidationError as error:
        raise _explained(error, values) from None
    if recipe.model.mixer == "attention" and recipe.model.hidden_dim % recipe.model.num_heads:
        raise UserError(
            "recipe.invalid",
            f"model.hidden_dim {recipe.model.hidden_dim} cannot be shared by {recipe.model.num_heads} heads.",
            "Choose a hidden size that the number of heads divides.",
        )
    if recipe.data.source == "imdb" and not recipe.data.path:
        raise UserError(
            "recipe.no-data",
            "The recipe asks for IMDb, but data.path is empty.",
            "Name aclImdb.tar.gz, or the folder made from it (on the command line: --set data.path=FILE).",
        )
    return recipe


def load(path: Path, changes: dict[str, str] | None = None) -> Recipe:
    """The recipe of a TOML file, with `key=value` changes put in. UserError when it cannot be read or is wrong."""
    try:
        values = tomllib.loads(Path(path).read_text("utf-8"))
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
    return from_mapping(values)


def put(values: dict[str, Any], key: str, text: str) -> None:
    """Set one dotted key to a value given as text. UserError `recipe.invalid` for an unknown key or a wrong value."""
    if key == "name":
        values["name"] = text
        return
    field = fields().get(key)
    if field is None:
        raise UserError("recipe.invalid", f"A recipe has no setting {key!r}.", f"Known ones: {', '.join(fields())}.")
    section, name = key.split(".")
    values.setdefault(section, {})[name] = parse(field, text)


def parse(field: Field, text: str) -> Any:
    """The value that a person typed, checked against the field's bounds; a decimal comma is accepted."""
    text = text.strip()
    try:
        if field.type is int:
            value: Any = int(text.replace("_", "").replace(" ", ""))
        elif field.type is float:
            value = float(text.replace(",", "."))
        else:
            value = text
    except ValueError:
        kind = "a whole number" if field.type is int else "a number"
        raise _out_of_range(field, text, kind) from None
    if field.choices and value not in field.choices:
        raise _out_of_range(field, text, "one of these")
    if field.type is not str:
        too_low = (field.low is not None and value < field.low) or (field.above is not None and value <= field.above)
        if value != value or too_low or (field.high is not None and value > field.high):
            raise _out_of_range(field, text, "in range")
    return value


def _out_of_range(field: Field, text: str, wanted: str) -> UserError:
    return UserError(
        "recipe.invalid",
        f"{field.title} ({field.key}) is {text!r}, not {wanted}.",
        f"Allowed: {field.bounds}.",
    )


def _explained(error: msgspec.ValidationError, values: dict[str, Any]) -> UserError:
    """msgspec ends its message with the place, as in ``- at `$.training.batch_size` ``: name the field and bounds."""
    words = str(error)
    place = words.rpartition("`$")[2].rstrip("`").lstrip(".") if "`$" in words else ""
    field = fields().get(place)
    if field is None:
        return UserError("recipe.invalid", f"The recipe is wrong: {words}.", "Mend or remove that setting.")
    section, name = place.split(".")
    return _out_of_range(field, str(values.get(section, {}).get(name)), "in range")


def to_mapping(recipe: Recipe) -> dict[str, Any]:
    return msgspec.to_builtins(recipe)


def bundled_names() -> list[str]:
    return sorted(path.stem for path in (places.resources() / "recipes").glob("*.toml"))


def bundled(name: str) -> Path:
    return places.resources() / "recipes" / f"{name}.toml"
