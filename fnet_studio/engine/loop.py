"""The loop of a run: epochs, validation, the best epoch, the test; told to the job and kept in the run's folder."""

import itertools
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np

from fnet_studio.core import protocol
from fnet_studio.core.errors import Stopped
from fnet_studio.core.recipe import Recipe
from fnet_studio.core.run_store import RunWriter
from fnet_studio.data.batches import steps_per_epoch
from fnet_studio.engine import checkpoint, measures
from fnet_studio.engine.checkpoint import Position
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.control import Control, hold_early
from fnet_studio.engine.devices import memory_in_use_bytes
from fnet_studio.engine.failures import not_finite
from fnet_studio.engine.feed import Batch
from fnet_studio.engine.job import Job
from fnet_studio.engine.live_maps import LiveMaps
from fnet_studio.engine.memory import MemoryGauge
from fnet_studio.engine.space import MB, DiskFloor
from fnet_studio.engine.step import State, Training, Weights
from fnet_studio.engine.task import Task, load_task


def load(recipe: Recipe, job: Job, clock: PhaseClock) -> Task:
    """The recipe's data, its phases told to the job. Raises Stopped, and UserError for what is wrong with it."""

    def progress(phase: str, done: int, total: int) -> None:
        clock.enter(phase, total)
        clock.progress(done)
        hold_early(job, clock.aside)

    return load_task(recipe, progress, lambda: bool(job.stop_mode))


def compile_calls(task: Task, training: Training, state: State) -> None:
    """For those of an epoch's beginning; its last one may have fewer steps."""
    first = list(itertools.islice(task.train_batches(0), training.per_call))
    if training.per_call == 1:
        training.compile_step(first[0], state)
    else:
        training.compile_steps(first, state)


def calls(task: Task, training: Training, epoch: int, first_step: int) -> Iterator[Batch]:
    """What the rest of an epoch gives the device in one go: a batch, or several with an axis in front."""
    ordered = task.train_batches(epoch, first_step)
    if training.per_call == 1:
        yield from ordered
    else:
        while several := list(itertools.islice(ordered, training.per_call)):
            yield training.put(several)


