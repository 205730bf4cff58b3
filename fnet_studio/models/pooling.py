"""One vector for a whole text, from the vectors of its positions."""

from typing import Any, Literal

import keras
from keras import ops

from fnet_studio.models.keras_names import serializable

Pooling = Literal["cls", "mean"]
"""cls: the first position through the pooler, as FNet was published. mean: the average over the tokens."""


@serializable
class PaddingMask(keras.layers.Layer):
    """(batch, length) ids -> (batch, length) bool, true where there is a token."""

    def __init__(self, pad_id: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pad_id = pad_id

    def call(self, token_ids: Any) -> Any:
        return ops.not_equal(token_ids, self.pad_id)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pad_id": self.pad_id}


@serializable
class MaskedAverage(keras.layers.Layer):
    """Mean of (batch, length, hidden) over the true positions of (batch, length); 0 where there is none."""

    def call(self, inputs: Any, is_token: Any) -> Any:
        weights: Any = ops.expand_dims(ops.cast(is_token, inputs.dtype), -1)
        count = ops.maximum(ops.sum(weights, axis=1), 1)
        return ops.divide(ops.sum(inputs * weights, axis=1), count)
