"""What every engine owes of trainings and of the runs they leave, asked of each through a real worker process."""

import collections

import msgspec
import numpy as np
import pytest
from heard import follow, tiny, train

from fnet_studio.core import measurements, protocol, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.run_state import PHASES

PRESET = "fnet_mini_en"
TEXT = "The capital of France is [MASK]."


@pytest.fixture(scope="module")
def trained(worker):
    """With one picture asked for."""
    return train(worker, tiny())


# ---------------------------------------------------------------------------------------------- plan


def test_a_plan_says_what_a_run_would_need_and_writes_no_run(worker):
    before = len(run_store.list_runs()[0])
    phases = []
    planned, _ = worker.call(
        protocol.Plan(tiny()),
        lambda envelope, blob: phases.append(envelope.body) if isinstance(envelope.body, protocol.Phase) else None,
    )
    assert planned.possible
    cost = planned.estimate
    assert min(cost.duration_s, cost.memory_bytes, cost.disk_bytes, planned.step_s, planned.parameters) > 0
    assert planned.total_steps == 2 * planned.steps_per_epoch
    assert cost.disk_bytes <= planned.disk_peak_bytes < planned.disk_free_bytes
    assert cost.memory_bytes < planned.memory_free_bytes
    assert set(cost.phases_s) | {phase.name for phase in phases} <= set(PHASES)
    assert "measuring" in {phase.name for phase in phases}
    assert {split["name"] for split in planned.data["report"]["splits"]} == {"train", "validation", "test"}
    assert len(run_store.list_runs()[0]) == before


def test_a_plan_of_what_cannot_work_names_the_problem(worker):
    broken = tiny()
    broken["training"]["batch_size"] = 0
    planned, _ = worker.call(protocol.Plan(broken))
    assert not planned.possible
    assert planned.problems[0].kind == "recipe.invalid"
    assert planned.problems[0].advice


def test_a_plan_can_be_stopped(worker):
    asked = []

    def stop(envelope, blob):
        if isinstance(envelope.body, protocol.Phase) and not asked:
            asked.append(worker.post(protocol.Stop(envelope.reply_to)))

    with pytest.raises(Stopped):
        worker.call(protocol.Plan(tiny()), stop)


def test_what_was_planned_is_kept_with_the_run(worker):
    planned, _ = worker.call(protocol.Plan(tiny()))
    command = protocol.Train(tiny(), "planned", estimate=planned.estimate, typed="fnet-studio train it")
    record = run_store.read(follow(worker, command).finished.run)
    assert record.estimate == planned.estimate
    assert record.typed == "fnet-studio train it"


# --------------------------------------------------------------------------------------------- train


def test_a_training_goes_through_known_phases_in_order(trained):
    names = [phase.name for phase in trained.of(protocol.Phase)]
    assert set(names) <= set(PHASES)
    in_order = [name for name in ("tokenising", "compiling", "training", "validating", "testing") if name in names]
    assert [names.index(name) for name in in_order] == sorted(names.index(name) for name in in_order)
    assert {"training", "validating", "testing"} <= set(names)


def test_every_step_is_told_once_and_in_order(trained):
    (started,) = trained.of(protocol.RunStarted)
    assert list(trained.state.step) == list(range(1, started.total_steps + 1))
    assert started.total_steps == 2 * started.steps_per_epoch
    assert list(trained.state.time_s) == sorted(trained.state.time_s)
    assert all(0 <= accuracy <= 1 for accuracy in trained.state.accuracy)


def test_no_event_of_a_run_precedes_the_rows_it_stands_on(trained):
    """An evaluation at step N comes when the rows up to N have come."""
    seen = 0
    for envelope in trained.envelopes:
        if isinstance(envelope.body, protocol.Metrics):
            seen = envelope.body.step[-1]
        elif isinstance(envelope.body, protocol.Evaluated):
            assert seen == envelope.body.step


def test_each_epoch_is_evaluated_and_the_test_set_once(trained):
    splits = collections.Counter(evaluated.split for evaluated in trained.of(protocol.Evaluated))
    assert splits == {"train": 2, "validation": 2, "test": 1}
    (test,) = trained.state.of_split("test")
    assert trained.finished.test_accuracy == test.accuracy
    assert trained.finished.test_loss == test.loss


def test_one_credit_brings_one_picture(trained, worker):
    frames = [(it.body, blob) for it, blob in zip(trained.envelopes, trained.blobs) if blob]
    ((frame, atlas),) = frames
    assert frame.stream == "maps"
    assert len(atlas) == frame.maps.layers * frame.maps.rows * frame.maps.columns
    assert frame.maps.rows <= 24
    assert frame.maps.columns <= 32


