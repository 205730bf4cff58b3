"""A training that never happened: phases, a falling loss, evaluations and pictures, kept as a real run on disk."""

import math
import os
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fnet_studio.core import chain, protocol, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.core.run_store import RunWriter
from fnet_studio.engine import faults, scripted_maps
from fnet_studio.engine.faults import Script
from fnet_studio.engine.job import Job
from fnet_studio.engine.memory import MemoryGauge
from fnet_studio.engine.scripted_text import number

DEVICE = protocol.Device("cpu", "scripted", 0)
SLOW_COMPILE_S = 30.0
FLOOD_STEPS = 50_000
COUNTS = {"train": 20_000, "validation": 5_000, "test": 25_000}


def train(command: protocol.Train, job: Job, script: Script, write_garbage: Callable[[], None]) -> protocol.RunFinished:
    """Plays a recipe. Raises like the real one: Stopped, UserError, or whatever the script asks for."""
    recipe, second = chain.first_half(command)
    writer = chain.new_run(command, recipe, second)
    return _finish(_Play(recipe, job, script, writer, write_garbage))


def resume(
    command: protocol.Resume, job: Job, script: Script, write_garbage: Callable[[], None]
) -> protocol.RunFinished:
    """Goes on where a run's record ends. UserError `run.finished` or `run.no-checkpoint`; otherwise as `train`."""
    record = run_store.read(command.run)
    if record.status == "finished":
        raise UserError("run.finished", f"The run {command.run} has finished.", "Start another one from its recipe.")
    if not record.steps:
        raise UserError("run.no-checkpoint", f"The run {command.run} kept nothing to go on from.", "Start it anew.")
    epochs = sum(row.get("split") == "validation" for row in run_store.read_metrics(command.run))
    writer = RunWriter.reopen(command.run)
    writer.forget_after(record.steps, epochs)
    play = _Play(from_mapping(record.recipe), job, script, writer, write_garbage)
    play.step, play.epoch = record.steps, epochs
    return _finish(play)


def _finish(play: "_Play") -> protocol.RunFinished:
    record = play.writer.record
    try:
        play.do()
    except Stopped:
        play.stop()
    except BaseException as error:
        record.failure = {"kind": getattr(error, "kind", "crash"), "message": str(error), "advice": ""}
        play.writer.finish("failed")
        raise
    play.writer.finish("finished")
    return protocol.RunFinished(record.id, record.test_loss or 0.0, record.test_accuracy or 0.0, record.duration_s)


