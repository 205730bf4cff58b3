"""What a confusion matrix says of each class: (classes, classes) counts, true class by predicted class."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct


class ClassMeasures(Struct, frozen=True):
    name: str
    texts: int
    precision: float | None
    """None where the class was never answered."""
    recall: float | None
    """None where no text is of the class."""
    f1: float | None
    """None where the class is neither there nor answered."""

    @property
    def f1_words(self) -> str:
        return "–" if self.f1 is None else f"{self.f1:.4f}"


def by_class(confusion: Sequence[Sequence[int]], names: Sequence[str]) -> list[ClassMeasures]:
    """In the order of the names."""
    counts = np.asarray(confusion)
    rows = zip(names, np.diag(counts), counts.sum(axis=0), counts.sum(axis=1), strict=True)
    return [
        ClassMeasures(
            name, int(texts), _share(right, answered), _share(right, texts), _share(2 * right, answered + texts)
        )
        for name, right, answered, texts in rows
    ]


def macro_f1(confusion: np.ndarray) -> float:
    """Mean of F1, 2 TP / (2 TP + FP + FN), over the classes that are there or were answered; 0 without any text. The
    logs of earlier runs hold the mean over all classes, any other one counted 0."""
    right, all_of_it = np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1)
    known = all_of_it > 0
    return float((2 * right[known] / all_of_it[known]).mean()) if known.any() else 0.0


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
