"""The last steps of a run once more: the same, or said to be different."""

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from fnet_studio.core import protocol, recipe, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.engine import checkpoint
from fnet_studio.engine.repeat import repeat_steps
from fnet_studio.engine.train import resume, train

DEVICE = protocol.Device("cpu", "test")
TINY = {
    "training.epochs": 2,
    "data.sequence_length": 32,
    "data.vocabulary_size": 400,
    "model.hidden_dim": 16,
    "model.intermediate_dim": 32,
    "model.dropout": 0.1,
    "saving.checkpoint_every_s": 0.0,
    "observe.keep_maps_every_s": 1000.0,
}


def values(**changes):
    options = TINY | {key.replace("__", "."): value for key, value in changes.items()}
    options = {key: str(value) for key, value in options.items()}
    return recipe.to_mapping(recipe.load(recipe.bundled("sample-quick"), options))


def trained(job, **changes):
    return train(protocol.Train(values(**changes)), job, DEVICE, {}).run


@pytest.mark.parametrize("changes", [{}, {"training__steps_per_call": 3}, {"optimisation__ema": 0.9}])
def test_a_run_of_the_processor_is_repeated_bit_for_bit_and_stays_as_it_is(job, changes):
    run = trained(job, saving__keep_last=3, **changes)
    folder = run_store.folder(run)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found = repeat_steps(protocol.RepeatSteps(run), job)
    assert found.passed, found.comparisons
    assert found.last - found.first + 1 == found.comparisons[0].count >= 1
    assert {it.what for it in found.comparisons} >= {"Weights", "Optimiser"}
    assert ("Averaged weights" in {it.what for it in found.comparisons}) == bool(changes.get("optimisation__ema"))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_steps_over_the_end_of_an_epoch_are_repeated_too(job):
    run = trained(job, saving__keep_last=100)
    folder = run_store.folder(run)
    stored = checkpoint.stored(folder)
    for path in stored[1:-1]:
        path.unlink()
    found = repeat_steps(protocol.RepeatSteps(run), job)
    assert found.passed
    assert found.last == int(stored[-1].stem)
    assert found.first == int(stored[0].stem) + 1


def test_a_weight_that_is_another_one_is_found(job):
    run = trained(job)
    newest = checkpoint.stored(run_store.folder(run))[-1]
    with safe_open(newest, framework="numpy") as opened:
        header = opened.metadata()
    tensors = load_file(newest)
    tensors["trainable/000"].flat[5] = np.nextafter(tensors["trainable/000"].flat[5], np.float32(9))
    save_file(tensors, newest, header)
    found = repeat_steps(protocol.RepeatSteps(run), job)
    assert not found.passed
    assert [it.what for it in found.comparisons if not it.passed] == ["Weights"]


def test_a_run_with_one_checkpoint_says_what_it_would_take(job):
    run = trained(job, saving__keep_last=1)
    with pytest.raises(UserError, match="one checkpoint") as refused:
        repeat_steps(protocol.RepeatSteps(run), job)
    assert "saving.keep_last" in refused.value.advice


def test_a_checkpoint_that_cannot_be_read_is_named(job):
    run = trained(job)
    newest = checkpoint.stored(run_store.folder(run))[-1]
    newest.write_bytes(newest.read_bytes()[:100])
    with pytest.raises(UserError, match=newest.name):
        repeat_steps(protocol.RepeatSteps(run), job)


def test_it_can_be_stopped(job):
    run = trained(job)
    job.stop_mode = "keep"
    with pytest.raises(Stopped):
        repeat_steps(protocol.RepeatSteps(run), job)
    assert run_store.read(run).status == "finished"
    with pytest.raises(UserError, match="has finished"):
        resume(protocol.Resume(run), job, DEVICE, {})
