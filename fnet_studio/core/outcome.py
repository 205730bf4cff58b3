"""Whether a classifier that was trained knows more than guessing does."""

import math
from collections.abc import Sequence

import numpy as np

from fnet_studio.core.errors import UserError
from fnet_studio.core.preflight import on_uneven_classes, uneven
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.core.remedies import calmer
from fnet_studio.core.run_evaluation import EvaluationReport
from fnet_studio.core.run_store import RunRecord
from fnet_studio.core.shares import percent

DIVERGED = 1.5
"""A training loss of so many times that of guessing is none of a first epoch or of a slow one: those come near 1.3."""
CHANCE = 0.05
"""By so much the mean recall may lie above guessing and tell nothing yet."""


def trouble(record: RunRecord, report: EvaluationReport | None = None) -> UserError | None:
    """What to tell of a finished run whose model has learned nothing, `train.diverged` or `train.no-better`; None where
    it has, and where nothing can be said. Judged by the report; without one by the test texts, or where there are none
    by the validation texts."""
    if not record.classifies or (report is None and record.status != "finished"):
        return None
    try:
        recipe = from_mapping(record.recipe)
    except UserError:
        return None
    diverged = _diverged(record, recipe)
    return diverged or (_of_report(record, recipe, report) if report else _of_record(record, recipe))


def _diverged(record: RunRecord, recipe: Recipe) -> UserError | None:
    """Label smoothing and class weights leave the loss of guessing what it is."""
    guessing = math.log(len(record.data.get("class_names", ())) or 1)
    if not guessing or record.train_loss is None or record.train_loss <= DIVERGED * guessing:
        return None
    return UserError(
        "train.diverged",
        f"The training loss, {record.train_loss:.4g}, is above that of guessing ({guessing:.2f}): the learning rate is "
        "probably too high.",
        f"Start it again with {' or with '.join(f'{key}={value}' for key, value in calmer(recipe).items())}.",
    )


def _of_report(record: RunRecord, recipe: Recipe, report: EvaluationReport) -> UserError | None:
    return _no_better(record, recipe, report.split, report.confusion, report.class_names)


def _of_record(record: RunRecord, recipe: Recipe) -> UserError | None:
    """Of a run without test texts by the validation texts, which earlier versions kept no matrix of."""
    names = record.data.get("class_names", ())
    split = "validation" if record.test_accuracy is None else "test"
    confusion = record.confusion if split == "test" else record.validation_confusion
    return _no_better(record, recipe, split, confusion, names) if confusion else None


def _no_better(
    record: RunRecord, recipe: Recipe, split: str, confusion: Sequence[Sequence[int]], names: Sequence[str]
) -> UserError | None:
    """Less right than always answering the commonest class, and not for the sake of the others: the mean of the
    classes' recalls is then hardly more than by chance."""
    matrix = np.asarray(confusion)
    counts = matrix.sum(axis=1)
    there = counts > 0
    if there.sum() < 2:
        return None
    share, accuracy = counts.max() / counts.sum(), np.trace(matrix) / counts.sum()
    recall = (np.diag(matrix)[there] / counts[there]).mean()
    if accuracy > share or recall > 1 / there.sum() + CHANCE:
        return None
    train = _train_counts(record) or counts.tolist()
    against = on_uneven_classes(recipe) if uneven(train) else ""
    answer = names[int(np.argmax(counts))]
    return UserError(
        "train.no-better",
        f"On the {split} texts the model is no better than always answering {answer} ({percent(share)}).",
        f"The training texts are uneven. {against}"
        if against
        else "It may need more epochs, more texts or another learning rate.",
    )


def _train_counts(record: RunRecord) -> list[int]:
    """Texts of each class; empty where that is not known."""
    splits = record.data.get("report", {}).get("splits", ())
    return next((list(one["class_counts"]) for one in splits if one["name"] == "train"), [])
