"""The authors' Flax checkpoints: one msgpack file of nested names and arrays, without a configuration."""

from pathlib import Path
from typing import Any

import ml_dtypes
import msgspec
import numpy as np

from fnet_studio.core.errors import UserError
from fnet_studio.core.preset_length import LONGEST_UNTOLD
from fnet_studio.models.preset import StoredHead
from fnet_studio.models.tensors import ADVICE, Stored, corrupt, match
from fnet_studio.models.transformers_preset import AUTHORS_HEAD

_ARRAY, _SCALAR = 1, 3
"""Extension types of flax.serialization: (shape, dtype name, bytes) as msgpack, for arrays and for numpy scalars."""
_VOCABULARIES = ("spiece.model", "vocabulary.spm", "*.model", "*.spm")
HEAD_PATHS = {
    "head/dense/kernel": "predictions_dense/kernel",
    "head/dense/bias": "predictions_dense/bias",
    "head/layer_norm/gamma": "predictions_layer_norm/scale",
    "head/layer_norm/beta": "predictions_layer_norm/bias",
    "head/bias": "predictions_output/output_bias",
}
OUTPUT_PATHS = {"kernel": "classification/output_kernel", "bias": "classification/output_bias"}


def backbone_paths(num_layers: int) -> dict[str, str]:
    """Own tensor name to path under `target`."""
    paths = {
        "token_embedding": "encoder/embedder/word/embedding",
        "position_embedding": "encoder/embedder/position/embedding",
        "segment_embedding": "encoder/embedder/type/embedding",
        **_norm("embeddings_layer_norm", "encoder/embedder/layer_norm"),
        **_dense("embedding_projection", "encoder/embedder/hidden_mapping_in"),
        **_dense("pooled_dense", "encoder/pooler"),
    }
    for index in range(num_layers):
        paths |= _norm(f"encoder_{index}/mixing_layer_norm", f"encoder/encoder_{index}/mixing_layer_norm")
        paths |= _dense(f"encoder_{index}/intermediate_dense", f"encoder/feed_forward_{index}/intermediate")
        paths |= _dense(f"encoder_{index}/output_dense", f"encoder/feed_forward_{index}/output")
        paths |= _norm(f"encoder_{index}/output_layer_norm", f"encoder/encoder_{index}/output_layer_norm")
    return paths


def _norm(own: str, theirs: str) -> dict[str, str]:
    return {f"{own}/gamma": f"{theirs}/scale", f"{own}/beta": f"{theirs}/bias"}


def _dense(own: str, theirs: str) -> dict[str, str]:
    return {f"{own}/kernel": f"{theirs}/kernel", f"{own}/bias": f"{theirs}/bias"}


def find_checkpoint(path: Path) -> Path | None:
    """The checkpoint file that a path means: itself, or the latest of a folder."""
    if path.is_file():
        return path
    numbered = [(int(p.name[11:]), p) for p in path.glob("checkpoint_*") if p.name[11:].isdigit() and p.is_file()]
    if numbered:
        return max(numbered)[1]
    single = [p for p in (*path.glob("*.msgpack"), path / "checkpoint") if p.is_file()]
    return single[0] if single else None


