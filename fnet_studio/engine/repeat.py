"""Whether a run can be gone on with exactly: the steps between its two newest checkpoints once more, and what comes of
them beside what was stored."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fnet_studio.core import protocol, run_store
from fnet_studio.core.comparison import Comparison
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import from_mapping
from fnet_studio.data.batches import steps_per_epoch
from fnet_studio.engine import checkpoint
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.datasets import require_same_data, require_same_preset
from fnet_studio.engine.failures import naming_new_place
from fnet_studio.engine.job import Job
from fnet_studio.engine.loop import calls, compile_calls, load
from fnet_studio.engine.step import State, Training

PARTS = {
    "trainable": "Weights",
    "non_trainable": "State of the layers, their random numbers included",
    "optimizer": "Optimiser",
    "average": "Averaged weights",
}


def repeat_steps(command: protocol.RepeatSteps, job: Job) -> protocol.StepsRepeated:
    """The run stays as it is. UserError `run.one-checkpoint` where no two checkpoints are left, `run.no-checkpoint` for
    one that cannot be read, `run.data-changed`, `run.preset-changed`, and what reading the data raises. Raises
    Stopped."""
    began = time.monotonic()
    record, folder = run_store.read(command.run), run_store.folder(command.run)
    before, after = _two_newest(command.run, folder)
    recipe, clock = from_mapping(record.recipe), PhaseClock(job, {})
    with naming_new_place(record):
        task = load(recipe, job, clock)
    require_same_data(record, task.content_hash, task.class_names)
    require_same_preset(record, task.summary())
    clock.enter("building")
    per_epoch = steps_per_epoch(len(task.parts["train"]), recipe.training.batch_size)
    training = Training(task.build(), task.objective, recipe, per_epoch * recipe.training.epochs)
    job.check()
    like = training.first_state()
    state, at = checkpoint.read(before, like)
    stored, end = checkpoint.read(after, like)
    state = training.at_rate(state, recipe.training.learning_rate)
    clock.enter("compiling")
    compile_calls(task, training, state)
    first, losses = at.step + 1, []
    clock.enter("training", end.step - at.step, "steps")
    epoch, done_of_epoch = at.epoch, at.step_in_epoch
    while len(losses) < end.step - at.step:
        for batches in calls(task, training, epoch, done_of_epoch):
            job.check()
            state, stepped = training.call(state, batches)
            sums, weights = (np.atleast_1d(np.asarray(one, float)) for one in (stepped.loss, stepped.weight))
            losses += (sums / np.maximum(weights, 1.0)).tolist()
            clock.progress(len(losses))
            if len(losses) >= end.step - at.step:
                break
        epoch, done_of_epoch = epoch + 1, 0
    clock.enter("comparing")
    logged = {row["step"]: row["loss"] for row in run_store.read_metrics(command.run) if "split" not in row}
    compared = [_losses(first, losses, [logged.get(first + place, np.nan) for place in range(len(losses))])]
    compared += _states(state, stored, end.step)
    clock.leave()
    return protocol.StepsRepeated(
        command.run, first, end.step, tuple(compared), end.devices, training.devices, time.monotonic() - began
    )


def _two_newest(run: str, folder: Path) -> tuple[Path, Path]:
    found = checkpoint.stored(folder)
    if len(found) < 2:
        raise UserError(
            "run.one-checkpoint",
            f"The run {run} has {'one checkpoint' if found else 'no checkpoint'}, and so no steps between two.",
            "Train one that keeps two or more (saving.keep_last) and lasts longer than the time between them.",
        )
    return found[-2], found[-1]


def _losses(first: int, losses: Sequence[float], logged: Sequence[float]) -> Comparison:
    return _compared(f"Losses of steps {first} to {first + len(losses) - 1}", "the log", [losses], [logged])


def _states(state: State, stored: State, step: int) -> list[Comparison]:
    against = f"the checkpoint of step {step}"
    return [
        _compared(PARTS[name], against, ours, theirs)
        for name, ours, theirs in zip(State._fields, state, stored, strict=True)
        if theirs
    ]


def _compared(what: str, against: str, ours: Sequence, theirs: Sequence) -> Comparison:
    count, largest, scale = 0, 0.0, 0.0
    for one, other in zip(ours, theirs, strict=True):
        a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
        count += a.size
        largest = float(np.max(np.abs(a - b), initial=largest))
        scale = float(np.max(np.abs(b), initial=scale))
    return Comparison(what, against, count, largest, scale)
