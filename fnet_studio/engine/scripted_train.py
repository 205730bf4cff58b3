"""A training that never happened: phases, a falling loss, evaluations and pictures, kept as a real run on disk."""

import errno
import math
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from fnet_studio.core import chain, files, protocol, run_maps, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.run_maps import MapAxes
from fnet_studio.core.run_store import RunWriter
from fnet_studio.engine import failures, faults, scripted_maps
from fnet_studio.engine.control import Control, hold_early
from fnet_studio.engine.faults import Script
from fnet_studio.engine.job import Job
from fnet_studio.engine.memory import MemoryGauge
from fnet_studio.engine.scripted_text import number
from fnet_studio.engine.space import MB, DiskFloor

DEVICE = protocol.Device("cpu", "scripted", 0)
SLOW_COMPILE_S = 30.0
DISK_LOW_S = 2.0
KEPT_ROWS = KEPT_COLUMNS = 64
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
    if not record.steps and record.status != "paused":
        raise UserError("run.no-checkpoint", f"The run {command.run} kept nothing to go on from.", "Start it anew.")
    recipe, then = chain.changed(record, command.changes)
    rows = run_store.read_metrics(command.run)
    epochs = sum(row.get("split") == "validation" and not row.get("asked") for row in rows)
    writer = RunWriter.reopen(command.run)
    writer.forget_after(record.steps, epochs)
    writer.record.recipe, writer.record.then = to_mapping(recipe), then
    play = _Play(recipe, job, script, writer, write_garbage)
    play.step, play.epoch, play.changed = record.steps, epochs, bool(command.changes)
    return _finish(play)


def _finish(play: "_Play") -> protocol.RunFinished:
    record = play.writer.record
    play.job.on_abandon(play.writer.abandon)
    try:
        while not play.do():
            pass
    except Stopped:
        play.stop()
    except BaseException as error:
        failure = _named(error, play)
        record.failure = failures.as_recorded(failure)
        play.writer.finish("failed")
        raise failure from (None if failure is error else error)
    play.writer.finish("finished")
    return protocol.RunFinished(record.id, record.test_loss or 0.0, record.test_accuracy or 0.0, record.duration_s)


def _named(error: BaseException, play: "_Play") -> BaseException:
    """What the real engine would call it."""
    saved_step = play.writer.record.saved_step
    if isinstance(error, MemoryError):
        return failures.out_of_memory(play.recipe, saved_step)
    if isinstance(error, OSError):
        return files.disk_error(error, play.writer.folder / str(error.filename))
    return failures.device_lost(error, saved_step) if failures.lost(error) else error


