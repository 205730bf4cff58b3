"""FNet's masked LM in plain NumPy and float64, from a KerasHub preset folder's own files: a second opinion.

Written from arXiv 2105.03824 and the formats' description, without a line of the product."""

import json
import math
from pathlib import Path

import h5py
import numpy as np

ENCODER_EPSILON = 1e-12
HEAD_EPSILON = 1e-5
_erf = np.vectorize(math.erf, otypes=[float])


class NumpyFNet:
    def __init__(self, folder: Path) -> None:
        self.layers: int = json.loads((folder / "config.json").read_text())["config"]["num_layers"]
        self._weights: dict[str, np.ndarray] = {}
        for name in ("model", "task"):
            with h5py.File(folder / f"{name}.weights.h5") as file:
                file.visititems(self._keep)

    def _keep(self, name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and name.startswith("layers/"):
            self._weights[name.removeprefix("layers/")] = np.asarray(item, np.float64)

    def log_probabilities(self, ids: np.ndarray, position: int) -> np.ndarray:
        """ids (rows, length) -> (rows, vocabulary) at one position."""
        table = self._weights["reversible_embedding/vars/0"]
        x = table[ids] + self._weights["position_embedding/vars/0"] + self._weights["embedding/vars/0"][0]
        x = self._dense("dense", self._norm("layer_normalization", x, ENCODER_EPSILON))
        for layer in range(self.layers):
            name = "f_net_encoder" + (f"_{layer}" if layer else "")
            x = self._norm(f"{name}/_mixing_layer_norm", x + np.fft.fft2(x).real, ENCODER_EPSILON)
            inner = self._dense(f"{name}/_intermediate_dense", x)
            inner = 0.5 * inner * (1 + np.tanh(math.sqrt(2 / math.pi) * (inner + 0.044715 * inner**3)))
            x = self._norm(
                f"{name}/_output_layer_norm", x + self._dense(f"{name}/_output_dense", inner), ENCODER_EPSILON
            )
        at = self._dense("masked_lm_head/_intermediate_dense", x[:, position])
        at = 0.5 * at * (1 + _erf(at / math.sqrt(2)))
        at = self._norm("masked_lm_head/_intermediate_layer_norm", at, HEAD_EPSILON)
        logits = at @ table.T + self._weights["masked_lm_head/vars/0"]
        top = logits.max(-1, keepdims=True)
        return logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))

    def _dense(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self._weights[f"{name}/vars/0"] + self._weights[f"{name}/vars/1"]

    def _norm(self, name: str, x: np.ndarray, epsilon: float) -> np.ndarray:
        away = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((away**2).mean(-1, keepdims=True) + epsilon)
        return away / scale * self._weights[f"{name}/vars/0"] + self._weights[f"{name}/vars/1"]