def test_a_picture_for_every_credit_that_its_painter_gives(worker):
    painted = []

    def paint(envelope, blob):
        """Credit that is left over would be the next run's."""
        if isinstance(envelope.body, protocol.Frame):
            painted.append(envelope.body)
            if len(painted) == 1:
                worker.post(protocol.Credit("maps"))

    # long enough for a second one: pictures get no more than their share of the time (`engine.live_maps`)
    train(worker, tiny(**{"training.epochs": "15"}), on_event=paint)
    assert len(painted) == 2


def test_a_model_of_one_layer_is_drawn_too(worker):
    (frame,) = train(worker, tiny(**{"model.num_layers": "1"})).of(protocol.Frame)
    assert frame.maps.layers == 1


def test_no_credit_no_picture(worker):
    assert not train(worker, tiny(), credits=0).of(protocol.Frame)


def test_a_run_is_kept_on_disk_as_it_was_told(trained):
    record = run_store.read(trained.finished.run)
    assert record.status == "finished"
    assert record.steps == len(trained.state.step)
    assert record.test_accuracy == trained.finished.test_accuracy
    rows = [row for row in run_store.read_metrics(record.id) if "split" not in row]
    assert [row["step"] for row in rows] == list(trained.state.step)
    for column in protocol.METRIC_COLUMNS:
        assert [row[column] for row in rows] == list(getattr(trained.state, column))


def test_each_step_tells_its_learning_rate_its_gradient_and_the_memory_in_use(trained):
    state = trained.state
    assert all(0 < rate <= 1 for rate in state.learning_rate)
    assert all(norm > 0 for norm in state.gradient_norm)
    assert all(memory > 2**20 for memory in state.memory_bytes)
    assert len(state.device_memory_bytes) == len(state.step)


def test_checkpoints_are_marked_on_the_curve_and_in_the_log(trained):
    told = trained.of(protocol.Annotation)
    assert trained.state.annotations == told
    assert {note.kind for note in told} == {"checkpoint"}
    assert told[-1].step == trained.state.step[-1]
    kept = [row for row in run_store.read_log(trained.finished.run) if "note" in row]
    assert [(row["note"], row["step"], row["time_s"]) for row in kept] == [(n.kind, n.step, n.time_s) for n in told]


def test_a_kept_run_can_be_evaluated_and_asked(trained, worker):
    evaluation, _ = worker.call(protocol.Evaluate(trained.finished.run, "test"))
    assert evaluation.split == "test"
    assert evaluation.accuracy == pytest.approx(trained.finished.test_accuracy, abs=1e-3)
    assert sum(map(sum, evaluation.confusion)) == evaluation.examples
    texts = ("A joy from start to end.", "Dull.", "")
    classified, _ = worker.call(protocol.Classify(trained.finished.run, texts))
    assert len(classified.probabilities) == 3
    assert all(sum(row) == pytest.approx(1.0) for row in classified.probabilities)
    assert len(classified.class_names) == len(classified.probabilities[0])


def test_a_model_of_single_texts_says_that_it_takes_no_pairs(trained, worker):
    with pytest.raises(UserError, match="single texts") as caught:
        worker.call(protocol.Classify(trained.finished.run, ("One.",), ("Two.",)))
    assert caught.value.kind == "run.pairs"


def test_a_kept_run_can_be_looked_into_and_predicts_no_words(trained, worker):
    name = f"run:{trained.finished.run}"
    loaded, _ = worker.call(protocol.Load(name))
    assert (loaded.preset, loaded.head, loaded.task) == (name, "none", "classify")
    assert loaded.mixings == ("fourier",) * loaded.num_layers
    assert len(loaded.class_names) == 2
    measured, blob = worker.call(protocol.Measure(name, TEXT, measurements.MixingMaps(8, 8)))
    assert measured.arrays[0].shape == (loaded.num_layers, 8, 8)
    assert len(blob) == 4 * loaded.num_layers * 64
    for command in (protocol.FillMask(name, "A [MASK]."), protocol.Surprise(name, TEXT)):
        with pytest.raises(UserError) as caught:
            worker.call(command)
        assert caught.value.kind == "fill-mask.no-head"
    with pytest.raises(UserError) as caught:
        worker.call(protocol.Load(f"{name}@999999"))
    assert caught.value.kind == "run.no-checkpoint"


def test_a_kept_runs_texts_are_put_on_a_map(trained, worker):
    found, blob = worker.call(protocol.MapTexts(trained.finished.run, "test", 30))
    assert len(found.rows) == min(30, found.texts)
    assert len(blob) == 8 * len(found.rows)
    assert list(found.rows) == sorted(set(found.rows))
    assert set(found.labels) | set(found.predicted) <= set(range(len(found.class_names)))
    assert len(found.labels) == len(found.predicted) == len(found.confidence) == len(found.rows)
    assert 0 <= sum(found.explained) <= 1.001