class Run:
    """One run at work. Owns the weights, and the place in the data."""

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        job: Job,
        clock: PhaseClock,
        writer: RunWriter,
        resumed: bool = False,
        again: bool = False,
    ) -> None:
        """recipe: the task's own, but for the accumulation. again: the job has heard of this run, up to the step where
        memory ran out, and no step is told twice."""
        self._resumed, self._again, self._told = resumed, again, writer.record.steps if again else 0
        self.task, self.recipe, self.job, self.clock, self.writer = task, recipe, job, clock, writer
        clock.enter("building")
        model = task.build()
        job.check()
        self.per_epoch = steps_per_epoch(len(task.parts["train"]), recipe.training.batch_size)
        self.training = Training(model, task.objective, recipe, self.per_epoch * recipe.training.epochs)
        self.state: State = self.training.first_state()
        job.check()
        self.at = Position(devices=self.training.devices)
        if resumed:
            self._go_back()
        probe = task.inputs_of(recipe.observe.probe)
        self.maps = LiveMaps(model, probe, recipe.observe.keep_maps_every_s, writer.folder)
        self.memory = MemoryGauge(memory_in_use_bytes)
        self.floor = DiskFloor(writer.folder, recipe.saving.free_space_mb * MB)
        self.control = Control(job, self, self.floor)
        self.began = self.saved_at = time.monotonic()

    def _go_back(self) -> None:
        """To the newest checkpoint; to the beginning when there is none yet, since the same recipe gives the same
        steps."""
        if checkpoint.stored(self.writer.folder):
            self.state, self.at, unreadable = checkpoint.read_newest(self.writer.folder, self.state)
            if unreadable:
                self.job.tell(protocol.Log("warning", _unreadable(unreadable, self.at.step)))
            self.state = self.training.at_rate(self.state, self.recipe.training.learning_rate)
        elif self.writer.record.steps:
            words = "The run had no checkpoint yet: it begins again at its first step."
            self.job.tell(protocol.Log("info", words))
        checkpoint.clean(self.writer.folder)
        self.writer.record.saved_step = self.at.step
        self.writer.close()  # the log is replaced by a shorter one
        self.writer.forget_after(self.at.step, self.at.epoch)
        if self.at.devices != self.training.devices:
            self.job.tell(protocol.Log("warning", _other_devices(self.at.devices, self.training.devices)))

    def do(self) -> None:
        recipe, task = self.recipe, self.task
        self._announce()
        if self._again:
            parts = recipe.training.accumulation
            self.annotate("less-memory", f"The device ran out of memory: each batch goes on in {parts} parts.")
        elif self._resumed:
            self.annotate("resumed")
        self.clock.enter("compiling")
        compile_calls(task, self.training, self.state)
        self.job.check()
        self.training.compile_forward(next(task.evaluation_batches("validation")), self.state)
        self.job.check()
        self._show()
        self.began = time.monotonic() - self.at.time_s
        while self.at.epoch < recipe.training.epochs and not self._out_of_patience():
            self._epoch()
            best = self._validate()
            self.at = self.at.after_epoch()
            self._save(model=best or not recipe.optimisation.keeps_best)
        weights, step = self.training.weights(self.state), self.at.step
        if recipe.optimisation.keeps_best:
            self._tell_best()
            weights, step = checkpoint.read_best(self.writer.folder, weights)
        self.control.written(lambda: self.maps.keep(weights, step))  # of the finished model, beside those on the way
        if len(task.parts["test"]):
            self._test(weights)
        self.clock.leave()

    def _announce(self) -> None:
        record = self.writer.record
        record.parameters, record.total_steps = (
            self.training.model.count_params(),
            self.per_epoch * self.recipe.training.epochs,
        )
        record.data = self.task.summary()
        self.writer.save()
        if self._again:
            return
        assert record.device is not None
        self.job.tell(
            protocol.RunStarted(
                run=record.id,
                folder=str(self.writer.folder),
                recipe=record.recipe,
                parameters=record.parameters,
                device=record.device,
                steps_per_epoch=self.per_epoch,
                total_steps=record.total_steps,
                data=record.data,
                resumed_at=self.at.step,
            )
        )

    def _epoch(self) -> None:
        """The rest of the epoch under way."""
        at = self.at
        self.clock.enter("training", self.writer.record.total_steps, "steps", done=at.step)
        ahead = calls(self.task, self.training, at.epoch, at.step_in_epoch)
        batches = next(ahead, None)
        while batches is not None:
            self._heed()
            began = time.monotonic()
            self.state, stepped = self.training.call(self.state, batches)
            batches = next(ahead, None)  # made while the device works
            rows = np.stack([np.atleast_1d(np.asarray(value, float)) for value in stepped], axis=1)  # waits for it
            took = (time.monotonic() - began) / len(rows)
            for row in rows.tolist():
                self._stepped(*row, took)
            self._show()
            if time.monotonic() - self.saved_at >= self.recipe.saving.checkpoint_every_s:
                with self.clock.aside():
                    self.control.written(self.checkpoint)
        self._tell_evaluated("train", at.epoch + 1, *self._trained(), int(at.weight_sum))

    def _trained(self) -> tuple[float, float]:
        """(loss, accuracy) over the training batches of the epoch."""
        counted = max(self.at.weight_sum, 1.0)
        return self.at.loss_sum / counted, self.at.correct_sum / counted

    def _stepped(self, loss: float, correct: float, weight: float, rate: float, norm: float, took_s: float) -> None:
        at = self.at
        at.step, at.step_in_epoch = at.step + 1, at.step_in_epoch + 1
        at.training_s, at.time_s = at.training_s + took_s, time.monotonic() - self.began
        at.loss_sum, at.correct_sum = at.loss_sum + loss, at.correct_sum + correct
        at.weight_sum += weight
        self._tell_step(loss / max(weight, 1.0), correct / max(weight, 1.0), took_s, rate, norm)

    def _tell_step(self, loss: float, accuracy: float, took_s: float, rate: float, norm: float) -> None:
        at, record = self.at, self.writer.record
        tokens = self.recipe.training.batch_size * self.task.sequence_length
        row = (at.step, loss, accuracy, tokens / took_s, at.time_s, rate, norm, *self.memory.read())
        if at.step > self._told:
            self.job.step(*row)
        self.writer.append(dict(zip(protocol.METRIC_COLUMNS, row, strict=True)))
        if not (np.isfinite(loss) and np.isfinite(norm)):  # a bad gradient spoils the weights that were just made
            raise not_finite("loss" if np.isfinite(norm) else "gradient", at.step, record.saved_step)
        record.steps, record.training_s = at.step, at.training_s
        self.clock.progress(at.step)

    def _show(self) -> None:
        """Draw only what somebody waits for, or what is due to be kept: a picture costs a forward pass."""
        if self.maps.due():
            self.control.written(lambda: self.maps.keep(self.state, self.at.step))
        watch = self.job.wanted("maps")
        if watch and self.maps.affordable():
            picture, atlas = self.maps.draw(self.state, watch.rows, watch.columns, watch.keep_zero)
            self.job.frame("maps", self.at.step, picture, atlas)

    def _validate(self) -> bool:
        """Measure on the validation texts. True when this epoch is the best so far; its weights are then stored."""
        at, options, began = self.at, self.recipe.optimisation, time.monotonic()
        weights, epoch = self.training.weights(self.state), self.at.epoch + 1
        measured = self._measure("validation", weights)
        best = at.judge(epoch, _monitored(options.monitor, measured), measured.loss)
        if best and options.keeps_best:
            self._record("train", *self._trained())
            self.control.written(lambda: checkpoint.write_best(self.writer.folder, weights, at))
        figures = measured.loss, measured.accuracy, measured.examples, measured.macro_f1
        if self._records(epoch):
            self.writer.record.validation_confusion = measured.confusion.tolist() or None
        self._tell_evaluated("validation", epoch, *figures, best=best)
        while (request := self.job.take(protocol.EvaluateNow)) is not None:  # asked for while this was measured
            request.done(_evaluation("validation", measured, time.monotonic() - began))
        return best

    def _test(self, weights: Weights) -> None:
        measured = self._measure("test", weights)
        self.writer.record.confusion = measured.confusion.tolist() or None
        more = self.task.further_measures("test", lambda batches: self._over(batches, weights))
        names, step = self.task.class_names, self.writer.record.model_step
        self.control.written(lambda: measures.write(self.writer.folder, "test", measured, names, step, **more))
        figures = measured.loss, measured.accuracy, measured.examples, measured.macro_f1
        self._tell_evaluated("test", self.at.epoch, *figures, **more)

    def _measure(self, split: str, weights: Weights) -> measures.Measured:
        total = len(self.task.parts[split])
        self.clock.enter("validating" if split == "validation" else "testing", total, "texts")
        return self._over(self.task.evaluation_batches(split), weights, total)

    def _over(self, batches: Iterator[Batch], weights: Weights, total: int = 0) -> measures.Measured:
        def on_batch(done: int) -> None:
            if total:
                self.clock.progress(min(done, total))
            self._heed(evaluating=True)

        return measures.measure(lambda batch: self.training.forward(weights, batch), batches, on_batch)

    def _tell_evaluated(
        self,
        split: Any,
        epoch: int,
        loss: float,
        accuracy: float,
        examples: int,
        macro_f1: float | None = None,
        **more: object,
    ) -> None:
        if split == "test" or self._records(epoch):
            self._record(split, loss, accuracy)
        figures, passed = (self.at.step, epoch, loss, accuracy, examples), time.monotonic() - self.began
        event = protocol.Evaluated(split, *figures, passed, macro_f1=macro_f1)
        self._log_evaluated(event, **more)
        self.control.written(self.writer.save)

    def _records(self, epoch: int) -> bool:
        """Where the best epoch is kept, the record tells of that one alone; of the first one until it is judged."""
        return not self.recipe.optimisation.keeps_best or self.at.best_epoch in (0, epoch)

    def _record(self, split: str, loss: float, accuracy: float) -> None:
        setattr(self.writer.record, f"{split}_loss", loss)
        setattr(self.writer.record, f"{split}_accuracy", accuracy)

    def _log_evaluated(self, event: protocol.Evaluated, **more: object) -> None:
        row = msgspec.structs.asdict(event).items()
        self.writer.append({key: value for key, value in row if value is not None and value is not False} | more)
        self.control.written(self.writer.flush)
        self.job.tell(event)

    def _out_of_patience(self) -> bool:
        patience = self.recipe.optimisation.patience
        return 0 < patience <= self.at.epoch - self.at.risen_epoch

    def _tell_best(self) -> None:
        figure = "macro F1" if (monitor := self.recipe.optimisation.monitor) == "macro-f1" else monitor
        words = f"The model of epoch {self.at.best_epoch} is kept: its validation {figure} "
        if self.at.epoch < self.recipe.training.epochs:
            words = f"Stopped early after epoch {self.at.epoch}. " + words
        words += "was the best"
        if self.at.equals > 1 and self.at.best_loss is not None:
            words += f" (of {self.at.equals} equal ones that with the lowest loss)"
        self.job.tell(protocol.Log("info", f"{words}."))

    def _save(self, model: bool = True) -> None:
        """The model for use, where it is wanted, and a checkpoint to go on from."""
        self.clock.enter("saving")
        if model:
            self.training.put_back(self.training.weights(self.state))
            path = self.control.written(lambda: self.task.keep(self.training.model, self.writer.folder))
            self.writer.record.model_step = self.at.step
            self.job.tell(protocol.Saved(self.at.step, str(path)))
        if not (self.job.stop_mode and self.is_saved()):  # stopped while a checkpoint was written
            self.control.written(self.checkpoint)

    def _heed(self, evaluating: bool = False) -> None:
        self.control.heed(evaluating=evaluating)

    def is_saved(self) -> bool:
        return self.writer.record.saved_step == self.at.step

    def aside(self, phase: str = "") -> AbstractContextManager[None]:
        return self.clock.aside(phase)

    def evaluate(self) -> protocol.Evaluation:
        """Measure the model as it is on the validation texts, in the middle of an epoch. No decision hangs on it, and
        no step after it is another one."""
        began, at = time.monotonic(), self.at
        measured = self._measure("validation", self.training.weights(self.state))
        figures = (at.step, at.epoch, measured.loss, measured.accuracy, measured.examples)
        passed = began - self.began
        event = protocol.Evaluated("validation", *figures, passed, asked=True, macro_f1=measured.macro_f1)
        self._log_evaluated(event)
        self.annotate("evaluated", f"Validation accuracy {measured.accuracy:.2%}, loss {measured.loss:.4f}.")
        return _evaluation("validation", measured, time.monotonic() - began)

    def annotate(self, kind: Any, text: str = "") -> None:
        """kind: see `protocol.Annotation`."""
        annotation = protocol.Annotation(kind, self.at.step, self.at.time_s, text)
        self.writer.annotate(annotation)
        self.job.tell(annotation)

    def checkpoint(self) -> protocol.Checkpointed:
        self.clock.enter("saving")
        self.at.time_s = time.monotonic() - self.began
        self.writer.flush()
        path = checkpoint.write(self.writer.folder, self.state, self.at, self.recipe.saving.keep_last)
        self.floor.next_bytes = path.stat().st_size
        self.writer.record.saved_step = self.at.step
        self.writer.save()
        self.annotate("checkpoint")
        self.saved_at = time.monotonic()
        return protocol.Checkpointed(self.at.step, str(path))

    def stop(self) -> NoReturn:
        """After a stop: keep the model as it is now, or the best one where that is asked for; or no more than a
        checkpoint, to be resumed; or remove every trace."""
        mode = self.job.stop_mode
        if mode == "discard":
            self.writer.discard()
            raise Stopped
        if self.at.step:
            best = self.recipe.optimisation.keeps_best and self.at.best_epoch
            self._save(model=mode == "keep" and not best)
        self.clock.leave()
        self.writer.finish("paused" if mode == "pause" else "stopped")
        raise Stopped(kept=mode == "pause" or bool(self.at.step), run=self.writer.record.id, paused=mode == "pause")


def _monitored(monitor: str, measured: measures.Measured) -> float:
    """The validation figure that decides; more is better."""
    if monitor == "macro-f1":
        assert measured.macro_f1 is not None  # a recipe without classes cannot ask for it
        return measured.macro_f1
    return measured.accuracy if monitor == "accuracy" else -measured.loss


def _evaluation(split: str, measured: measures.Measured, duration_s: float) -> protocol.Evaluation:
    return protocol.Evaluation(
        split=split,
        loss=measured.loss,
        accuracy=measured.accuracy,
        examples=measured.examples,
        duration_s=duration_s,
        confusion=tuple(tuple(row) for row in measured.confusion.tolist()),
    )


def _unreadable(checkpoints: list[Path], step: int) -> str:
    names = " and ".join(path.stem for path in reversed(checkpoints))
    which = f"checkpoint {names}" if len(checkpoints) == 1 else f"checkpoints {names}"
    return f"The {which} cannot be read, and will be made again: the run goes on from step {step}."


def _other_devices(then: int, now: int) -> str:
    return (
        f"The run was begun on {then} device{'s' if then > 1 else ''} and goes on with {now}: its losses can differ in "
        "the last digits from those of a run that never stopped."
    )
