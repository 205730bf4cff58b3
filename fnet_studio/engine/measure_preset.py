"""How well a preset guesses the words of a text that it was not trained on."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fnet_studio.core import presets, protocol, recipe
from fnet_studio.core.errors import UserError
from fnet_studio.data.plain import read_plain
from fnet_studio.engine import measures
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.feed import Batch, Rows
from fnet_studio.engine.job import Job
from fnet_studio.engine.masked_lm import MaskedLM
from fnet_studio.engine.plain_text import Windows, windows_of
from fnet_studio.engine.step import Training
from fnet_studio.models.preprocessor import FNetMaskedLMPreprocessor

BATCH = 32
SEED = 0
SPLIT = "test"


def measure_preset(command: protocol.MeasurePreset, job: Job) -> protocol.PresetMeasured:
    """At the preset's own length, masked as its own settings say, with the same windows and masks at every call; of a
    long text windows are drawn. UserError `preset.no-head` for a head that was never trained; else what the readers
    and the loader raise. Raises Stopped."""
    began = time.monotonic()
    clock = PhaseClock(job, {})
    task = _task(command, job, clock)
    clock.enter("building")
    model = task.build()
    if model.head_state == "none":
        raise UserError(
            "preset.no-head",
            f"The preset {command.preset} holds no masked-LM head, so there is nothing to measure.",
            "Choose one with a trained head.",
        )
    training = Training(model, task.objective, task.recipe, total_steps=1)
    weights = training.weights(training.first_state())
    clock.enter("compiling")
    training.compile_forward(next(task.evaluation_batches(SPLIT)), training.first_state())
    windows = len(task.parts[SPLIT])
    clock.enter("testing", windows + command.tokens, "windows")

    def measure(batches: Iterator[Batch], before: int) -> measures.Measured:
        def on_batch(done: int) -> None:
            job.check()
            clock.progress(before + done)

        return measures.measure(lambda batch: training.forward(weights, batch), batches, on_batch)

    masked = measure(task.evaluation_batches(SPLIT), 0)
    single = measure(task.one_mask_each(SPLIT, command.tokens), windows)
    clock.leave()
    return protocol.PresetMeasured(
        preset=command.preset,
        accuracy=masked.accuracy,
        loss=masked.loss,
        masks=masked.examples,
        pseudo_perplexity=math.exp(min(single.loss, 700.0)),
        windows=windows,
        sequence_length=task.sequence_length,
        duration_s=time.monotonic() - began,
    )


def _task(command: protocol.MeasurePreset, job: Job, clock: PhaseClock) -> MaskedLM:
    def progress(phase: str, done: int, total: int) -> None:
        clock.enter(phase, total)
        clock.progress(done)

    def stopped() -> bool:
        return bool(job.stop_mode)

    folder = presets.folder(command.preset)
    preprocessor = FNetMaskedLMPreprocessor.from_preset(folder)
    found = read_plain(Path(command.path), progress=progress, stopped=stopped)
    texts = found.texts
    part = windows_of(texts, preprocessor, progress, stopped, 0, len(texts))
    if not len(part):
        raise UserError("data.empty", f"{command.path} holds no token.", "Choose another text.")
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(part))[: command.windows])
    drawn = Rows({name: values[chosen] for name, values in _inputs(part).items()}, part.labels[chosen])
    values = {
        "task": "masked-lm",
        "data": {"source": "files", "path": command.path},
        "model": {"preset": command.preset},
        "training": {"batch_size": BATCH, "seed": SEED},
    }
    windows = Windows({SPLIT: drawn}, found.content_hash, len(texts), found.notes)
    return MaskedLM(recipe.from_mapping(values), folder, preprocessor, windows)


def _inputs(part: Rows) -> dict[str, np.ndarray]:
    assert isinstance(part.inputs, dict)
    return part.inputs
