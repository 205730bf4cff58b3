"""What a model's variables hold before they are trained or loaded."""

from collections.abc import Iterable
from typing import Any

import jax
import keras
import numpy as np


def normal_002() -> keras.initializers.Initializer:
    """The initialiser of pretrained FNet's kernels, embeddings and biases."""
    return keras.initializers.RandomNormal(stddev=0.02)


class Unset(keras.initializers.Initializer):
    """Zeros that are written nowhere until a loader replaces them: a model about to be loaded needs no random numbers,
    nor twice the memory."""

    def __call__(self, shape: Any, dtype: Any = None, **_: Any) -> Any:
        size = int(np.prod(shape, dtype=np.int64))
        name = keras.backend.standardize_dtype(dtype)
        if name != "float32" or size == 0:
            return keras.ops.zeros(shape, dtype=dtype)
        raw = np.zeros(size * 4 + 64, np.uint8)  # the system gives pages of zeros when they are first touched
        start = -raw.ctypes.data % 64
        return jax.device_put(raw[start : start + size * 4].view(np.float32).reshape(shape))  # on the CPU no copy

    def clone(self) -> "Unset":
        return self

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Who builds such a layer anew has nothing to fill it with."""
        return normal_002()


keras.saving.get_custom_objects()["Unset"] = Unset
"""The name in .keras files of models on a loaded backbone that were saved before `initialised_as_usual`."""


def initialised_as_usual(layers: Iterable[keras.layers.Layer]) -> None:
    """Forget `Unset` in these layers, which have been filled: their configs, and so copies and .keras files, are those
    of a model that was never loaded. The layers within them are made anew from these configs."""
    for layer in layers:
        for name, value in list(vars(layer).items()):
            if isinstance(value, Unset):
                setattr(layer, name, normal_002())
