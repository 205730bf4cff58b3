import errno
import json
import re

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fnet_studio.core import places, protocol, recipe, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.engine import checkpoint
from fnet_studio.engine.checkpoint import Position
from fnet_studio.engine.step import State, Weights
from fnet_studio.engine.train import resume, train

DEVICE = protocol.Device("cpu", "test")
STEPS_PER_EPOCH = 16


def losses(run):
    """Everything that was measured, bit for bit: (split or "", step, loss, accuracy)."""
    return [(row.get("split", ""), row["step"], row["loss"], row["accuracy"]) for row in run_store.read_metrics(run)]


def stopped_at(tiny, job, step, mode="keep"):
    job.stop_at_step, job.stop_mode, job.asked_mode = step, "", mode
    with pytest.raises(Stopped) as caught:
        train(protocol.Train(recipe.to_mapping(tiny)), job, DEVICE, {})
    job.stop_at_step, job.stop_mode = 0, ""
    return caught.value.run


@pytest.fixture
def uninterrupted(tiny, job):
    return losses(train(protocol.Train(recipe.to_mapping(tiny)), job, DEVICE, {}).run)


LAST, FIRST = STEPS_PER_EPOCH, STEPS_PER_EPOCH + 1


@pytest.mark.parametrize(
    ("step", "mode"),
    [(1, "keep"), (7, "keep"), (LAST - 1, "keep"), (LAST, "keep"), (FIRST, "keep"), (2 * LAST, "keep"), (7, "pause")],
)
def test_a_run_that_was_stopped_or_paused_goes_on_bit_for_bit(tiny, job, uninterrupted, step, mode):
    run = stopped_at(tiny, job, step, mode)
    assert run_store.read(run).status == {"keep": "stopped", "pause": "paused"}[mode]
    finished = resume(protocol.Resume(run), job, DEVICE, {})
    assert finished.run == run
    assert losses(run) == uninterrupted
    assert run_store.read(run).status == "finished"


def test_a_run_paused_before_it_had_data_begins_when_it_is_resumed(tiny, job, uninterrupted):
    job.stop_mode = "pause"
    with pytest.raises(Stopped) as caught:
        train(protocol.Train(recipe.to_mapping(tiny)), job, DEVICE, {})
    assert (caught.value.kept, caught.value.paused) == (True, True)
    assert run_store.read(caught.value.run).status == "paused"
    with pytest.raises(Stopped):  # and once more
        resume(protocol.Resume(caught.value.run), job, DEVICE, {})
    job.stop_mode = ""
    resume(protocol.Resume(caught.value.run), job, DEVICE, {})
    assert losses(caught.value.run) == uninterrupted


@pytest.mark.parametrize("hold_at", [5, LAST])
def test_holding_saving_and_measuring_in_the_middle_changes_no_step(tiny, job, uninterrupted, hold_at):
    """The last step of an epoch is held in the evaluation that follows it."""
    job.hold_at_step, job.steps = hold_at, []
    job.requests = [(3, protocol.EvaluateNow(1)), (hold_at, protocol.CheckpointNow(1)), (21, protocol.EvaluateNow(1))]
    run = train(protocol.Train(recipe.to_mapping(tiny)), job, DEVICE, {}).run
    asked = [row for row in run_store.read_metrics(run) if row.get("asked")]
    assert [row["step"] for row in asked] == [3, 21]
    assert [
        row for row in losses(run) if row not in [(r["split"], r["step"], r["loss"], r["accuracy"]) for r in asked]
    ] == (uninterrupted)
    kinds = [(type(answer), getattr(answer, "step", None)) for answer in job.answers]
    assert kinds == [(protocol.Evaluation, None), (protocol.Checkpointed, hold_at), (protocol.Evaluation, None)]
    assert job.answers[0].loss == asked[0]["loss"]
    assert sum(map(sum, job.answers[0].confusion)) == job.answers[0].examples
    assert job.phases.count("paused") == 1
    notes = [(row["note"], row["step"]) for row in run_store.read_log(run) if "note" in row]
    for expected in (("paused", hold_at), ("continued", hold_at), ("evaluated", 3), ("evaluated", 21)):
        assert notes.count(expected) == 1
    best = run_store.read(run).validation_accuracy
    assert best == [row["accuracy"] for row in run_store.read_metrics(run) if row.get("split") == "validation"][-1]


def test_a_run_resumed_after_a_measurement_in_the_middle_keeps_it_on_its_curve(tiny, job, uninterrupted):
    job.steps, job.requests = [], [(4, protocol.EvaluateNow(1)), (9, protocol.EvaluateNow(1))]
    run = stopped_at(tiny, job, 9)
    resume(protocol.Resume(run), job, DEVICE, {})
    asked = [row["step"] for row in run_store.read_metrics(run) if row.get("asked")]
    assert asked in ([4], [4, 9])
    assert [row for row in losses(run) if row[:2] not in (("validation", 4), ("validation", 9))] == uninterrupted


