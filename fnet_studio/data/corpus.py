"""Labelled texts as they were read, before any tokenising."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """labels: (n,) int32 indices into the corpus' class names, one for each text."""

    texts: list[str]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: np.ndarray) -> "LabelledTexts":
        return LabelledTexts([self.texts[row] for row in rows], self.labels[rows])


@dataclass(frozen=True, slots=True)
class Corpus:
    """train and test in a fixed order, the same on every machine.

    content_hash: hex digest of the bytes that were read. notes: sentences on what was odd but could be read.
    """

    train: LabelledTexts
    test: LabelledTexts
    class_names: tuple[str, ...]
    content_hash: str
    notes: tuple[str, ...] = field(default=())
