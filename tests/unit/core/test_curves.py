"""A run's log as columns."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core import curves, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe, to_mapping


def logged(*rows, tail=""):
    writer = run_store.RunWriter.create("one", to_mapping(Recipe()))
    writer.record.total_steps = 30
    (writer.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + tail)
    return writer.record


def step(at, loss=0.5, **more):
    return {"step": at, "loss": loss, "accuracy": 0.5, "tokens_per_s": 1.0, "time_s": at * 2.0, **more}


def test_steps_evaluations_and_annotations_are_told_apart():
    check = {"split": "validation", "step": 2, "epoch": 1, "loss": 0.4, "accuracy": 0.8, "examples": 9, "time_s": 4.0}
    record = logged(step(1), step(2), check, {"note": "paused", "step": 2, "time_s": 4.0, "text": ""}, step(3))
    read = curves.read_curves(record)
    assert list(read.columns["step"]) == [1, 2, 3]
    assert list(read.columns["epoch"]) == [0.1, 0.2, pytest.approx(0.3)]
    assert list(read.checks["validation"].accuracy) == [0.8]
    assert [(one.kind, one.words) for one in read.marks] == [("paused", "Paused")]


def check(at, epoch, loss, accuracy, **more):
    values = {"split": "validation", "step": at, "epoch": epoch, "loss": loss, "accuracy": accuracy, "examples": 9}
    return values | {"time_s": at * 2.0, **more}


def test_what_was_measured_on_request_is_never_the_best_and_stands_where_it_was_measured():
    record = logged(check(4, 0, 0.1, 0.9, asked=True), check(10, 1, 0.4, 0.8), check(13, 1, 0.2, 0.9, asked=True))
    checks = curves.read_curves(record).checks["validation"]
    assert (checks.best("loss"), checks.best("accuracy")) == (1, 1)
    assert list(checks.epoch) == [0.4, 1, 1.3]
    alone = curves.read_curves(logged(check(4, 0, 0.1, 0.9, asked=True))).checks["validation"]
    assert alone.best("accuracy") is None


def test_of_equal_evaluations_that_of_the_lowest_loss_is_the_best():
    record = logged(check(10, 1, 0.7, 0.8), check(20, 2, 0.4, 0.8), check(30, 3, 0.3, 0.7), check(40, 4, 0.4, 0.8))
    checks = curves.read_curves(record).checks["validation"]
    assert (checks.best("accuracy"), checks.best("loss")) == (1, 2)


def test_columns_of_an_older_version_are_unknown_and_so_is_memory_of_zero():
    read = curves.read_curves(logged(step(1), step(2, memory_bytes=0)))
    assert np.isnan(read.columns["learning_rate"]).all()
    assert "memory_bytes" not in read.measured()


def test_a_loss_that_is_no_number_is_a_gap():
    read = curves.read_curves(logged(step(1), step(2, float("nan")), step(3, float("inf"))))
    assert np.isnan(read.columns["loss"][1:]).all()


def test_a_torn_last_line_is_left_out_and_a_broken_one_before_it_is_named():
    assert len(curves.read_curves(logged(step(1), tail='{"step": 2, "lo'))) == 1
    with pytest.raises(UserError) as caught:
        curves.read_curves(logged(step(1), tail='{"step": \n{"step": 2}\n'))
    assert caught.value.kind == "run.unreadable"
    assert "line 2" in caught.value.message


def test_a_log_longer_than_one_piece_is_read_whole():
    record = logged(*(step(at) for at in range(1, 4001)))
    assert list(curves.read_curves(record).columns["step"]) == list(range(1, 4001))


@given(st.lists(st.lists(st.floats(-5, 5), min_size=2, max_size=40), min_size=1, max_size=5))
def test_the_mean_lies_inside_its_band_and_among_the_curves(values):
    lines = [(np.linspace(0, 1, len(one)), np.array(one)) for one in values]
    band = curves.mean_and_band(lines, 50)
    assert (band.low <= band.mean + 1e-9).all()
    assert (band.mean <= band.high + 1e-9).all()
    every = np.stack([np.interp(band.x, x, y) for x, y in lines])
    assert (every.min(axis=0) - 1e-9 <= band.mean).all()
    assert (band.mean <= every.max(axis=0) + 1e-9).all()


def test_the_mean_covers_what_all_curves_cover_and_its_band_is_the_deviation_of_a_sample():
    lines = [(np.array([0.0, 10]), np.array([0.0, 10])), (np.array([4.0, 20]), np.array([6.0, 22]))]
    band = curves.mean_and_band(lines, 3)
    assert list(band.x) == [4, 7, 10]
    assert list(band.mean) == pytest.approx([5, 8, 11])
    assert list(band.high - band.mean) == pytest.approx([2**0.5] * 3)
    assert list(band.mean - band.low) == pytest.approx([2**0.5] * 3)


def test_curves_that_never_meet_have_no_mean():
    assert len(curves.mean_and_band([(np.array([0.0, 1]), np.ones(2)), (np.array([5.0, 6]), np.ones(2))]).x) == 0
