"""Measurements inside an encoder, by the model's own layers: what goes into and comes out of every block, spectra,
mixing shares, attention, what the head would say at each layer, and what happens without some frequencies or with
another mixing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np

from fnet_studio.models.encoder import Change, FNetEncoder, mixing_changes
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.transformer_encoder import TransformerEncoder

Swap = Literal["", "identity", "random"]


class States(NamedTuple):
    """One forward pass, on the device, float32."""

    hidden: jax.Array
    """(layers + 1, length, hidden): the first block's input and every block's output."""
    mixed: jax.Array
    """(layers, length, hidden): every block's mixing output, as it was added to the block's input: for attention what
    it gathered."""


class LayerProbe:
    """Compiled once for each shape: keep the object. Inputs are what the model takes, a batch of one.

    It uses the weights that the model has at each call. Raises ValueError when the model has no encoder block.
    mixings: of each block, as in `models.mixers`; a Transformer's is "attention".
    """

    def __init__(self, model: keras.Model) -> None:
        graph = getattr(model, "backbone", model)
        self.model = model
        self.blocks: list[Any] = [it for it in graph.layers if isinstance(it, FNetEncoder | TransformerEncoder)]
        if not self.blocks:
            raise ValueError(f"{model.name} has no encoder block to probe.")
        self.hidden_dim: int = self.blocks[0].output_dense.units
        self.mixings = tuple(it.mixing if isinstance(it, FNetEncoder) else "attention" for it in self.blocks)
        self._names = {
            kind: [tensor.name for tensor in one.inputs] for kind, one in (("graph", graph), ("model", model))
        }
        entering = self.blocks[0].input
        entering = entering if isinstance(entering, list | tuple) else [entering]
        self._embed = keras.Model(graph.input, dict(zip(("x", "mask"), entering)), name="embed")
        self._variables = model.trainable_variables + model.non_trainable_variables
        self._jitted_states = jax.jit(self._states, static_argnums=3)
        self._jitted_head = jax.jit(self._head)
        self._jitted_ablated = jax.jit(self._ablated)
        self._jitted_attention = jax.jit(self._attention, static_argnums=2)

    # ---------------------------------------------------------------------------------------- one pass

    def states(self, inputs: Any, gains: np.ndarray | None = None, swap: Swap = "", layers: Any = None) -> States:
        """What passes through the model, all from one forward pass.

        gains: (layers, length), what each row of a block's mixing output is multiplied by; row k of Re(FFT2) is
        sequence frequency k, and `band_gains` makes them. swap: another mixing in the chosen `layers` (all by
        default): "identity" hands the input on as it is, "random" multiplies by two fixed random matrices: A X B, in
        the place of Fourier mixing by sqrt(length * hidden / 2), which on average is as strong as that of noise, in
        the place of any other scaled to the norm of what the layer itself mixes.
        """
        ready = self.standard(inputs)
        length = next(iter(ready.values())).shape[1]
        gains = np.ones((len(self.blocks), length)) if gains is None else gains
        chosen = np.zeros(len(self.blocks), bool)
        chosen[list(range(len(self.blocks)) if layers is None else layers)] = True
        change = (jnp.asarray(gains, jnp.float32), jnp.asarray(chosen))
        return States(*self._jitted_states(self.weights(), ready, change, swap))

    def attention(self, inputs: Any, layer: int) -> np.ndarray:
        """(heads, length, length) float32: in one layer, how much of each position (column) each position (row) takes;
        rows add up to 1. ValueError when the layer does not attend."""
        if self.mixings[layer] != "attention":
            raise ValueError(f"Layer {layer} mixes by {self.mixings[layer]}, not by attention.")
        return np.asarray(self._jitted_attention(self.weights(), self.standard(inputs), range(len(self.blocks))[layer]))

    def spectra(self, inputs: Any) -> np.ndarray:
        """(layers, length // 2 + 1): mean over the hidden units of |FFT_L(X)|^2 of each block's input X, by sequence
        frequency in cycles a sequence. A real sequence's other half is the mirror."""
        return spectra(self.states(inputs))

    def shares(self, inputs: Any) -> np.ndarray:
        """(layers, length): |M[t]| / (|X[t]| + |M[t]|), how much of what enters the first norm is mixing."""
        return shares(self.states(inputs))

    def lens(self, features: dict[str, Any]) -> np.ndarray:
        """(layers + 1, masks, vocabulary): the probabilities of the masked-LM head on the first block's input and on
        each block's output, at `mask_positions`; the last row is the model's own answer. ValueError without a head."""
        self._require_head()
        return self.head(self.states(features).hidden, features["mask_positions"][0])

    def head(self, hidden: jax.Array, positions: Sequence[int]) -> np.ndarray:
        """(states, positions, vocabulary): what the masked-LM head makes of hidden states (states, length, hidden).
        ValueError when the model has none."""
        self._require_head()
        return np.asarray(self._jitted_head(self.weights(), hidden, jnp.asarray(positions, jnp.int32)))

    def ablated(self, inputs: Any, gains: np.ndarray) -> np.ndarray:
        """The model's own output with each block's mixing output multiplied, row by row, by gains (layers, length)."""
        ready = self.standard(inputs, "model")
        return np.asarray(self._jitted_ablated(self.weights(), ready, jnp.asarray(gains, jnp.float32)))

    def band_gains(
        self, length: int, low: int, high: int, layers: Sequence[int] | None = None, drop: bool = False
    ) -> np.ndarray:
        """(layers, length): keep, or drop, the sequence frequencies low <= |k| <= high (cycles a sequence) in the
        chosen layers, all by default; the others keep everything."""
        frequency = np.abs(np.fft.fftfreq(length, 1 / length))
        inside = (frequency >= low) & (frequency <= high)
        gains = np.ones((len(self.blocks), length), np.float32)
        gains[list(range(len(self.blocks)) if layers is None else layers)] = ~inside if drop else inside
        return gains

    def _require_head(self) -> None:
        if not isinstance(self.model, FNetMaskedLM):
            raise ValueError("Only a masked-LM model has a head for the layer lens.")

    # ------------------------------------------------------------------------------ for `models.influence`

    def weights(self) -> list[jax.Array]:
        return [variable.value for variable in self._variables]

    def scope(self, weights: Sequence[jax.Array]) -> keras.StatelessScope:
        """In it the model has these weights."""
        return keras.StatelessScope(state_mapping=list(zip(self._variables, weights, strict=True)))

    def standard(self, inputs: Any, kind: str = "graph") -> dict[str, jax.Array]:
        """Only what the graph (or the whole model) takes, as arrays."""
        names = self._names[kind]
        if not isinstance(inputs, dict):
            inputs = {names[0]: inputs}
        return {name: jnp.asarray(inputs[name], jnp.int32) for name in names}

    def embed(self, inputs: dict[str, jax.Array]) -> tuple[Any, Any]:
        """(batch, length, hidden): the first block's input; and (batch, length), true where a Transformer may look, or
        None. Call it in a `scope`."""
        found = _call(self._embed, inputs)
        return found["x"], found.get("mask")

    def through(self, index: int, state: Any, mask: Any, positions: Any = None) -> Any:
        """A block's output, everywhere or at some positions (batch, places). Call it in a `scope`."""
        block = self.blocks[index]
        if isinstance(block, FNetEncoder):
            return block(state, positions=positions, training=False)
        out = block(state, mask, training=False)
        return out if positions is None else jnp.take_along_axis(out, positions[..., None], axis=1)

    # ------------------------------------------------------------------------------------------- traced

    def _states(self, weights: Any, inputs: Any, given: Any, swap: Swap) -> tuple[jax.Array, jax.Array]:
        gains, chosen = given
        mixed: list[jax.Array] = []

        def change(index: int) -> Change:
            def changed(x: jax.Array, own: jax.Array) -> jax.Array:
                if swap:
                    strength = own if self.mixings[index] != "fourier" else None
                    own = jnp.where(chosen[index], _swapped(x, swap, index, strength), own)
                own = own * gains[index][:, None].astype(own.dtype)
                mixed.append(own[0].astype(jnp.float32))
                return own

            return changed

        with self.scope(weights), self._changing(change):
            state, mask = self.embed(inputs)
            states = [state]
            for index in range(len(self.blocks)):
                states.append(self.through(index, states[-1], mask))
        return jnp.stack([state[0].astype(jnp.float32) for state in states]), jnp.stack(mixed)

    def _attention(self, weights: Any, inputs: Any, layer: int) -> jax.Array:
        with self.scope(weights):
            state, mask = self.embed(inputs)
            for index in range(layer):
                state = self.through(index, state, mask)
            return attention_of(self.blocks[layer], state, mask)[0].astype(jnp.float32)

    def _head(self, weights: Any, hidden: jax.Array, positions: jax.Array) -> jax.Array:
        with self.scope(weights):
            places = jnp.broadcast_to(positions, (hidden.shape[0], positions.shape[0]))
            logits = self.model.masked_lm_head(hidden.astype(self.model.compute_dtype), places)
        return jax.nn.softmax(logits.astype(jnp.float32), axis=-1)

    def _ablated(self, weights: Any, inputs: Any, gains: jax.Array) -> jax.Array:
        def change(index: int) -> Change:
            return lambda x, own: own * gains[index][:, None].astype(own.dtype)

        with self.scope(weights), self._changing(change):
            return _call(self.model, inputs)

    @contextmanager
    def _changing(self, change: Callable[[int], Change]) -> Iterator[None]:
        token = mixing_changes.set({block.name: change(index) for index, block in enumerate(self.blocks)})
        try:
            yield
        finally:
            mixing_changes.reset(token)


def attention_of(block: Any, entering: Any, mask: Any = None) -> jax.Array:
    """(batch, heads, length, length): the attention probabilities of a block that attends."""
    if isinstance(block, FNetEncoder):
        return block.mixing_layer.probabilities(entering)
    return block.attend(entering, mask, training=False, return_attention_scores=True)[1]


def spectra(states: States) -> np.ndarray:
    """(layers, length // 2 + 1): mean over the hidden units of |FFT_L(X)|^2 of each block's input X."""
    return np.asarray(_spectra(states.hidden))


def shares(states: States) -> np.ndarray:
    """(layers, length): |M[t]| / (|X[t]| + |M[t]|)."""
    return np.asarray(_shares(*states))


def changes(states: States, other: States) -> np.ndarray:
    """(layers + 1, length): |h' - h| / |h| of each token's hidden state, how far another pass has gone from a first."""
    return np.asarray(_changes(states.hidden, other.hidden))


@jax.jit
def _spectra(hidden: jax.Array) -> jax.Array:
    return (jnp.abs(jnp.fft.rfft(hidden[:-1], axis=1)) ** 2).mean(-1)


@jax.jit
def _shares(hidden: jax.Array, mixed: jax.Array) -> jax.Array:
    own, other = (jnp.linalg.norm(part, axis=-1) for part in (hidden[:-1], mixed))
    return other / jnp.maximum(own + other, 1e-30)


@jax.jit
def _changes(hidden: jax.Array, other: jax.Array) -> jax.Array:
    length = jnp.linalg.norm(hidden, axis=-1)
    return jnp.linalg.norm(other - hidden, axis=-1) / jnp.maximum(length, 1e-30)


def _swapped(x: jax.Array, swap: Swap, index: int, strength: jax.Array | None) -> jax.Array:
    """strength: what a random mixing is to be as long as; None: the Fourier mixing of noise."""
    if swap == "identity":
        return x
    length, hidden = x.shape[-2:]
    first, second = jax.random.split(jax.random.key(index))
    rows = jax.random.normal(first, (length, length), x.dtype) * length**-0.5
    columns = jax.random.normal(second, (hidden, hidden), x.dtype) * hidden**-0.5
    mixed = rows @ x @ columns
    if strength is None:
        return (length * hidden / 2) ** 0.5 * mixed
    own, random = (jnp.linalg.norm(part.astype(jnp.float32)) for part in (strength, mixed))
    return (own / jnp.maximum(random, 1e-30)).astype(x.dtype) * mixed


def _call(graph: keras.Model, inputs: dict[str, Any]) -> Any:
    return graph(inputs if len(inputs) > 1 else next(iter(inputs.values())), training=False)
