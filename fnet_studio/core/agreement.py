"""Two models on the same texts: which of them is right where, and whether that is more than chance."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fnet_studio.core import run_evaluation, slices
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_evaluation import EvaluationReport, Predictions
from fnet_studio.core.run_store import RunRecord
from fnet_studio.core.slices import Difference, Share, Slice, Z


class Agreement(NamedTuple):
    """Places of texts in the split, in order."""

    both: np.ndarray
    only_first: np.ndarray
    only_second: np.ndarray
    neither: np.ndarray

    @property
    def texts(self) -> int:
        return sum(map(len, self))

    @property
    def difference(self) -> Difference:
        """Accuracy of the second less that of the first, with an interval of 95 % for answers to the same texts
        (Bonett and Price 2012, Journal of Educational and Behavioral Statistics 37, 479): it depends on the texts on
        which the two disagree."""
        texts, first, second = self.texts, len(self.only_first), len(self.only_second)
        a, b = (first + 1) / (texts + 2), (second + 1) / (texts + 2)
        reach = Z * math.sqrt((a + b - (a - b) ** 2) / (texts + 2))
        value = (second - first) / max(texts, 1)
        return Difference(value, max(min(b - a - reach, value), -1.0), min(max(b - a + reach, value), 1.0))


class Measured(NamedTuple):
    record: RunRecord
    report: EvaluationReport
    found: Predictions


def measured_alike(records: list[RunRecord], names: list[str], only: str = "") -> list[Measured]:
    """The answers of runs on the first split that all of them were measured on. names: as an error calls them. only:
    the split that is wanted, where it is not the first one.
    UserError `runs.different` when there is none, or when they are of other texts than the first run's;
    `run.unreadable`."""
    for record, name in zip(records, names, strict=True):
        if not record.classifies:
            raise UserError(
                "runs.different", f"{name} fills masks, and gives no classes.", "Compare classifiers' runs."
            )
    splits = [set(run_evaluation.evaluated(record.id)) for record in records]
    wanted = (only,) if only else run_evaluation.SPLITS
    split = next((one for one in wanted if all(one in its for its in splits)), None)
    if split is None:
        raise UserError(
            "runs.different",
            "These runs were not all measured on the same part of their texts.",
            f"Open each run's results and measure it on the {only or _common_split(records)} texts.",
        )
    found = []
    for record in records:
        report = run_evaluation.read(record.id, split)
        found.append(Measured(record, report, run_evaluation.predictions(record.id, report)))
    first = found[0]
    for other, name in zip(found[1:], names[1:], strict=True):
        hashes = {one.record.data.get("content_hash") for one in (first, other)} - {None}
        same = first.report.class_names == other.report.class_names and len(hashes) < 2
        if not same or not np.array_equal(first.found.labels, other.found.labels):
            raise UserError(
                "runs.different",
                f"{names[0]} and {name} were measured on different {split} texts.",
                "Compare runs that were trained on the same data.",
            )
    return found


def _common_split(records: list[RunRecord]) -> str:
    """On which they can all be measured; a run of before this was kept may not say."""
    return "test" if all(record.data.get("test", 1) for record in records) else "validation"


def agreement(first: Predictions, second: Predictions, rows: np.ndarray | None = None) -> Agreement:
    """Both on the same texts. rows: (texts,) int, the places of those that count, in order; None for all."""
    places = np.arange(len(first.labels)) if rows is None else rows
    one, other = ((it.predicted == it.labels)[places] for it in (first, second))
    return Agreement(*(places[it] for it in (one & other, one & ~other, ~one & other, ~one & ~other)))


class ComparedSlice(NamedTuple):
    name: str
    shares: tuple[Share, ...]
    """Of each model."""
    differences: tuple[Difference, ...]
    """Of each but the first, beside the first."""


COLUMNS = (slices.COLUMNS[0], "run", *slices.COLUMNS[1:])


def compare(part: Slice, answers: Sequence[Predictions]) -> ComparedSlice:
    """answers: of one model or more, all on the same texts."""
    first, *others = answers
    shares = (Share(len(part.rows), int((it.predicted == it.labels)[part.rows].sum())) for it in answers)
    return ComparedSlice(
        part.name, tuple(shares), tuple(agreement(first, other, part.rows).difference for other in others)
    )


def table_rows(one: ComparedSlice, names: Sequence[str]) -> list[tuple]:
    """Columns `COLUMNS`, a row for each model; the first one has no difference."""
    return [
        (one.name, name, *share, share.value, *share.interval, *(difference or (None, None, None)))
        for name, share, difference in zip(names, one.shares, (None, *one.differences), strict=True)
    ]
