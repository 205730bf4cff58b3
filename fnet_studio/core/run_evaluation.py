"""What a run's evaluation says of its answers: ``evaluation-<split>.json`` and ``predictions-<split>.csv``."""

import csv
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec import Struct

from fnet_studio.core import run_store
from fnet_studio.core.by_class import macro_f1
from fnet_studio.core.errors import UserError

SPLITS = ("test", "validation", "train")


class Bin(Struct, frozen=True):
    texts: int
    confidence: float
    accuracy: float


class Calibration(Struct, frozen=True):
    bins: tuple[Bin, ...] = ()
    expected_error: float = 0.0


class WrongAnswer(Struct, frozen=True):
    row: int
    """The text's place in its split."""
    label: int
    predicted: int
    confidence: float


class EvaluationReport(Struct, frozen=True):
    """Content of ``evaluation-<split>.json``; of masked-LM training only the figures are there."""

    split: str
    loss: float
    accuracy: float
    examples: int
    step: int = 0
    class_names: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    calibration: Calibration = Calibration()
    errors: tuple[WrongAnswer, ...] = ()
    roc_auc: float | None = None
    average_precision: float | None = None
    pseudo_perplexity: float | None = None
    """Of masked-LM training."""
    naive_bayes: float | None = None
    """Accuracy of naive Bayes on the same pieces of the same texts, without their order; of classifiers, not on their
    training texts."""

    @property
    def macro_f1(self) -> float | None:
        """None without classes. By the matrix, since the file of an earlier run may count absent classes as 0."""
        return macro_f1(np.array(self.confusion)) if self.confusion else None


class Predictions(NamedTuple):
    """(texts,) int and (texts, classes) float64."""

    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        return self.probabilities.argmax(axis=1)


class AtThreshold(NamedTuple):
    """Of two classes, where the second is answered from a probability of `threshold` on."""

    threshold: float
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int

    @property
    def accuracy(self) -> float:
        return (self.true_positives + self.true_negatives) / max(sum(self[1:]), 1)

    @property
    def precision(self) -> float:
        """1 where nothing is answered positive."""
        answered = self.true_positives + self.false_positives
        return self.true_positives / answered if answered else 1.0

    @property
    def recall(self) -> float:
        return self.true_positives / max(self.true_positives + self.false_negatives, 1)

    @property
    def fall_out(self) -> float:
        return self.false_positives / max(self.false_positives + self.true_negatives, 1)

    @property
    def f1(self) -> float:
        found = 2 * self.true_positives
        return found / max(found + self.false_positives + self.false_negatives, 1)


def evaluated(run: str) -> list[str]:
    """The splits that were measured, the test first. UserError `run.missing`."""
    folder = run_store.folder(run)
    return [split for split in SPLITS if (folder / f"evaluation-{split}.json").is_file()]


def read(run: str, split: str) -> EvaluationReport:
    """UserError `run.unreadable`."""
    path = run_store.folder(run) / f"evaluation-{split}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=EvaluationReport)
    except (OSError, msgspec.DecodeError) as error:
        raise UserError("run.unreadable", f"{path} cannot be read: {error}.", "Measure the model again.") from None


def predictions(run: str, report: EvaluationReport) -> Predictions:
    """Every answer of an evaluation. UserError `run.unreadable`."""
    path = run_store.folder(run) / f"predictions-{report.split}.csv"
    place = {name: at for at, name in enumerate(report.class_names)}
    labels: list[int] = []
    values: list[list[float]] = []
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream)
            next(rows)
            for row in rows:
                labels.append(place[row[1]])
                values.append([float(value) for value in row[3:]])
        array = np.array(values, dtype=np.float64).reshape(len(labels), len(report.class_names))
    except (OSError, ValueError, KeyError, IndexError, StopIteration, csv.Error) as error:
        raise UserError("run.unreadable", f"{path} cannot be read: {error}.", "Measure the model again.") from None
    return Predictions(np.array(labels, dtype=np.int64), array)


def at_threshold(found: Predictions, threshold: float) -> AtThreshold:
    positive, real = found.probabilities[:, 1] >= threshold, found.labels == 1
    counts = (positive & real, positive & ~real, ~positive & ~real, ~positive & real)
    return AtThreshold(threshold, *(int(one.sum()) for one in counts))


class BinaryCurves(NamedTuple):
    """At every threshold where something changes, from the highest down, (points,) each; before the first of them
    nothing is answered positive."""

    thresholds: np.ndarray
    fall_out: np.ndarray
    recall: np.ndarray
    precision: np.ndarray


def binary_curves(found: Predictions) -> BinaryCurves | None:
    """ROC (recall over fall-out) and precision over recall. None without both classes."""
    labels, scores = found.labels, found.probabilities[:, 1]
    positives = int(labels.sum())
    if not positives or positives == len(labels):
        return None
    order = np.argsort(-scores, kind="stable")
    last_of_equals = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    true = np.cumsum(labels[order])[last_of_equals]
    false = last_of_equals + 1 - true
    return BinaryCurves(
        scores[order][last_of_equals], false / (len(labels) - positives), true / positives, true / (true + false)
    )
