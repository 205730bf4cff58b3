"""The masked-LM head: what the vocabulary says at the masked positions."""

from typing import Any

import keras
from keras import ops

from fnet_studio.models.keras_names import activation as get_activation
from fnet_studio.models.keras_names import fresh, serializable


@serializable
class MaskedLMHead(keras.layers.Layer):
    """inputs (batch, length, hidden), mask_positions (batch, masks) int32 -> (batch, masks, vocabulary). Without
    mask_positions every position is projected.

    Gather, dense, activation, norm, projection by the token embedding's table (or by a kernel of its own without
    `token_embedding`), bias. Arguments and defaults are those of `keras_hub.layers.MaskedLMHead`. The authors' head
    has `intermediate_activation="gelu_approximate"` and `layer_norm_epsilon=1e-12`.
    """

    def __init__(
        self,
        vocabulary_size: int | None = None,
        token_embedding: Any = None,
        intermediate_activation: Any = "relu",
        activation: Any = None,
        layer_norm_epsilon: float = 1e-5,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs, autocast=False)
        if token_embedding is None and vocabulary_size is None:
            raise ValueError("One of `vocabulary_size` and `token_embedding` must be given.")
        if token_embedding is not None and vocabulary_size not in (None, token_embedding.input_dim):
            raise ValueError(
                f"`vocabulary_size` {vocabulary_size} is not that of `token_embedding`, {token_embedding.input_dim}."
            )
        self.vocabulary_size = vocabulary_size if token_embedding is None else token_embedding.input_dim
        self.token_embedding = token_embedding
        self.intermediate_activation = get_activation(intermediate_activation)
        self.activation = get_activation(activation)
        self.layer_norm_epsilon = layer_norm_epsilon
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, inputs_shape: Any, mask_positions_shape: Any = None) -> None:
        hidden = inputs_shape[-1] if self.token_embedding is None else self.token_embedding.output_dim
        self.intermediate_dense = keras.layers.Dense(
            hidden,
            activation=self.intermediate_activation,
            kernel_initializer=fresh(self.kernel_initializer),
            bias_initializer=fresh(self.bias_initializer),
            dtype=self.dtype_policy,
            name="intermediate_dense",
        )
        self.intermediate_layer_norm = keras.layers.LayerNormalization(
            epsilon=self.layer_norm_epsilon, dtype=self.dtype_policy, name="intermediate_layer_norm"
        )
        self.intermediate_dense.build((inputs_shape[0], None, inputs_shape[-1]))
        self.intermediate_layer_norm.build((inputs_shape[0], None, hidden))
        if self.token_embedding is None:
            self.output_kernel = self.add_weight(
                name="output_kernel",
                shape=(hidden, self.vocabulary_size),
                initializer=fresh(self.kernel_initializer),
            )
        self.output_bias = self.add_weight(
            name="output_bias", shape=(self.vocabulary_size,), initializer=fresh(self.bias_initializer)
        )

    def call(self, inputs: Any, mask_positions: Any = None) -> Any:
        x = inputs
        if mask_positions is not None:
            x = ops.take_along_axis(inputs, ops.expand_dims(mask_positions, -1), axis=1)
        x = self.intermediate_layer_norm(self.intermediate_dense(x))
        if self.token_embedding is None:
            logits = ops.matmul(x, ops.cast(self.output_kernel, x.dtype))
        else:
            logits = self.token_embedding(x, reverse=True)
        logits = ops.add(ops.cast(logits, self.compute_dtype), ops.cast(self.output_bias, self.compute_dtype))
        return logits if self.activation is None else self.activation(logits)

    def compute_output_shape(self, inputs_shape: Any, mask_positions_shape: Any = None) -> Any:
        places = inputs_shape[:2] if mask_positions_shape is None else mask_positions_shape
        return (*places, self.vocabulary_size)

    def get_config(self) -> dict[str, Any]:
        embedding = self.token_embedding
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "token_embedding": None if embedding is None else keras.layers.serialize(embedding),
            "intermediate_activation": keras.activations.serialize(self.intermediate_activation),
            "activation": keras.activations.serialize(self.activation),
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "MaskedLMHead":
        config = dict(config)
        if isinstance(config.get("token_embedding"), dict):
            config["token_embedding"] = keras.layers.deserialize(config["token_embedding"])
        return super().from_config(config)
