"""Writing a KerasHub preset folder, which both KerasHub and this package load."""

import math
import time
from pathlib import Path
from typing import Any

import keras

from fnet_studio.core import files
from fnet_studio.core.json_files import read_json
from fnet_studio.core.presets import OWN_FILE
from fnet_studio.models.backbone import FNetBackbone
from fnet_studio.models.keras_names import activation_name, dtype_name
from fnet_studio.models.kerashub_preset import (
    CLASSIFIER_PATHS,
    MASKED_LM_PATHS,
    MIXED,
    NEXT_SENTENCE_FILE,
    NEXT_SENTENCE_PATHS,
    VOCABULARY,
    backbone_paths,
)
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.preprocessor import FNetMaskedLMPreprocessor
from fnet_studio.models.task import Task
from fnet_studio.models.tensors import (
    backbone_variables,
    classifier_variables,
    masked_lm_variables,
    refuse_quantized,
    value_of,
)
from fnet_studio.models.text_classifier import FNetTextClassifier
from fnet_studio.models.tokenizer import FNetTokenizer
from fnet_studio.models.weights_h5 import write_h5
from fnet_studio.models.written import differences

KERASHUB_HEAD = {"intermediate_activation": "gelu", "layer_norm_epsilon": 1e-5}
KERASHUB_VERSION = "0.32.0"
"""The version whose layout is written."""
_MODULES = {
    "FNetBackbone": "f_net_backbone",
    "FNetMaskedLM": "f_net_masked_lm",
    "FNetMaskedLMPreprocessor": "f_net_masked_lm_preprocessor",
    "FNetTextClassifier": "f_net_text_classifier",
    "FNetTextClassifierPreprocessor": "f_net_text_classifier_preprocessor",
    "FNetTokenizer": "f_net_tokenizer",
}


def write_preset(model: FNetBackbone | Task, folder: Path, weights: str = "float32") -> list[str]:
    """Write the folder and return what its reader should know, in sentences. weights: the dtype on disk.

    A head in state "none" is random and is left out. UserError `preset.quantized`, and when the disk refuses.
    """
    refuse_quantized(model)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write(model, folder, weights)
    except OSError as error:
        raise files.disk_error(error, folder) from error


def _write(model: FNetBackbone | Task, folder: Path, dtype: str) -> list[str]:
    task = model if isinstance(model, Task) else None
    backbone = task.backbone if task is not None else model
    assert isinstance(backbone, FNetBackbone)
    stale = ["task.json", "task.weights.h5", NEXT_SENTENCE_FILE, "model.weights.json"]
    if task is not None:  # an encoder alone may be put beside a preprocessor that was saved before
        stale += ["preprocessor.json", "tokenizer.json", OWN_FILE]
    for name in stale:
        (folder / name).unlink(missing_ok=True)
    variables = backbone_variables(backbone)
    _write_tensors(folder / "model.weights.h5", variables, backbone_paths(backbone.num_layers), dtype)
    files.write_json(folder / "config.json", _backbone_json(backbone))
    _write_own(folder, dtype=_mixed(backbone))
    count = sum(math.prod(variable.shape) for variable in variables.values())
    files.write_json(folder / "metadata.json", _metadata(count))
    notes: list[str] = []
    if task is not None:
        if task.preprocessor is None:
            notes.append("There was no preprocessor, so that the folder holds no vocabulary.")
        else:
            write_preprocessor(task.preprocessor, folder)
        notes += _write_head(task, folder, dtype)
    return notes


def write_task_weights(task: Task, path: Path) -> None:
    """The weights of the head alone, in any state. UserError `preset.quantized`, and when the disk refuses."""
    refuse_quantized(task)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_head_weights(task, path, "float32")
    except OSError as error:
        raise files.disk_error(error, path) from error


def _write_head_weights(task: Task, path: Path, dtype: str) -> None:
    if isinstance(task, FNetMaskedLM):
        _write_tensors(path, masked_lm_variables(task), MASKED_LM_PATHS, dtype)
    else:
        _write_tensors(path, classifier_variables(task), CLASSIFIER_PATHS, dtype)


def _write_head(task: Task, folder: Path, dtype: str) -> list[str]:
    if task.head_state == "none":
        return ["The head is random and was left out."]
    own: dict[str, Any] = {"state": task.head_state}
    notes: list[str] = []
    _write_head_weights(task, folder / "task.weights.h5", dtype)
    if isinstance(task, FNetMaskedLM):
        if task.next_sentence_dense is not None:
            _write_tensors(folder / NEXT_SENTENCE_FILE, masked_lm_variables(task), NEXT_SENTENCE_PATHS, dtype)
        own |= task.head_settings
        if task.head_settings != KERASHUB_HEAD:
            notes.append(
                "KerasHub evaluates this head with exact GELU and epsilon 1e-5, not with "
                f"{own['intermediate_activation']} and {own['layer_norm_epsilon']:g}: its predictions will differ."
            )
        extra: dict[str, Any] = {}
    else:
        assert isinstance(task, FNetTextClassifier)
        if task.pooling != "cls":
            own |= {"pooling": task.pooling, "pad_id": task.pad_id}
        if task.preprocessor is not None and task.preprocessor.cut != "end":
            own["cut"] = task.preprocessor.cut
        notes += differences(task, "KerasHub")
        if task.class_names:
            own["class_names"] = task.class_names
        if task.regression:
            own["regression"] = True
        extra = {
            "num_classes": task.num_classes,
            "dropout": task.dropout,
            "activation": activation_name(task.activation),
        }
    config = {
        "backbone": _backbone_json(task.backbone),
        "preprocessor": None if task.preprocessor is None else _preprocessor_json(task.preprocessor),
        "name": _MODULES[type(task).__name__],
        **extra,
    }
    _write_own(folder, head=own)
    files.write_json(folder / "task.json", _described(type(task).__name__, config))
    return notes


