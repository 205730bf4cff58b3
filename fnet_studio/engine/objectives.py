"""What training minimises, and what is counted beside it."""

from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp


class Sums(NamedTuple):
    """Sums over the examples of one batch; divide by `weight` for means."""

    loss: jax.Array
    """Each example by its weight in the batch."""
    correct: jax.Array
    weight: jax.Array
    """How many examples have any weight: the right ones are counted among them, whatever each weighs."""


class Objective(Protocol):
    """Pure functions of a model's outputs, used inside a jitted step."""

    def sums(self, outputs: jax.Array, labels: jax.Array, weights: jax.Array, smoothing: float = 0.0) -> Sums:
        """smoothing: share of each label that is spread over all classes; 0 outside training."""
        ...

    def probabilities(self, outputs: jax.Array) -> jax.Array:
        """(batch, classes) float32; (batch, 0) where the classes are too many to look at."""
        ...


class Binary:
    """outputs (batch, 1): the probability of the second class. Cross-entropy, clipped as Keras clips it."""

    def sums(self, outputs: jax.Array, labels: jax.Array, weights: jax.Array, smoothing: float = 0.0) -> Sums:
        probability = outputs[:, 0].astype("float32")
        clipped = jnp.clip(probability, 1e-7, 1 - 1e-7)
        target = labels.astype("float32")
        if smoothing:
            target = target * (1 - smoothing) + smoothing / 2
        loss = -(target * jnp.log(clipped) + (1 - target) * jnp.log(1 - clipped))
        correct = (probability > 0.5) == (labels > 0)
        return _sums(loss, correct, weights)

    def probabilities(self, outputs: jax.Array) -> jax.Array:
        second = outputs[:, 0].astype("float32")
        return jnp.stack([1 - second, second], axis=1)


class Softmax:
    """outputs (..., classes): logits; labels and weights (...)."""

    def sums(self, outputs: jax.Array, labels: jax.Array, weights: jax.Array, smoothing: float = 0.0) -> Sums:
        logarithms = jax.nn.log_softmax(outputs.astype("float32"), axis=-1)
        loss = -jnp.take_along_axis(logarithms, labels[..., None], axis=-1)[..., 0]
        if smoothing:
            loss = (1 - smoothing) * loss - smoothing * logarithms.mean(axis=-1)
        correct = outputs.argmax(axis=-1) == labels
        return _sums(loss, correct, weights)

    def probabilities(self, outputs: jax.Array) -> jax.Array:
        return jax.nn.softmax(outputs.astype("float32"), axis=-1)


def _sums(loss: jax.Array, correct: jax.Array, weights: jax.Array) -> Sums:
    counted = (weights > 0).astype("float32")
    return Sums((loss * weights).sum(), (correct * counted).sum(), counted.sum())