def test_the_texts_behind_a_runs_measures_are_read_again(trained, worker):
    texts, _ = worker.call(protocol.RunTexts(trained.finished.run, "test", (2, 0)))
    assert isinstance(texts, protocol.Texts)
    assert len(set(texts.texts)) == 2
    assert all(texts.texts)
    with pytest.raises(UserError) as caught:
        worker.call(protocol.RunTexts(trained.finished.run, "test", (10**9,)))
    assert caught.value.kind == "run.no-texts"


def test_a_slice_of_a_runs_texts_is_found(trained, worker):
    every, blob = worker.call(protocol.RunSlice(trained.finished.run, "test"))
    assert every.texts == every.of == len(blob) // 8
    texts, _ = worker.call(protocol.RunTexts(trained.finished.run, "test", (1,)))
    words = texts.texts[0][:12]
    held, blob = worker.call(protocol.RunSlice(trained.finished.run, "test", words))
    rows, letters = np.frombuffer(blob, "<i4").reshape(2, -1)
    assert held.of == every.of
    assert 1 in rows
    assert list(rows) == sorted(set(rows))
    assert (letters >= len(words)).all()


@pytest.mark.parametrize(
    "command",
    [
        protocol.Evaluate("no-such-run"),
        protocol.Resume("no-such-run"),
        protocol.Classify("../..", ("x",)),
        protocol.RunTexts("none", "test", (0,)),
        protocol.RunSlice("none", "test"),
        protocol.MapTexts("none"),
        protocol.RepeatSteps("none"),
        protocol.Relocate("none", {"data.path": "x"}),
        protocol.Load("run:no-such-run"),
    ],
)
def test_a_run_that_is_not_there_is_named(worker, command):
    with pytest.raises(UserError) as caught:
        worker.call(command)
    assert caught.value.kind == "run.missing"


@pytest.mark.parametrize("key", ["data.path", "model.preset"])
def test_a_run_on_the_sample_has_no_place_to_be_told(trained, worker, key):
    with pytest.raises(UserError) as caught:
        worker.call(protocol.Relocate(trained.finished.run, {key: "x"}))
    assert caught.value.kind == "run.places"


def test_the_last_steps_of_a_run_are_trained_again_and_are_the_same(trained, worker):
    phases = []
    found, _ = worker.call(
        protocol.RepeatSteps(trained.finished.run),
        lambda envelope, blob: phases.append(envelope.body.name) if isinstance(envelope.body, protocol.Phase) else None,
    )
    assert found.passed, found.comparisons
    assert 1 <= found.first <= found.last == trained.state.step[-1]
    assert "log" in found.comparisons[0].against
    assert "training" in phases
    assert set(phases) <= set(PHASES)


def test_a_recipe_out_of_bounds_is_refused_before_anything_is_written(worker):
    before = len(run_store.list_runs()[0])
    broken = tiny()
    broken["training"]["batch_size"] = 0
    with pytest.raises(UserError) as caught:
        worker.call(protocol.Train(broken))
    assert caught.value.kind == "recipe.invalid"
    assert "1 to 4096" in caught.value.advice
    assert len(run_store.list_runs()[0]) == before


@pytest.mark.parametrize("mode", ["keep", "pause", "discard"])
def test_a_stopped_run_is_kept_or_leaves_no_trace(worker, mode):
    before = {record.id for record in run_store.list_runs()[0]}
    asked = []

    def stop(envelope, blob):
        if isinstance(envelope.body, protocol.Metrics) and not asked:
            asked.append(worker.post(protocol.Stop(envelope.reply_to, mode)))

    with pytest.raises(Stopped) as caught:
        train(worker, tiny(**{"training.epochs": "200"}), on_event=stop)
    new = {record.id: record for record in run_store.list_runs()[0] if record.id not in before}
    if mode != "discard":
        assert caught.value.kept
        assert caught.value.paused == (mode == "pause")
        status = {"keep": "stopped", "pause": "paused"}[mode]
        assert {id: record.status for id, record in new.items()} == {caught.value.run: status}
    else:
        assert not caught.value.kept
        assert not new


