"""Which training texts validate: the same ones that Keras would take."""

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
