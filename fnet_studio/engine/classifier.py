"""The from-scratch text classifier of a recipe: build it, step it, measure it, keep it, bring it back."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from safetensors.numpy import load_file, save

from fnet_studio.core import files
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe
from fnet_studio.data.batches import Batch
from fnet_studio.data.dataset import Dataset
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


def data_parallel(batch_size: int) -> tuple[NamedSharding, NamedSharding]:
    """(replicated, split along the first axis) over as many devices as divide the batch.

    Several cores of a CPU count as several devices (`engine.devices`): XLA runs much of a step on one core only, and
    two halves of a batch side by side take about half the time.
    """
    devices = jax.devices()
    count = max(n for n in range(1, len(devices) + 1) if batch_size % n == 0)
    mesh = Mesh(np.array(devices[:count]), ("batch",))
    return NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("batch"))


class Training:
    """The jitted steps over one model. The weights live in `State`, not in the model, until `put_back`."""

    def __init__(self, model: keras.Model, learning_rate: float, batch_size: int) -> None:
        self.model = model
        self.batch_size = batch_size
        self._replicated, self._split = data_parallel(batch_size)
        self.devices = len(self._split.device_set)
        self.optimizer = keras.optimizers.Adam(learning_rate)
        self.optimizer.build(model.trainable_variables)
        whole, split = self._replicated, self._split
        self._step = jax.jit(
            self._train_step,
            donate_argnums=0,
            in_shardings=(whole, split, split, split),
            out_shardings=(whole, whole),
        )
        self._forward = jax.jit(
            self._evaluate_step, in_shardings=(whole, whole, split, split, split), out_shardings=(whole, whole)
        )

    def first_state(self) -> State:
        state = State(
            [v.value for v in self.model.trainable_variables],
            [v.value for v in self.model.non_trainable_variables],
            [v.value for v in self.optimizer.variables],
        )
        # copies: the first step uses its state up, and the model's own variables have to outlive it
        return jax.device_put(jax.tree.map(jnp.copy, state), self._replicated)

    def compile_step(self, length: int, state: State) -> None:
        """Compile ahead of the first step, so that the time is not counted as training."""
        self._step = self._step.lower(state, *self._shapes(length)).compile()

    def compile_forward(self, length: int, state: State) -> None:
        self._forward = self._forward.lower(state.trainable, state.non_trainable, *self._shapes(length)).compile()

    def _shapes(self, length: int) -> tuple[jax.ShapeDtypeStruct, ...]:
        """Of token ids, labels and weights."""
        shape, size = jax.ShapeDtypeStruct, self.batch_size
        return shape((size, length), jnp.int32), shape((size,), jnp.int32), shape((size,), jnp.float32)

    def step(self, state: State, batch: Batch) -> tuple[State, Sums]:
        """One optimiser step. The state that is passed in is used up."""
        return self._step(state, batch.token_ids, batch.labels, batch.weights)

    def forward(self, state: State, batch: Batch) -> tuple[Sums, jax.Array]:
        """Sums and probabilities (batch,) without dropout; changes nothing."""
        return self._forward(state.trainable, state.non_trainable, batch.token_ids, batch.labels, batch.weights)

    def _train_step(self, state: State, ids: jax.Array, labels: jax.Array, weights: jax.Array) -> tuple[State, Sums]:
        def mean_loss(trainable: list[jax.Array]) -> tuple[jax.Array, tuple[Sums, list[jax.Array]]]:
            outputs: Any = self.model.stateless_call(trainable, state.non_trainable, ids, training=True)
            probability, non_trainable = outputs
            sums = _sums(probability, labels, weights)
            return sums.loss / sums.weight, (sums, non_trainable)

        (_, (sums, non_trainable)), gradients = jax.value_and_grad(mean_loss, has_aux=True)(state.trainable)
        trainable, optimizer = self.optimizer.stateless_apply(state.optimizer, gradients, state.trainable)
        return State(list(trainable), list(non_trainable), list(optimizer)), sums

    def _evaluate_step(
        self, trainable: list, non_trainable: list, ids: jax.Array, labels: jax.Array, weights: jax.Array
    ) -> tuple[Sums, jax.Array]:
        outputs: Any = self.model.stateless_call(trainable, non_trainable, ids, training=False)
        probability, _ = outputs
        return _sums(probability, labels, weights), probability[:, 0]

    def put_back(self, state: State) -> None:
        """Write a copy of the state's weights into the model's own variables, for saving."""
        for variable, value in zip(self.model.trainable_variables, state.trainable, strict=True):
            variable.assign(np.asarray(value))
        for variable, value in zip(self.model.non_trainable_variables, state.non_trainable, strict=True):
            variable.assign(np.asarray(value))


class Measured(NamedTuple):
    loss: float
    accuracy: float
    examples: int
    confusion: np.ndarray
    """(classes, classes): true class by predicted class."""


def measure(
    forward: Callable[[Batch], tuple[Sums, jax.Array]],
    batches: Iterator[Batch],
    on_batch: Callable[[int], None],
) -> Measured:
    """Loss, accuracy and confusion over all batches. on_batch gets the number of texts done; it may raise to stop."""
    loss = correct = weight = 0.0
    confusion = np.zeros((2, 2), np.int64)
    for batch in batches:
        sums, probability = forward(batch)
        real = batch.weights > 0
        np.add.at(confusion, (batch.labels[real], (np.asarray(probability)[real] > 0.5).astype(int)), 1)
        loss, correct, weight = (a + float(b) for a, b in zip((loss, correct, weight), sums, strict=True))
        on_batch(int(weight))
    return Measured(loss / weight, correct / weight, int(weight), confusion)


def keep(model: keras.Model, dataset: Dataset, folder: Path) -> None:
    """Write weights and vocabulary, then read the weights back and compare. UserError when the disk refuses, or
    `run.unverified` when what was read differs."""
    tensors = {weight.path: np.asarray(weight.value) for weight in model.weights}
    files.write_atomically(folder / "vocabulary.txt", ("\n".join(dataset.vocabulary) + "\n").encode())
    files.write_json(folder / "classes.json", dataset.class_names)
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
    for weight in model.weights:
        name = weight.path
        if name not in tensors or tensors[name].shape != tuple(weight.shape):
            raise UserError(
                "run.unreadable",
                f"{WEIGHTS} of run {folder.name} does not hold tensor {name} {tuple(weight.shape)}.",
                "The file was changed, or comes from another version: train again.",
            )
        weight.assign(tensors[name])
    return model, vocabulary, class_names