def test_a_kept_run_goes_on_where_it_stopped(worker):
    asked = []

    def stop(envelope, blob):
        if isinstance(envelope.body, protocol.Metrics) and not asked:
            asked.append(worker.post(protocol.Stop(envelope.reply_to, "keep")))

    with pytest.raises(Stopped) as caught:
        train(worker, tiny(**{"training.epochs": "5"}), on_event=stop)
    stopped_at = run_store.read(caught.value.run).steps
    assert stopped_at > 0
    resumed = follow(worker, protocol.Resume(caught.value.run))
    (started,) = resumed.of(protocol.RunStarted)
    assert started.run == resumed.finished.run == caught.value.run
    assert started.resumed_at == stopped_at
    assert ("resumed", stopped_at) in [(note.kind, note.step) for note in resumed.of(protocol.Annotation)]
    assert list(resumed.state.step) == list(range(stopped_at + 1, started.total_steps + 1))
    rows = run_store.read_metrics(caught.value.run)
    assert [row["step"] for row in rows if "split" not in row] == list(range(1, started.total_steps + 1))
    assert [row["epoch"] for row in rows if row.get("split") == "validation"] == [1, 2, 3, 4, 5]
    assert run_store.read(caught.value.run).status == "finished"


def test_a_training_is_held_saved_measured_and_let_go_on(worker):
    """While it is held no step is made, and it still answers."""
    sent, replies = {}, {}

    def send(name, command):
        sent[worker.post(command)] = name

    def control(envelope, blob):
        body, train = envelope.body, envelope.reply_to
        if isinstance(body, protocol.Metrics) and not sent:
            send("pause", protocol.Pause(train))
        elif body == protocol.Phase("paused") and "checkpoint" not in sent.values():
            send("checkpoint", protocol.CheckpointNow(train))
            send("evaluation", protocol.EvaluateNow(train))
        elif isinstance(body, protocol.Evaluated) and body.asked:
            send("continue", protocol.Continue(train))

    heard = train(worker, tiny(**{"training.epochs": "6"}), on_event=control)
    for id, name in sent.items():
        replies[name] = worker.result(id)[0]
    assert list(replies) == ["pause", "checkpoint", "evaluation", "continue"]
    (asked,) = [it for it in heard.of(protocol.Evaluated) if it.asked]
    (paused, continued) = [it for it in heard.of(protocol.Annotation) if it.kind in ("paused", "continued")]
    assert paused.step == continued.step == asked.step == replies["checkpoint"].step
    assert continued.time_s - paused.time_s < 60
    assert (replies["evaluation"].loss, replies["evaluation"].examples) == (asked.loss, asked.examples)
    assert list(heard.state.step) == list(range(1, heard.state.started.total_steps + 1))


def test_a_training_can_be_held_from_its_first_moment(worker):
    id = worker.post(protocol.Train(tiny()))
    worker.post(protocol.Pause(id))
    phases, steps = [], []

    def listen(envelope, blob):
        if isinstance(envelope.body, protocol.Phase):
            phases.append(envelope.body.name)
            if phases[-1] == "paused":
                worker.post(protocol.Continue(id))
        elif isinstance(envelope.body, protocol.Metrics):
            steps.extend(envelope.body.step)

    finished, _ = worker.result(id, listen)
    assert phases.count("paused") == 1
    assert phases[phases.index("paused") + 1] == phases[phases.index("paused") - 1], "it goes on where it was"
    assert steps == list(range(1, run_store.read(finished.run).steps + 1))


def test_a_run_paused_while_it_reads_is_there_to_be_resumed(worker):
    asked = []

    def pause(envelope, blob):
        if isinstance(envelope.body, protocol.Phase) and not asked:
            asked.append(worker.post(protocol.Stop(envelope.reply_to, "pause")))

    with pytest.raises(Stopped) as caught:
        train(worker, tiny(), on_event=pause)
    assert caught.value.paused
    assert run_store.read(caught.value.run).status == "paused"
    resumed = follow(worker, protocol.Resume(caught.value.run))
    assert resumed.state.step[0] == 1
    assert run_store.read(caught.value.run).status == "finished"


def test_a_finished_run_does_not_go_on(trained, worker):
    with pytest.raises(UserError) as caught:
        worker.call(protocol.Resume(trained.finished.run))
    assert caught.value.kind == "run.finished"


@pytest.mark.parametrize("phase", ["reading", "tokenising", "compiling", "validating"])
def test_a_stop_is_heeded_in_every_phase(worker, phase):
    asked = []

    def stop(envelope, blob):
        reached = isinstance(envelope.body, protocol.Phase) and envelope.body.name == phase
        # A phase that this engine leaves out, since its result is cached, is stopped in the next one.
        later = isinstance(envelope.body, protocol.Phase) and envelope.body.name == "saving"
        if (reached or later) and not asked:
            asked.append(worker.post(protocol.Stop(envelope.reply_to, "discard")))

    with pytest.raises(Stopped):
        train(worker, tiny(**{"training.epochs": "200"}), on_event=stop)
    assert msgspec.to_builtins(worker.call(protocol.Load(PRESET))[0])["preset"] == PRESET, "and the worker goes on"
