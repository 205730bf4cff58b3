"""Arrays cut into batches of one constant shape, in an order that a seed and an epoch decide."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Batch:
    """token_ids (batch, length) int32; labels (batch,) int32; weights (batch,) float32: 1 for a text, 0 for a
    row that only fills up the last batch, so that nothing is dropped and no shape changes."""

    token_ids: np.ndarray
    labels: np.ndarray
    weights: np.ndarray


def steps_per_epoch(count: int, batch_size: int) -> int:
    return -(-count // batch_size)


def batch_rows(
    count: int, batch_size: int, seed: int = 0, epoch: int = 0, shuffle: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (steps, batch) int32 and weights (steps, batch) float32 of one epoch; each row comes exactly once with
    weight 1. The order depends on (seed, epoch) alone, so a resumed run can skip to any step of it."""
    if shuffle:
        order = np.random.default_rng([seed, epoch]).permutation(count)
    else:
        order = np.arange(count)
    filled = steps_per_epoch(count, batch_size) * batch_size
    rows = np.zeros(filled, np.int32)
    rows[:count] = order
    weights = np.zeros(filled, np.float32)
    weights[:count] = 1.0
    return rows.reshape(-1, batch_size), weights.reshape(-1, batch_size)


def batches(
    token_ids: np.ndarray,
    labels: np.ndarray,
    batch_size: int,
    seed: int = 0,
    epoch: int = 0,
    *,
    shuffle: bool = True,
    first_step: int = 0,
) -> Iterator[Batch]:
    """The batches of one epoch from `first_step` on. token_ids: (n, length). labels: (n,). Rows that fill up are
    copies of row 0 with weight 0."""
    rows, weights = batch_rows(len(labels), batch_size, seed, epoch, shuffle)
    for step in range(first_step, len(rows)):
        yield Batch(token_ids[rows[step]].astype(np.int32), labels[rows[step]].astype(np.int32), weights[step])