class _Play:
    def __init__(
        self, recipe: Recipe, job: Job, script: Script, writer: RunWriter, write_garbage: Callable[[], None]
    ) -> None:
        self.recipe, self.job, self.script, self.writer = recipe, job, script, writer
        self.write_garbage = write_garbage
        self.flood = "flood" in script.always
        self.per_epoch = max(1, script.steps // recipe.training.epochs)
        self.total = self.per_epoch * recipe.training.epochs
        self.random = random.Random(recipe.training.seed)
        self.matrix = np.ones((192, 192), np.float32)
        self.memory = MemoryGauge()
        self._entered: tuple[str, int, str] = ("", 0, "")
        self.step = self.epoch = 0
        """Steps and whole epochs that are done."""
        self.before_s = 0.0
        """How long the run was at work before it was resumed."""
        self.began = self.kept_at = time.monotonic()
        self.again = self.changed = False
        """Goes on with less memory; was resumed with other settings."""
        self._low_until = 0.0
        self.floor = DiskFloor(writer.folder, recipe.saving.free_space_mb * MB, self._free_bytes)
        self.control = Control(job, self, self.floor)

    def do(self) -> bool:
        """False when the device ran out of memory: it is to be done again, from where it is, with less at a time."""
        try:
            self._do()
        except MemoryError:
            smaller = failures.with_less_memory(self.recipe)
            if not (self.recipe.training.auto_batch and smaller):
                raise
            self.recipe, self.writer.record.recipe, self.again = smaller, to_mapping(smaller), True
            self.step -= 1  # the one that failed
            parts = smaller.training.accumulation
            self.annotate("less-memory", f"The device ran out of memory: each batch goes on in {parts} parts.")
            return False
        return True

    def _do(self) -> None:
        if not self.again:
            self._phase("reading", 50_000, "texts", 0.3)
            if "data-gone" in self.script.always:
                gone = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "reviews.csv")
                raise files.read_error(gone, Path())
            self._phase("tokenising", 50_000, "texts", 0.3)
            self._phase("building", 0, "", 0.1)
            self._announce()
        self._phase("compiling", 0, "", SLOW_COMPILE_S if "slow-compile" in self.script.always else 0.3)
        self.began = time.monotonic()
        self.before_s = self._time_before()
        if self.step and not self.again:
            self.annotate("resumed")
        while self.epoch < self.recipe.training.epochs:
            self._enter("training", self.total, "steps")
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
        mode = self.job.stop_mode
        if mode == "discard":
            self.writer.discard()
            raise Stopped
        if self.step:
            self._save()
        self.writer.finish("paused" if mode == "pause" else "stopped")
        raise Stopped(kept=mode == "pause" or bool(self.step), run=self.writer.record.id, paused=mode == "pause")

    # ---------------------------------------------------------------------------------- pieces

    def _enter(self, name: str, total: int = 0, unit: str = "") -> None:
        self._entered = (name, total, unit)
        self.job.phase(name, total, unit)
        if name == self.script.deaf:
            faults.hang()

    def _phase(self, name: str, total: int, unit: str, lasts_s: float) -> None:
        self._enter(name, total, unit)
        if self.script.rate == 0 and lasts_s < SLOW_COMPILE_S:
            lasts_s = 0.0
        began = time.monotonic()
        while (passed := time.monotonic() - began) < lasts_s:
            if name in ("validating", "testing"):
                began += self._heed(evaluating=True)
            elif name in ("reading", "tokenising"):
                hold_early(self.job, self.aside)
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
        classes = [] if record.task == "masked-lm" else ["negative", "positive"]
        paired = self.recipe.data.pair_column != "auto"
        record.data = {**COUNTS, "class_names": classes, "paired": paired, "source": "scripted"}
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
        self._heed()
        self.step += 1
        self._strike()
        loss, accuracy = self._curve(0.0)
        noise = self.random.gauss(0, 0.04)
        if self.step >= self.script.at_step.get("nan", self.total + 1) and not self.changed:
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
            raise failures.not_finite("loss", self.step, self.writer.record.saved_step)
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
            if step != self.step or (fault == "oom" and self.recipe.training.accumulation > 1):
                continue
            if fault == "disk-low":
                self._low_until = time.monotonic() + DISK_LOW_S
            faults.strike(fault, self.write_garbage)

    def _free_bytes(self, folder: Path) -> int:
        return 0 if time.monotonic() < self._low_until else 10**12

    def _curve(self, gap: float) -> tuple[float, float]:
        """(loss, accuracy) after `step` steps; gap: how much worse unseen texts do."""
        done = self.step / self.total
        return 0.15 + 0.54 * math.exp(-3.5 * done) + gap, 0.95 - 0.45 * math.exp(-3.5 * done) - gap

    def _show(self) -> None:
        watch = self.job.wanted("maps")
        seed, layers = number(self.recipe.observe.probe), self.recipe.model.num_layers
        if watch is not None:
            picture, atlas = scripted_maps.maps(seed, watch, layers, self.step / self.total)
            self.job.frame("maps", self.step, picture, atlas)
        if self.step in (1, self.total) or time.monotonic() - self.kept_at >= self.recipe.observe.keep_maps_every_s:
            wanted = protocol.Watch("maps", KEPT_ROWS, KEPT_COLUMNS)
            picture, atlas = scripted_maps.maps(seed, wanted, layers, self.step / self.total)
            levels = np.frombuffer(atlas, np.uint8).reshape(layers, picture.rows, picture.columns)
            values = picture.low + levels * ((picture.high - picture.low) / 255)
            axes = MapAxes.of(picture)
            self.control.written(lambda: run_maps.keep(self.writer.folder, self.step, values, axes))
            self.kept_at = time.monotonic()

    def _tell(self, epoch: int, split: str, gap: float) -> None:
        loss, accuracy = self._curve(gap)
        setattr(self.writer.record, f"{split}_loss", loss)
        setattr(self.writer.record, f"{split}_accuracy", accuracy)
        passed = self._passed_s()
        # as many of each class are wrong: the mean of their F1 is the accuracy
        macro_f1 = accuracy if split != "train" and self.writer.record.classifies else None
        self._log(protocol.Evaluated(split, self.step, epoch, loss, accuracy, COUNTS[split], passed, macro_f1=macro_f1))
        self.writer.save()

    def _log(self, event: protocol.Evaluated) -> None:
        row = msgspec.structs.asdict(event)
        self.writer.append({key: value for key, value in row.items() if value is not None and value is not False})
        self.writer.flush()
        self.job.tell(event)

    # ----------------------------------------------------------------- engine.control.Controlled

    def _heed(self, evaluating: bool = False) -> float:
        return self.control.heed(evaluating=evaluating)

    @contextmanager
    def aside(self, phase: str = "") -> Iterator[None]:
        before = self._entered
        if phase:
            self._enter(phase)
        try:
            yield
        finally:
            if self._entered != before and not self.job.stop_mode:
                self._enter(*before)

    def is_saved(self) -> bool:
        return self.writer.record.saved_step == self.step

    def checkpoint(self) -> protocol.Checkpointed:
        self._save()
        return protocol.Checkpointed(self.step, os.fspath(self.writer.folder / "run.json"))

    def evaluate(self) -> protocol.Evaluation:
        self._phase("validating", COUNTS["validation"], "texts", 0.2)
        loss, accuracy = self._curve(0.03)
        examples, passed = COUNTS["validation"], self._passed_s()
        self._log(protocol.Evaluated("validation", self.step, self.epoch, loss, accuracy, examples, passed, asked=True))
        self.annotate("evaluated", f"Validation accuracy {accuracy:.2%}, loss {loss:.4f}.")
        wrong = round(examples * (1 - accuracy) / 2)
        right = examples // 2 - wrong
        return protocol.Evaluation("validation", loss, accuracy, examples, 0.2, ((right, wrong), (wrong, right)))

    def annotate(self, kind: Any, text: str = "") -> None:
        annotation = protocol.Annotation(kind, self.step, self._passed_s(), text)
        self.writer.annotate(annotation)
        self.job.tell(annotation)

    def _save(self) -> None:
        """There is no model: what is announced is the record itself."""
        self._enter("saving")
        self.writer.record.saved_step = self.step
        self.annotate("checkpoint")
        self.writer.flush()
        self.writer.save()
        self.job.tell(protocol.Saved(self.step, os.fspath(self.writer.folder / "run.json")))
