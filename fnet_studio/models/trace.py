"""What happens inside a model, from the model's own graph: each layer's input, and pictures of its mixing."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import keras
import numpy as np

from fnet_studio.models.encoder import FNetEncoder
from fnet_studio.models.probe import attention_of
from fnet_studio.models.transformer_encoder import TransformerEncoder

Pooling = Literal["max", "mean"]
Kind = Literal["fourier", "attention", "other"]
State = tuple[Sequence[jax.Array], Sequence[jax.Array]]
"""(trainable, non-trainable) values in the order of the model's own lists, as a functional training step has them."""


class MixingTrace:
    """Mixing outputs of every encoder block of a model, for one example at a time.

    It holds a second `keras.Model` over the same layers and weights whose outputs are the blocks' inputs; a block's
    own `mix` (or attention) is then applied to them. Compiled once for each shape of picture: keep the object.

    model: a backbone, a task that has one, or any functional model with encoder blocks in its graph.
    Raises ValueError when it has none.
    """

    def __init__(self, model: keras.Model) -> None:
        graph = getattr(model, "backbone", model)
        self.model = model
        self.blocks = [layer for layer in graph.layers if isinstance(layer, FNetEncoder | TransformerEncoder)]
        if not self.blocks:
            raise ValueError(f"{model.name} has no encoder block to trace.")
        self.kinds = [_kind(block) for block in self.blocks]
        self.kind = self.kinds[0]
        self.hidden_dim: int = self.blocks[0].output.shape[-1]
        self._names = [tensor.name for tensor in graph.inputs]
        # by name: Keras would take a list of one apart
        self._graph = keras.Model(graph.input, {block.name: block.input for block in self.blocks}, name="trace")
        self._jitted_maps = jax.jit(self._maps, static_argnums=(2, 3, 4, 5))
        self._jitted_exact = jax.jit(self._exact, static_argnums=2)

    def maps(
        self,
        inputs: Any,
        rows: int,
        columns: int,
        keep_zero: bool = True,
        pooling: Pooling = "max",
        state: State | None = None,
    ) -> np.ndarray:
        """(layers, rows, columns) float32, pooled on the device; never enlarged, so that there may be fewer of both.

        FNet: log(1 + |M|) of the mixing output M (length, hidden), rows by sequence frequency and columns by hidden
        frequency, zero in the middle of both. keep_zero false leaves the zero-frequency row and column out, which are
        far larger than the rest. Transformer: attention probability, averaged over the heads, rows by query position
        and columns by key position. The paper's other mixers: log(1 + |M|) by position and hidden unit.

        inputs: what the model takes, batch of one. state: weights to use in place of the model's own.
        """
        values = self._jitted_maps(self._weights(state), self._standard(inputs), rows, columns, keep_zero, pooling)
        return np.asarray(values)

    def positions(self, inputs: Any) -> int:
        """How many positions the blocks mix: those of the inputs, or fewer where a model merges neighbours."""
        mixed = jax.eval_shape(partial(self._mixed, index=0), self._weights(None), self._standard(inputs))[0]
        return mixed.shape[-2]

    def exact(self, inputs: Any, layer: int, state: State | None = None) -> np.ndarray:
        """The mixing output itself of one layer, float32: M (length, hidden) in the order of the DFT (frequency 0
        first), or attention probabilities (heads, length, length)."""
        return np.asarray(self._jitted_exact(self._weights(state), self._standard(inputs), layer))

    def _weights(self, state: State | None) -> list[jax.Array]:
        if state is not None:
            return [*state[0], *state[1]]
        return [v.value for v in self.model.trainable_variables + self.model.non_trainable_variables]

    def _standard(self, inputs: Any) -> Any:
        if isinstance(inputs, dict):
            chosen = {name: jnp.asarray(inputs[name], jnp.int32) for name in self._names}
            return chosen if len(self._names) > 1 else chosen[self._names[0]]
        return jnp.asarray(inputs, jnp.int32)

    def _mixed(self, weights: Sequence[jax.Array], inputs: Any, index: int | None = None) -> list[jax.Array]:
        pairs = zip(self.model.trainable_variables + self.model.non_trainable_variables, weights, strict=True)
        with keras.StatelessScope(state_mapping=list(pairs)):
            entering = self._graph(inputs, training=False)
            chosen = self.blocks if index is None else [self.blocks[index]]
            return [_mixing_output(block, entering[block.name]) for block in chosen]

    def _maps(self, weights: Any, inputs: Any, rows: int, columns: int, keep_zero: bool, pooling: Pooling) -> jax.Array:
        drawn = [_picture(mixed, kind, keep_zero) for mixed, kind in zip(self._mixed(weights, inputs), self.kinds)]
        # Blocks of different kinds have pictures of different sizes: all get the smallest.
        rows = min(rows, *(picture.shape[0] for picture in drawn))
        columns = min(columns, *(picture.shape[1] for picture in drawn))
        return jnp.stack([pool(pool(picture, rows, 0, pooling), columns, 1, pooling) for picture in drawn])

    def _exact(self, weights: Any, inputs: Any, index: int) -> jax.Array:
        return self._mixed(weights, inputs, index)[0]


