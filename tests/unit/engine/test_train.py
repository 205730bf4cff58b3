from types import SimpleNamespace

import numpy as np
import pytest

from fnet_studio.core import places, protocol, recipe, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.engine import classifier, clock, measures, stored_run
from fnet_studio.engine.classifying import Classifying
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.feed import Rows, batches
from fnet_studio.engine.live_maps import Budget
from fnet_studio.engine.objectives import Binary
from fnet_studio.engine.step import Training
from fnet_studio.engine.train import train

DEVICE = protocol.Device("cpu", "test")


def start(chosen, job):
    return train(protocol.Train(recipe.to_mapping(chosen)), job, DEVICE, {})


def changed(chosen, **values):
    mapping = recipe.to_mapping(chosen)
    for key, value in values.items():
        section, name = key.split("__")
        mapping[section][name] = value
    return recipe.from_mapping(mapping)


def test_a_run_goes_through_its_phases_and_is_kept_with_its_results(tiny, job):
    finished = start(tiny, job)
    assert job.phases[0] == "reading"
    assert job.phases[-1] == "testing"
    assert job.phases.index("compiling") < job.phases.index("training") < job.phases.index("validating")
    record = run_store.read(finished.run)
    assert record.status == "finished"
    assert record.steps == record.total_steps == len(job.steps) == 32
    splits = [event.split for event in job.events if isinstance(event, protocol.Evaluated)]
    assert splits == ["train", "validation", "train", "validation", "test"]
    assert record.confusion is not None
    assert sum(map(sum, record.confusion)) == record.data["test"]
    correct = record.confusion[0][0] + record.confusion[1][1]
    assert correct / record.data["test"] == pytest.approx(record.test_accuracy)
    assert record.phase_times_s["training"] > 0
    rows = run_store.read_metrics(finished.run)
    assert [row["step"] for row in rows if "split" not in row] == list(range(1, 33))


def test_two_runs_of_one_seed_have_the_same_losses_and_another_seed_has_not(tiny, job):
    start(tiny, job)
    first, job.steps = job.steps, []
    start(tiny, job)
    assert [row[1] for row in job.steps] == [row[1] for row in first]
    job.steps = []
    start(changed(tiny, training__seed=1), job)
    assert [row[1] for row in job.steps] != [row[1] for row in first]


@pytest.mark.usefixtures("optimised_programs")
def test_it_learns_the_sample_above_chance(job):
    finished = start(recipe.load(recipe.bundled("sample-quick"), {"training.epochs": "14"}), job)
    assert finished.test_accuracy > 0.65
    assert job.steps[-1][1] < 0.5 * job.steps[0][1]


@pytest.mark.parametrize("mixer", ["fourier", "attention"])
def test_stop_and_keep_leaves_a_model_that_answers(tiny, job, mixer):
    job.stop_at_step = 3
    with pytest.raises(Stopped) as caught:
        start(changed(tiny, model__mixer=mixer), job)
    assert caught.value.kept
    record = run_store.read(caught.value.run)
    assert (record.status, record.steps) == ("stopped", 3)
    answer = Classifying().classify(protocol.Classify(record.id, ("a wonderful film", "")))
    assert answer.class_names == ("neg", "pos")
    assert all(sum(row) == pytest.approx(1) for row in answer.probabilities)


@pytest.mark.parametrize(("mode", "status"), [("keep", "stopped"), ("pause", "paused"), ("discard", None)])
def test_a_stop_in_the_middle_of_building_ends_there(tiny, job, mode, status):
    real = job.phase

    def phase(name, total=0, unit=""):
        real(name, total, unit)
        if name == "building":
            job.stop_mode = mode

    job.phase = phase
    with pytest.raises(Stopped) as caught:
        start(tiny, job)
    assert "compiling" not in job.phases
    assert [record.status for record in run_store.list_runs()[0]] == ([status] if status else [])
    assert (caught.value.kept, caught.value.paused) == (mode == "pause", mode == "pause")


def test_discard_leaves_nothing(tiny, job):
    job.stop_at_step, job.asked_mode = 3, "discard"
    with pytest.raises(Stopped) as caught:
        start(tiny, job)
    assert not caught.value.kept
    assert list(places.runs().iterdir()) == []


def test_a_stop_while_reading_ends_before_anything_is_built(tiny, job):
    job.stop_mode = "keep"
    with pytest.raises(Stopped) as caught:
        start(tiny, job)
    assert not caught.value.kept
    assert "building" not in job.phases


def test_a_stored_run_measures_again_what_it_measured_then(tiny, job):
    finished = start(tiny, job)
    again = stored_run.evaluate(protocol.Evaluate(finished.run), job)
    assert again.accuracy == finished.test_accuracy
    assert again.loss == pytest.approx(finished.test_loss, rel=1e-5)


def test_a_loss_that_is_no_number_fails_with_advice_and_keeps_the_epoch_before(tiny, job, monkeypatch):
    real = Training.step
    calls = []

    def broken(self, state, batch):
        state, sums = real(self, state, batch)
        calls.append(1)
        return state, sums._replace(loss=sums.loss * np.nan) if len(calls) == 20 else sums

    monkeypatch.setattr(Training, "step", broken)
    with pytest.raises(UserError) as caught:
        start(tiny, job)
    assert caught.value.kind == "train.not-finite"
    (record,), _ = run_store.list_runs()
    assert record.status == "failed"
    assert record.failure is not None
    assert record.failure["kind"] == "train.not-finite"
    assert Classifying().classify(protocol.Classify(record.id, ("fine",))).probabilities


