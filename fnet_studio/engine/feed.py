"""What a training step eats: rows of any task, cut into batches of one constant shape."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fnet_studio.data.batches import batch_rows

Inputs = np.ndarray | dict[str, np.ndarray]
"""What a model takes: one array (rows, length), or several by the names of its inputs."""


class Batch(NamedTuple):
    """inputs: (batch, length) int32 each. labels, weights: (batch,), or (batch, masks) of masked-LM training; weight 0
    for what only fills up."""

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


def batches(
    part: Rows, batch_size: int, seed: int = 0, epoch: int = 0, *, shuffle: bool = True, first_step: int = 0
) -> Iterator[Batch]:
    """One epoch from `first_step` on; its order depends on (seed, epoch) alone. Nothing is dropped: the last batch is
    filled up with rows of weight 0."""
    rows, weights = batch_rows(len(part), batch_size, seed, epoch, shuffle)
    for chosen, weight in zip(rows[first_step:], weights[first_step:], strict=True):
        yield Batch(part.take(chosen), part.labels[chosen].astype(np.int32), weight)
