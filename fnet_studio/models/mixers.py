"""The mixing sub-layers that the paper compares (arXiv 2105.03824, section 4.1), behind one signature:
(batch, length, hidden) -> the same shape, without a padding mask."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import keras
from keras import ops

from fnet_studio.models.keras_names import serializable

Mixing = Literal["fourier", "attention", "linear", "random", "identity"]
MIXINGS: tuple[Mixing, ...] = get_args(Mixing)


def layer_mixings(mixing: str | Sequence[str], num_layers: int) -> list[str]:
    """The mixing of each layer: one name for all, "hybrid" (Fourier, with attention in the top two layers), or a name a
    layer. ValueError for anything else."""
    if mixing == "hybrid":
        return ["fourier"] * max(num_layers - 2, 0) + ["attention"] * min(num_layers, 2)
    names = [mixing] * num_layers if isinstance(mixing, str) else list(mixing)
    if len(names) != num_layers or any(name not in MIXINGS for name in names):
        raise ValueError(
            f"mixing must be one of {', '.join(MIXINGS)} or hybrid, or {num_layers} of the former: {mixing!r}"
        )
    return names


def mixing_layer(name: str, sequence_length: int | None, num_heads: int | None, dtype: Any) -> Any:
    """The layer for a name; None for Fourier, which has nothing to learn and is a plain function."""
    if name == "fourier":
        return None
    if name == "identity":
        return IdentityMixing(dtype=dtype, name="mixing")
    if name == "attention":
        if num_heads is None:
            raise ValueError("Attention needs `num_heads`.")
        return AttentionMixing(num_heads, dtype=dtype, name="mixing")
    if name not in MIXINGS:
        raise ValueError(f"mixing must be one of {', '.join(MIXINGS)}, not {name!r}")
    if sequence_length is None:
        raise ValueError(f"{name.capitalize()} mixing needs `sequence_length`: it works at that length alone.")
    return MatrixMixing(sequence_length, learned=name == "linear", dtype=dtype, name="mixing")


@serializable
class IdentityMixing(keras.layers.Layer):
    """No mixing: the block has nothing but its feed-forward part."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return inputs


@serializable
class AttentionMixing(keras.layers.Layer):
    """Self-attention of every position to every other."""

    def __init__(self, num_heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads

    def build(self, inputs_shape: Any) -> None:
        self.attention = keras.layers.MultiHeadAttention(
            self.num_heads,
            inputs_shape[-1] // self.num_heads,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
            dtype=self.dtype_policy,
            name="attention",
        )
        self.attention.build(inputs_shape, inputs_shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.attention(inputs, inputs, training=training)

    def probabilities(self, inputs: Any) -> Any:
        """(batch, heads, length, length)."""
        return self.attention(inputs, inputs, training=False, return_attention_scores=True)[1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_heads": self.num_heads}


@serializable
class MatrixMixing(keras.layers.Layer):
    """y = A x B with A (length, length) and B (hidden, hidden): learned, or random and fixed.

    Fixed ones are drawn from normal(1 / sqrt(size)), so that they keep a vector's length on average; learned ones start
    from normal(0.02).
    """

    def __init__(self, sequence_length: int, learned: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sequence_length = sequence_length
        self.learned = learned

    def build(self, inputs_shape: Any) -> None:
        sizes = {"sequence_matrix": self.sequence_length, "hidden_matrix": inputs_shape[-1]}
        matrices = [
            self.add_weight(
                name=name,
                shape=(size, size),
                initializer=keras.initializers.RandomNormal(stddev=0.02 if self.learned else size**-0.5),
                trainable=self.learned,
            )
            for name, size in sizes.items()
        ]
        self.sequence_matrix, self.hidden_matrix = matrices

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        length = inputs.shape[-2]
        if length is not None and length != self.sequence_length:
            raise ValueError(
                f"This model mixes {self.sequence_length} positions by a matrix: it cannot take {length}. Pad the text."
            )
        return ops.matmul(ops.matmul(self.sequence_matrix, inputs), self.hidden_matrix)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sequence_length": self.sequence_length, "learned": self.learned}
