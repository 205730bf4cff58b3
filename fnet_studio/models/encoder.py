"""One FNet block: mixing, residual and norm, feed-forward, residual and norm."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

import keras

from fnet_studio.models.keras_names import fresh, serializable
from fnet_studio.models.mixers import mixing_layer
from fnet_studio.models.mixing import fourier_mix

Change = Callable[[Any, Any], Any]
_NO_CHANGES: Mapping[str, Change] = MappingProxyType({})
mixing_changes: ContextVar[Mapping[str, Change]] = ContextVar("mixing_changes", default=_NO_CHANGES)
"""By block name, what to make of a block's input and its mixing output (batch, length, hidden), in place of the latter:
for ablations, while a forward pass is traced."""


@serializable
class FNetEncoder(keras.layers.Layer):
    """x (batch, length, hidden) -> LN(h + dropout(dense(act(dense(h))))) with h = LN(x + mix(x)); same shape.

    Arguments and defaults are those of `keras_hub.layers.FNetEncoder`. There is no padding mask (arXiv 2105.03824).
    mixing: "fourier", or for models from scratch one of the paper's others: "attention" (with num_heads), "linear" and
    "random" (with sequence_length), "identity".
    """

    def __init__(
        self,
        intermediate_dim: int,
        dropout: float = 0,
        activation: Any = "relu",
        layer_norm_epsilon: float = 1e-5,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        mixing: str = "fourier",
        num_heads: int | None = None,
        sequence_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mixing = mixing
        self.num_heads = num_heads
        self.sequence_length = sequence_length
        self.mixing_layer = mixing_layer(mixing, sequence_length, num_heads, self.dtype_policy)
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.activation = keras.activations.get(activation)
        self.layer_norm_epsilon = layer_norm_epsilon
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, inputs_shape: Any, positions_shape: Any = None) -> None:
        hidden = inputs_shape[-1]
        if self.mixing_layer is not None:
            self.mixing_layer.build(inputs_shape)
        self.mixing_layer_norm = self._norm("mixing_layer_norm")
        self.intermediate_dense = self._dense(self.intermediate_dim, self.activation, "intermediate_dense")
        self.output_dense = self._dense(hidden, None, "output_dense")
        self.output_dropout = keras.layers.Dropout(self.dropout, dtype=self.dtype_policy, name="output_dropout")
        self.output_layer_norm = self._norm("output_layer_norm")
        self.mixing_layer_norm.build(inputs_shape)
        self.intermediate_dense.build(inputs_shape)
        self.output_dense.build((*inputs_shape[:-1], self.intermediate_dim))
        self.output_layer_norm.build(inputs_shape)

    def mix(self, x: Any, training: bool | None = None) -> Any:
        """The mixing sub-layer alone, (batch, length, hidden) -> the same shape. `call` and the traces use it."""
        mixed = fourier_mix(x) if self.mixing_layer is None else self.mixing_layer(x, training=training)
        change = mixing_changes.get().get(self.name)
        return mixed if change is None else change(x, mixed)

    def call(self, inputs: Any, positions: Any = None, training: bool | None = None) -> Any:
        """positions: where the output is wanted, (batch, places) int32, or one place for all; everywhere by default.
        Mixing needs the whole sequence, what follows works on each position by itself, and is done there alone."""
        mixed = self.mixing_layer_norm(inputs + self.mix(inputs, training))
        if isinstance(positions, int):
            mixed = mixed[:, positions : positions + 1]
        elif positions is not None:
            mixed = keras.ops.take_along_axis(mixed, keras.ops.expand_dims(positions, -1), axis=1)
        fed = self.output_dense(self.intermediate_dense(mixed))
        return self.output_layer_norm(mixed + self.output_dropout(fed, training=training))

    def _norm(self, name: str) -> keras.layers.LayerNormalization:
        return keras.layers.LayerNormalization(epsilon=self.layer_norm_epsilon, dtype=self.dtype_policy, name=name)

    def _dense(self, units: int, activation: Any, name: str) -> keras.layers.Dense:
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer=fresh(self.kernel_initializer),
            bias_initializer=fresh(self.bias_initializer),
            dtype=self.dtype_policy,
            name=name,
        )

    def compute_output_shape(self, inputs_shape: Any, positions_shape: Any = None) -> Any:
        places = inputs_shape[1] if positions_shape is None else positions_shape[1]
        return (inputs_shape[0], places, inputs_shape[2])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "intermediate_dim": self.intermediate_dim,
            "mixing": self.mixing,
            "num_heads": self.num_heads,
            "sequence_length": self.sequence_length,
            "dropout": self.dropout,
            "activation": keras.activations.serialize(self.activation),
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