def test_a_run_can_be_stopped_and_resumed_again_and_again(tiny, job, uninterrupted):
    run = stopped_at(tiny, job, 3)
    for step in (9, 17, 18):
        job.stop_at_step = step
        with pytest.raises(Stopped):
            resume(protocol.Resume(run), job, DEVICE, {})
        job.stop_at_step, job.stop_mode = 0, ""
    resume(protocol.Resume(run), job, DEVICE, {})
    assert losses(run) == uninterrupted


def test_the_time_of_a_run_goes_on_where_it_was_stopped(tiny, job):
    run = stopped_at(tiny, job, 20)
    resume(protocol.Resume(run), job, DEVICE, {})
    times = [row["time_s"] for row in run_store.read_metrics(run)]
    assert times == sorted(times)


def test_a_checkpoint_that_does_not_read_back_as_it_was_written_is_not_kept(tmp_path, monkeypatch):
    real = checkpoint.load_file
    monkeypatch.setattr(checkpoint, "load_file", lambda path: {name: it + 1 for name, it in real(path).items()})
    with pytest.raises(UserError) as caught:
        checkpoint.write_best(tmp_path, Weights([np.ones(3, np.float32)], []), Position())
    assert caught.value.kind == "run.unverified"
    assert not (tmp_path / checkpoint.BEST).exists()


def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(tiny, job, uninterrupted):
    run = stopped_at(tiny, job, STEPS_PER_EPOCH + 2)
    newest = checkpoint.stored(places.runs() / run)[-1]
    newest.write_bytes(newest.read_bytes()[:5000])
    torn = newest.with_name(f".{newest.name}.x1y2")  # as a kill in the middle of writing leaves it
    torn.write_bytes(b"half")
    resume(protocol.Resume(run), job, DEVICE, {})
    assert losses(run) == uninterrupted
    assert not torn.exists()


@pytest.mark.parametrize("refusal", [OSError(errno.EIO, "Input/output error"), ValueError("format 2 instead of 1")])
def test_a_checkpoint_that_is_refused_but_may_be_whole_is_kept_until_the_run_is_past_it(
    tiny, job, uninterrupted, monkeypatch, refusal
):
    run = stopped_at(tiny, job, STEPS_PER_EPOCH + 2)
    folder, real = places.runs() / run / "checkpoints", checkpoint.safe_open
    newest = checkpoint.stored(places.runs() / run)[-1]
    content = newest.read_bytes()

    def refuse(path, **options):
        if path == newest:
            raise refusal
        return real(path, **options)

    job.stop_at_step = STEPS_PER_EPOCH + 1
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "safe_open", refuse)
        with pytest.raises(Stopped):
            resume(protocol.Resume(run), job, DEVICE, {})
    (aside,) = folder.glob("*.unread")
    assert (aside.stem, aside.read_bytes()) == (newest.stem, content)
    assert newest not in checkpoint.stored(places.runs() / run)
    job.stop_at_step, job.stop_mode = 0, ""
    resume(protocol.Resume(run), job, DEVICE, {})
    assert losses(run) == uninterrupted
    assert not aside.exists()


def test_checkpoints_that_cannot_be_read_push_no_good_one_out(tiny, job, uninterrupted):
    mapping = recipe.to_mapping(tiny)
    mapping["saving"] = {"checkpoint_every_s": 0.0, "keep_last": 3}
    job.stop_at_step = 12
    with pytest.raises(Stopped) as caught:
        train(protocol.Train(mapping), job, DEVICE, {})
    run, job.stop_at_step, job.stop_mode = caught.value.run, 0, ""
    _, *damaged = checkpoint.stored(places.runs() / run)
    for path in damaged:
        path.write_bytes(b"")
    resume(protocol.Resume(run, {"saving.keep_last": "1"}), job, DEVICE, {})
    assert losses(run) == uninterrupted
    assert [path.stem for path in checkpoint.stored(places.runs() / run)] == ["00000032"]
    warnings = [it.text for it in job.events if isinstance(it, protocol.Log) and it.level == "warning"]
    (told,) = [text for text in warnings if "cannot be read" in text]
    assert all(path.stem in told for path in damaged)
    assert "from step 10" in told


