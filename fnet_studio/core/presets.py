"""Presets on disk, as the window lists them: read from their JSON files alone, without loading a weight."""

import json
import os
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from fnet_studio.core import places, preset_records, run_models, run_store
from fnet_studio.core.errors import UserError

Head = Literal["pretrained", "none", "fine-tuned"]


class PresetCard(Struct, frozen=True):
    name: str
    folder: str
    bundled: bool
    num_layers: int = 0
    hidden_dim: int = 0
    intermediate_dim: int = 0
    vocabulary_size: int = 0
    sequence_length: int = 0
    parameters: int = 0
    size_bytes: int = 0
    head: Head = "none"
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
    known = ", ".join(card.name for card in list_presets()) or "none"
    raise UserError("preset.missing", f"There is no preset {name!r}.", f"Known ones: {known}. Or name a folder.")


def class_names(folder: Path) -> tuple[str, ...]:
    """Of the classifier in a preset's folder; empty where it does not say."""
    try:
        told = _json(folder / "fnet_studio.json").get("head", {}).get("class_names", [])
    except (OSError, ValueError, AttributeError):
        return ()
    return tuple(told) if isinstance(told, list) and all(isinstance(name, str) for name in told) else ()


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
            "sequence_length": int(inner.get("max_sequence_length", inner.get("max_position_embeddings", 0))),
        }
        segments = int(inner.get("num_segments", inner.get("type_vocab_size", 4)))
        told = int(metadata.get("parameter_count", 0))
        return PresetCard(
            **base,
            **sizes,
            parameters=told or (encoder_parameters(*sizes.values(), segments) if all(sizes.values()) else 0),
            head=_head(path, inner),
            model_card=readme.read_text("utf-8", errors="replace") if readme.is_file() else "",
            problem=_missing(path),
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return PresetCard(**base, problem=f"config.json cannot be used: {error}.")


def encoder_parameters(layers: int, hidden: int, intermediate: int, vocabulary: int, length: int, segments: int) -> int:
    """Of FNet without a head: embeddings with their norm and projection, the blocks, the pooler."""
    embeddings = (vocabulary + length + segments) * hidden + 2 * hidden + hidden * (hidden + 1)
    block = 2 * hidden * intermediate + intermediate + hidden + 4 * hidden
    return embeddings + layers * block + hidden * (hidden + 1)


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
    names = config.get("architectures") or []
    if any("MaskedLM" in name or "PreTraining" in name for name in names):
        return "pretrained"
    return "fine-tuned" if any("Classification" in name for name in names) else "none"


def _missing(path: Path) -> str:
    weights = ["model.weights.h5", "model.weights.json", "model.safetensors", "pytorch_model.bin"]
    weights += ["model.safetensors.index.json", "pytorch_model.bin.index.json"]
    if not any((path / name).is_file() for name in weights):
        return "The weights are missing: there is no model.weights.h5."
    if (path / "task.json").is_file() and not (path / "task.weights.h5").is_file():
        return "The head's weights are missing: there is a task.json, but no task.weights.h5."
    vocabulary = ["assets/tokenizer/vocabulary.spm", "spiece.model"]
    if not any((path / name).is_file() for name in vocabulary):
        return "The vocabulary is missing: there is no assets/tokenizer/vocabulary.spm."
    return ""
