"""Early stopping, the best epoch, and averaged weights over whole runs; and that a resume changes none of it."""

import json

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file

from fnet_studio.core import protocol, recipe, run_evaluation, run_maps, run_store
from fnet_studio.core.errors import Stopped
from fnet_studio.engine import checkpoint, classifier, loop, stored_run
from fnet_studio.engine.live_maps import KEPT_COLUMNS, KEPT_ROWS
from fnet_studio.engine.task import bring_back
from fnet_studio.engine.train import resume, train
from fnet_studio.models.trace import MixingTrace

DEVICE = protocol.Device("cpu", "test")


@pytest.fixture
def options(tiny):
    def make(**optimisation):
        mapping = recipe.to_mapping(tiny)
        mapping["training"] |= {"epochs": 6, "batch_size": 32, "learning_rate": 0.02}
        mapping["optimisation"] |= optimisation
        return mapping

    return make


def start(mapping, job):
    return train(protocol.Train(mapping), job, DEVICE, {}).run


def rows(run, split):
    return [row for row in run_store.read_metrics(run) if row.get("split") == split]


def test_a_run_out_of_patience_stops_and_keeps_its_best_epoch(options, job):
    mapping = options(patience=2, monitor="loss")
    mapping["training"]["epochs"] = 10
    run = start(mapping, job)
    losses = [row["loss"] for row in rows(run, "validation")]
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + 2 < 10, "patience has to run out for this test to mean something"
    assert [row["epoch"] for row in rows(run, "validation") if row["best"]][-1] == best
    assert any("Stopped early" in event.text for event in job.events if isinstance(event, protocol.Log))
    record = run_store.read(run)
    assert record.status == "finished"
    assert record.steps == 4 * (best + 2) < record.total_steps
    assert record.validation_loss == losses[best - 1]
    assert record.validation_accuracy == rows(run, "validation")[best - 1]["accuracy"]
    trained = rows(run, "train")[best - 1]
    assert (record.train_loss, record.train_accuracy) == (trained["loss"], trained["accuracy"])
    assert run_evaluation.read(run, "test").step == 4 * best
    again = stored_run.evaluate(protocol.Evaluate(run, "validation"), job)
    assert run_evaluation.read(run, "validation").step == 4 * best
    assert again.loss == pytest.approx(losses[best - 1], rel=1e-5)
    assert stored_run.evaluate(protocol.Evaluate(run), job).loss == pytest.approx(record.test_loss, rel=1e-5)
    assert not (run_store.folder(run) / checkpoint.BEST).exists()
    kept_recipe, folder = stored_run.stored(run)
    kept = bring_back(kept_recipe, folder)
    probe = kept.encode((kept_recipe.observe.probe,), None)
    drawn = MixingTrace(kept.model).maps(probe, KEPT_ROWS, KEPT_COLUMNS, False)
    assert run_maps.read(run, 4 * best) == pytest.approx(drawn, rel=2e-3)
    assert 4 * (best + 2) not in run_maps.steps(run)


@pytest.fixture
def all_equal(monkeypatch):
    """Every epoch is right about half of the texts; the losses fall, and rise again."""
    real, losses = loop.Run._measure, {1: 0.9, 2: 0.7, 3: 0.5, 4: 0.6, 5: 0.5}

    def measured(run, split, weights):
        found = real(run, split, weights)
        return found if split == "test" else found._replace(accuracy=0.5, loss=losses[run.at.epoch + 1])

    monkeypatch.setattr(loop.Run, "_measure", measured)


def kept_words(job):
    return [event.text for event in job.events if isinstance(event, protocol.Log) and "is kept" in event.text]


def test_of_equal_epochs_that_of_the_lowest_loss_is_kept_and_patience_runs_from_the_first(options, job, all_equal):
    run = start(options(patience=4, monitor="accuracy"), job)
    assert [row["best"] for row in rows(run, "validation")] == [True, True, True, False, False]
    record = run_store.read(run)
    assert (record.model_step, record.validation_loss) == (4 * 3, 0.5)
    assert run_evaluation.read(run, "test").step == 4 * 3
    words = "is kept: its validation accuracy was the best (of 5 equal ones that with the lowest loss)."
    assert kept_words(job) == [f"Stopped early after epoch 5. The model of epoch 3 {words}"]


