"""KerasHub's preset folders (`config.json` with `keras_hub>FNetBackbone`), read by known names only."""

from pathlib import Path
from typing import Any, get_args

from fnet_studio.core import preset_length
from fnet_studio.core.cutting import Cut
from fnet_studio.core.errors import UserError
from fnet_studio.core.json_files import bad_field, config_of, read_json
from fnet_studio.core.presets import OWN_FILE
from fnet_studio.models.keras_names import activation, dtype_name
from fnet_studio.models.preset import HeadKind, StoredHead
from fnet_studio.models.tensors import Stored, match
from fnet_studio.models.weights_h5 import list_h5, list_sharded_h5

MIXED = ("mixed_bfloat16", "mixed_float16")
"""Policies over weights in float32. The program's own file names them, and config.json float32."""
VOCABULARY = "assets/tokenizer/vocabulary.spm"
_ENCODER_PARTS = {
    "mixing_layer_norm": ("gamma", "beta"),
    "intermediate_dense": ("kernel", "bias"),
    "output_dense": ("kernel", "bias"),
    "output_layer_norm": ("gamma", "beta"),
}
_INTEGERS = (
    "vocabulary_size",
    "num_layers",
    "hidden_dim",
    "intermediate_dim",
    "max_sequence_length",
    "num_segments",
)
_MASKING = ("mask_selection_rate", "mask_selection_length", "mask_token_rate", "random_token_rate")


def backbone_paths(num_layers: int) -> dict[str, str]:
    """Own tensor name to path in `model.weights.h5`: Keras names groups by class, numbered from the second on."""
    paths = {
        "token_embedding": "layers/reversible_embedding/vars/0",
        "position_embedding": "layers/position_embedding/vars/0",
        "segment_embedding": "layers/embedding/vars/0",
        **_pair("embeddings_layer_norm", "layers/layer_normalization", ("gamma", "beta")),
        **_pair("embedding_projection", "layers/dense", ("kernel", "bias")),
        **_pair("pooled_dense", "layers/dense_1", ("kernel", "bias")),
    }
    for index in range(num_layers):
        group = f"layers/{_numbered('f_net_encoder', index)}"
        for part, names in _ENCODER_PARTS.items():
            paths |= _pair(f"encoder_{index}/{part}", f"{group}/_{part}", names)
    return paths


MASKED_LM_PATHS = {
    "head/dense/kernel": "layers/masked_lm_head/_intermediate_dense/vars/0",
    "head/dense/bias": "layers/masked_lm_head/_intermediate_dense/vars/1",
    "head/layer_norm/gamma": "layers/masked_lm_head/_intermediate_layer_norm/vars/0",
    "head/layer_norm/beta": "layers/masked_lm_head/_intermediate_layer_norm/vars/1",
    "head/bias": "layers/masked_lm_head/vars/0",
}
CLASSIFIER_PATHS = {"classifier/kernel": "layers/dense/vars/0", "classifier/bias": "layers/dense/vars/1"}


NEXT_SENTENCE_FILE = "next_sentence.weights.h5"
"""A file of this package: KerasHub has no place for pretraining's other head."""
NEXT_SENTENCE_PATHS = {"next_sentence/kernel": "vars/0", "next_sentence/bias": "vars/1"}


def _pair(name: str, group: str, parts: tuple[str, str]) -> dict[str, str]:
    return {f"{name}/{part}": f"{group}/vars/{index}" for index, part in enumerate(parts)}


def _numbered(name: str, index: int) -> str:
    return f"{name}_{index}" if index else name