class FlaxPreset:
    """The configuration is read off the arrays' shapes."""

    def __init__(self, checkpoint: Path) -> None:
        self.folder = checkpoint if checkpoint.is_dir() else checkpoint.parent
        self._file = checkpoint
        self._arrays = _read(checkpoint)

    def _shape(self, path: str, rank: int) -> tuple[int, ...]:
        array = self._arrays.get(path)
        if array is None:
            raise UserError("preset.missing-tensor", f"{self._file.name} lacks the tensor {path}.", ADVICE)
        if array.ndim != rank:
            raise UserError(
                "preset.wrong-shape",
                f"In {self._file.name} the tensor {path} has shape {array.shape}, not one of {rank} dimensions.",
                ADVICE,
            )
        return array.shape

    def backbone_arguments(self) -> dict[str, Any]:
        vocabulary, hidden = self._shape("encoder/embedder/word/embedding", 2)
        layers = 0
        while f"encoder/feed_forward_{layers}/intermediate/kernel" in self._arrays:
            layers += 1
        return {
            "vocabulary_size": vocabulary,
            "num_layers": layers,
            "hidden_dim": hidden,
            "intermediate_dim": self._shape("encoder/feed_forward_0/intermediate/kernel", 2)[1],
            "max_sequence_length": self._shape("encoder/embedder/position/embedding", 3)[1],
            "num_segments": self._shape("encoder/embedder/type/embedding", 2)[0],
        }

    def backbone_dtype(self) -> str | None:
        return None

    def head(self) -> StoredHead | None:
        has_output = OUTPUT_PATHS["bias"] in self._arrays
        if HEAD_PATHS["head/bias"] in self._arrays:
            arguments = {**AUTHORS_HEAD, **({"next_sentence_head": True} if has_output else {})}
            return StoredHead("masked_lm", "pretrained", arguments)
        if has_output:
            classes = self._shape(OUTPUT_PATHS["bias"], 1)[0]
            return StoredHead("classifier", "fine-tuned", {"num_classes": classes})
        return None

    def backbone_tensors(self, num_layers: int) -> dict[str, Stored]:
        heads = (*HEAD_PATHS.values(), *OUTPUT_PATHS.values())
        return self._matched(backbone_paths(num_layers), lambda path: path in heads)

    def head_tensors(self) -> dict[str, Stored]:
        head = self.head()
        own = "next_sentence" if head and head.kind == "masked_lm" else "classifier"
        wanted = dict(HEAD_PATHS) if own == "next_sentence" else {}
        if OUTPUT_PATHS["bias"] in self._arrays:
            wanted |= {f"{own}/{part}": path for part, path in OUTPUT_PATHS.items()}
        return self._matched(wanted, lambda path: True)

    def _matched(self, wanted: dict[str, str], ignored: Any) -> dict[str, Stored]:
        names = match(wanted, self._arrays, self._file.name, ignored)
        return {own: Stored(self._file.name, path, self._reader(path)) for own, path in names.items()}

    def _reader(self, path: str) -> Any:
        array = self._arrays[path]
        if path.endswith("position/embedding"):
            return lambda: array[0]
        # The output projections multiply by the transpose: theirs are (classes, hidden), all others (in, out).
        return (lambda: array.T) if path == OUTPUT_PATHS["kernel"] else (lambda: array)

    def vocabulary(self) -> Path:
        for pattern in _VOCABULARIES:
            found = sorted(self.folder.glob(pattern))
            if found:
                return found[0]
        raise UserError(
            "preset.missing-vocabulary",
            f"There is no SentencePiece vocabulary beside {self._file.name} in {self.folder.name}.",
            "Put the checkpoint's .model file into the same folder.",
        )

    def preprocessor_settings(self, cls: type) -> dict[str, Any]:
        return {"sequence_length": min(self.backbone_arguments()["max_sequence_length"], LONGEST_UNTOLD)}


def _read(path: Path) -> dict[str, np.ndarray]:
    """The parameters of a checkpoint by path."""
    try:
        tree = msgspec.msgpack.decode(path.read_bytes(), ext_hook=_array)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise corrupt(path.name, error) from None
    while isinstance(tree, dict) and "encoder" not in tree:
        inner = next((tree[key] for key in ("target", "optimizer", "params") if key in tree), None)
        if inner is None:
            raise UserError(
                "preset.foreign-class",
                f"{path.name} holds no FNet parameters: there is no target/encoder in it.",
                "Choose a checkpoint of the authors' FNet code.",
            )
        tree = inner
    found: dict[str, np.ndarray] = {}
    _flatten(tree, "", found)
    return found


def _flatten(tree: Any, prefix: str, found: dict[str, np.ndarray]) -> None:
    if isinstance(tree, np.ndarray):
        found[prefix] = tree
    elif isinstance(tree, dict) and tree.get("__msgpack_chunked_array__"):
        shape = tuple(tree["shape"][str(i)] for i in range(len(tree["shape"])))
        chunks = [tree["chunks"][str(i)] for i in range(len(tree["chunks"]))]
        found[prefix] = np.concatenate(chunks).reshape(shape)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            _flatten(value, f"{prefix}/{name}" if prefix else str(name), found)


def _array(code: int, data: memoryview) -> Any:
    if code not in (_ARRAY, _SCALAR):
        raise ValueError(f"an unknown extension type {code}")
    shape, name, raw = msgspec.msgpack.decode(data, type=tuple[list[int], str, memoryview])
    dtype = np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)
    if dtype.hasobject:
        raise ValueError(f"an array of the dtype {name}")
    return np.frombuffer(raw, dtype).reshape(shape)
