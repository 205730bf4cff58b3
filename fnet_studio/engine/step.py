"""The jitted steps of a training, over all devices: one optimiser step, and one batch measured."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from fnet_studio.core.recipe import Recipe
from fnet_studio.engine.devices import steps_per_call
from fnet_studio.engine.feed import Batch
from fnet_studio.engine.objectives import Objective, Sums
from fnet_studio.engine.optimiser import make_optimiser, rate_shares


class State(NamedTuple):
    """Everything that a training step changes, as arrays on the device."""

    trainable: list[jax.Array]
    non_trainable: list[jax.Array]
    optimizer: list[jax.Array]
    average: list[jax.Array]
    """Exponential moving average of `trainable`; empty when the recipe asks for none."""


class Weights(NamedTuple):
    """What a model is evaluated with and kept as."""

    trainable: list[jax.Array]
    non_trainable: list[jax.Array]


class Stepped(NamedTuple):
    """What one step measured: the sums of its batch, the learning rate, and the norm of all gradients before they
    were clipped."""

    loss: jax.Array
    correct: jax.Array
    weight: jax.Array
    learning_rate: jax.Array
    gradient_norm: jax.Array


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
    """Steps over one model. The weights live in `State`, not in the model, until `put_back`."""

    def __init__(self, model: keras.Model, objective: Objective, recipe: Recipe, total_steps: int) -> None:
        self.model, self.objective = model, objective
        self.batch_size, self._parts = recipe.training.batch_size, recipe.training.accumulation
        self.per_call = steps_per_call(recipe)
        self._options = recipe.optimisation
        self._replicated, split = data_parallel(self.batch_size // self._parts)
        self.devices = len(split.device_set)
        self.optimizer = make_optimiser(recipe, model.trainable_variables, total_steps)
        decay = self._options.layer_decay
        self._shares = rate_shares(model.trainable_variables, decay) if decay < 1 else []
        whole = self._replicated
        self._step: Any = jax.jit(
            self._train_step, donate_argnums=0, in_shardings=(whole, split), out_shardings=(whole, whole)
        )
        self._forward: Any = jax.jit(self._evaluate_step, in_shardings=(whole, split), out_shardings=(whole, whole))
        self._many = NamedSharding(split.mesh, PartitionSpec(None, *split.spec))
        self._steps: dict[int, Any] = {}

    def first_state(self) -> State:
        trainable = [v.value for v in self.model.trainable_variables]
        state = State(
            trainable,
            [v.value for v in self.model.non_trainable_variables],
            [v.value for v in self.optimizer.variables],
            trainable if self._options.ema else [],
        )
        # copies: the first step uses its state up, and the model's own variables have to outlive it. By one program:
        # one for each shape would be compiled for longer than the smallest models train
        return jax.jit(lambda state: jax.tree.map(jnp.copy, state), out_shardings=self._replicated)(state)

    def at_rate(self, state: State, rate: float) -> State:
        """With this learning rate: a constant one is a variable of the optimiser, so a stored state brings its own."""
        names = [variable.name for variable in self.optimizer.variables]
        if "learning_rate" not in names:
            return state
        values, place = list(state.optimizer), names.index("learning_rate")
        old = values[place]
        values[place] = jax.device_put(jnp.asarray(rate, old.dtype), old.sharding)
        return state._replace(optimizer=values)

    def weights(self, state: State) -> Weights:
        """Those to evaluate and to keep: the average where there is one."""
        return Weights(state.average or state.trainable, state.non_trainable)

    def compile_step(self, batch: Batch, state: State) -> None:
        """Compile ahead of the first step, for batches of this shape, so that the time is not counted as training."""
        self._step = self._step.lower(state, _shapes(batch)).compile()

    def compile_forward(self, batch: Batch, state: State) -> None:
        self._forward = self._forward.lower(self.weights(state), _shapes(batch)).compile()

    def compiled_bytes(self) -> int:
        """What the compiled step holds while it runs, on all of its devices together, by XLA's own account: arguments,
        results and scratch space. Call after `compile_step`."""
        held = self._step.memory_analysis()
        own = held.output_size_in_bytes - held.alias_size_in_bytes
        return self.devices * (held.argument_size_in_bytes + held.temp_size_in_bytes + own)

    def call(self, state: State, batches: Batch) -> tuple[State, Stepped]:
        """What the device does in one go: a step, or several. The state that is passed in is used up."""
        return (self.step if self.per_call == 1 else self.steps)(state, batches)

    def step(self, state: State, batch: Batch) -> tuple[State, Stepped]:
        """One optimiser step. The state that is passed in is used up."""
        return self._step(state, batch)

    def put(self, batches: Sequence[Batch]) -> Batch:
        """Several batches as one with a further axis in front, on the device already."""
        stacked = jax.tree.map(lambda *values: np.stack(values), *batches)
        return jax.device_put(stacked, self._many)

    def compile_steps(self, batches: Sequence[Batch], state: State) -> None:
        """As `compile_step`, for `steps` of so many batches."""
        count = len(batches)
        self._steps[count] = (
            self._scan().lower(state, _shapes(jax.tree.map(lambda *v: np.stack(v), *batches))).compile()
        )

    def steps(self, state: State, batches: Batch) -> tuple[State, Stepped]:
        """An optimiser step for each of the batches that `put` made into one; what they measured has an axis (steps,).
        The device goes through them by itself. The state that is passed in is used up."""
        count = len(batches.weights)
        if count not in self._steps:
            self._steps[count] = self._scan()
        return self._steps[count](state, batches)

    def _scan(self) -> Any:
        whole = self._replicated
        return jax.jit(
            lambda state, batches: jax.lax.scan(self._train_step, state, batches),
            donate_argnums=0,
            in_shardings=(whole, self._many),
            out_shardings=(whole, whole),
        )

    def forward(self, weights: Weights, batch: Batch) -> tuple[Sums, jax.Array]:
        """Sums and probabilities (batch, classes) without dropout; changes nothing."""
        return self._forward(weights, batch)

    def _train_step(self, state: State, batch: Batch) -> tuple[State, Stepped]:
        gradients, sums, non_trainable = (self._gradients if self._parts == 1 else self._accumulated)(state, batch)
        with keras.StatelessScope(state_mapping=list(zip(self.optimizer.variables, state.optimizer, strict=True))):
            rate = jnp.asarray(self.optimizer.learning_rate, jnp.float32)
        trainable, optimizer = self.optimizer.stateless_apply(state.optimizer, gradients, state.trainable)
        if self._shares:
            trainable = [
                old + share * (jnp.asarray(new) - old)
                for share, old, new in zip(self._shares, state.trainable, trainable, strict=True)
            ]
        after = State(list(trainable), list(non_trainable), list(optimizer), self._averaged(state, trainable))
        return after, Stepped(*sums, rate, _norm(gradients))

    def _gradients(self, state: State, batch: Batch) -> tuple[Sequence[jax.Array], Sums, Sequence[jax.Array]]:
        def mean_loss(trainable: list[jax.Array]) -> tuple[jax.Array, tuple[Sums, list[jax.Array]]]:
            sums, non_trainable = self._sums(trainable, state.non_trainable, batch)
            # never 0 for texts; a batch of masked-LM training may have no mask at all
            return sums.loss / jnp.maximum(sums.weight, 1.0), (sums, non_trainable)

        (_, (sums, non_trainable)), gradients = jax.value_and_grad(mean_loss, has_aux=True)(state.trainable)
        return gradients, sums, non_trainable

    def _accumulated(self, state: State, batch: Batch) -> tuple[Sequence[jax.Array], Sums, Sequence[jax.Array]]:
        """The whole batch's gradient, from part after part. Every part holds every n-th row, so that no row moves to
        another device."""

        def cut(values: jax.Array) -> jax.Array:
            count = values.shape[0] // self._parts
            return jnp.moveaxis(values.reshape(count, self._parts, *values.shape[1:]), 1, 0)

        def summed_loss(trainable: list, non_trainable: list, part: Batch) -> tuple[jax.Array, tuple[Sums, list]]:
            sums, non_trainable = self._sums(trainable, non_trainable, part)
            return sums.loss, (sums, non_trainable)

        def one(carried: tuple, part: Batch) -> tuple[tuple, None]:
            gradients, sums, non_trainable = carried
            found, (more, non_trainable) = jax.grad(summed_loss, has_aux=True)(state.trainable, non_trainable, part)
            gradients, sums = jax.tree.map(jnp.add, (gradients, sums), (found, more))
            return (gradients, sums, list(non_trainable)), None

        zeros = [jnp.zeros_like(value) for value in state.trainable]
        nothing = Sums(*(jnp.zeros((), jnp.float32) for _ in Sums._fields))
        first = (zeros, nothing, list(state.non_trainable))
        (gradients, sums, non_trainable), _ = jax.lax.scan(one, first, jax.tree.map(cut, batch))
        return [value / jnp.maximum(sums.weight, 1.0) for value in gradients], sums, non_trainable

    def _sums(self, trainable: list, non_trainable: list, batch: Batch) -> tuple[Sums, list[jax.Array]]:
        outputs: Any = self.model.stateless_call(trainable, non_trainable, batch.inputs, training=True)
        values, non_trainable = outputs
        sums = self.objective.sums(values, batch.labels, batch.weights, self._options.label_smoothing)
        return sums, non_trainable

    def _averaged(self, state: State, trainable: Sequence[jax.Array]) -> list[jax.Array]:
        """The decay begins low and rises to the recipe's, so that the random first weights are soon forgotten."""
        if not self._options.ema:
            return []
        done = state.optimizer[0].astype(jnp.float32)  # Keras' first optimiser variable counts the steps
        decay = jnp.minimum(self._options.ema, (1 + done) / (10 + done))
        return [decay * old + (1 - decay) * new for old, new in zip(state.average, trainable, strict=True)]

    def _evaluate_step(self, weights: Weights, batch: Batch) -> tuple[Sums, jax.Array]:
        outputs: Any = self.model.stateless_call(*weights, batch.inputs, training=False)
        values, _ = outputs
        sums = self.objective.sums(values, batch.labels, batch.weights)
        return sums, self.objective.probabilities(values)

    def put_back(self, weights: Weights) -> None:
        """Write a copy of the weights into the model's own variables, for saving."""
        for variable, value in zip(self.model.trainable_variables, weights.trainable, strict=True):
            variable.assign(np.asarray(value))
        for variable, value in zip(self.model.non_trainable_variables, weights.non_trainable, strict=True):
            variable.assign(np.asarray(value))


def _shapes(batch: Batch) -> Batch:
    return jax.tree.map(lambda values: jax.ShapeDtypeStruct(values.shape, values.dtype), batch)


def _norm(gradients: Sequence[jax.Array]) -> jax.Array:
    return jnp.sqrt(sum(jnp.sum(jnp.square(value.astype(jnp.float32))) for value in gradients))
