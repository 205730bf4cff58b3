"""What a training step eats: rows of any task, cut into batches of one constant shape."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fnet_studio.core.recipe import Recipe
from fnet_studio.data.batches import batch_rows

Inputs = np.ndarray | dict[str, np.ndarray]
"""What a model takes: one array (rows, length), or several by the names of its inputs."""


class Batch(NamedTuple):
    """inputs: (batch, length) int32 each. labels, weights: (batch,), or (batch, masks) of masked-LM training; weight 0
    for what only fills up; in training the others' is that of their class, 1 without class weights."""

    inputs: Any
    labels: Any
    weights: Any


@dataclass(frozen=True, slots=True)
class Rows:
    """labels: (rows,) int32."""

    inputs: Inputs
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> Inputs:
        """int32, as the models want them."""
        if isinstance(self.inputs, dict):
            return {name: value[rows].astype(np.int32) for name, value in self.inputs.items()}
        return self.inputs[rows].astype(np.int32)


def weights_of_classes(recipe: Recipe, labels: np.ndarray, classes: int) -> np.ndarray:
    """(classes,) float32: what a training text of each class counts in the loss, by `optimisation.class_weights`. Over
    the texts, (texts,) labels, their mean is 1, so that a loss divided by the number of texts is the weighted mean."""
    weights = np.ones(classes, np.float32)
    if recipe.optimisation.class_weights == "balanced":
        counts = np.bincount(labels, minlength=classes)
        there = counts > 0
        weights[there] = len(labels) / (there.sum() * counts[there])
    return weights


def training_batches(recipe: Recipe, part: Rows, classes: int, epoch: int, first_step: int) -> Iterator[Batch]:
    """A classifier's epoch from `first_step` on, each text by the weight of its class."""
    training, weights = recipe.training, weights_of_classes(recipe, part.labels, classes)
    return batches(part, training.batch_size, training.seed, epoch, first_step=first_step, class_weights=weights)


def batches(
    part: Rows,
    batch_size: int,
    seed: int = 0,
    epoch: int = 0,
    *,
    shuffle: bool = True,
    first_step: int = 0,
    class_weights: np.ndarray | None = None,
) -> Iterator[Batch]:
    """One epoch from `first_step` on; its order depends on (seed, epoch) alone. Nothing is dropped: the last batch is
    filled up with rows of weight 0. class_weights: (classes,) float32; None: every row has weight 1."""
    rows, weights = batch_rows(len(part), batch_size, seed, epoch, shuffle)
    for chosen, weight in zip(rows[first_step:], weights[first_step:], strict=True):
        labels = part.labels[chosen].astype(np.int32)
        if class_weights is not None:
            weight = weight * class_weights[labels]
        yield Batch(part.take(chosen), labels, weight)
