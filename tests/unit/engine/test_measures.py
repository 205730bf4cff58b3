"""Figures and curves against plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fnet_studio.core import by_class, run_evaluation, run_store
from fnet_studio.engine import measures


def test_macro_f1_is_the_mean_over_the_classes():
    confusion = np.array([[3, 1, 0], [0, 2, 2], [0, 0, 4]])
    each = [2 * 3 / (2 * 3 + 0 + 1), 2 * 2 / (2 * 2 + 1 + 2), 2 * 4 / (2 * 4 + 2 + 0)]
    assert by_class.macro_f1(confusion) == pytest.approx(np.mean(each))


@pytest.mark.parametrize(
    ("confusion", "expected"),
    [
        ([[5, 0], [0, 0]], 1.0),  # one class alone is there, and all are right
        ([[4, 1], [0, 0]], (8 / 9 + 0) / 2),  # the other is not there, but was answered
        ([[3, 1, 0], [1, 3, 0], [0, 0, 0]], 0.75),
        ([[0, 0], [0, 0]], 0.0),
    ],
)
def test_a_class_that_is_neither_there_nor_answered_says_nothing_of_macro_f1(confusion, expected):
    assert by_class.macro_f1(np.array(confusion)) == pytest.approx(expected)
    report = run_evaluation.EvaluationReport("test", 0.1, 1.0, 5, class_names=("a",), confusion=confusion)
    assert report.macro_f1 == pytest.approx(expected)


def test_each_class_has_its_precision_recall_and_f1_and_what_cannot_be_said_is_not():
    rare, common, gone = by_class.by_class([[1, 4, 0], [2, 93, 0], [0, 0, 0]], ("rare", "common", "gone"))
    assert rare == by_class.ClassMeasures("rare", 5, 1 / 3, 0.2, 2 / 8)
    assert (common.texts, common.recall, common.precision) == (95, 93 / 95, 93 / 97)
    assert gone == by_class.ClassMeasures("gone", 0, None, None, None)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=40))
def test_the_area_under_the_roc_is_the_share_of_pairs_in_the_right_order(pairs):
    labels = np.array([int(label) for label, _ in pairs])
    scores = np.array([score / 8 for _, score in pairs], np.float32)
    found = measures.curves(labels, scores)
    if labels.min() == labels.max():
        assert found == {}
        return
    ahead = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    assert found["roc_auc"] == pytest.approx(np.mean((ahead > 0) + 0.5 * (ahead == 0)))
    x, y = found["roc"]["false_positive_rate"], found["roc"]["true_positive_rate"]
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert x == sorted(x)
    assert y == sorted(y)


def test_average_precision_of_a_known_order():
    found = measures.curves(np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1]))
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["precision_recall"]["recall"] == [0.5, 0.5, 1.0, 1.0]


def test_long_curves_are_thinned_and_keep_their_ends():
    random = np.random.default_rng(0)
    found = measures.curves(random.integers(0, 2, 5000), random.random(5000))
    assert len(found["roc"]["true_positive_rate"]) <= measures.MOST_POINTS + 1
    assert found["roc"]["true_positive_rate"][-1] == 1
    assert found["roc_auc"] == pytest.approx(0.5, abs=0.05)


@given(arrays.arrays(np.float64, (12, 3), elements=st.floats(0.01, 1)), st.integers(0, 2**16))
def test_calibration_bins_hold_every_text_once(raw, seed):
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    labels = np.random.default_rng(seed).integers(0, 3, 12)
    found = measures.calibration(labels, probabilities)
    assert sum(part["texts"] for part in found["bins"]) == 12
    accuracy = np.mean(probabilities.argmax(axis=1) == labels)
    assert sum(part["texts"] * part["accuracy"] for part in found["bins"]) / 12 == pytest.approx(accuracy)
    assert 0 <= found["expected_error"] <= 1


def test_a_sure_and_right_model_has_no_calibration_error():
    assert measures.calibration(np.array([0, 1]), np.eye(2))["expected_error"] == 0


def test_the_calibration_error_is_how_far_confidence_and_accuracy_lie_apart_in_the_mean_over_the_texts():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    found = measures.calibration(np.array([0, 0, 1, 1]), probabilities)
    assert [part["texts"] for part in found["bins"]] == [1, 3]
    assert [part["confidence"] for part in found["bins"]] == pytest.approx([0.6, 0.9])
    assert [part["accuracy"] for part in found["bins"]] == pytest.approx([1, 2 / 3])
    assert found["expected_error"] == pytest.approx((1 * 0.4 + 3 * (0.9 - 2 / 3)) / 4)


def test_what_is_quite_sure_shares_the_last_bin():
    found = measures.calibration(np.array([0, 0]), np.array([[1.0, 0.0], [0.95, 0.05]]))
    assert [part["texts"] for part in found["bins"]] == [2]


def test_what_was_answered_is_read_back_whatever_how_close_it_was():
    writer = run_store.RunWriter.create("close", {})
    second = np.float32(0.5) + np.arange(-8, 8, dtype=np.float32) * np.float32(2**-24)
    answers = np.stack([1 - second, second], axis=1)
    labels = np.arange(16) % 2
    measures.write(writer.folder, "test", measures.Measured(0.7, 0.5, 16, labels, answers), ("no", "yes"))
    report = run_evaluation.read(writer.record.id, "test")
    found = run_evaluation.predictions(writer.record.id, report)
    np.testing.assert_array_equal(found.predicted, answers.argmax(axis=1))
    assert 0 < found.predicted.sum() < 16


def test_the_worst_errors_come_first_and_name_their_rows():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]])
    found = measures.worst_errors(np.array([1, 1, 0, 0]), probabilities)
    assert [row["row"] for row in found] == [0, 3, 2]
    assert found[0] == {"row": 0, "label": 1, "predicted": 0, "confidence": 0.9}
