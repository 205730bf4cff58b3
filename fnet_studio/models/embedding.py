"""Embeddings of tokens and positions."""

from typing import Any

import keras
from keras import ops

from fnet_studio.models.keras_names import fresh, serializable


@serializable
class ReversibleEmbedding(keras.layers.Embedding):
    """An embedding (batch, length) -> (batch, length, hidden) that, called with `reverse=True`, projects
    (batch, length, hidden) to (batch, length, vocabulary) by the transpose of its table, or by a table of its own when
    `tie_weights` is false. reverse_dtype: what that is computed in, the layer's own by default. logit_soft_cap: c,
    for c * tanh(logits / c) in place of the logits."""

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: str | None = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        self.tie_weights = tie_weights
        self.reverse_dtype = reverse_dtype
        self.logit_soft_cap = logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings",
                shape=(self.output_dim, self.input_dim),
                initializer=fresh(self.embeddings_initializer),
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        if not reverse:
            return super().call(inputs)
        table = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        if self.reverse_dtype is not None:
            inputs, table = ops.cast(inputs, self.reverse_dtype), ops.cast(table, self.reverse_dtype)
        logits = ops.matmul(inputs, table)
        cap = self.logit_soft_cap
        return logits if cap is None else ops.multiply(ops.tanh(ops.divide(logits, cap)), cap)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> keras.KerasTensor:
        if not reverse:
            return keras.KerasTensor((*inputs.shape, self.output_dim), dtype=self.compute_dtype)
        return keras.KerasTensor((*inputs.shape[:-1], self.input_dim), dtype=self.reverse_dtype or self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }


@serializable
class PositionEmbedding(keras.layers.Layer):
    """A learned vector for each position: (batch, length, hidden) -> the same shape, from the input's shape alone.

    sequence_length: the longest input there may be. In a call, start_index is the place of the first position;
    positions, (length,) or (batch, length), are the places of all, and start_index then counts for nothing.
    """

    def __init__(self, sequence_length: int, initializer: Any = "glorot_uniform", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if sequence_length is None:
            raise ValueError("`sequence_length` must be an integer, not None.")
        self.sequence_length = int(sequence_length)
        self.initializer = keras.initializers.get(initializer)
        self.supports_masking = True  # a mask is no use here, but nothing to warn of either

    def build(self, inputs_shape: Any, positions_shape: Any = None) -> None:
        self.position_embeddings = self.add_weight(
            name="embeddings",
            shape=(self.sequence_length, inputs_shape[-1]),
            initializer=fresh(self.initializer),
        )

    def call(self, inputs: Any, start_index: int = 0, positions: Any = None) -> Any:
        batch_shape: Any = ops.shape(inputs)
        length, hidden = batch_shape[-2], batch_shape[-1]
        table: Any = ops.convert_to_tensor(self.position_embeddings)
        if positions is None:
            vectors = ops.slice(table, (start_index, 0), (length, hidden))
        else:
            vectors = ops.take(table, positions, axis=0)
        return ops.broadcast_to(vectors, batch_shape)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None

    def compute_output_shape(self, inputs_shape: Any, positions_shape: Any = None) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "sequence_length": self.sequence_length,
            "initializer": keras.initializers.serialize(self.initializer),
        }


@serializable
class TokenAndPositionEmbedding(keras.layers.Layer):
    """Token plus position embedding: (batch, length) ids -> (batch, length, hidden).

    `mask_zero` attaches a Keras mask of the ids that are not 0, as Keras' own Embedding does. start_index and positions
    are those of `PositionEmbedding`.
    """

    def __init__(
        self,
        vocabulary_size: int,
        sequence_length: int,
        embedding_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        mask_zero: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = int(vocabulary_size)
        self.sequence_length = int(sequence_length)
        self.embedding_dim = int(embedding_dim)
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.token_embedding = ReversibleEmbedding(
            vocabulary_size,
            embedding_dim,
            tie_weights=tie_weights,
            embeddings_initializer=fresh(self.embeddings_initializer),
            mask_zero=mask_zero,
            dtype=self.dtype_policy,
            name="token_embedding",
        )
        self.position_embedding = PositionEmbedding(
            sequence_length,
            initializer=fresh(self.embeddings_initializer),
            dtype=self.dtype_policy,
            name="position_embedding",
        )
        self.supports_masking = True

    def build(self, inputs_shape: Any, positions_shape: Any = None) -> None:
        self.token_embedding.build(inputs_shape)
        self.position_embedding.build((*inputs_shape, self.embedding_dim))

    def call(self, inputs: Any, start_index: int = 0, positions: Any = None) -> Any:
        tokens = self.token_embedding(inputs)
        return tokens + self.position_embedding(tokens, start_index=start_index, positions=positions)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.token_embedding.compute_mask(inputs)

    def compute_output_shape(self, inputs_shape: Any, positions_shape: Any = None) -> Any:
        return (*inputs_shape, self.embedding_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "sequence_length": self.sequence_length,
            "embedding_dim": self.embedding_dim,
            "tie_weights": self.token_embedding.tie_weights,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
            "mask_zero": self.token_embedding.mask_zero,
        }