def test_a_training_that_ran_away_ends_with_a_warning(tiny, job):
    start(changed(tiny, training__learning_rate=1.0), job)
    (record,), _ = run_store.list_runs()
    (warned,) = [event.text for event in job.events if isinstance(event, protocol.Log) and event.level == "warning"]
    assert warned.startswith(f"The training loss, {record.train_loss:.4g}, is above that of guessing (0.69)")
    assert "training.learning_rate=0.33 or with optimisation.clip_norm=1.0" in warned


def test_maps_are_drawn_only_when_wanted_and_kept_on_disk(tiny, job):
    finished = start(tiny, job)
    assert job.frames == []
    stored = sorted((run_store.folder(finished.run) / "maps").iterdir())
    assert np.load(stored[0]).shape == (2, 31, 15)
    steps = [int(path.stem) for path in stored if path.suffix == ".npy"]
    assert (steps[0], steps[-1]) == (0, run_store.read(finished.run).steps)  # the finished model's too
    job.watch = protocol.Watch("maps", 16, 8)
    start(tiny, job)
    drawn = [frame[1] for frame in job.frames]
    assert drawn[0] == 0
    assert drawn == sorted(set(drawn) & set(range(33)))
    _, _, maps, atlas = job.frames[-1]
    assert (maps.layers, maps.rows, maps.columns) == (2, 16, 8)
    assert len(atlas) == 2 * 16 * 8


def test_pictures_take_no_more_than_their_share_of_the_time():
    budget = Budget(0.02)
    assert budget.allows(0.0)
    budget.spent(0.5, 10.0)  # the first is compiled
    assert not budget.allows(12.0)
    budget.spent(0.01, 40.0)
    assert not budget.allows(40.4)
    assert budget.allows(40.6)
    budget.spent(0.03, 50.0)  # the machine was busy
    assert budget.allows(50.6)


def test_time_left_is_that_of_what_is_not_done_at_the_rate_since_the_phase_was_entered(job, monkeypatch):
    now = SimpleNamespace(s=0.0)
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: now.s))
    phases = PhaseClock(job, {})
    phases.enter("training", 100, "steps", done=20)  # a resumed run has these behind it
    now.s = 10.0
    phases.progress(40)
    assert job.progressed[-1] == ("training", 40, pytest.approx(30.0))
    with phases.aside("saving"):
        now.s = 500.0
    now.s = 520.0
    phases.progress(60)
    assert job.progressed[-1] == ("training", 60, pytest.approx(40.0))
    assert phases.times_s == {"training": 10.0, "saving": 490.0}


def test_measuring_agrees_with_plain_arithmetic(tiny):
    model = classifier.build(tiny, 50)
    training = Training(model, Binary(), changed(tiny, training__batch_size=4), 1)
    state = training.first_state()
    ids = np.random.default_rng(0).integers(0, 50, (7, 32)).astype(np.uint16)
    labels = np.array([0, 1, 1, 0, 1, 0, 0], np.int32)
    weights = training.weights(state)
    ordered = batches(Rows(ids, labels), 4, shuffle=False)
    measured = measures.measure(lambda batch: training.forward(weights, batch), ordered, lambda done: None)
    p = model.predict(ids.astype(np.int32), verbose=0)[:, 0].astype(np.float64)
    loss = -np.mean(np.where(labels == 1, np.log(p), np.log(1 - p)))
    assert measured.loss == pytest.approx(loss, rel=1e-5)
    assert measured.accuracy == pytest.approx(np.mean((p > 0.5) == (labels == 1)))
    assert measured.examples == 7


def test_a_step_over_several_devices_does_what_one_device_does(tiny):
    """One step by the engine, against Keras' own training step on a copy of the model."""
    import keras

    ids = np.random.default_rng(0).integers(0, 50, (8, 32)).astype(np.int32)
    labels = np.array([0, 1, 1, 0, 1, 0, 0, 1], np.int32)
    recipe_without_dropout = changed(tiny, model__dropout=0.0, training__learning_rate=1e-3)
    model = classifier.build(recipe_without_dropout, 50)
    training = Training(model, Binary(), recipe_without_dropout, 1)
    state = training.first_state()
    for batch in batches(Rows(ids, labels), 8, shuffle=False):
        state, _ = training.step(state, batch)
    peer = classifier.build(recipe_without_dropout, 50)
    peer.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
    peer.fit(ids, labels, batch_size=8, epochs=1, shuffle=False, verbose=0)
    training.put_back(training.weights(state))
    for ours, theirs in zip(model.weights, peer.weights, strict=True):
        np.testing.assert_allclose(np.asarray(ours.value), np.asarray(theirs.value), atol=2e-5, err_msg=ours.path)


@pytest.mark.parametrize("damage", ["missing", "truncated", "other-shape"])
def test_a_damaged_model_is_refused_in_words(tiny, job, damage):
    finished = start(tiny, job)
    path = run_store.folder(finished.run) / classifier.WEIGHTS
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:1000])
    else:
        (path.parent / "vocabulary.txt").write_text("[PAD]\n[UNK]\na\n")
    with pytest.raises(UserError) as caught:
        Classifying().classify(protocol.Classify(finished.run, ("fine",)))
    assert finished.run in caught.value.message
    assert caught.value.kind in ("run.no-model", "run.unreadable")
