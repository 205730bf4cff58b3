"""Writing a folder that Transformers loads: config.json, model.safetensors, spiece.model, tokenizer.json."""

from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np

from fnet_studio.core import files, presets
from fnet_studio.models import tensor_file
from fnet_studio.models.backbone import FNetBackbone
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.task import Task
from fnet_studio.models.tensors import (
    backbone_variables,
    classifier_variables,
    masked_lm_variables,
    refuse_quantized,
    value_of,
)
from fnet_studio.models.text_classifier import FNetTextClassifier
from fnet_studio.models.tokenizer import CLS, MASK, PAD, SEP
from fnet_studio.models.tokenizer_json import TOKENIZER_FILE, tokenizer_json
from fnet_studio.models.transformers_preset import (
    CLASSIFIER_NAMES,
    HEAD_NAMES,
    NEXT_SENTENCE_NAMES,
    REGRESSION,
    SEVERAL_AT_ONCE,
    backbone_names,
)
from fnet_studio.models.written import differences

AUTHORS_SETTINGS = {"intermediate_activation": "gelu_approximate", "layer_norm_epsilon": 1e-12}


def write_transformers(model: FNetBackbone | Task, folder: Path) -> list[str]:
    """Write the folder and return what its reader should know, in sentences. UserError `preset.quantized`, and when the
    disk refuses."""
    refuse_quantized(model)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write(model, folder)
    except OSError as error:
        raise files.disk_error(error, folder) from error


def _write(model: FNetBackbone | Task, folder: Path) -> list[str]:
    task = model if isinstance(model, Task) else None
    backbone = task.backbone if task is not None else model
    assert isinstance(backbone, FNetBackbone)
    variables, names = backbone_variables(backbone), backbone_names(backbone.num_layers)
    architecture, extra, notes = "FNetModel", {}, []
    if task is not None and task.head_state == "none":
        notes.append("The head is random and was left out.")
    elif isinstance(task, FNetMaskedLM):
        architecture = "FNetForMaskedLM" if task.next_sentence_dense is None else "FNetForPreTraining"
        variables |= masked_lm_variables(task)
        names |= {**HEAD_NAMES, **NEXT_SENTENCE_NAMES}
        if task.head_settings != AUTHORS_SETTINGS:
            notes.append(
                "Transformers evaluates this head with tanh GELU and epsilon 1e-12, not with "
                f"{task.head_settings['intermediate_activation']} and "
                f"{task.head_settings['layer_norm_epsilon']:g}: its predictions will differ."
            )
    elif isinstance(task, FNetTextClassifier):
        architecture = "FNetForSequenceClassification"
        variables |= classifier_variables(task)
        names |= CLASSIFIER_NAMES
        notes += differences(task, "Transformers")
        labels = task.class_names or presets.unnamed(task.num_classes)
        extra = {
            "id2label": {str(at): name for at, name in enumerate(labels)},
            "label2id": {name: at for at, name in enumerate(labels)},
        }
        if task.activation is keras.activations.sigmoid:
            extra |= SEVERAL_AT_ONCE
        elif task.regression:
            extra |= REGRESSION
    bare = architecture == "FNetModel"
    tensors = {
        names[own].removeprefix("fnet.") if bare else names[own]: _for_torch(own, value_of(variable))
        for own, variable in variables.items()
    }
    files.write_parts_atomically(folder / "model.safetensors", tensor_file.parts(tensors, {"format": "pt"}))
    config = {**_config(backbone, architecture), **extra}
    if task is None or task.preprocessor is None:
        notes.append("There was no preprocessor, so that the folder holds no vocabulary.")
    else:
        tokenizer, length = task.preprocessor.tokenizer, task.preprocessor.sequence_length
        config |= {"pad_token_id": tokenizer.pad_token_id}
        files.write_atomically(folder / "spiece.model", tokenizer.proto)
        files.write_json(folder / "tokenizer_config.json", _tokenizer_config(length))
        notes.append(
            'Call the tokenizer with padding="max_length" and truncation=True: FNet mixes the padding in, so that it '
            f"answers as here only to texts padded to {length} positions. Transformers' pipelines do not pad by "
            "themselves."
        )
        whole = tokenizer_json(tokenizer)
        if whole is None:
            notes.append(
                "The vocabulary is of another kind than FNet's, for which there is no tokenizer.json: Transformers 5 "
                "will cut texts in another way."
            )
        else:
            files.write_atomically(folder / TOKENIZER_FILE, msgspec.json.encode(whole))
    files.write_json(folder / "config.json", config)
    return notes


def _for_torch(own: str, value: np.ndarray) -> np.ndarray:
    return value.T if own.endswith("kernel") else value


def _config(backbone: FNetBackbone, architecture: str) -> dict[str, Any]:
    return {
        "architectures": [architecture],
        "model_type": "fnet",
        "vocab_size": backbone.vocabulary_size,
        "num_hidden_layers": backbone.num_layers,
        "hidden_size": backbone.hidden_dim,
        "intermediate_size": backbone.intermediate_dim,
        "max_position_embeddings": backbone.max_sequence_length,
        "type_vocab_size": backbone.num_segments,
        "hidden_dropout_prob": backbone.dropout,
        "hidden_act": "gelu_new",
        "layer_norm_eps": 1e-12,
        "initializer_range": 0.02,
        "tie_word_embeddings": True,
        "use_tpu_fourier_optimizations": False,
        "tpu_short_seq_length": 512,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "torch_dtype": "float32",
    }


def _tokenizer_config(length: int) -> dict[str, Any]:
    return {
        "tokenizer_class": "FNetTokenizer",
        "do_lower_case": False,
        "remove_space": True,
        "keep_accents": True,
        "model_max_length": length,
        "unk_token": "<unk>",
        "sep_token": SEP,
        "pad_token": PAD,
        "cls_token": CLS,
        "mask_token": MASK,
    }
