"""Transformers' FNet folders: `config.json` with `model_type` fnet, safetensors or `pytorch_model.bin`."""

from pathlib import Path
from typing import Any

import numpy as np

from fnet_studio.core import preset_length, presets
from fnet_studio.core.errors import UserError
from fnet_studio.core.json_files import bad_field, read_json, shard_names
from fnet_studio.models.preset import StoredHead
from fnet_studio.models.safetensors_files import list_safetensors
from fnet_studio.models.tensors import Stored, match
from fnet_studio.models.tokenizer_json import TOKENIZER_FILE, refuse_unlike, sentencepiece_model
from fnet_studio.models.torch_pickle import list_torch

AUTHORS_HEAD = {"head_activation": "gelu_approximate", "head_layer_norm_epsilon": 1e-12}
_ARGUMENTS = {
    "vocabulary_size": "vocab_size",
    "num_layers": "num_hidden_layers",
    "hidden_dim": "hidden_size",
    "intermediate_dim": "intermediate_size",
    "max_sequence_length": "max_position_embeddings",
    "num_segments": "type_vocab_size",
}
_DEFAULTS = {
    "vocab_size": 32000,
    "num_hidden_layers": 12,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "type_vocab_size": 4,
}
"""Transformers leaves out of the file what equals its own default."""
_LINEAR, _NORM = {"kernel": "weight", "bias": "bias"}, {"gamma": "weight", "beta": "bias"}
HEAD_NAMES = {
    "head/dense/kernel": "cls.predictions.transform.dense.weight",
    "head/dense/bias": "cls.predictions.transform.dense.bias",
    "head/layer_norm/gamma": "cls.predictions.transform.LayerNorm.weight",
    "head/layer_norm/beta": "cls.predictions.transform.LayerNorm.bias",
    "head/bias": "cls.predictions.bias",
}
NEXT_SENTENCE_NAMES = {
    "next_sentence/kernel": "cls.seq_relationship.weight",
    "next_sentence/bias": "cls.seq_relationship.bias",
}
SEVERAL_AT_ONCE = {"problem_type": "multi_label_classification"}
"""In config.json of a classifier each of whose classes may hold or not: a sigmoid for each, no choice among them."""
REGRESSION = {"problem_type": "regression"}
CLASSIFIER_NAMES = {"classifier/kernel": "classifier.weight", "classifier/bias": "classifier.bias"}
_TIED = {
    "cls.predictions.decoder.weight": "fnet.embeddings.word_embeddings.weight",
    "cls.predictions.decoder.bias": "cls.predictions.bias",
}
"""Copies that old files hold beside the weights. In a model that was trained untied they are weights of their own."""
_REPEATED = ("cls.predictions.decoder.", "fnet.embeddings.position_ids", "fnet.embeddings.token_type_ids")
"""Tied copies and constants that files may hold beside the weights."""
_FOURIER = ".fourier.self.dft_mat_"
"""The transform as matrices, which models for TPUs are saved with. It is no other one."""


def backbone_names(num_layers: int) -> dict[str, str]:
    """Own tensor name to Transformers' name."""
    names = {
        "token_embedding": "fnet.embeddings.word_embeddings.weight",
        "position_embedding": "fnet.embeddings.position_embeddings.weight",
        "segment_embedding": "fnet.embeddings.token_type_embeddings.weight",
        **_named("embeddings_layer_norm", "fnet.embeddings.LayerNorm", _NORM),
        **_named("embedding_projection", "fnet.embeddings.projection", _LINEAR),
    }
    for index in range(num_layers):
        own, theirs = f"encoder_{index}", f"fnet.encoder.layer.{index}"
        names |= _named(f"{own}/mixing_layer_norm", f"{theirs}.fourier.output.LayerNorm", _NORM)
        names |= _named(f"{own}/intermediate_dense", f"{theirs}.intermediate.dense", _LINEAR)
        names |= _named(f"{own}/output_dense", f"{theirs}.output.dense", _LINEAR)
        names |= _named(f"{own}/output_layer_norm", f"{theirs}.output.LayerNorm", _NORM)
    return {**names, **_named("pooled_dense", "fnet.pooler.dense", _LINEAR)}


def _named(own: str, theirs: str, parts: dict[str, str]) -> dict[str, str]:
    return {f"{own}/{part}": f"{theirs}.{name}" for part, name in parts.items()}


