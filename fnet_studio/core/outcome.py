"""Whether a classifier that was trained knows more than guessing does."""

import math
from collections.abc import Sequence

import numpy as np

from fnet_studio.core.by_class import macro_f1
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.core.remedies import calmer
from fnet_studio.core.run_evaluation import EvaluationReport
from fnet_studio.core.run_store import RunRecord
from fnet_studio.core.shares import percent

DIVERGED = 1.5
"""A training loss of so many times that of guessing is none of a first epoch or of a slow one: those come near 1.3."""
UNEVEN = 1.5
"""How many times the mean the commonest class has of the training texts where weights would change anything."""


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
    counts = [sum(row) for row in report.confusion]
    train = _counts(record, "train") or counts
    return _no_better(recipe, report.split, report.accuracy, report.macro_f1, report.class_names, counts, train)


def _of_record(record: RunRecord, recipe: Recipe) -> UserError | None:
    names, train = record.data.get("class_names", ()), _counts(record, "train")
    if record.test_accuracy is None and record.validation_accuracy is not None:
        counts = _counts(record, "validation")
        return _no_better(recipe, "validation", record.validation_accuracy, None, names, counts, train)
    if record.test_accuracy is None or not record.confusion:
        return None
    counts, f1 = [sum(row) for row in record.confusion], macro_f1(np.array(record.confusion))
    return _no_better(recipe, "test", record.test_accuracy, f1, names, counts, train or counts)


def _no_better(
    recipe: Recipe,
    split: str,
    accuracy: float,
    f1: float | None,
    names: Sequence[str],
    counts: Sequence[int],
    train: Sequence[int],
) -> UserError | None:
    """counts: texts of each class in the split; train: in training. By macro F1 where the recipe gives up accuracy for
    the rare classes."""
    there = sum(count > 0 for count in counts)
    if there < 2:
        return None
    balanced, by_f1 = (recipe.optimisation.class_weights == "balanced", recipe.optimisation.monitor == "macro-f1")
    share = max(counts) / sum(counts)
    guessed, measured, words = share, accuracy, percent(share)
    if balanced or by_f1:
        guessed, measured = 2 * share / (1 + share) / there, math.inf if f1 is None else f1
        words = f"macro F1 {guessed:.4f}"
    if measured > guessed + 1e-9:
        return None
    changes = [] if balanced else ["optimisation.class_weights=balanced"]
    changes += [] if by_f1 else ["optimisation.monitor=macro-f1"]
    if changes and max(train) * len(train) >= UNEVEN * sum(train):
        advice = f"The training texts are uneven: try {' and '.join(changes)}."
    else:
        advice = "It may need more epochs, more texts or another learning rate."
    answer = names[int(np.argmax(counts))]
    message = f"On the {split} texts the model is no better than always answering {answer} ({words})."
    return UserError("train.no-better", message, advice)


def _counts(record: RunRecord, split: str) -> list[int]:
    """Texts of each class; empty where that is not known."""
    splits = record.data.get("report", {}).get("splits", ())
    return next((list(one["class_counts"]) for one in splits if one["name"] == split), [])