class _Play:
    def __init__(
        self, recipe: Recipe, job: Job, script: Script, writer: RunWriter, write_garbage: Callable[[], None]
    ) -> None:
        self.recipe, self.job, self.script, self.writer = recipe, job, script, writer
        self.write_garbage = write_garbage
        self.flood = "flood" in script.always
        steps = FLOOD_STEPS if self.flood else script.steps
        self.per_epoch = max(1, steps // recipe.training.epochs)
        self.total = self.per_epoch * recipe.training.epochs
        self.random = random.Random(recipe.training.seed)
        self.matrix = np.ones((192, 192), np.float32)
        self.memory = MemoryGauge()
        self.step = self.epoch = 0
        """Steps and whole epochs that are done."""
        self.before_s = 0.0
        """How long the run was at work before it was resumed."""
        self.began = time.monotonic()

    def do(self) -> None:
        for name, count in (("reading", 50_000), ("tokenising", 50_000)):
            self._phase(name, count, "texts", 0.3)
        self._phase("building", 0, "", 0.1)
        self._announce()
        self._phase("compiling", 0, "", SLOW_COMPILE_S if "slow-compile" in self.script.always else 0.3)
        self.began = time.monotonic()
        self.before_s = self._time_before()
        if self.step:
            self._annotate("resumed")
        while self.epoch < self.recipe.training.epochs:
            self.job.phase("training", self.total, "steps")
            while self.step < self.per_epoch * (self.epoch + 1):
                self._step()
            self._tell(self.epoch + 1, "train", 0.0)
            self._phase("validating", COUNTS["validation"], "texts", 0.2)
            self._tell(self.epoch + 1, "validation", 0.03)
            self.epoch += 1
            self._save()
        self._phase("testing", COUNTS["test"], "texts", 0.3)
        self._tell(self.recipe.training.epochs, "test", 0.04)

    def stop(self) -> None:
        """After a stop: keep the run, or remove it. Raises Stopped."""
        if self.job.stop_mode == "discard":
            self.writer.discard()
            raise Stopped
        if self.step:
            self._save()
        self.writer.finish("stopped")
        raise Stopped(kept=bool(self.step), run=self.writer.record.id)

    # ---------------------------------------------------------------------------------- pieces

    def _phase(self, name: str, total: int, unit: str, lasts_s: float) -> None:
        self.job.phase(name, total, unit)
        if self.script.rate == 0 and lasts_s < SLOW_COMPILE_S:
            lasts_s = 0.0
        began = time.monotonic()
        while (passed := time.monotonic() - began) < lasts_s:
            self.job.check()
            if total:
                done = int(total * passed / lasts_s)
                self.job.progress(done, total / lasts_s, lasts_s - passed)
            time.sleep(0.02)
        self.job.check()

    def _announce(self) -> None:
        record, model = self.writer.record, self.recipe.model
        record.device, record.total_steps = DEVICE, self.total
        record.parameters = model.num_layers * 2 * model.hidden_dim * model.intermediate_dim + (
            self.recipe.data.vocabulary_size * model.hidden_dim
        )
        record.data = {**COUNTS, "class_names": ["negative", "positive"], "source": "scripted"}
        self.writer.save()
        self.job.tell(
            protocol.RunStarted(
                run=record.id,
                folder=str(self.writer.folder),
                recipe=record.recipe,
                parameters=record.parameters,
                device=DEVICE,
                steps_per_epoch=self.per_epoch,
                total_steps=self.total,
                data=record.data,
                resumed_at=self.step,
            )
        )

    def _time_before(self) -> float:
        rows = run_store.read_metrics(self.writer.record.id) if self.step else []
        return max((row["time_s"] for row in rows), default=0.0)

    def _step(self) -> None:
        self.job.check()
        self.step += 1
        self._strike()
        loss, accuracy = self._curve(0.0)
        noise = self.random.gauss(0, 0.04)
        if self.step >= self.script.at_step.get("nan", self.total + 1):
            loss = math.nan
        tokens = self.recipe.training.batch_size * self.recipe.data.sequence_length
        done = self.step / self.total
        row = (
            self.step,
            max(0.01, loss + noise) if loss == loss else loss,
            min(1.0, max(0.0, accuracy - noise)),
            tokens * (self.script.rate or 1000) * self.random.uniform(0.95, 1.05),
            self._passed_s(),
            self.recipe.training.learning_rate * min(1.0, 10 * done, 1.1 - done),
            2.5 * math.exp(-2 * done) * self.random.uniform(0.8, 1.25),
            *self.memory.read(),
        )
        self.job.step(*row)
        self.writer.append(dict(zip(protocol.METRIC_COLUMNS, row, strict=True)))
        self.writer.record.steps = self.step
        if loss != loss:
            raise UserError(
                "train.not-finite",
                f"The loss is no longer a number at step {self.step}.",
                "Choose a smaller learning rate. The epochs before are kept.",
            )
        self._show()
        self._pace()

    def _passed_s(self) -> float:
        return self.before_s + time.monotonic() - self.began

    def _pace(self) -> None:
        for _ in range(self.script.work):
            np.matmul(self.matrix, self.matrix)
        if self.flood:
            self.job.tell(protocol.Log("info", f"step {self.step}"))
            return
        rate = self.step / max(self._passed_s(), 1e-9)
        self.job.progress(self.step, rate, (self.total - self.step) / max(rate, 1e-9))
        if self.script.rate:
            ahead_s = self.step / self.script.rate - self._passed_s()
            if ahead_s > 0:
                time.sleep(min(ahead_s, 1.0))  # a run resumed at another rate must not wait for its old clock

    def _strike(self) -> None:
        for fault, step in self.script.at_step.items():
            if step == self.step:
                faults.strike(fault, self.write_garbage)

    def _curve(self, gap: float) -> tuple[float, float]:
        """(loss, accuracy) after `step` steps; gap: how much worse unseen texts do."""
        done = self.step / self.total
        return 0.15 + 0.54 * math.exp(-3.5 * done) + gap, 0.95 - 0.45 * math.exp(-3.5 * done) - gap

    def _show(self) -> None:
        watch = self.job.wanted("maps")
        if watch is not None:
            seed = number(self.recipe.observe.probe)
            picture, atlas = scripted_maps.maps(seed, watch, self.recipe.model.num_layers, self.step / self.total)
            self.job.frame("maps", self.step, picture, atlas)

    def _tell(self, epoch: int, split: str, gap: float) -> None:
        loss, accuracy = self._curve(gap)
        setattr(self.writer.record, f"{split}_loss", loss)
        setattr(self.writer.record, f"{split}_accuracy", accuracy)
        passed = self._passed_s()
        row: dict[str, Any] = {"split": split, "step": self.step, "epoch": epoch, "loss": loss, "accuracy": accuracy}
        row |= {"examples": COUNTS[split], "time_s": passed}
        self.writer.append(row)
        self.writer.flush()
        self.writer.save()
        self.job.tell(protocol.Evaluated(split, self.step, epoch, loss, accuracy, COUNTS[split], passed))

    def _annotate(self, kind: Any, text: str = "") -> None:
        annotation = protocol.Annotation(kind, self.step, self._passed_s(), text)
        self.writer.annotate(annotation)
        self.job.tell(annotation)

    def _save(self) -> None:
        """There is no model: what is announced is the record itself."""
        self.job.phase("saving")
        self._annotate("checkpoint")
        self.writer.flush()
        self.writer.save()
        self.job.tell(protocol.Saved(self.step, os.fspath(self.writer.folder / "run.json")))
