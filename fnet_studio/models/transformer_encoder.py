"""The Transformer block that the IMDb example compares FNet with."""

from typing import Any

import keras
from keras import ops

from fnet_studio.models.encoder import mixing_changes
from fnet_studio.models.keras_names import fresh, serializable


@serializable
class TransformerEncoder(keras.layers.Layer):
    """x (batch, length, hidden) -> the same shape: self-attention, residual, norm, feed-forward, residual, norm.

    padding_mask: (batch, length), true where there is a token; attention looks at those positions alone. Without it
    the mask that the inputs carry counts, and the outputs carry it on. attention_mask: (batch, length, length), true
    where the first position may look at the second. return_attention_scores adds (batch, heads, length, length).
    Arguments and defaults are those of `keras_hub.layers.TransformerEncoder`.
    """

    def __init__(
        self,
        intermediate_dim: int,
        num_heads: int,
        dropout: float = 0,
        activation: Any = "relu",
        layer_norm_epsilon: float = 1e-5,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        normalize_first: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.intermediate_dim = intermediate_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.activation = keras.activations.get(activation)
        self.layer_norm_epsilon = layer_norm_epsilon
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.normalize_first = normalize_first
        self.supports_masking = True

    def build(self, inputs_shape: Any) -> None:
        hidden = inputs_shape[-1]
        if hidden < self.num_heads:
            raise ValueError(f"A hidden size of {hidden} cannot be divided among {self.num_heads} heads.")
        shared = {"dtype": self.dtype_policy}
        self.self_attention = keras.layers.MultiHeadAttention(
            self.num_heads,
            hidden // self.num_heads,
            dropout=self.dropout,
            kernel_initializer=fresh(self.kernel_initializer),
            bias_initializer=fresh(self.bias_initializer),
            name="self_attention_layer",
            **shared,
        )
        self.attention_layer_norm = keras.layers.LayerNormalization(
            epsilon=self.layer_norm_epsilon, name="self_attention_layer_norm", **shared
        )
        self.attention_dropout = keras.layers.Dropout(self.dropout, name="self_attention_dropout", **shared)
        self.feedforward_layer_norm = keras.layers.LayerNormalization(
            epsilon=self.layer_norm_epsilon, name="feedforward_layer_norm", **shared
        )
        self.intermediate_dense = self._dense(self.intermediate_dim, self.activation, "feedforward_intermediate_dense")
        self.output_dense = self._dense(hidden, None, "feedforward_output_dense")
        self.feedforward_dropout = keras.layers.Dropout(self.dropout, name="feedforward_dropout", **shared)
        self.self_attention.build(inputs_shape, inputs_shape)
        self.attention_layer_norm.build(inputs_shape)
        self.feedforward_layer_norm.build(inputs_shape)
        self.intermediate_dense.build(inputs_shape)
        self.output_dense.build((*inputs_shape[:-1], self.intermediate_dim))

    def _dense(self, units: int, activation: Any, name: str) -> keras.layers.Dense:
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer=fresh(self.kernel_initializer),
            bias_initializer=fresh(self.bias_initializer),
            dtype=self.dtype_policy,
            name=name,
        )

    def attend(
        self,
        x: Any,
        padding_mask: Any = None,
        training: bool | None = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
    ) -> Any:
        """The attention sub-layer alone; `return_attention_scores=True` adds (batch, heads, length, length)."""
        if self.normalize_first:
            x = self.attention_layer_norm(x)
        return self.self_attention(
            x,
            x,
            attention_mask=_joined(padding_mask, attention_mask),
            training=training,
            return_attention_scores=return_attention_scores,
        )

    def call(
        self,
        inputs: Any,
        padding_mask: Any = None,
        attention_mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
    ) -> Any:
        gathered, scores = self.attend(inputs, padding_mask, training, attention_mask, return_attention_scores), None
        if return_attention_scores:
            gathered, scores = gathered
        change = mixing_changes.get().get(self.name)
        gathered = gathered if change is None else change(inputs, gathered)
        attended = inputs + self.attention_dropout(gathered, training=training)
        if not self.normalize_first:
            attended = self.attention_layer_norm(attended)
        fed = self.feedforward_layer_norm(attended) if self.normalize_first else attended
        fed = self.output_dense(self.intermediate_dense(fed))
        outputs = attended + self.feedforward_dropout(fed, training=training)
        if not self.normalize_first:
            outputs = self.feedforward_layer_norm(outputs)
        return (outputs, scores) if return_attention_scores else outputs

    def compute_output_spec(
        self,
        inputs: Any,
        padding_mask: Any = None,
        attention_mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
    ) -> Any:
        outputs = keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return outputs
        batch, length = inputs.shape[:2]
        return outputs, keras.KerasTensor((batch, self.num_heads, length, length), dtype=self.compute_dtype)

    def compute_output_shape(
        self, inputs_shape: Any, padding_mask_shape: Any = None, attention_mask_shape: Any = None
    ) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "intermediate_dim": self.intermediate_dim,
            "num_heads": self.num_heads,
            "dropout": self.dropout,
            "activation": keras.activations.serialize(self.activation),
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "normalize_first": self.normalize_first,
        }


def _joined(padding_mask: Any, attention_mask: Any) -> Any:
    """Of both, of one or None: true where (batch, length or 1, length) may be looked at."""
    padding = None if padding_mask is None else ops.expand_dims(ops.cast(padding_mask, "bool"), 1)
    attention = None if attention_mask is None else ops.cast(attention_mask, "bool")
    if padding is None or attention is None:
        return attention if padding is None else padding
    return ops.logical_and(padding, attention)