class TransformersPreset:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "config.json"
        self._config = read_json(self._file)
        if self._config.get("model_type") != "fnet":
            raise UserError(
                "preset.foreign-class",
                f"config.json in {folder.name} is of the model type {self._config.get('model_type')!r}, not fnet.",
                "FNet Studio loads FNet models only.",
            )
        self._named_head = presets.architecture_head(folder, self._config)
        self._require("hidden_act", "gelu_new", "gelu_pytorch_tanh")
        self._require("layer_norm_eps", 1e-12)
        self._tensors: dict[str, Stored] | None = None

    def _require(self, field: str, *known: Any) -> None:
        value = self._config.get(field, known[0])
        if value not in known:
            raise bad_field(self._file, field, value, f"{known[0]}, the only value that pretrained FNet has")

    def backbone_arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, theirs in _ARGUMENTS.items():
            value = self._config.get(theirs, _DEFAULTS[theirs])
            if not isinstance(value, int) or value < 1:
                raise bad_field(self._file, theirs, value, "a whole number above 0")
            found[name] = value
        dropout = self._config.get("hidden_dropout_prob", 0.1)
        if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
            raise bad_field(self._file, "hidden_dropout_prob", dropout, "a number from 0 to below 1")
        return {**found, "dropout": dropout}

    def backbone_dtype(self) -> str | None:
        """float32: the stored dtype is that of the file, not of the computation."""
        return None

    def _stored(self) -> dict[str, Stored]:
        if self._tensors is None:
            found = self._list()
            # A bare FNetModel is stored without the prefix.
            bare = not any(name.startswith("fnet.") for name in found)
            heads = ("cls.", "classifier.")
            self._tensors = {
                f"fnet.{name}" if bare and not name.startswith(heads) else name: tensor
                for name, tensor in found.items()
            }
        return self._tensors

    def _list(self) -> dict[str, Stored]:
        for name, lister in (("model.safetensors", list_safetensors), ("pytorch_model.bin", list_torch)):
            index = self.folder / f"{name}.index.json"
            if (self.folder / name).is_file():
                return lister(self.folder / name)
            if index.is_file():
                found: dict[str, Stored] = {}
                for shard in shard_names(index):
                    found |= lister(self.folder / shard)
                return found
        raise UserError(
            "preset.missing-weights",
            f"{self.folder.name} holds neither model.safetensors nor pytorch_model.bin.",
            "Fetch the model again.",
        )

    def head(self) -> StoredHead | None:
        stored = self._stored()
        if "cls.predictions.bias" in stored and self._named_head in ("pretrained", None):
            arguments: dict[str, Any] = dict(AUTHORS_HEAD)
            if NEXT_SENTENCE_NAMES["next_sentence/kernel"] in stored:
                arguments["next_sentence_head"] = True
            return StoredHead("masked_lm", "pretrained", arguments)
        if "classifier.bias" in stored and self._named_head in ("fine-tuned", None):
            classes = len(stored["classifier.bias"].read())
            arguments = {"num_classes": classes, "dropout": self.backbone_arguments()["dropout"]}
            names = presets.labels_of(self._config)
            arguments["class_names"] = names if len(names) == classes else ()
            if self._config.items() >= SEVERAL_AT_ONCE.items():
                arguments["activation"] = "sigmoid"
            arguments["regression"] = self._config.items() >= REGRESSION.items()
            return StoredHead("classifier", "fine-tuned", arguments)
        return None

    def backbone_tensors(self, num_layers: int) -> dict[str, Stored]:
        heads = (*HEAD_NAMES.values(), *NEXT_SENTENCE_NAMES.values(), *CLASSIFIER_NAMES.values())
        return self._matched(
            backbone_names(num_layers),
            lambda name: name in heads or name.startswith(_REPEATED) or _FOURIER in name,
        )

    def head_tensors(self) -> dict[str, Stored]:
        head = self.head()
        wanted = dict(CLASSIFIER_NAMES)
        if head and head.kind == "masked_lm":
            wanted = {**HEAD_NAMES, **(NEXT_SENTENCE_NAMES if "next_sentence_head" in head.arguments else {})}
            self._refuse_untied()
        return self._matched(wanted, lambda name: True)

    def _refuse_untied(self) -> None:
        stored = self._stored()
        for copy, origin in _TIED.items():
            if copy in stored and origin in stored and not np.array_equal(stored[copy].read(), stored[origin].read()):
                raise UserError(
                    "preset.untied",
                    f"In {stored[copy].file} of {self.folder.name} the tensor {copy} differs from {origin}: its head "
                    "predicts words with weights of its own.",
                    f"FNet Studio reads only heads that share the encoder's word embeddings. {presets.ENCODER_ALONE}",
                )

    def _matched(self, wanted: dict[str, str], ignored: Any) -> dict[str, Stored]:
        stored = self._stored()
        file = next(iter(stored.values())).file if stored else self.folder.name
        names = match(wanted, stored, file, ignored)
        return {
            own: transposed(stored[name]) if own.endswith("kernel") else stored[name] for own, name in names.items()
        }

    def vocabulary(self) -> Path | bytes:
        path, whole = self.folder / "spiece.model", self.folder / TOKENIZER_FILE
        if path.is_file():
            refuse_unlike(path)
            return path
        if whole.is_file():  # all that Transformers 5 saves
            return sentencepiece_model(whole)
        raise UserError(
            "preset.missing-vocabulary",
            f"The vocabulary is missing in {self.folder.name}: there is neither spiece.model nor tokenizer.json.",
            "Copy spiece.model from the model that it was fine-tuned from into this folder.",
        )

    def preprocessor_settings(self, cls: type) -> dict[str, Any]:
        longest = self.backbone_arguments()["max_sequence_length"]
        return {"sequence_length": preset_length.of_transformers(self.folder, longest)}


def transposed(tensor: Stored) -> Stored:
    """PyTorch's linear weights are (out, in), Keras' kernels (in, out)."""
    return tensor._replace(read=lambda: tensor.read().T)
