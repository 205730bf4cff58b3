"""Which training texts validate: the same ones that Keras would take, or the same share of each class."""

import numpy as np

from fnet_studio.core.errors import UserError


def split_rows(count: int, validation_split: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the training part and of the validation part, in the order in which Keras yields them.

    As `keras.utils.text_dataset_from_directory(validation_split=, seed=)` does with files sorted by class and name:
    shuffle by the legacy `RandomState(seed)`, then the last `int(validation_split * count)` rows validate.
    UserError `data.split` when one of the two would be empty.
    """
    rows = np.arange(count)
    np.random.RandomState(seed).shuffle(rows)
    held_out = int(validation_split * count)
    if not 0 < held_out < count:
        raise UserError(
            "data.split",
            f"A validation share of {validation_split:g} leaves {held_out} of {count} texts to validate.",
            "Choose a share that leaves at least one text on each side.",
        )
    return rows[:-held_out], rows[-held_out:]


def stratified_rows(labels: np.ndarray, validation_split: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """As `split_rows`, but each class has the same share in both parts, and each with two texts or more is in both; the
    only text of a class trains. labels: (n,) whole numbers, 0 or more.

    Of `int(validation_split * n)` texts to validate each class gets its share, rounded by largest remainders, and then
    one text up or down where it would be missing in a part. UserError `data.split` when no class has two texts.
    """
    counts = np.bincount(labels)
    shares = validation_split * counts
    held_out = shares.astype(np.int64)
    left = max(int(validation_split * len(labels)) - int(held_out.sum()), 0)
    held_out[np.argsort(held_out - shares, kind="stable")[:left]] += 1
    held_out = np.clip(held_out, counts > 1, np.maximum(counts - 1, 0))
    if not held_out.any():
        raise UserError(
            "data.split",
            "No class has two texts, one to train and one to validate.",
            "Add texts, or name a validation file.",
        )
    rows = np.arange(len(labels))
    np.random.RandomState(seed).shuffle(rows)
    shuffled = labels[rows]
    by_class = np.argsort(shuffled, kind="stable")
    first_held_out = np.cumsum(counts) - held_out
    validates = np.zeros(len(labels), bool)
    validates[by_class] = np.arange(len(labels)) >= first_held_out[shuffled[by_class]]
    return rows[~validates], rows[validates]
