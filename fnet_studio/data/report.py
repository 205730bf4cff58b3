"""What one should know of a data set before training on it."""

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from fnet_studio.data.corpus import LabelledTexts

BINS = 40


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens a text, before cutting. edges: (bins + 1,) of the histogram, counts: (bins,); the last bin also holds
    the longest 1 %, which would flatten the rest."""

    shortest: int
    median: float
    mean: float
    p95: float
    longest: int
    edges: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SplitReport:
    """class_counts: texts of each class, in the order of the class names. empty: texts without a letter. duplicates:
    other texts equal to an earlier one of the same part. cut_share: share of the texts longer than the chosen length;
    cut_tokens_share: of tokens."""

    name: str
    texts: int
    class_counts: tuple[int, ...]
    empty: int
    duplicates: int
    lengths: Lengths
    cut_share: float
    cut_tokens_share: float
    unknown_share: float


@dataclass(frozen=True, slots=True)
class DataReport:
    """Empty texts aside. duplicates: texts equal to an earlier one anywhere. test_overlap: test texts that also stand,
    word for word, in the training or validation part; validation_overlap: validation texts that also stand in the
    training part."""

    splits: tuple[SplitReport, ...]
    duplicates: int
    test_overlap: int
    validation_overlap: int
    notes: tuple[str, ...] = field(default=())

    def to_mapping(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> "DataReport":
        def split(part: dict[str, Any]) -> SplitReport:
            lengths = part["lengths"]
            lengths = Lengths(**{**lengths, "edges": tuple(lengths["edges"]), "counts": tuple(lengths["counts"])})
            return SplitReport(**{**part, "class_counts": tuple(part["class_counts"]), "lengths": lengths})

        splits = tuple(split(part) for part in values["splits"])
        return cls(**{**values, "splits": splits, "notes": tuple(values["notes"])})


def describe_split(
    name: str, part: LabelledTexts, lengths: np.ndarray, token_ids: np.ndarray, unknown_id: int, num_classes: int
) -> SplitReport:
    """lengths: (n,) tokens before cutting. token_ids: (n, length) after it."""
    length = token_ids.shape[1]
    tokens = int(lengths.sum())
    kept = int(np.minimum(lengths, length).sum())
    counts = np.bincount(part.labels, minlength=num_classes)
    inputs = _inputs(part)
    return SplitReport(
        name=name,
        texts=len(part),
        class_counts=tuple(int(count) for count in counts),
        empty=len(part) - len(inputs),
        duplicates=len(inputs) - len(set(inputs)),
        lengths=_lengths(lengths),
        cut_share=float(np.mean(lengths > length)) if len(part) else 0.0,
        cut_tokens_share=1 - kept / tokens if tokens else 0.0,
        unknown_share=int(np.count_nonzero(token_ids == unknown_id)) / kept if kept else 0.0,
    )


def describe(
    train: LabelledTexts, validation: LabelledTexts, test: LabelledTexts, splits: Sequence[SplitReport], notes: tuple
) -> DataReport:
    training, validating, testing = _inputs(train), _inputs(validation), _inputs(test)
    trained_on = set(training)
    seen = trained_on | set(validating)
    distinct = seen | set(testing)
    return DataReport(
        splits=tuple(splits),
        duplicates=len(training) + len(validating) + len(testing) - len(distinct),
        test_overlap=sum(example in seen for example in testing),
        validation_overlap=sum(example in trained_on for example in validating),
        notes=notes,
    )


def _inputs(part: LabelledTexts) -> list[Hashable]:
    """But for the empty ones."""
    return [example for example in part.inputs() if example is not None]


def _lengths(lengths: np.ndarray) -> Lengths:
    if not len(lengths):
        return Lengths(0, 0.0, 0.0, 0.0, 0, (0, 1), (0,))
    median, p95, p99 = np.percentile(lengths, [50, 95, 99])
    beyond = max(int(p99), 1) + 1
    width = -(-beyond // BINS)  # one for all: a bar of two tokens among bars of one would look like a peak
    edges = np.arange(0, beyond + width, width)
    counts, _ = np.histogram(np.minimum(lengths, edges[-1]), edges)
    return Lengths(
        shortest=int(lengths.min()),
        median=float(median),
        mean=float(lengths.mean()),
        p95=float(p95),
        longest=int(lengths.max()),
        edges=tuple(int(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
    )
