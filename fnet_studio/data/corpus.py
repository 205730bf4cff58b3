"""Labelled texts as they were read, before any tokenising."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """labels: (n,) int32 indices into the corpus' class names, one for each text. pairs: for tasks on two sentences,
    the second of each."""

    texts: list[str]
    labels: np.ndarray
    pairs: list[str] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: np.ndarray) -> "LabelledTexts":
        pairs = None if self.pairs is None else [self.pairs[row] for row in rows]
        return LabelledTexts([self.texts[row] for row in rows], self.labels[rows], pairs)

    def inputs(self) -> Iterator[str | tuple[str, str] | None]:
        """What makes two examples the same: the text, or both texts. None for an example without a letter: it counts as
        empty, and is the same as no other."""
        if self.pairs is None:
            yield from (text if text.strip() else None for text in self.texts)
        else:
            both = zip(self.texts, self.pairs, strict=True)
            yield from ((text, pair) if text.strip() or pair.strip() else None for text, pair in both)


@dataclass(frozen=True, slots=True)
class Corpus:
    """All parts in a fixed order, the same on every machine.

    content_hash: hex digest of the bytes that were read. notes: sentences on what was odd but could be read.
    validation: None when it is to be taken from the training texts. test: empty when there is none.
    """

    train: LabelledTexts
    test: LabelledTexts
    class_names: tuple[str, ...]
    content_hash: str
    notes: tuple[str, ...] = field(default=())
    validation: LabelledTexts | None = None
