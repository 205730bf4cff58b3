"""Ask a run that is on disk: measure its model again."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fnet_studio.core import protocol, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.engine import measures
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.datasets import require_same_data
from fnet_studio.engine.failures import naming_new_place
from fnet_studio.engine.feed import Batch
from fnet_studio.engine.job import Job
from fnet_studio.engine.kept_preset import with_kept_preset
from fnet_studio.engine.loop import load
from fnet_studio.engine.step import Training
from fnet_studio.engine.task import Task, bring_back


def evaluate(command: protocol.Evaluate, job: Job) -> protocol.Evaluation:
    """Measure a stored model on one split of the data that it was trained with. Curves, calibration, the worst errors
    and every prediction go into the run's folder (`measures.write`). UserError `run.data-changed`, and
    `run.not-a-number` where the model's loss is none."""
    began = time.monotonic()
    recipe, folder = stored(command.run)
    clock = PhaseClock(job, {})
    record = run_store.read(command.run)
    with naming_new_place(record):
        task = load(with_kept_preset(recipe, folder), job, clock)
    require_same_data(record, task.content_hash, task.class_names)
    part = part_of(task, command)
    clock.enter("building")
    kept = bring_back(recipe, folder)
    training = Training(kept.model, kept.objective, recipe, total_steps=1)
    state = training.first_state()
    clock.enter("compiling")
    training.compile_forward(next(task.evaluation_batches(command.split)), state)
    clock.enter("testing", len(part), "texts")

    def on_batch(done: int) -> None:
        job.check()
        clock.progress(min(done, len(part)))

    weights = training.weights(state)

    def measure(batches: Iterator[Batch]) -> measures.Measured:
        return measures.measure(lambda batch: training.forward(weights, batch), batches, on_batch)

    measured = measure(task.evaluation_batches(command.split))
    if not math.isfinite(measured.loss):
        raise UserError(
            "run.not-a-number",
            f"The model of the run {command.run} answers with no numbers: its loss is {measured.loss}.",
            "Its weights are broken, or its training ran away. Train it again with a lower learning rate.",
        )
    more = task.further_measures(command.split, measure)
    record = run_store.read(command.run)
    step = record.model_step or record.steps
    measures.write(folder, command.split, measured, kept.class_names, step, **more)
    clock.leave()
    return protocol.Evaluation(
        split=command.split,
        loss=measured.loss,
        accuracy=measured.accuracy,
        examples=measured.examples,
        duration_s=time.monotonic() - began,
        confusion=tuple(tuple(row) for row in measured.confusion.tolist()),
    )


def part_of(task: Task, command: protocol.Evaluate | protocol.MapTexts) -> Any:
    """A classifier's are `feed.Rows`. UserError `run.no-texts` for a split without any."""
    part = task.parts[command.split]
    if not len(part):
        raise UserError(
            "run.no-texts", f"The data of the run {command.run} has no {command.split} texts.", "Choose another split."
        )
    return part


def stored(run: str) -> tuple[Recipe, Path]:
    """Recipe and folder of a run. UserError `run.missing`."""
    return from_mapping(run_store.read(run).recipe), run_store.folder(run)