@partial(jax.jit, static_argnums=(1, 2, 3))
def pictures(mixed: jax.Array, rows: int, columns: int, keep_zero: bool) -> jax.Array:
    """Fourier mixing outputs (layers, length, hidden) as `MixingTrace.maps` draws them, the largest of each bin."""
    drawn = jax.vmap(lambda each: _picture(each, "fourier", keep_zero))(mixed)
    return pool(pool(drawn, rows, 1, "max"), columns, 2, "max")


def mixing_maps(
    model: keras.Model, inputs: Any, rows: int, columns: int, keep_zero: bool = True, pooling: Pooling = "max"
) -> np.ndarray:
    """`MixingTrace(model).maps(...)` for a single picture; it compiles each time."""
    return MixingTrace(model).maps(inputs, rows, columns, keep_zero, pooling)


def _mixing_output(block: keras.layers.Layer, entering: Any) -> jax.Array:
    """(length, hidden) of the first example, or (heads, length, length) of attention."""
    if isinstance(block, FNetEncoder) and block.mixing != "attention":
        return block.mix(entering)[0].astype(jnp.float32)
    x, mask = entering if isinstance(entering, list | tuple) else (entering, None)
    return attention_of(block, x, mask)[0].astype(jnp.float32)


def _kind(block: keras.layers.Layer) -> Kind:
    if isinstance(block, TransformerEncoder) or block.mixing == "attention":
        return "attention"
    return "fourier" if block.mixing == "fourier" else "other"


def _picture(mixed: jax.Array, kind: Kind, keep_zero: bool) -> jax.Array:
    """log(1 + |M|), Fourier's with zero frequency in the middle. A single row or column is kept whatever keep_zero
    says. Of attention the mean over the heads."""
    if kind == "attention":
        return mixed.mean(0)
    if kind == "other":
        return jnp.log1p(jnp.abs(mixed))
    for axis, size in enumerate(mixed.shape):
        order = np.fft.fftshift(np.arange(size))
        if not keep_zero and size > 1:
            order = order[order != 0]
        mixed = jnp.take(mixed, order, axis=axis)
    return jnp.log1p(jnp.abs(mixed))


def pool(x: jax.Array, size: int, axis: int, pooling: Pooling) -> jax.Array:
    """Shrink one axis to `size` bins as equal as they can be; an axis that is no longer stays as it is."""
    length = x.shape[axis]
    if length <= size:
        return x
    bins = np.arange(length) * size // length
    moved = jnp.moveaxis(x, axis, 0)
    if pooling == "max":
        pooled = jax.ops.segment_max(moved, bins, size, indices_are_sorted=True)
    else:
        counts = np.bincount(bins, minlength=size).astype(np.float32)
        pooled = jax.ops.segment_sum(moved, bins, size, indices_are_sorted=True)
        pooled = pooled / counts.reshape(-1, *([1] * (moved.ndim - 1)))
    return jnp.moveaxis(pooled, 0, axis)