def write_preprocessor(preprocessor: Any, folder: Path) -> None:
    """Its settings and its tokenizer. UserError when the disk refuses."""
    write_tokenizer(preprocessor.tokenizer, folder)
    files.write_json(folder / "preprocessor.json", _preprocessor_json(preprocessor))
    head = _own(folder).get("head", {})
    if preprocessor.cut != head.get("cut", "end"):  # KerasHub's settings have no place for it
        _write_own(folder, head=head | {"cut": preprocessor.cut})


def _own(folder: Path) -> dict[str, Any]:
    """What KerasHub's files have no place for."""
    return read_json(folder / OWN_FILE) if (folder / OWN_FILE).is_file() else {}


def _write_own(folder: Path, **settings: Any) -> None:
    """Beside what is there; None takes a setting away."""
    before = _own(folder)
    after = {name: value for name, value in ({"schema": 1} | before | settings).items() if value is not None}
    if len(after) == 1:
        (folder / OWN_FILE).unlink(missing_ok=True)
    elif after != before:
        files.write_json(folder / OWN_FILE, after)


def write_tokenizer(tokenizer: FNetTokenizer, folder: Path) -> None:
    """Its settings and its vocabulary. UserError when the disk refuses."""
    files.write_json(folder / "tokenizer.json", _tokenizer_json(tokenizer))
    tokenizer.save_assets((folder / VOCABULARY).parent)


def _write_tensors(path: Path, variables: dict[str, keras.Variable], paths: dict[str, str], dtype: str) -> None:
    """dtype: "float32" leaves each tensor as it is."""
    tensors = {path: value_of(variables[name]) for name, path in paths.items()}
    if dtype != "float32":
        tensors = {path: value.astype(dtype) for path, value in tensors.items()}
    write_h5(path, tensors)


def _described(name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {
        "module": f"keras_hub.src.models.f_net.{_MODULES[name]}",
        "class_name": name,
        "config": config,
        "registered_name": f"keras_hub>{name}",
    }


def _dtype_json(name: str) -> dict[str, Any]:
    return {"module": "keras", "class_name": "DTypePolicy", "config": {"name": name}, "registered_name": None}


def _mixed(backbone: FNetBackbone) -> str | None:
    """Its policy where it is one of two dtypes, over weights in float32. KerasHub 0.32 cannot load a preset that names
    such a policy, be it its own."""
    name = dtype_name(backbone.dtype_policy)
    return name if name in MIXED else None


def _backbone_json(backbone: FNetBackbone) -> dict[str, Any]:
    dtype = _dtype_json("float32" if _mixed(backbone) else dtype_name(backbone.dtype_policy) or "float32")
    config = {
        "name": _MODULES["FNetBackbone"],
        "trainable": backbone.trainable,
        "dtype": dtype,
        **backbone.preset_config(),
    }
    return _described("FNetBackbone", config)


def _tokenizer_json(tokenizer: FNetTokenizer) -> dict[str, Any]:
    config = {
        "name": tokenizer.name,
        "trainable": True,
        "dtype": _dtype_json(tokenizer.dtype),
        "config_file": "tokenizer.json",
        "proto": None,
        "sequence_length": tokenizer.sequence_length,
        "add_bos": False,
        "add_eos": False,
    }
    return _described("FNetTokenizer", config)


def _preprocessor_json(preprocessor: Any) -> dict[str, Any]:
    name = type(preprocessor).__name__
    settings = {k: v for k, v in preprocessor.get_config().items() if k not in ("tokenizer", "seed", "cut")}
    config = {
        "trainable": True,
        "dtype": _dtype_json("float32"),
        "tokenizer": _tokenizer_json(preprocessor.tokenizer),
        "config_file": "preprocessor.json",
        **settings,
    }
    assert isinstance(preprocessor, FNetMaskedLMPreprocessor) or "mask_token_rate" not in config
    return _described(name, config)


def _metadata(parameter_count: int) -> dict[str, Any]:
    return {
        "keras_version": keras.__version__,
        "keras_hub_version": KERASHUB_VERSION,
        "parameter_count": parameter_count,
        "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S"),
        "tasks": ["MaskedLM", "TextClassifier"],
    }
