"""The from-scratch text classifier of a recipe: build it, step it, measure it, keep it, bring it back."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np
from safetensors.numpy import load_file, save

from fnet_studio.core import files
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe
from fnet_studio.models.imdb_classifier import build_imdb_classifier

WEIGHTS = "model.safetensors"


class State(NamedTuple):
    """Everything that a training step changes, as arrays on the device."""

    trainable: list[jax.Array]
    non_trainable: list[jax.Array]
    optimizer: list[jax.Array]


class Sums(NamedTuple):
    """Sums over the examples of one batch; divide by `weight` for means."""

    loss: jax.Array
    correct: jax.Array
    weight: jax.Array


def build(recipe: Recipe, vocabulary_size: int) -> keras.Model:
    """An untrained classifier: (batch, length) token ids to (batch, 1), the probability of the second class."""
    keras.utils.set_random_seed(recipe.training.seed)
    part = recipe.model
    return build_imdb_classifier(
        mixer=part.mixer,
        vocabulary_size=vocabulary_size,
        sequence_length=recipe.data.sequence_length,
        hidden_dim=part.hidden_dim,
        intermediate_dim=part.intermediate_dim,
        num_layers=part.num_layers,
        num_heads=part.num_heads,
        dropout=part.dropout,
    )


def _sums(probability: jax.Array, labels: jax.Array, weights: jax.Array) -> Sums:
    """probability (batch, 1); labels, weights (batch,). Binary cross-entropy, clipped as Keras clips it."""
    probability = probability[:, 0].astype("float32")
    clipped = jnp.clip(probability, 1e-7, 1 - 1e-7)
    target = labels.astype("float32")
    loss = -(target * jnp.log(clipped) + (1 - target) * jnp.log(1 - clipped))
    correct = (probability > 0.5) == (labels > 0)
    return Sums((loss * weights).sum(), (correct * weights).sum(), weights.sum())


class Training:
    """The jitted steps over one model. The weights live in `State`, not in the model, until `put_back`."""

    def __init__(self, model: keras.Model, learning_rate: float) -> None:
        self.model = model
        self.optimizer = keras.optimizers.Adam(learning_rate)
        self.optimizer.build(model.trainable_variables)
        self._step = jax.jit(self._train_step, donate_argnums=0)
        self._forward = jax.jit(self._evaluate_step)

    def first_state(self) -> State:
        return State(
            [jnp.array(v.value) for v in self.model.trainable_variables],
            [jnp.array(v.value) for v in self.model.non_trainable_variables],
            [jnp.array(v.value) for v in self.optimizer.variables],
        )

    def compile(self, batch_size: int, length: int, state: State) -> None:
        """Compile both steps ahead of the first one, so that its time is not counted as training."""
        ids = jax.ShapeDtypeStruct((batch_size, length), jnp.int32)
        labels = jax.ShapeDtypeStruct((batch_size,), jnp.int32)
        weights = jax.ShapeDtypeStruct((batch_size,), jnp.float32)
        self._step = self._step.lower(state, ids, labels, weights).compile()

    def compile_evaluation(self, batch_size: int, length: int, state: State) -> None:
        ids = jax.ShapeDtypeStruct((batch_size, length), jnp.int32)
        labels = jax.ShapeDtypeStruct((batch_size,), jnp.int32)
        weights = jax.ShapeDtypeStruct((batch_size,), jnp.float32)
        self._forward = self._forward.lower(state.trainable, state.non_trainable, ids, labels, weights).compile()

    def step(self, state: State, ids: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[State, Sums]:
        """One optimiser step on (batch, length) ids. The state that is passed in is used up."""
        return self._step(state, ids, labels, weights)

    def forward(self, state: State, ids: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[Sums, jax.Array]:
        """Sums and probabilities (batch,) without dropout; changes nothing."""
        return self._forward(state.trainable, state.non_trainable, ids, labels, weights)

    def _train_step(self, state: State, ids: jax.Array, labels: jax.Array, weights: jax.Array) -> tuple[State, Sums]:
        def mean_loss(trainable: list[jax.Array]) -> tuple[jax.Array, tuple[Sums, list[jax.Array]]]:
            probability, non_trainable = self.model.stateless_call(trainable, state.non_trainable, ids, training=True)
            sums = _sums(probability, labels, weights)
            return sums.loss / sums.weight, (sums, non_trainable)

        (_, (sums, non_trainable)), gradients = jax.value_and_grad(mean_loss, has_aux=True)(state.trainable)
        trainable, optimizer = self.optimizer.stateless_apply(state.optimizer, gradients, state.trainable)
        return State(list(trainable), list(non_trainable), list(optimizer)), sums

    def _evaluate_step(
        self, trainable: list, non_trainable: list, ids: jax.Array, labels: jax.Array, weights: jax.Array
    ) -> tuple[Sums, jax.Array]:
        probability, _ = self.model.stateless_call(trainable, non_trainable, ids, training=False)
        return _sums(probability, labels, weights), probability[:, 0]

    def put_back(self, state: State) -> None:
        """Write the state's weights into the model's own variables, for traces and for saving. They are copies: the
        next step uses its state up."""
        for variable, value in zip(self.model.trainable_variables, state.trainable, strict=True):
            variable.assign(jnp.array(value))
        for variable, value in zip(self.model.non_trainable_variables, state.non_trainable, strict=True):
            variable.assign(jnp.array(value))


class Measured(NamedTuple):
    loss: float
    accuracy: float
    examples: int
    confusion: np.ndarray
    """(classes, classes): true class by predicted class."""


def measure(
    forward: Callable[..., tuple[Sums, jax.Array]],
    batches: Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]],
    on_batch: Callable[[int], None],
) -> Measured:
    """Loss, accuracy and confusion over batches of (ids, labels, weights). on_batch gets the examples done; it may
    raise to stop."""
    loss = correct = weight = 0.0
    confusion = np.zeros((2, 2), np.int64)
    for ids, labels, weights in batches:
        sums, probability = forward(ids, labels, weights)
        real = weights > 0
        np.add.at(confusion, (labels[real], (np.asarray(probability)[real] > 0.5).astype(int)), 1)
        loss, correct, weight = (a + float(b) for a, b in zip((loss, correct, weight), sums, strict=True))
        on_batch(int(weight))
    return Measured(loss / weight, correct / weight, int(weight), confusion)


def weight_names(model: keras.Model) -> list[str]:
    """A stable name for each weight: its place and its own name, whatever layers were counted before."""
    return [f"{index:03d}.{weight.name}" for index, weight in enumerate(model.weights)]


def keep(model: keras.Model, vocabulary: list[str], class_names: list[str], folder: Path) -> None:
    """Write weights and vocabulary, then read the weights back and compare. UserError when the disk refuses, or
    `run.unverified` when what was read differs."""
    tensors = {
        name: np.asarray(weight.value)
        for name, weight in zip(weight_names(model), model.weights, strict=True)
        if not name.endswith(".seed_generator_state")
    }
    files.write_atomically(folder / "vocabulary.txt", ("\n".join(vocabulary) + "\n").encode())
    files.write_json(folder / "classes.json", class_names)
    files.write_atomically(folder / WEIGHTS, save(tensors))
    written = load_file(folder / WEIGHTS)
    if any(not np.array_equal(value, written[name], equal_nan=True) for name, value in tensors.items()):
        raise UserError(
            "run.unverified", f"{WEIGHTS} in {folder.name} does not read back as written.", "Check the disk."
        )


def bring_back(recipe: Recipe, folder: Path) -> tuple[keras.Model, list[str], list[str]]:
    """(model with its trained weights, vocabulary, class names). UserError `run.no-model` or `run.unreadable`."""
    try:
        vocabulary = (folder / "vocabulary.txt").read_text("utf-8").split("\n")[:-1]
        class_names = json.loads((folder / "classes.json").read_text("utf-8"))
        tensors: dict[str, Any] = load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise UserError(
            "run.no-model",
            f"The run {folder.name} kept no model ({Path(str(error.filename)).name} is missing).",
            "Choose a run that finished, or that was stopped with Stop and keep.",
        ) from None
    except Exception as error:  # safetensors raises a type of its own for a damaged file
        raise UserError(
            "run.unreadable", f"The model of run {folder.name} cannot be read: {error}.", "Train it again."
        ) from None
    model = build(recipe, len(vocabulary))
    for name, weight in zip(weight_names(model), model.weights, strict=True):
        if name.endswith(".seed_generator_state"):
            continue
        if name not in tensors or tensors[name].shape != tuple(weight.shape):
            raise UserError(
                "run.unreadable",
                f"{WEIGHTS} of run {folder.name} does not hold tensor {name} {tuple(weight.shape)}.",
                "The file was changed, or comes from another version: train again.",
            )
        weight.assign(tensors[name])
    return model, vocabulary, class_names
