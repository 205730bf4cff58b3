"""The model's tensors by one set of names, and putting stored tensors into them with every check."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from fnet_studio.core.errors import UserError

ADVICE = "Fetch the preset again, or save it again from the program that made it."


def corrupt(file: str, error: Exception, tensor: str = "") -> UserError:
    """The words for a file that cannot be read to its end."""
    where = f"{file}, tensor {tensor}," if tensor else file
    reason = str(error).strip("'\"") or type(error).__name__
    return UserError("preset.corrupt", f"{where} cannot be read: it is damaged or cut off ({reason}).", ADVICE)


class Stored(NamedTuple):
    """A tensor in a file, not read yet."""

    file: str
    name: str
    read: Callable[[], np.ndarray]


def backbone_variables(backbone: Any) -> dict[str, keras.Variable]:
    """Name to variable; the names are this package's own, each file format maps them to its own. UserError
    `preset.mixing` for a model that does not mix by Fourier transforms: no format has a place for it."""
    if set(backbone.mixings) != {"fourier"}:
        raise UserError(
            "preset.mixing",
            f"A model with {', '.join(sorted(set(backbone.mixings)))} mixing cannot be a preset of any FNet format.",
            "Save it as a .keras file.",
        )
    found = {
        "token_embedding": backbone.token_embedding.embeddings,
        "position_embedding": backbone.position_embedding.position_embeddings,
        "segment_embedding": backbone.segment_embedding.embeddings,
        **_norm("embeddings_layer_norm", backbone.embeddings_layer_norm),
        **_dense("embedding_projection", backbone.embedding_projection),
    }
    for index, encoder in enumerate(backbone.transformer_layers):
        found |= _norm(f"encoder_{index}/mixing_layer_norm", encoder.mixing_layer_norm)
        found |= _dense(f"encoder_{index}/intermediate_dense", encoder.intermediate_dense)
        found |= _dense(f"encoder_{index}/output_dense", encoder.output_dense)
        found |= _norm(f"encoder_{index}/output_layer_norm", encoder.output_layer_norm)
    return {**found, **_dense("pooled_dense", backbone.pooled_dense)}


def refuse_quantized(model: keras.Model) -> None:
    """UserError `preset.quantized`: no preset format has a place for the scales."""
    for weight in model.weights:
        if not keras.backend.is_float_dtype(weight.dtype):
            raise UserError(
                "preset.quantized",
                f"This model is quantized to {weight.dtype}, which no preset format holds.",
                "Save the preset before you quantize it, or keep this one with save_weights.",
            )


def value_of(variable: Any) -> np.ndarray:
    """What is written of a variable. That of a layer with LoRA is a tensor, in which Keras has merged it."""
    return np.asarray(keras.ops.convert_to_tensor(variable))


def masked_lm_variables(task: Any) -> dict[str, keras.Variable]:
    head, next_sentence = task.masked_lm_head, task.next_sentence_dense
    return {
        **_dense("head/dense", head.intermediate_dense),
        **_norm("head/layer_norm", head.intermediate_layer_norm),
        "head/bias": head.output_bias,
        **({} if next_sentence is None else _dense("next_sentence", next_sentence)),
    }


def classifier_variables(classifier: Any) -> dict[str, keras.Variable]:
    return _dense("classifier", classifier.output_dense)


def _dense(name: str, layer: Any) -> dict[str, keras.Variable]:
    return {f"{name}/kernel": layer.kernel, f"{name}/bias": layer.bias}


def _norm(name: str, layer: Any) -> dict[str, keras.Variable]:
    return {f"{name}/gamma": layer.gamma, f"{name}/beta": layer.beta}


def fill(variables: Mapping[str, keras.Variable], stored: Mapping[str, Stored]) -> None:
    """Assign every variable from its stored tensor, one at a time, so that memory holds little more than the model.

    UserError `preset.missing-tensor`, `preset.wrong-shape`, `preset.not-finite` or `preset.corrupt`.
    """
    for name, variable in variables.items():
        tensor = stored[name]
        value = tensor.read()
        if tuple(value.shape) != tuple(variable.shape):
            raise UserError(
                "preset.wrong-shape",
                f"In {tensor.file} the tensor {tensor.name} has shape {tuple(value.shape)}, but the configuration asks "
                f"for {tuple(variable.shape)}.",
                "The weights and the configuration belong to different models. " + ADVICE,
            )
        if not np.isfinite(value).all():
            raise UserError(
                "preset.not-finite",
                f"In {tensor.file} the tensor {tensor.name} holds values that are not finite (NaN or infinity).",
                ADVICE,
            )
        variable.assign(value)


def match(
    wanted: Mapping[str, str], present: Iterable[str], file: str, ignored: Callable[[str], bool]
) -> dict[str, str]:
    """Check a file's tensor names against the wanted ones (own name to file name), and give these back.

    UserError `preset.missing-tensor` or `preset.surplus-tensor`, naming up to three.
    """
    names = set(present)
    missing = [name for name in wanted.values() if name not in names]
    if missing:
        raise UserError(
            "preset.missing-tensor",
            f"{file} lacks {_listed(missing)}, which the configuration asks for.",
            ADVICE,
        )
    surplus = sorted(name for name in names - set(wanted.values()) if not ignored(name))
    if surplus:
        raise UserError(
            "preset.surplus-tensor",
            f"{file} holds {_listed(surplus)}, for which the configuration has no place.",
            "The weights and the configuration belong to different models. " + ADVICE,
        )
    return dict(wanted)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ("the tensor " if len(names) == 1 else "the tensors ") + ", ".join(names[:3]) + more


def aligned_empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array that JAX on the CPU takes over without copying it (64-byte boundary)."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    raw = np.empty(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)
