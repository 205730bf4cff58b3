"""Run a recipe, or go on with one: the run's folder, how it ends, and how that is written down."""

import time
from collections.abc import Callable
from typing import NoReturn

from fnet_studio.core import chain, outcome, protocol, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.preflight import Cost
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.run_state import HELD
from fnet_studio.core.run_store import RunWriter
from fnet_studio.engine import checkpoint, devices, failures, memory
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.datasets import require_same_data, require_same_preset
from fnet_studio.engine.job import Job
from fnet_studio.engine.loop import Run, load
from fnet_studio.engine.task import Task


def train(command: protocol.Train, job: Job, device: protocol.Device, versions: dict[str, str]) -> protocol.RunFinished:
    """From recipe to test accuracy; of a recipe of two runs (`core.chain`) the first. Raises Stopped after a stop (the
    run's folder then holds the model so far, or is gone when the stop said discard), UserError for failures with words.
    Without test texts the result is NaN."""
    recipe, second = chain.first_half(command)
    memory.begin_peak()
    began, clock = time.time(), PhaseClock(job, {})

    def create() -> RunWriter:
        writer = chain.new_run(command, recipe, second)
        record = writer.record
        record.began, record.device, record.versions = began, device, versions
        record.phase_times_s = clock.times_s
        return writer

    job.on_abandon(lambda mode: _not_begun(mode, create))
    try:
        task = load(recipe, job, clock)
    except Stopped:
        raise _not_begun(job.stop_mode, create) from None
    return _finish(create(), task, recipe, job, clock)


def _not_begun(mode: str, create: Callable[[], RunWriter]) -> Stopped:
    """A stop before there was anything to train on. A run that is to be paused begins when it is resumed."""
    if mode != "pause":
        return Stopped()
    writer = create()
    writer.finish("paused")
    return Stopped(kept=True, run=writer.record.id, paused=True)


def resume(
    command: protocol.Resume, job: Job, device: protocol.Device, versions: dict[str, str]
) -> protocol.RunFinished:
    """Go on from a run's newest checkpoint: on one machine's CPU the losses are those of a run that never stopped. A
    run that has no checkpoint yet begins again. UserError `resume.fixed`, `run.finished`, `run.data-changed`,
    `run.preset-changed`, or `run.no-checkpoint` when none can be read; otherwise as `train`."""
    began, record = time.time(), run_store.read(command.run)
    if record.status == "finished":
        raise UserError("run.finished", f"The run {command.run} has finished.", "Start another one from its recipe.")
    if record.saved_step and not checkpoint.stored(run_store.folder(command.run)):
        raise UserError(
            "run.no-checkpoint",
            f"The run {command.run} was at step {record.saved_step:,}, and its checkpoints are not here.",
            "Export it again with its checkpoints (--checkpoints) where it was made, or start a new run from its "
            "recipe. Nothing was changed.",
        )
    recipe, then = chain.changed(record, command.changes)
    clock = PhaseClock(job, record.phase_times_s)
    job.on_abandon(lambda mode: stopped_again(mode, command.run))
    try:
        task = load(recipe, job, clock)
    except Stopped:
        raise stopped_again(job.stop_mode, command.run) from None
    except UserError as error:
        raise failures.still_saved(error, record) from error
    require_same_data(record, task.content_hash, task.class_names)
    require_same_preset(record, task.summary())
    writer = RunWriter.reopen(command.run, began)
    writer.record.recipe, writer.record.then = to_mapping(recipe), then
    writer.record.device, writer.record.versions, writer.record.phase_times_s = device, versions, clock.times_s
    return _finish(writer, task, recipe, job, clock, resumed=True)


def stopped_again(mode: str, run: str) -> Stopped:
    """A run was stopped before it went on: it stays what it was, or goes with all that it wrote."""
    if mode == "discard":
        RunWriter.reopen(run).discard()
        return Stopped()
    if mode == "pause":
        RunWriter.reopen(run).finish("paused")
    return Stopped(kept=True, run=run, paused=mode == "pause")


def _finish(
    writer: RunWriter, task: Task, recipe: Recipe, job: Job, clock: PhaseClock, resumed: bool = False
) -> protocol.RunFinished:
    """Do the run, with less memory again where the recipe says so; write down how it ended."""
    record, again = writer.record, False
    job.on_abandon(writer.abandon)
    while True:
        try:
            _do(writer, job, lambda: Run(task, recipe, job, clock, writer, resumed, again))  # noqa: B023 (called at once)
            break
        except _OutOfMemory as error:
            smaller = failures.with_less_memory(recipe)
            if not (recipe.training.auto_batch and smaller):
                failure = failures.out_of_memory(recipe, record.saved_step)
                _fail(writer, failure)
                raise failure from error
        job.tell(
            protocol.Log(
                "warning",
                f"The device ran out of memory. Each batch is now worked through in {smaller.training.accumulation} "
                "parts, and the run goes on: its losses can differ in the last digits.",
            )
        )
        resumed = again = True
        recipe, record.recipe = smaller, to_mapping(smaller)
    if not resumed:
        record.outcome = _outcome(writer)
        writer.save()
    if trouble := outcome.trouble(record):
        job.tell(protocol.Log("warning", f"{trouble.message} {trouble.advice}"))
    loss, accuracy = record.test_loss, record.test_accuracy
    untested = float("nan")
    return protocol.RunFinished(
        record.id,
        untested if loss is None else loss,
        untested if accuracy is None else accuracy,
        record.duration_s,
    )


def _outcome(writer: RunWriter) -> Cost:
    """But for the time that the run was held, which no estimate knows of."""
    times_s = dict(writer.record.phase_times_s)
    held_s = sum(times_s.pop(name, 0.0) for name in HELD)
    return Cost(
        duration_s=writer.record.duration_s - held_s,
        memory_bytes=memory.peak_bytes(),
        device_memory_bytes=devices.peak_bytes(),
        disk_bytes=sum(path.stat().st_size for path in writer.folder.rglob("*") if path.is_file()),
        phases_s={name: round(seconds, 3) for name, seconds in times_s.items()},
    )


class _OutOfMemory(Exception):
    """Carries no traceback of the run, whose frames would hold its arrays."""


def _do(writer: RunWriter, job: Job, make: Callable[[], Run]) -> None:
    run = None
    try:
        run = make()
        run.do()
        run.control.written(lambda: writer.finish("finished"))
        (writer.folder / checkpoint.BEST).unlink(missing_ok=True)  # the kept model holds the same
    except Stopped:
        if run is None:  # in the middle of building: there is nothing to save
            raise writer.abandon(job.stop_mode) from None
        _stop(run, writer)
    except checkpoint.Misfit:
        writer.put_back()
        raise
    except BaseException as error:
        if devices.out_of_memory(error):
            ran_out = str(error)
        elif failures.lost(error):
            failure = failures.device_lost(error, writer.record.saved_step)
            _fail(writer, failure)
            raise failure from error
        else:
            _fail(writer, error)
            raise
    else:
        return
    raise _OutOfMemory(ran_out)


def _stop(run: Run, writer: RunWriter) -> NoReturn:
    try:
        run.stop()
    except Stopped:
        raise
    except BaseException as error:  # such as a full disk: what was saved before is still there
        _fail(writer, error)
        raise


def _fail(writer: RunWriter, error: BaseException) -> None:
    writer.record.failure = failures.as_recorded(error)
    try:
        writer.finish("failed")
    except UserError:
        writer.close()  # the disk that failed the run may refuse the record too: the first error is the one to tell
