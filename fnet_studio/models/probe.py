"""Measurements inside an FNet with Fourier blocks, by the model's own layers: spectra, mixing shares, influence of one
token on another, what the head would say at each layer, and what happens without some frequencies."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from fnet_studio.models.encoder import FNetEncoder, mixing_gains
from fnet_studio.models.masked_lm import FNetMaskedLM

CHUNK = 32
"""How many tangents go through the model at once."""


class LayerProbe:
    """Compiled once for each shape: keep the object. Inputs are what the model takes, a batch of one.

    It uses the weights that the model has at each call. Raises ValueError when the model has no FNet block.
    """

    def __init__(self, model: keras.Model) -> None:
        graph = getattr(model, "backbone", model)
        self.model = model
        self.blocks = [layer for layer in graph.layers if isinstance(layer, FNetEncoder)]
        if not self.blocks:
            raise ValueError(f"{model.name} has no FNet block to probe.")
        self._names = {
            kind: [tensor.name for tensor in one.inputs] for kind, one in (("graph", graph), ("model", model))
        }
        self._embed = keras.Model(graph.input, self.blocks[0].input, name="embed")
        self._variables = model.trainable_variables + model.non_trainable_variables
        self._jitted_spectra = jax.jit(self._spectra)
        self._jitted_shares = jax.jit(self._shares)
        self._jitted_push = jax.jit(self._push, static_argnums=2)
        self._jitted_hidden = jax.jit(self._hidden)
        self._jitted_lens = jax.jit(self._lens)
        self._jitted_ablated = jax.jit(self._ablated)

    def spectra(self, inputs: Any) -> np.ndarray:
        """(layers, length // 2 + 1): mean over the hidden units of |FFT_L(X)|^2 of each block's input X, by sequence
        frequency in cycles a sequence. A real sequence's other half is the mirror."""
        return np.asarray(self._jitted_spectra(self._weights(), self._standard(inputs)))

    def shares(self, inputs: Any) -> np.ndarray:
        """(layers, length): |M[t]| / (|X[t]| + |M[t]|), how much of what enters the first norm is mixing."""
        return np.asarray(self._jitted_shares(self._weights(), self._standard(inputs)))

    def influence(
        self, inputs: Any, layer: int = -1, tokens: Sequence[int] | None = None, probes: int | None = 4, seed: int = 0
    ) -> np.ndarray:
        """(length, tokens): I[i, j], the Frobenius norm of d h[i] / d e[tokens[j]], for h the output of block `layer`
        and e the input of the first block.

        By Jacobian-vector products: `probes` random ones a token estimate the norm (E|Jv|^2 = |J|^2 for v of unit
        variance; relative error about 1 / sqrt(probes * hidden)), None takes every hidden unit and is exact.
        tokens: positions to ask about, all by default.
        """
        ready = self._standard(inputs)
        length, hidden = self._embed_shape(ready)
        asked = list(range(length)) if tokens is None else list(tokens)
        layer = range(len(self.blocks))[layer]
        if probes is None:
            directions = np.eye(hidden, dtype=np.float32)
        else:
            directions = np.random.default_rng(seed).standard_normal((probes, hidden), dtype=np.float32)
        pairs = [(position, direction) for position in asked for direction in range(len(directions))]
        squares = np.zeros((len(pairs), length), np.float32)
        weights = self._weights()
        for start in range(0, len(pairs), CHUNK):
            part = pairs[start : start + CHUNK]
            tangents = np.zeros((CHUNK, length, hidden), np.float32)  # always full, so that one program does
            for row, (position, direction) in enumerate(part):
                tangents[row, position] = directions[direction]
            pushed = self._jitted_push(weights, (ready, jnp.asarray(tangents)), layer)
            squares[start : start + len(part)] = np.asarray(pushed)[: len(part)]
        summed = squares.reshape(len(asked), len(directions), length).sum(1)
        return np.sqrt(summed / (1 if probes is None else probes)).T

    def occlusion(self, inputs: dict[str, Any], replacement_id: int, layer: int = -1) -> np.ndarray:
        """(length, length): |h[i] - h'[i]| at block `layer` when token j becomes replacement_id: the check on
        `influence`, which is about small changes."""
        ready = self._standard(inputs)
        ids = np.asarray(ready["token_ids"])
        length = ids.shape[1]
        layer = range(len(self.blocks))[layer]
        weights = self._weights()
        whole = np.asarray(self._jitted_hidden(weights, ready)[layer + 1])[0]
        found = np.zeros((length, length), np.float32)
        for start in range(0, length, CHUNK):
            batch = np.repeat(ids, CHUNK, 0)
            count = min(CHUNK, length - start)
            batch[np.arange(count), start + np.arange(count)] = replacement_id
            rest = {name: jnp.repeat(value, CHUNK, 0) for name, value in ready.items() if name != "token_ids"}
            hidden = self._jitted_hidden(weights, {"token_ids": jnp.asarray(batch), **rest})[layer + 1]
            changed = np.linalg.norm(np.asarray(hidden)[:count] - whole, axis=-1)
            found[:, start : start + count] = changed.T
        return found

    def lens(self, features: dict[str, Any]) -> np.ndarray:
        """(layers + 1, masks, vocabulary): the probabilities of the masked-LM head on the first block's input and on
        each block's output, at `mask_positions`; the last row is the model's own answer. ValueError without a head."""
        if not isinstance(self.model, FNetMaskedLM):
            raise ValueError("Only a masked-LM model has a head for the layer lens.")
        positions = jnp.asarray(features["mask_positions"], jnp.int32)
        return np.asarray(self._jitted_lens(self._weights(), self._standard(features), positions))

    def ablated(self, inputs: Any, gains: np.ndarray) -> np.ndarray:
        """The model's own output with each block's mixing output multiplied, row by row, by gains (layers, length); row
        k of Re(FFT2) is sequence frequency k. `band_gains` makes them."""
        ready = self._standard(inputs, "model")
        return np.asarray(self._jitted_ablated(self._weights(), ready, jnp.asarray(gains, jnp.float32)))

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

    def _weights(self) -> list[jax.Array]:
        return [variable.value for variable in self._variables]

    def _scope(self, weights: Sequence[jax.Array]) -> keras.StatelessScope:
        return keras.StatelessScope(state_mapping=list(zip(self._variables, weights, strict=True)))

    def _standard(self, inputs: Any, kind: str = "graph") -> Any:
        names = self._names[kind]
        if not isinstance(inputs, dict):
            inputs = {names[0]: inputs}
        return {name: jnp.asarray(inputs[name], jnp.int32) for name in names}

    def _call(self, graph: keras.Model, inputs: Any) -> Any:
        return graph(inputs if len(inputs) > 1 else next(iter(inputs.values())), training=False)

    def _embed_shape(self, inputs: Any) -> tuple[int, int]:
        return next(iter(inputs.values())).shape[1], self.blocks[0].output_dense.units

    def _hidden(self, weights: Any, inputs: Any) -> list[jax.Array]:
        """The first block's input and every block's output, (batch, length, hidden) each, float32."""
        with self._scope(weights):
            states = [self._call(self._embed, inputs)]
            for block in self.blocks:
                states.append(block(states[-1], training=False))
        return [state.astype(jnp.float32) for state in states]

    def _spectra(self, weights: Any, inputs: Any) -> jax.Array:
        states = jnp.stack(self._hidden(weights, inputs)[:-1])[:, 0]
        return (jnp.abs(jnp.fft.rfft(states, axis=1)) ** 2).mean(-1)

    def _shares(self, weights: Any, inputs: Any) -> jax.Array:
        states = self._hidden(weights, inputs)[:-1]
        with self._scope(weights):
            mixed = [block.mix(state) for block, state in zip(self.blocks, states, strict=True)]
        own, other = (jnp.linalg.norm(jnp.stack(part)[:, 0], axis=-1) for part in (states, mixed))
        return other / jnp.maximum(own + other, 1e-30)

    def _push(self, weights: Any, given: Any, layer: int) -> jax.Array:
        """(tangents, length): squared norm of the tangents' images at each position."""
        inputs, tangents = given

        def forward(embedded: jax.Array) -> jax.Array:
            with self._scope(weights):
                state = embedded
                for block in self.blocks[: layer + 1]:
                    state = block(state, training=False)
            return state.astype(jnp.float32)

        with self._scope(weights):
            embedded = self._call(self._embed, inputs)
        _, push = jax.linearize(forward, embedded)
        return (jax.vmap(push)(tangents[:, None].astype(embedded.dtype))[:, 0] ** 2).sum(-1)

    def _lens(self, weights: Any, inputs: Any, positions: jax.Array) -> jax.Array:
        states = self._hidden(weights, inputs)
        head = self.model.masked_lm_head
        with self._scope(weights):
            logits = [head(state.astype(self.model.compute_dtype), positions)[0] for state in states]
        return jax.nn.softmax(jnp.stack(logits).astype(jnp.float32), axis=-1)

    def _ablated(self, weights: Any, inputs: Any, gains: jax.Array) -> jax.Array:
        token = mixing_gains.set({block.name: gain for block, gain in zip(self.blocks, gains, strict=True)})
        try:
            with self._scope(weights):
                return self._call(self.model, inputs)
        finally:
            mixing_gains.reset(token)
