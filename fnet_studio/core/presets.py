"""Presets on disk, as the window lists them: read from their JSON files alone, without loading a weight."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from fnet_studio.core import places, preset_length, preset_records, run_models, run_store
from fnet_studio.core.builtin_presets import BUILTIN
from fnet_studio.core.errors import UserError

Head = Literal["pretrained", "none", "fine-tuned"]
OWN_FILE = "fnet_studio.json"
"""What KerasHub has no place for, and ignores: the head's state, activation and epsilon, where long texts are cut, the
names of the classes, and whether there are none to choose among."""
ARCHITECTURES: dict[str, Head] = {
    "FNetModel": "none",
    "FNetForMaskedLM": "pretrained",
    "FNetForPreTraining": "pretrained",
    "FNetForSequenceClassification": "fine-tuned",
}
"""Those of Transformers that are read. Its others store a classifier under the same names, but ask it otherwise."""
ENCODER_ALONE = "To use its encoder, save that alone: in Transformers, FNetModel.from_pretrained and save_pretrained."


class PresetCard(Struct, frozen=True):
    name: str
    folder: str
    bundled: bool
    num_layers: int = 0
    hidden_dim: int = 0
    intermediate_dim: int = 0
    vocabulary_size: int = 0
    sequence_length: int = 0
    """Its own: what every text is cut or padded to where no other is asked for."""
    positions: int = 0
    """The longest that can be asked for."""
    parameters: int = 0
    size_bytes: int = 0
    head: Head = "none"
    class_names: tuple[str, ...] = ()
    """Of a classifier that tells them."""
    model_card: str = ""
    problem: str = ""
    """Why it cannot be used, in words; empty when nothing is known against it."""


def folder(name: str) -> Path:
    """The folder of a preset by name (the user's own first, then bundled, then those that lie elsewhere), by path, or
    as `run:` and the id or name of a run that kept one. UserError `preset.missing`, `preset.folder-gone`, or
    `run.no-model`."""
    if name.startswith(run_store.RUN):
        return run_models.kept_preset(name)
    for root in (places.presets(), places.bundled_presets()):
        if Path(name).name == name and os.path.isdir(root / name):
            return root / name
    record = preset_records.read().get(name)
    if record is not None and Path(record.folder).is_dir():
        return Path(record.folder)
    path = Path(os.path.expanduser(name))
    if os.path.isdir(path):  # of a name that no disk takes, pathlib's own would raise
        return path.resolve()
    if record is not None:
        raise UserError(
            "preset.folder-gone",
            f"The folder of the preset {name} has gone: {record.folder}.",
            "Plug its disk in again, or say where it is now on the Presets page "
            f"(fnet-studio presets relocate {name} FOLDER).",
        )
    if name in BUILTIN:
        raise UserError(
            "preset.missing",
            f"{name} is not on this machine yet.",
            f"Download it on the Presets page, or with fnet-studio presets download {name} (and --head for one that "
            "predicts words).",
        )
    known = ", ".join(card.name for card in list_presets()) or "none"
    raise UserError("preset.missing", f"There is no preset {name!r}.", f"Known ones: {known}. Or name a folder.")


def list_presets() -> list[PresetCard]:
    """Bundled presets, the user's own and those that lie elsewhere, by name; a user's hides a bundled one of its name.
    Never raises."""
    found: dict[str, PresetCard] = {}
    for root, bundled in ((places.bundled_presets(), True), (places.presets(), False)):
        for path in sorted(root.iterdir()) if root.is_dir() else []:
            if path.is_dir() and not path.name.startswith("."):
                found[path.name] = read_card(path, bundled=bundled)
    for name, record in preset_records.read().items():
        if name not in found and Path(record.folder).is_dir():
            found[name] = read_card(Path(record.folder), name=name)
    return list(found.values())


def read_card(path: Path, *, bundled: bool = False, name: str = "") -> PresetCard:
    """What the folder says of itself. A folder that is not a preset gives a card with a `problem`. name: another than
    the folder's."""
    base = {"name": name or path.name, "folder": str(path), "bundled": bundled, "size_bytes": _size(path)}
    try:
        config = _json(path / "config.json")
        inner = config.get("config", config)
        metadata = _json(path / "metadata.json") if (path / "metadata.json").is_file() else {}
        readme = path / "README.md"
        sizes = {
            "num_layers": int(inner.get("num_layers", inner.get("num_hidden_layers", 0))),
            "hidden_dim": int(inner.get("hidden_dim", inner.get("hidden_size", 0))),
            "intermediate_dim": int(inner.get("intermediate_dim", inner.get("intermediate_size", 0))),
            "vocabulary_size": int(inner.get("vocabulary_size", inner.get("vocab_size", 0))),
            "positions": int(inner.get("max_sequence_length", inner.get("max_position_embeddings", 0))),
        }
        length_of = preset_length.of_transformers if "model_type" in config else preset_length.of_kerashub
        segments = int(inner.get("num_segments", inner.get("type_vocab_size", 4)))
        told = int(metadata.get("parameter_count", 0))
        head = _head(path, inner)
        return PresetCard(
            **base,
            **sizes,
            sequence_length=length_of(path, sizes["positions"]) if sizes["positions"] else 0,
            parameters=told or (encoder_parameters(*sizes.values(), segments) if all(sizes.values()) else 0),
            head=head,
            class_names=_class_names(path, inner) if head == "fine-tuned" else (),
            model_card=readme.read_text("utf-8", errors="replace") if readme.is_file() else "",
            problem=_missing(path, config),
        )
    except UserError as error:
        return PresetCard(**base, problem=str(error))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return PresetCard(**base, problem=f"config.json cannot be used: {error}.")


def class_words(class_names: Sequence[str], most: int = 20) -> str:
    """The names of classes in one line, such as `neg, pos`; empty where there are none."""
    names = [" ".join(name.split()) or "(empty)" for name in class_names[:most]]
    more = len(class_names) - most
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def encoder_parameters(layers: int, hidden: int, intermediate: int, vocabulary: int, length: int, segments: int) -> int:
    """Of FNet without a head: embeddings with their norm and projection, the blocks, the pooler."""
    embeddings = (vocabulary + length + segments) * hidden + 2 * hidden + hidden * (hidden + 1)
    block = 2 * hidden * intermediate + intermediate + hidden + 4 * hidden
    return embeddings + layers * block + hidden * (hidden + 1)


def architecture_head(path: Path, config: dict[str, Any]) -> Head | None:
    """The head that Transformers' config.json names; None where it names none. path: the preset's folder. UserError
    `preset.foreign-class` for a head that is not read."""
    told = config.get("architectures") or []
    names = [str(name) for name in (told if isinstance(told, list) else [told])]
    for name in names:
        if name not in ARCHITECTURES:
            raise UserError(
                "preset.foreign-class",
                f"config.json in {path.name} names the architecture {name}.",
                f"FNet Studio loads {', '.join(ARCHITECTURES)} only. {ENCODER_ALONE}",
            )
    return ARCHITECTURES[names[0]] if names else None


def labels_of(config: dict[str, Any]) -> tuple[str, ...]:
    """The names of the classes in Transformers' config.json; none where it tells none, or only LABEL_0 and so on, which
    Transformers puts there itself."""
    told = config.get("id2label")
    names = [told.get(str(at)) for at in range(len(told))] if isinstance(told, dict) else []
    texts = tuple(name for name in names if isinstance(name, str))
    return () if len(texts) < len(names) or texts == unnamed(len(texts)) else texts


def unnamed(classes: int) -> tuple[str, ...]:
    """What Transformers calls classes without names."""
    return tuple(f"LABEL_{at}" for at in range(classes))


def refuse_keras_file(path: Path) -> None:
    """UserError `preset.keras-file`."""
    if path.suffix == ".keras" and path.is_file():
        raise UserError(
            "preset.keras-file",
            f"{path.name} is a Keras file: a model written out for Keras, not a preset.",
            "Choose the preset that it was exported from. Python opens the file: import fnet_studio.models, then "
            "keras.saving.load_model(file).",
        )


def _size(path: Path) -> int:
    total = 0
    for item in path.rglob("*"):
        try:
            total += item.stat().st_size if item.is_file() else 0
        except OSError:
            continue
    return total


def _json(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text("utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} holds no object")
    return value


def _head(path: Path, config: dict[str, Any]) -> Head:
    if (path / "task.json").is_file():
        name = str(_json(path / "task.json").get("registered_name", ""))
        return "fine-tuned" if name.endswith("FNetTextClassifier") else "pretrained"
    return architecture_head(path, config) or "none"


def _class_names(path: Path, config: dict[str, Any]) -> tuple[str, ...]:
    if not (path / "task.json").is_file():
        return labels_of(config)
    own = _json(path / OWN_FILE).get("head") if (path / OWN_FILE).is_file() else None
    names = own.get("class_names") if isinstance(own, dict) else None
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _missing(path: Path, config: dict[str, Any]) -> str:
    weights = ["model.weights.h5", "model.weights.json", "model.safetensors", "pytorch_model.bin"]
    weights += ["model.safetensors.index.json", "pytorch_model.bin.index.json"]
    if not any((path / name).is_file() for name in weights):
        return "The weights are missing: there is no model.weights.h5."
    if (path / "task.json").is_file() and not (path / "task.weights.h5").is_file():
        return "The head's weights are missing: there is a task.json, but no task.weights.h5."
    if holds_vocabulary(lambda name: (path / name).is_file()):
        return ""
    if "model_type" in config:
        return (
            "The vocabulary is missing: there is no spiece.model. Copy it from the model that this one was fine-tuned "
            "from into this folder."
        )
    return "The vocabulary is missing: there is no assets/tokenizer/vocabulary.spm."


def holds_vocabulary(has: Callable[[str], bool]) -> bool:
    """Whether a preset has one. has: whether there is a file of this name. A tokenizer.json beside KerasHub's weights
    holds settings only, beside Transformers' the vocabulary itself."""
    of_kerashub = has("model.weights.h5") or has("model.weights.json")
    names = ["assets/tokenizer/vocabulary.spm", "spiece.model", *([] if of_kerashub else ["tokenizer.json"])]
    return any(has(name) for name in names)
