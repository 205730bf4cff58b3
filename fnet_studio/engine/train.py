"""Run a recipe, or go on with one: the run's folder, how it ends, and how that is written down."""

import time
from collections.abc import Callable

from fnet_studio.core import protocol, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.recipe import from_mapping
from fnet_studio.core.run_store import RunWriter
from fnet_studio.engine import checkpoint
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.job import Job
from fnet_studio.engine.loop import Run, load


def train(command: protocol.Train, job: Job, device: protocol.Device, versions: dict[str, str]) -> protocol.RunFinished:
    """From recipe to test accuracy. Raises Stopped after a stop (the run's folder then holds the model so far, or is
    gone when the stop said discard), UserError for failures with words. Without test texts the result is NaN."""
    recipe = from_mapping(command.recipe)
    began, clock = time.time(), PhaseClock(job, {})
    task = load(recipe, job, clock)
    writer = RunWriter.create(command.name or recipe.name, command.recipe)
    record = writer.record
    record.task, record.began, record.device, record.versions = recipe.task, began, device, versions
    record.phase_times_s = clock.times_s
    return _finish(writer, lambda: Run(task, job, clock, writer))


def resume(
    command: protocol.Resume, job: Job, device: protocol.Device, versions: dict[str, str]
) -> protocol.RunFinished:
    """Go on from a run's newest checkpoint: on one machine's CPU the losses are those of a run that never stopped.
    UserError `run.no-checkpoint`, `run.finished` or `run.data-changed`; otherwise as `train`."""
    record = run_store.read(command.run)
    if record.status == "finished":
        raise UserError("run.finished", f"The run {command.run} has finished.", "Start another one from its recipe.")
    recipe = from_mapping(record.recipe)
    clock = PhaseClock(job, record.phase_times_s)
    task = load(recipe, job, clock)
    if task.content_hash != record.data.get("content_hash"):
        raise UserError(
            "run.data-changed",
            f"The data is not what the run {command.run} was trained with.",
            "Put the old data back, or start a new run.",
        )
    writer = RunWriter.reopen(command.run)
    writer.record.device, writer.record.versions, writer.record.phase_times_s = device, versions, clock.times_s
    return _finish(writer, lambda: Run(task, job, clock, writer, resumed=True))


def _finish(writer: RunWriter, make: Callable[[], Run]) -> protocol.RunFinished:
    """Make the run and do it; write down how it ended."""
    record = writer.record
    try:
        run = make()
        run.do()
        writer.finish("finished")
        (writer.folder / checkpoint.BEST).unlink(missing_ok=True)  # the kept model holds the same
    except Stopped:
        run.stop()
    except BaseException as error:
        record.failure = _failure(error)
        try:
            writer.finish("failed")
        except UserError:
            writer.close()  # the disk that failed the run may refuse the record too: the first error is the one to tell
        raise
    loss, accuracy = record.test_loss, record.test_accuracy
    untested = float("nan")
    return protocol.RunFinished(
        record.id,
        untested if loss is None else loss,
        untested if accuracy is None else accuracy,
        record.duration_s,
    )


def _failure(error: BaseException) -> dict[str, str]:
    if isinstance(error, UserError):
        return {"kind": error.kind, "message": error.message, "advice": error.advice}
    return {"kind": "crash", "message": f"{type(error).__name__}: {error}", "advice": ""}