def test_a_run_resumed_among_equal_epochs_keeps_the_same_one(options, job, all_equal):
    mapping = options(patience=4, monitor="accuracy")
    whole, words = start(mapping, job), kept_words(job)
    for step in (10, 17):
        job.stop_at_step, job.stop_mode, job.asked_mode, job.steps, job.events = step, "", "pause", [], []
        with pytest.raises(Stopped) as caught:
            train(protocol.Train(mapping), job, DEVICE, {})
        job.stop_at_step, job.stop_mode = 0, ""
        resume(protocol.Resume(caught.value.run), job, DEVICE, {})
        assert measured(caught.value.run) == measured(whole)
        assert kept_words(job) == words


def test_a_checkpoint_that_does_not_know_the_loss_of_its_best_epoch_keeps_that_one_until_a_better_comes():
    at = msgspec.convert({"step": 8, "epoch": 2, "best": 0.5, "best_epoch": 1}, checkpoint.Position)
    assert at.risen_epoch == 1
    assert not at.judge(3, 0.5, 0.01)
    assert (at.best_epoch, at.risen_epoch) == (1, 1)
    assert at.judge(4, 0.6, 0.9)
    assert at.judge(5, 0.6, 0.8)
    assert (at.best_epoch, at.risen_epoch, at.equals) == (5, 4, 2)


def test_a_resumed_run_with_every_option_goes_on_bit_for_bit(options, job):
    mapping = options(
        patience=2,
        monitor="loss",
        ema=0.9,
        schedule="cosine",
        warmup=0.1,
        weight_decay=0.01,
        clip_norm=1.0,
        label_smoothing=0.1,
        layer_decay=0.8,
    )
    mapping["training"]["accumulation"] = 2
    whole = start(mapping, job)
    for step, mode in ((3, "keep"), (9, "pause")):
        job.stop_at_step, job.stop_mode, job.asked_mode, job.steps = step, "", mode, []
        job.hold_at_step, job.requests = step - 1, [(step - 1, protocol.EvaluateNow(1))]
        with pytest.raises(Stopped) as caught:
            train(protocol.Train(mapping), job, DEVICE, {})
        job.stop_at_step, job.stop_mode = 0, ""
        run = caught.value.run
        resume(protocol.Resume(run), job, DEVICE, {})
        assert measured(run) == measured(whole)
        kept, expected = (load_file(run_store.folder(it) / classifier.WEIGHTS) for it in (run, whole))
        assert all(np.array_equal(kept[name], expected[name]) for name in expected)


def measured(run):
    names = ("split", "step", "loss", "accuracy", "learning_rate", "gradient_norm", "best")
    return [[row.get(name) for name in names] for row in run_store.read_metrics(run) if not row.get("asked")]


def test_a_stop_keeps_the_best_epoch_where_the_best_is_asked_for(options, job):
    job.stop_at_step = 22
    with pytest.raises(Stopped) as caught:
        train(protocol.Train(options(keep="best", monitor="loss")), job, DEVICE, {})
    job.stop_mode = ""
    losses = [row["loss"] for row in rows(caught.value.run, "validation")]
    again = stored_run.evaluate(protocol.Evaluate(caught.value.run, "validation"), job)
    assert again.loss == pytest.approx(min(losses), rel=1e-5)


def test_the_learning_rate_and_the_norm_of_the_gradients_are_logged_each_step(options, job):
    run = start(options(schedule="linear"), job)
    steps = [row for row in run_store.read_metrics(run) if "split" not in row]
    rates = [row["learning_rate"] for row in steps]
    assert rates == pytest.approx([0.02 * (24 - step) / 24 for step in range(24)], rel=1e-5)
    assert all(row["gradient_norm"] > 0 for row in steps)
    lines = (run_store.folder(run) / "metrics.jsonl").read_text().splitlines()
    assert {"learning_rate", "gradient_norm"} <= set(json.loads(lines[0]))
