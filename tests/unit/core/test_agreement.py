"""Which of two models is right where, against a published interval, counting by hand and simulated models."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core import agreement, run_store
from fnet_studio.core.agreement import Agreement
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.run_evaluation import Predictions
from fnet_studio.core.slices import Slice


def counted(*many):
    ends = np.cumsum((0, *many))
    return Agreement(*(np.arange(low, high) for low, high in pairwise(ends)))


def measured_run(right, split="test", classes=("no", "yes"), data=None, task="classify", labels=None):
    """A run whose model is right on the texts of `right`, (texts,) bool; all are of the first class, where `labels`
    (texts,) 0 or 1 do not tell."""
    writer = run_store.RunWriter.create("one", to_mapping(Recipe(task=task)))
    writer.record.data = data or {}
    writer.finish("finished")
    report = {"split": split, "loss": 0.3, "accuracy": float(np.mean(right)), "examples": len(right)}
    (writer.folder / f"evaluation-{split}.json").write_text(json.dumps(report | {"class_names": classes}))
    labels = [0] * len(right) if labels is None else labels
    rows = (
        f"{row},{classes[label]},{classes[answer]},{0.1 if answer else 0.9},{0.9 if answer else 0.1}"
        for row, (label, answer) in enumerate((it, it if good else 1 - it) for it, good in zip(labels, right))
    )
    head = f"row,label,predicted,p({classes[0]}),p({classes[1]})"
    (writer.folder / f"predictions-{split}.csv").write_text("\n".join((head, *rows)) + "\n")
    return writer.record


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), max_size=60))
def test_every_text_is_in_one_part_and_the_difference_is_that_of_the_accuracies(texts):
    labels, first, second = np.array(texts, np.int64).reshape(-1, 3).T
    one, other = (Predictions(labels, np.eye(3)[answered]) for answered in (first, second))
    found = agreement.agreement(one, other)
    assert sorted(np.concatenate(found)) == list(range(len(texts)))
    assert found.texts == len(texts)
    for row in found.both:
        assert first[row] == second[row] == labels[row]
    for row in found.only_first:
        assert first[row] == labels[row] != second[row]
    for row in found.only_second:
        assert first[row] != labels[row] == second[row]
    difference = found.difference
    if texts:
        assert difference.value == pytest.approx((second == labels).mean() - (first == labels).mean())
    assert -1 <= difference.low <= difference.value <= difference.high <= 1
    turned = agreement.agreement(other, one).difference
    assert tuple(turned) == pytest.approx((-difference.value, -difference.high, -difference.low))


def test_an_interval_is_the_adjusted_one_by_hand():
    """Bonett and Price's: 4/102 and 13/102 are wrong in one only, ((4 + 13)/102 - (9/102)²)/102 is the variance."""
    difference = counted(60, 3, 12, 25).difference
    assert tuple(difference) == pytest.approx((0.09, 0.010881, 0.165590), abs=1e-6)
    assert difference.clear


@pytest.mark.parametrize(("texts", "shares"), [(200, (0.8, 0.05, 0.05, 0.1)), (100, (0.6, 0.05, 0.15, 0.2))])
def test_ninety_five_of_a_hundred_intervals_hold_the_difference(texts, shares):
    random = np.random.default_rng(0)
    held = 0
    for many in random.multinomial(texts, shares, size=4000):
        difference = counted(*many).difference
        held += difference.low <= shares[2] - shares[1] <= difference.high
    assert 0.935 < held / 4000 < 0.98


def test_runs_are_compared_on_the_first_split_that_all_were_measured_on():
    right = np.array([True, True, False, False])
    one, other = measured_run(right), measured_run(right[::-1])
    first, second = agreement.measured_alike([one, other], ["one", "other"])
    assert first.report.split == second.report.split == "test"
    assert [len(rows) for rows in agreement.agreement(first.found, second.found)] == [0, 2, 2, 0]


@pytest.mark.parametrize(
    "other",
    [
        {"split": "validation"},
        {"classes": ("no", "maybe")},
        {"data": {"content_hash": "b"}},
        {"right": [True] * 5},
        {"labels": [0, 1, 0, 0]},  # of the same data, parted by another seed
    ],
)
def test_runs_that_were_measured_on_other_texts_are_refused_in_words(other):
    right = [True, False, True, True]
    data = {"content_hash": "a"}
    records = [measured_run(right, data=data), measured_run(**({"right": right, "data": data} | other))]
    with pytest.raises(UserError) as found:
        agreement.measured_alike(records, ["one", "other"])
    assert found.value.kind == "runs.different"
    assert "measured on" in found.value.message


def test_a_run_that_does_not_say_what_its_data_was_is_compared_by_its_labels():
    """As earlier versions kept none."""
    records = [measured_run([True, False], data=data) for data in ({"content_hash": "a"}, {})]
    assert len(agreement.measured_alike(records, ["one", "other"])) == 2


def test_a_language_model_is_named_and_the_split_that_all_have_is_advised():
    right = [True, False]
    with pytest.raises(UserError, match="other fills masks"):
        agreement.measured_alike([measured_run(right), measured_run(right, task="masked-lm")], ["one", "other"])
    for data, split in (({}, "test"), ({"test": 0}, "validation")):
        records = [measured_run(right, split="test"), measured_run(right, split="validation", data=data)]
        with pytest.raises(UserError) as found:
            agreement.measured_alike(records, ["one", "other"])
        assert f"on the {split} texts" in found.value.advice


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=60))
def test_on_a_slice_only_its_own_texts_count(texts):
    first, second, inside = np.array(texts, bool).reshape(-1, 3).T
    labels = np.zeros(len(texts), np.int64)
    one, other = (Predictions(labels, np.eye(2)[(~right).astype(int)]) for right in (first, second))
    rows = np.flatnonzero(inside)
    found = agreement.agreement(one, other, rows)
    assert sorted(np.concatenate(found)) == list(rows)
    assert list(found.only_second) == [row for row in rows if second[row] and not first[row]]
    told = agreement.compare(Slice("a part", rows), [one, other])
    assert [share.right for share in told.shares] == [first[inside].sum(), second[inside].sum()]
    assert [share.texts for share in told.shares] == [len(rows)] * 2
    assert told.differences == (found.difference,)
