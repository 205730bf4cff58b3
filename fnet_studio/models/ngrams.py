"""Vectors of word pairs and triples beside those of words, by hashing (as in arXiv 1607.01759), and what turns a long
row of such vectors into fewer ones."""

from typing import Any

import keras
import numpy as np
from keras import ops

from fnet_studio.models.keras_names import serializable

PAD_ID = 0
_MULTIPLIERS = (0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35)
"""Odd numbers without a pattern in their bits."""


@serializable
class NGramEmbedding(keras.layers.Layer):
    """(batch, length) ids -> (batch, length, dim): the token's vector plus one for each pair (and triple) that begins
    with it. Pads, and n-grams that reach into them, are zero.

    An n-gram has no entry of its own but shares one of `buckets` with others, by the hash of its ids. In training each
    token's vector and each n-gram's is left out with probability `dropout`, and the others are scaled up.
    """

    def __init__(
        self,
        vocabulary_size: int,
        dim: int,
        order: int = 2,
        buckets: int = 2**18,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size, self.dim, self.order, self.buckets = vocabulary_size, dim, order, buckets
        self.dropout = dropout
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, inputs_shape: Any) -> None:
        def table(name: str, rows: int) -> Any:
            start = keras.initializers.RandomNormal(stddev=0.01)
            return self.add_weight(name=name, shape=(rows, self.dim), initializer=start)

        self.tokens = table("token_embeddings", self.vocabulary_size)
        self.n_grams = table("n_gram_embeddings", self.buckets) if self.order > 1 else None

    def call(self, token_ids: Any, training: bool | None = None) -> Any:
        present = ops.not_equal(token_ids, PAD_ID)
        x = self._looked_up(self.tokens, token_ids, present, training)
        for places, whole in n_gram_places(token_ids, self.order, self.buckets):
            x = x + self._looked_up(self.n_grams, places, whole, training)
        return x

    def _looked_up(self, table: Any, places: Any, wanted: Any, training: bool | None) -> Any:
        share: Any = ops.cast(wanted, self.compute_dtype)
        if training and self.dropout:
            kept: Any = keras.random.uniform(ops.shape(places), seed=self.seed_generator) >= self.dropout
            scale: Any = ops.cast(kept, self.compute_dtype)
            share = share * scale / (1 - self.dropout)
        vectors: Any = ops.cast(ops.take(table, places, axis=0), self.compute_dtype)
        return vectors * ops.expand_dims(share, -1)

    def compute_output_shape(self, inputs_shape: Any) -> Any:
        return (*inputs_shape, self.dim)

    def get_config(self) -> dict[str, Any]:
        names = ("vocabulary_size", "dim", "order", "buckets", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def n_gram_places(token_ids: Any, order: int, buckets: int) -> list[tuple[Any, Any]]:
    """For pairs, then triples, up to `order`: (batch, length) int32 bucket of the n-gram that begins at each position,
    and (batch, length) bool, true where it holds no pad."""
    hashed: Any = ops.cast(token_ids, "uint32")
    present: Any = ops.not_equal(token_ids, PAD_ID)
    first, second, last = (np.uint32(number) for number in _MULTIPLIERS)
    found, whole = [], present
    for n in range(2, order + 1):
        later = [(0, 0), (0, n - 1)]
        following: Any = ops.cast(ops.pad(token_ids[:, n - 1 :], later), "uint32")
        whole = ops.logical_and(whole, ops.pad(present[:, n - 1 :], later))
        hashed = ops.bitwise_xor(hashed * first, following * second + np.uint32(n))
        hashed = ops.bitwise_xor(hashed, ops.right_shift(hashed, np.uint32(15)))
        places = ops.mod(ops.right_shift(hashed * last, np.uint32(7)), np.uint32(buckets))
        found.append((ops.where(whole, ops.cast(places, "int32"), 0), whole))
    return found


@serializable
class RootSum(keras.layers.Layer):
    """(batch, length, hidden) and (batch, length) bool -> (batch, hidden): the sum over the positions divided by the
    square root of how many are true. Between a sum, which grows with a text, and a mean, in which one word is lost."""

    def call(self, inputs: Any, is_token: Any) -> Any:
        count = ops.sum(ops.cast(is_token, inputs.dtype), axis=1, keepdims=True)
        return ops.divide(ops.sum(inputs, axis=1), ops.sqrt(ops.maximum(count, 1)))


@serializable
class MergePositions(keras.layers.Layer):
    """(batch, length, hidden) -> (batch, length / size, hidden): `size` neighbours summed into one, over the square
    root of size. Of (batch, length) bool: true where any of them is."""

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs: Any) -> Any:
        shape: Any = ops.shape(inputs)
        if len(shape) == 2:
            return ops.any(ops.reshape(inputs, (-1, shape[1] // self.size, self.size)), axis=2)
        parts: Any = ops.reshape(inputs, (-1, shape[1] // self.size, self.size, shape[2]))
        summed: Any = ops.sum(parts, axis=2)
        return summed / self.size**0.5

    def compute_output_shape(self, inputs_shape: Any) -> Any:
        length = inputs_shape[1]
        return (inputs_shape[0], None if length is None else length // self.size, *inputs_shape[2:])

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


@serializable
class WithoutGradient(keras.layers.Layer):
    """The same values, through which nothing behind learns anything before."""

    def call(self, inputs: Any) -> Any:
        return ops.stop_gradient(inputs)


@serializable
class Gate(keras.layers.Layer):
    """Each of (batch, hidden) features times a learned number that begins at 0: what comes behind it has to earn its
    part of the answer (as in arXiv 2003.04887)."""

    def build(self, inputs_shape: Any) -> None:
        self.scale = self.add_weight(name="gamma", shape=(inputs_shape[-1],), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        return inputs * ops.cast(self.scale, inputs.dtype)
