"""FNet in plain NumPy and float64, from a preset's own tensors: a second opinion on what the Keras model answers.

Written from arXiv 2105.03824 alone, and shares no code with the model: a full complex FFT where the model folds a real
one, no compiler, no device. Tests hold it to the outputs of KerasHub and Transformers.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fnet_studio.models.tensors import Stored

EPSILON = 1e-12
_erf = np.vectorize(math.erf, otypes=[float])


class Reference:
    """tensors: of the encoder and of the head, by this package's names; each is read when it is needed. dtype: float64,
    or float32 to see what rounding alone does."""

    def __init__(self, tensors: Mapping[str, Stored], num_layers: int, dtype: Any = np.float64) -> None:
        self._tensors, self._layers, self._dtype = tensors, num_layers, dtype

    def _read(self, name: str) -> np.ndarray:
        return np.asarray(self._tensors[name].read()).astype(self._dtype)

    def encode(self, token_ids: np.ndarray, segment_ids: np.ndarray) -> np.ndarray:
        """(rows, length) twice -> (rows, length, hidden)."""
        x = self._rows("token_embedding", token_ids) + self._rows("segment_embedding", segment_ids)
        x = x + self._read("position_embedding")[: token_ids.shape[1]]
        x = self._dense("embedding_projection", self._norm("embeddings_layer_norm", x, EPSILON))
        for layer in range(self._layers):
            name = f"encoder_{layer}"
            x = self._norm(f"{name}/mixing_layer_norm", x + np.fft.fft2(x).real.astype(self._dtype), EPSILON)
            fed = self._dense(f"{name}/output_dense", gelu_tanh(self._dense(f"{name}/intermediate_dense", x)))
            x = self._norm(f"{name}/output_layer_norm", x + fed, EPSILON)
        return x

    def pooled(self, encoded: np.ndarray) -> np.ndarray:
        """(rows, length, hidden) -> (rows, hidden), of the first position."""
        return np.tanh(self._dense("pooled_dense", encoded[:, 0]))

    def predictions(self, encoded: np.ndarray, positions: np.ndarray, activation: str, epsilon: float) -> np.ndarray:
        """(rows, length, hidden), (rows, masks) -> (rows, masks, vocabulary) logits of the masked-LM head. KeyError for
        an activation that is not one of `ACTIVATIONS`."""
        x = np.take_along_axis(encoded, positions[..., None], axis=1)
        x = ACTIVATIONS[activation](self._dense("head/dense", x))
        return self._norm("head/layer_norm", x, epsilon) @ self._read("token_embedding").T + self._read("head/bias")

    def class_logits(self, encoded: np.ndarray, is_token: np.ndarray | None) -> np.ndarray:
        """(rows, length, hidden) -> (rows, classes) before the activation. is_token: (rows, length) bool to average
        over; None for the pooled first position."""
        if is_token is None:
            x = self.pooled(encoded)
        else:
            weights = is_token[..., None].astype(self._dtype)
            x = (encoded * weights).sum(1) / np.maximum(weights.sum(1), 1)
        return self._dense("classifier", x)

    def _rows(self, name: str, ids: np.ndarray) -> np.ndarray:
        """Rows of a table, without the whole table in another type."""
        return np.asarray(self._tensors[name].read())[ids].astype(self._dtype)

    def _dense(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self._read(f"{name}/kernel") + self._read(f"{name}/bias")

    def _norm(self, name: str, x: np.ndarray, epsilon: float) -> np.ndarray:
        away = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((away**2).mean(-1, keepdims=True) + epsilon)
        return away / scale * self._read(f"{name}/gamma") + self._read(f"{name}/beta")


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    """arXiv 1606.08415, section 2."""
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS: dict[str, Any] = {
    "gelu": lambda x: 0.5 * x * (1 + _erf(x / math.sqrt(2)).astype(x.dtype)),
    "gelu_approximate": gelu_tanh,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
}