class KerasHubPreset:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        config = read_json(folder / "config.json")
        require_class(config, "FNetBackbone", folder / "config.json")
        self._config = config_of(config, folder / "config.json")

    def backbone_arguments(self) -> dict[str, Any]:
        file = self.folder / "config.json"
        found: dict[str, Any] = {}
        for name in _INTEGERS:
            value = self._config.get(name)
            if value is None and name in ("max_sequence_length", "num_segments"):
                continue
            if not isinstance(value, int) or value < 1:
                raise bad_field(file, name, value, "a whole number above 0")
            found[name] = value
        dropout = self._config.get("dropout", 0.1)
        if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
            raise bad_field(file, "dropout", dropout, "a number from 0 to below 1")
        return {**found, "dropout": dropout}

    def backbone_dtype(self) -> str | None:
        file = self.folder / OWN_FILE
        own = read_json(file).get("dtype") if file.is_file() else None
        if own not in (None, *MIXED):
            raise bad_field(file, "dtype", own, " or ".join(MIXED))
        return own or dtype_name(self._config.get("dtype"))

    def backbone_tensors(self, num_layers: int) -> dict[str, Stored]:
        mode = _quantization(self._config.get("dtype"))
        if mode:
            raise UserError(
                "preset.quantized",
                f"The model of {self.folder.name} is quantized to {mode}.",
                "FNet Studio reads only models that are not: save the preset before you quantize it.",
            )
        index = self.folder / "model.weights.json"
        file = index if index.is_file() else self.folder / "model.weights.h5"
        stored = list_sharded_h5(file) if file is index else list_h5(file)
        paths = match(backbone_paths(num_layers), stored, file.name, _is_not_weight)
        return {name: stored[path] for name, path in paths.items()}

    def head(self) -> StoredHead | None:
        file = self.folder / "task.json"
        if not file.is_file():
            return None
        if not (self.folder / "task.weights.h5").is_file():
            raise UserError(
                "preset.missing-weights",
                f"{self.folder.name} describes a head in task.json, but its weight file task.weights.h5 is missing.",
                "Fetch the preset again; or remove task.json to use the encoder alone.",
            )
        task = read_json(file)
        name = require_class(task, ("FNetMaskedLM", "FNetTextClassifier"), file)
        config = config_of(task, file)
        own = self._own_settings()
        if name == "FNetMaskedLM":
            arguments = {
                "head_activation": own.get("intermediate_activation", "gelu"),
                "head_layer_norm_epsilon": own.get("layer_norm_epsilon", 1e-5),
                "next_sentence_head": (self.folder / NEXT_SENTENCE_FILE).is_file(),
            }
            return StoredHead("masked_lm", own.get("state", "pretrained"), arguments)
        classes = config.get("num_classes")
        if not isinstance(classes, int) or classes < 1:
            raise bad_field(file, "num_classes", classes, "a whole number above 0")
        arguments = {"num_classes": classes, "dropout": config.get("dropout", 0.1)}
        arguments["activation"] = _activation(config.get("activation"), file)
        pooling, pad_id = own.get("pooling", "cls"), own.get("pad_id")
        if pooling not in ("cls", "mean") or not (pad_id is None or isinstance(pad_id, int)):
            raise bad_field(self.folder / OWN_FILE, "pooling", f"{pooling} with pad_id {pad_id}", "cls or mean")
        arguments |= {"pooling": pooling, "pad_id": pad_id, "class_names": self._class_names(classes)}
        arguments["regression"] = own.get("regression") is True
        return StoredHead("classifier", own.get("state", "fine-tuned"), arguments)

    def _class_names(self, classes: int) -> tuple[str, ...]:
        names = self._own_settings().get("class_names", [])
        texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if not texts or len(names) not in (0, classes):
            raise bad_field(self.folder / OWN_FILE, "class_names", names, f"the names of {classes} classes")
        return tuple(names)

    def head_tensors(self) -> dict[str, Stored]:
        head = self.head()
        found = task_weights(self.folder / "task.weights.h5", head.kind if head else "classifier")
        if head and head.arguments.get("next_sentence_head"):
            found |= _matched(self.folder / NEXT_SENTENCE_FILE, NEXT_SENTENCE_PATHS)
        return found

    def vocabulary(self) -> Path:
        path = self.folder / VOCABULARY
        if not path.is_file():
            raise UserError(
                "preset.missing-vocabulary",
                f"The vocabulary {VOCABULARY} is missing in {self.folder.name}.",
                "Fetch the preset again.",
            )
        return path

    def preprocessor_settings(self, cls: type) -> dict[str, Any]:
        names = ("truncate", *(_MASKING if cls.__name__ == "FNetMaskedLMPreprocessor" else ()))
        longest = self.backbone_arguments().get("max_sequence_length", 512)
        settings: dict[str, Any] = {"sequence_length": preset_length.of_kerashub(self.folder, longest)}
        file = self.folder / "preprocessor.json"
        if file.is_file():
            stored = config_of(read_json(file), file)
            settings |= {name: stored[name] for name in names if stored.get(name) is not None}
        if cls.__name__ == "FNetTextClassifierPreprocessor":
            settings["cut"] = self._own_settings().get("cut", "end")
            if settings["cut"] not in get_args(Cut):
                raise bad_field(self.folder / OWN_FILE, "cut", settings["cut"], ", ".join(get_args(Cut)))
        return settings

    def _own_settings(self) -> dict[str, Any]:
        file = self.folder / OWN_FILE
        if not file.is_file():
            return {}
        head = read_json(file).get("head", {})
        if not isinstance(head, dict) or head.get("state", "none") not in ("pretrained", "none", "fine-tuned"):
            raise bad_field(file, "head", head, "an object with a known state")
        if "intermediate_activation" in head:
            _activation(head["intermediate_activation"], file)
        return head