def test_a_run_without_a_checkpoint_begins_again_to_the_same_losses(tiny, job, uninterrupted):
    run = stopped_at(tiny, job, 2)
    for path in checkpoint.stored(places.runs() / run):
        path.unlink()
    path = places.runs() / run / "run.json"  # as it is before the first checkpoint
    path.write_text(re.sub(r'"saved_step": ?\d+', '"saved_step": 0', path.read_text()))
    resume(protocol.Resume(run), job, DEVICE, {})
    assert losses(run) == uninterrupted
    assert any("begins again" in event.text for event in job.events if isinstance(event, protocol.Log))


def test_a_run_whose_checkpoints_are_elsewhere_keeps_what_it_has(tiny, job):
    """As an imported one: a bundle leaves them out unless asked."""
    run = stopped_at(tiny, job, 2)
    folder, before = places.runs() / run, losses(run)
    for path in checkpoint.stored(folder):
        path.unlink()
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(UserError) as caught:
        resume(protocol.Resume(run), job, DEVICE, {})
    assert caught.value.kind == "run.no-checkpoint"
    assert "--checkpoints" in caught.value.advice
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == kept
    assert losses(run) == before


def test_when_no_checkpoint_can_be_read_the_words_say_what_to_do(tiny, job):
    run = stopped_at(tiny, job, 2)
    for path in checkpoint.stored(places.runs() / run):
        path.write_bytes(b"no tensors")
    with pytest.raises(UserError) as caught:
        resume(protocol.Resume(run), job, DEVICE, {})
    assert caught.value.kind == "run.no-checkpoint"


OTHERS = [
    State([jnp.ones(3)], [], [jnp.ones(2)], []),
    State([jnp.ones(3)], [jnp.ones(1), jnp.ones(1)], [jnp.ones(2)], []),
    State([jnp.ones(4)], [jnp.ones(1)], [jnp.ones(2)], []),
    State([jnp.ones(3, jnp.bfloat16)], [jnp.ones(1)], [jnp.ones(2)], []),
]


@pytest.mark.parametrize("other", OTHERS, ids=["one more stored", "one less stored", "another shape", "another type"])
def test_a_checkpoint_of_another_model_is_said_to_be_one(tmp_path, other):
    state = State([jnp.ones(3)], [jnp.ones(1)], [jnp.ones(2)], [])
    path = checkpoint.write(tmp_path, state, Position(step=7), keep_last=1)
    with pytest.raises(UserError, match=rf"{path.name} does not fit the model of its recipe\.") as caught:
        checkpoint.read(path, other)
    assert caught.value.kind == "run.no-checkpoint"
    assert "another version" in caught.value.advice
    assert checkpoint.read(path, state)[1].step == 7


def test_a_run_whose_checkpoints_all_are_of_another_versions_model_stays_as_it_was(tiny, job):
    run = stopped_at(tiny, job, 2)
    folder = places.runs() / run
    for path in checkpoint.stored(folder):
        with checkpoint.safe_open(path, framework="numpy") as opened:
            header = opened.metadata()
        tensors = load_file(path)
        del tensors["non_trainable/000"]
        save_file(tensors, path, header)
    path = folder / "run.json"
    cut_off = json.loads(path.read_text()) | {"status": "running", "ended": 0.0, "pid": 2**22 + 1}
    path.write_text(json.dumps(cut_off))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match="do not fit the model of its recipe") as caught:
        resume(protocol.Resume(run), job, DEVICE, {})
    assert caught.value.kind == "run.no-checkpoint"
    assert "another version" in caught.value.advice
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    assert run_store.read(run).status == "interrupted"


def test_a_finished_run_is_not_resumed(tiny, job):
    run = train(protocol.Train(recipe.to_mapping(tiny)), job, DEVICE, {}).run
    with pytest.raises(UserError) as caught:
        resume(protocol.Resume(run), job, DEVICE, {})
    assert caught.value.kind == "run.finished"


def test_other_data_than_before_is_refused(tiny, job):
    run = stopped_at(tiny, job, 2)
    path = places.runs() / run / "run.json"
    content = run_store.read(run).data["content_hash"]
    path.write_text(path.read_text().replace(content, "0" * len(content)))
    with pytest.raises(UserError) as caught:
        resume(protocol.Resume(run), job, DEVICE, {})
    assert caught.value.kind == "run.data-changed"
    assert checkpoint.stored(places.runs() / run)


def test_only_the_last_checkpoints_are_kept(tiny, job):
    mapping = recipe.to_mapping(tiny)
    mapping["saving"] = {"checkpoint_every_s": 0.0, "keep_last": 3}
    run = train(protocol.Train(mapping), job, DEVICE, {}).run
    names = [path.stem for path in checkpoint.stored(places.runs() / run)]
    assert names == ["00000030", "00000031", "00000032"]
