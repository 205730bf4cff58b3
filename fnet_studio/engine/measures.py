"""What a model's answers on one split are worth: figures, curves, calibration, and the worst mistakes."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fnet_studio.core import files
from fnet_studio.core.by_class import macro_f1

if TYPE_CHECKING:  # the scripted engine writes its measures too, and has no jax
    import jax

    from fnet_studio.engine.feed import Batch
    from fnet_studio.engine.objectives import Sums

MOST_POINTS = 200
BINS = 15
MOST_ERRORS = 50


class Measured(NamedTuple):
    loss: float
    accuracy: float
    examples: int
    """Texts, or masked positions of masked-LM training."""
    labels: np.ndarray
    """(texts,)"""
    probabilities: np.ndarray
    """(texts, classes) float32; (texts, 0) of masked-LM training."""

    @property
    def confusion(self) -> np.ndarray:
        """(classes, classes): true class by predicted class."""
        classes = self.probabilities.shape[1]
        counts = np.zeros((classes, classes), np.int64)
        if classes:
            np.add.at(counts, (self.labels, self.probabilities.argmax(axis=1)), 1)
        return counts

    @property
    def macro_f1(self) -> float | None:
        """None without classes."""
        return macro_f1(self.confusion) if self.probabilities.shape[1] else None


def measure(
    forward: "Callable[[Batch], tuple[Sums, jax.Array]]",
    batches: "Iterator[Batch]",
    on_batch: Callable[[int], None],
) -> Measured:
    """Everything over all batches. on_batch gets the number of texts done; it may raise to stop."""
    loss = correct = weight = 0.0
    done = 0
    labels, probabilities = [np.zeros(0, np.int32)], []
    for batch in batches:
        sums, answers = forward(batch)
        loss, correct, weight = (a + float(b) for a, b in zip((loss, correct, weight), sums, strict=True))
        answers = np.asarray(answers)
        if answers.shape[1]:
            real = batch.weights > 0
            labels.append(batch.labels[real])
            probabilities.append(answers[real])
            done += int(real.sum())
        else:
            done += len(answers)
        on_batch(done)
    every = np.concatenate(probabilities) if probabilities else np.zeros((0, 0), np.float32)
    weight = max(weight, 1e-9)
    return Measured(loss / weight, correct / weight, round(weight), np.concatenate(labels), every)


def curves(labels: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    """Of two classes, labels (n,) 0 or 1, scores (n,) of class 1: the ROC and precision-recall curves at every
    threshold where they change, thinned to `MOST_POINTS`, the area under the first and the average precision of the
    second. Empty when a class is missing."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return {}
    order = np.argsort(-scores, kind="stable")
    ordered = labels[order]
    last_of_equals = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    true = np.cumsum(ordered)[last_of_equals]
    false = last_of_equals + 1 - true
    recall, fall_out, precision = true / positives, false / negatives, true / (true + false)
    roc_x, roc_y = np.append(0, fall_out), np.append(0, recall)
    thin = np.unique(np.linspace(0, len(recall) - 1, MOST_POINTS).astype(int))
    thin_roc = np.append(0, thin + 1)
    return {
        "roc": {"false_positive_rate": roc_x[thin_roc].tolist(), "true_positive_rate": roc_y[thin_roc].tolist()},
        "roc_auc": float(np.trapezoid(roc_y, roc_x)),
        "precision_recall": {"recall": recall[thin].tolist(), "precision": precision[thin].tolist()},
        "average_precision": float(np.sum(np.diff(recall, prepend=0) * precision)),
    }


def calibration(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """Bins of equal width over the confidence of the predicted class, and the expected calibration error (arXiv
    1706.04599). Empty bins are left out."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins, error = [], 0.0
    for place in np.unique(places):
        inside = places == place
        mean, accuracy = float(confidence[inside].mean()), float(right[inside].mean())
        error += abs(mean - accuracy) * inside.mean()
        bins.append({"texts": int(inside.sum()), "confidence": mean, "accuracy": accuracy})
    return {"bins": bins, "expected_error": float(error)}


def worst_errors(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, Any]]:
    """The wrong answers of the highest confidence. row: the text's place in its split."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    chosen = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_ERRORS]
    return [
        {"row": int(i), "label": int(labels[i]), "predicted": int(predicted[i]), "confidence": float(confidence[i])}
        for i in chosen
    ]


def write(
    folder: Path, split: str, measured: Measured, class_names: Sequence[str], step: int = 0, **more: float
) -> None:
    """`evaluation-<split>.json` with all of the above, and `predictions-<split>.csv` with a line for each text, its
    float32 probabilities to their last bit, into the run's folder. UserError when the disk refuses."""
    labels, probabilities = measured.labels, measured.probabilities
    report: dict[str, Any] = {
        "split": split,
        "step": step,
        "loss": measured.loss,
        "accuracy": measured.accuracy,
        "examples": measured.examples,
        **more,
    }
    if probabilities.shape[1]:
        report |= {
            "class_names": list(class_names),
            "confusion": measured.confusion.tolist(),
            "macro_f1": measured.macro_f1,
            "calibration": calibration(labels, probabilities),
            "errors": worst_errors(labels, probabilities),
        }
        if probabilities.shape[1] == 2:
            report |= curves(labels, probabilities[:, 1])
        files.write_atomically(folder / f"predictions-{split}.csv", _table(labels, probabilities, class_names))
    files.write_json(folder / f"evaluation-{split}.json", report)


def _table(labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "label", "predicted", *(f"p({name})" for name in class_names)])
    for row, (label, values) in enumerate(zip(labels, probabilities, strict=True)):
        writer.writerow([row, class_names[label], class_names[values.argmax()], *(f"{value:.9g}" for value in values)])
    return text.getvalue().encode()