def task_weights(path: Path, kind: HeadKind) -> dict[str, Stored]:
    """What a file holds of a head alone. UserError `preset.missing-weights`, `preset.corrupt`, `preset.missing-tensor`
    or `preset.surplus-tensor`."""
    return _matched(path, MASKED_LM_PATHS if kind == "masked_lm" else CLASSIFIER_PATHS)


def _matched(path: Path, wanted: dict[str, str]) -> dict[str, Stored]:
    stored = list_h5(path)
    return {name: stored[inner] for name, inner in match(wanted, stored, path.name, _is_not_weight).items()}


def _is_not_weight(path: str) -> bool:
    return path.startswith(("optimizer/", "preprocessor/", "_backbone/", "seed_generator")) or "/seed_" in path


def _quantization(dtype: Any) -> str:
    """What a serialised dtype policy, or one of a map of them, quantizes to; empty where none does. Keras gives those
    alone a mode."""
    if not isinstance(dtype, dict):
        return ""
    return str(dtype.get("mode") or next(filter(None, map(_quantization, dtype.values())), ""))


def _activation(value: Any, file: Path) -> str | None:
    """The name of an activation; a name or a serialised function, never imported."""
    name = value.get("config") if isinstance(value, dict) else value
    if value is None:
        return None
    try:
        if not isinstance(name, str):
            raise TypeError("a lambda or a layer has no name")
        activation(name)
    except (ValueError, TypeError):
        raise bad_field(file, "activation", value, "the name of a Keras activation") from None
    return name


def require_class(config: dict[str, Any], known: str | tuple[str, ...], file: Path) -> str:
    """The class that a file names, if it is a known one. It is compared, never imported."""
    names = (known,) if isinstance(known, str) else known
    named = str(config.get("registered_name") or config.get("class_name"))
    bare = named.rsplit(">", 1)[-1]
    package = named.rsplit(">", 1)[0] if ">" in named else "keras_hub"
    if bare not in names or package not in ("keras_hub", "keras_nlp") or config.get("class_name", bare) != bare:
        raise UserError(
            "preset.foreign-class",
            f"{file.name} in {file.parent.name} names the class {config.get('class_name', named)} ({named}).",
            f"FNet Studio loads {' and '.join(names)} only.",
        )
    return bare
