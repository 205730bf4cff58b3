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
    f1: float


def by_class(confusion: Sequence[Sequence[int]], names: Sequence[str]) -> list[ClassMeasures]:
    """In the order of the names."""
    counts = np.asarray(confusion)
    rows = zip(names, np.diag(counts), counts.sum(axis=0), counts.sum(axis=1), f1(counts), strict=True)
    return [
        ClassMeasures(name, int(texts), _share(right, answered), _share(right, texts), float(its))
        for name, right, answered, texts, its in rows
    ]


def macro_f1(confusion: np.ndarray) -> float:
    """Mean over the classes of `f1`."""
    return float(f1(confusion).mean())


def f1(confusion: np.ndarray) -> np.ndarray:
    """(classes,): 2 TP / (2 TP + FP + FN); a class that is neither there nor predicted counts 0."""
    right = np.diag(confusion)
    all_of_it = confusion.sum(axis=0) + confusion.sum(axis=1)
    return np.divide(2 * right, all_of_it, out=np.zeros(len(right)), where=all_of_it > 0)


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
