"""The classifier of Keras' example "Text Classification using FNet", with FNet or with Transformer blocks."""

from typing import Any, Literal

import keras
from keras import ops

from fnet_studio.models.embedding import TokenAndPositionEmbedding
from fnet_studio.models.encoder import FNetEncoder
from fnet_studio.models.keras_names import serializable
from fnet_studio.models.mixers import layer_mixings
from fnet_studio.models.transformer_encoder import TransformerEncoder

PAD_ID = 0
"""`[PAD]` is the first piece of the example's WordPiece vocabulary."""


def build_imdb_classifier(
    mixer: Literal["fourier", "attention", "linear", "random", "identity", "hybrid"] = "fourier",
    vocabulary_size: int = 15000,
    sequence_length: int = 512,
    hidden_dim: int = 128,
    intermediate_dim: int = 512,
    num_layers: int = 3,
    num_heads: int = 2,
    dropout: float = 0.1,
) -> keras.Model:
    """token_ids (batch, length) int32 -> (batch, 1), the probability of the positive class.

    With the defaults 2,382,337 parameters, or 2,580,481 with attention. In the example pads are masked for
    the Transformer, in attention and in the average, and for FNet nowhere: its blocks let no mask through. "attention"
    is that Transformer; the others are FNet blocks with the paper's other mixers, "hybrid" with attention in the top
    two layers.
    `num_heads` counts for attention alone; `dropout` is that before the last layer.
    """
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    x = TokenAndPositionEmbedding(vocabulary_size, sequence_length, hidden_dim, name="embedding")(token_ids)
    if mixer != "attention":
        for index, mixing in enumerate(layer_mixings(mixer, num_layers)):
            x = FNetEncoder(
                intermediate_dim,
                mixing=mixing,
                num_heads=num_heads,
                sequence_length=sequence_length,
                name=f"encoder_{index}",
            )(x)
        x = keras.layers.GlobalAveragePooling1D(name="average")(x)
    else:
        is_token = PaddingMask(PAD_ID, name="padding_mask")(token_ids)
        for index in range(num_layers):
            x = TransformerEncoder(intermediate_dim, num_heads, name=f"encoder_{index}")(x, is_token)
        x = MaskedAverage(name="average")(x, is_token)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    outputs = keras.layers.Dense(1, activation="sigmoid", name="probability")(x)
    return keras.Model(token_ids, outputs, name=f"imdb_{mixer}")


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
