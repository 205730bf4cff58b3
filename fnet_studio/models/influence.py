"""What one token does to another inside an FNet: by derivatives, by taking tokens away, and by a single impulse."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fnet_studio.models.probe import LayerProbe

OnChunk = Callable[[int, int], None]
"""(done, total) passes, after each chunk. It may raise to stop."""
CHUNK_FLOATS = 4 * 512 * 768
"""How many numbers of one layer go through the model at once: a chunk cannot be interrupted."""


class Influence:
    """Compiled once for each shape, beside the `LayerProbe` whose model it asks: keep the object."""

    def __init__(self, probe: LayerProbe) -> None:
        self.probe = probe
        self._jitted_linear = jax.jit(self._linear, static_argnums=3)
        self._jitted_pull = jax.jit(_pull)
        self._jitted_outputs = jax.jit(self._outputs)
        self._jitted_impulse = jax.jit(self._impulse)

    def of(
        self,
        inputs: Any,
        tokens: Sequence[int] | None = None,
        layer: int = -1,
        directions: int | None = 1,
        seed: int = 0,
        on_chunk: OnChunk | None = None,
    ) -> np.ndarray:
        """(tokens, length): I[i, j], the Frobenius norm of d h[tokens[i]] / d e[j], for h the output of block `layer`
        and e the input of the first block.

        By vector-Jacobian products, so that one pass back gives a row with every position in it, pads too. `directions`
        random ones a token estimate the norm (E|v J|^2 = |J|^2 for v of unit variance, with a relative deviation of
        |J J'| / |J|^2 * sqrt(2 / directions) before the root); None takes every hidden unit and is exact.
        tokens: the positions that are read, all by default. About one forward pass a token and direction.
        """
        ready = self.probe.standard(inputs)
        length, hidden = next(iter(ready.values())).shape[1], self.probe.hidden_dim
        asked = list(range(length)) if tokens is None else list(tokens)
        layer = range(len(self.probe.blocks))[layer]
        if directions is None:
            vectors = np.eye(hidden, dtype=np.float32)[None].repeat(len(asked), 0)
        else:
            shape = (len(asked), directions, hidden)
            vectors = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
        places = room(len(asked))
        positions = np.resize(asked, places)
        pull = self._jitted_linear(self.probe.weights(), ready, jnp.asarray(positions[None]), layer)
        pairs = [(row, vector) for row, each in enumerate(vectors) for vector in each]
        chunk = _chunk(length, hidden)
        squares = np.zeros((len(pairs), length), np.float32)
        for start in range(0, len(pairs), chunk):
            part = pairs[start : start + chunk]
            cotangents = np.zeros((chunk, 1, places, hidden), np.float32)  # always full, so that one program does
            for index, (row, vector) in enumerate(part):
                cotangents[index, 0, row] = vector
            squares[start : start + len(part)] = np.asarray(self._jitted_pull(pull, cotangents))[: len(part)]
            if on_chunk is not None:
                on_chunk(start + len(part), len(pairs))
        summed = squares.reshape(*vectors.shape[:2], length).sum(1)
        return np.sqrt(summed / (1 if directions is None else directions))

    def occlusion(
        self,
        inputs: dict[str, Any],
        replacement_id: int,
        tokens: Sequence[int] | None = None,
        on_chunk: OnChunk | None = None,
    ) -> np.ndarray:
        """(layers, tokens, length): |h[i] - h'[i]| at each block's output when token tokens[j] becomes replacement_id;
        [layer, j, i]. The check on `of`, which is about small changes; one forward pass a token."""
        ready = self.probe.standard(inputs)
        ids = np.asarray(ready["token_ids"])
        length = ids.shape[1]
        asked = list(range(length)) if tokens is None else list(tokens)
        chunk = _chunk(length, self.probe.hidden_dim)
        weights = self.probe.weights()
        rest = {name: jnp.repeat(value, chunk, 0) for name, value in ready.items() if name != "token_ids"}
        found = np.zeros((len(self.probe.blocks), len(asked), length), np.float32)
        # one of the first chunk's rows is the sentence itself
        whole = self._jitted_outputs(weights, {"token_ids": jnp.repeat(ready["token_ids"], chunk, 0), **rest})[:, 0]
        for start in range(0, len(asked), chunk):
            part = asked[start : start + chunk]
            batch = np.repeat(ids, chunk, 0)
            batch[np.arange(len(part)), part] = replacement_id
            outputs = self._jitted_outputs(weights, {"token_ids": jnp.asarray(batch), **rest})
            found[:, start : start + len(part)] = np.asarray(_distance(outputs, whole))[:, : len(part)]
            if on_chunk is not None:
                on_chunk(start + len(part), len(asked))
        return found

    def impulse(self, inputs: Any, position: int, directions: int = 4, seed: int = 0) -> np.ndarray:
        """(layers + 1, length): the energy |d h_l[i]|^2 that reaches each position and layer when the first block's
        input at `position` moves by a very small step of length 1, the mean over `directions` random ones. Row 0 is the
        impulse itself."""
        ready = self.probe.standard(inputs)
        length, hidden = next(iter(ready.values())).shape[1], self.probe.hidden_dim
        vectors = np.random.default_rng(seed).standard_normal((directions, hidden), dtype=np.float32)
        tangents = np.zeros((directions, 1, length, hidden), np.float32)
        tangents[:, 0, position] = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
        weights = self.probe.weights()
        found = [np.asarray(self._jitted_impulse(weights, ready, jnp.asarray(tangent))) for tangent in tangents]
        return np.mean(found, 0)

    def _linear(self, weights: Any, inputs: Any, positions: jax.Array, layer: int) -> Any:
        """The model's linear part around this sentence, backwards: what the chunks share."""
        with self.probe.scope(weights):
            embedded, mask = self.probe.embed(inputs)

        def forward(state: jax.Array) -> jax.Array:
            with self.probe.scope(weights):
                for index in range(layer):
                    state = self.probe.through(index, state, mask)
                return self.probe.through(layer, state, mask, positions).astype(jnp.float32)

        return jax.vjp(forward, embedded)[1]

    def _blocks(self, weights: Any, embedded: Any, mask: Any) -> jax.Array:
        with self.probe.scope(weights):
            states = [embedded]
            for index in range(len(self.probe.blocks)):
                states.append(self.probe.through(index, states[-1], mask))
        return jnp.stack(states).astype(jnp.float32)

    def _outputs(self, weights: Any, inputs: Any) -> jax.Array:
        with self.probe.scope(weights):
            embedded, mask = self.probe.embed(inputs)
        return self._blocks(weights, embedded, mask)[1:]

    def _impulse(self, weights: Any, inputs: Any, tangent: jax.Array) -> jax.Array:
        with self.probe.scope(weights):
            embedded, mask = self.probe.embed(inputs)
        tangents = (tangent.astype(embedded.dtype),)
        _, moved = jax.jvp(lambda state: self._blocks(weights, state, mask), (embedded,), tangents)
        return (moved[:, 0] ** 2).sum(-1)


def _pull(pull: Any, cotangents: jax.Array) -> jax.Array:
    """(chunk, length): squared norm of what comes back to each position."""
    return (jax.vmap(pull)(cotangents)[0][:, 0].astype(jnp.float32) ** 2).sum(-1)


@jax.jit
def _distance(outputs: jax.Array, whole: jax.Array) -> jax.Array:
    """(layers, batch, length) from (layers, batch, length, hidden) and (layers, length, hidden)."""
    return jnp.linalg.norm(outputs - whole[:, None], axis=-1)


def _chunk(length: int, hidden: int) -> int:
    return int(np.clip(CHUNK_FLOATS // (length * hidden), 1, 32))


def room(count: int) -> int:
    """Rounded up, so that sentences of like length share a program."""
    return max(8, 1 << max(count - 1, 0).bit_length())
