"""Run a recipe: data, model, epochs, validation, test, all of it told to the job and kept in the run's folder."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from fnet_studio.core import protocol, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.core.run_store import RunWriter
from fnet_studio.data.batches import Batch, batches, steps_per_epoch
from fnet_studio.data.dataset import Dataset, Split, load_dataset
from fnet_studio.engine import checkpoint, classifier
from fnet_studio.engine.checkpoint import Position
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.job import Job
from fnet_studio.engine.live_maps import LiveMaps


def train(command: protocol.Train, job: Job, device: protocol.Device, versions: dict[str, str]) -> protocol.RunFinished:
    """From recipe to test accuracy. Raises Stopped after a stop (the run's folder then holds the model so far, or is
    gone when the stop said discard), UserError for failures with words."""
    recipe = from_mapping(command.recipe)
    began, clock = time.time(), PhaseClock(job, {})
    dataset = load_data(recipe, job, clock)
    writer = RunWriter.create(command.name or recipe.name, command.recipe)
    record = writer.record
    record.began, record.device, record.versions, record.phase_times_s = began, device, versions, clock.times_s
    return _finish(writer, lambda: _Run(recipe, dataset, job, clock, writer))


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
    dataset = load_data(recipe, job, clock)
    if dataset.content_hash != record.data.get("content_hash"):
        raise UserError(
            "run.data-changed",
            f"The data is not what the run {command.run} was trained with.",
            "Put the old data back, or start a new run.",
        )
    writer = RunWriter.reopen(command.run)
    writer.record.device, writer.record.versions, writer.record.phase_times_s = device, versions, clock.times_s
    return _finish(writer, lambda: _Run(recipe, dataset, job, clock, writer, resumed=True))


def _finish(writer: RunWriter, make: "Callable[[], _Run]") -> protocol.RunFinished:
    """Make the run and do it; write down how it ended."""
    record = writer.record
    try:
        run = make()
        run.do()
        writer.finish("finished")
    except Stopped:
        run.stop()
    except BaseException as error:
        record.failure = _failure(error)
        try:
            writer.finish("failed")
        except UserError:
            writer.close()  # the disk that failed the run may refuse the record too: the first error is the one to tell
        raise
    return protocol.RunFinished(record.id, record.test_loss or 0.0, record.test_accuracy or 0.0, record.duration_s)


def _failure(error: BaseException) -> dict[str, str]:
    if isinstance(error, UserError):
        return {"kind": error.kind, "message": error.message, "advice": error.advice}
    return {"kind": "crash", "message": f"{type(error).__name__}: {error}", "advice": ""}


def load_data(recipe: Recipe, job: Job, clock: PhaseClock) -> Dataset:
    """The recipe's data, its phases told to the job. Raises Stopped, and UserError for what is wrong with it."""
    data = recipe.data

    def progress(phase: str, done: int, total: int) -> None:
        clock.enter(phase, total)
        clock.progress(done)

    return load_dataset(
        data.source,
        data.path,
        vocabulary_size=data.vocabulary_size,
        sequence_length=data.sequence_length,
        validation_split=data.validation_split,
        split_seed=data.split_seed,
        progress=progress,
        stopped=lambda: bool(job.stop_mode),
    )


class _Run:
    """One run at work. Owns the weights, and the place in the data."""

    def __init__(
        self, recipe: Recipe, dataset: Dataset, job: Job, clock: PhaseClock, writer: RunWriter, resumed: bool = False
    ) -> None:
        self.recipe, self.dataset, self.job, self.clock, self.writer = recipe, dataset, job, clock, writer
        clock.enter("building")
        model = classifier.build(recipe, len(dataset.vocabulary))
        self.training = classifier.Training(model, recipe.training.learning_rate, recipe.training.batch_size)
        self.state = self.training.first_state()
        self.at = Position(devices=self.training.devices)
        if resumed:
            self.state, self.at = checkpoint.read_newest(writer.folder, self.state)
            writer.forget_after(self.at.step, self.at.epoch)
            if self.at.devices != self.training.devices:
                self.job.tell(protocol.Log("warning", _other_devices(self.at.devices, self.training.devices)))
        self.maps = LiveMaps(model, dataset, recipe.observe.probe, recipe.observe.keep_maps_every_s, writer.folder)
        self.began = self.saved_at = time.monotonic()

    def do(self) -> None:
        recipe, dataset = self.recipe, self.dataset
        self._announce(dataset, self.training.model.count_params())
        self.clock.enter("compiling")
        length = recipe.data.sequence_length
        self.training.compile_step(length, self.state)
        self.job.check()
        self.training.compile_forward(length, self.state)
        self.job.check()
        self._show()
        self.began = time.monotonic() - self.at.time_s
        while self.at.epoch < recipe.training.epochs:
            self._epoch(dataset)
            self._evaluate("validation", dataset.validation, self.at.epoch + 1)
            self.at = Position(
                step=self.at.step, epoch=self.at.epoch + 1, training_s=self.at.training_s, devices=self.at.devices
            )
            self._save()
        self._evaluate("test", dataset.test, recipe.training.epochs)
        self.clock.leave()

    def _announce(self, dataset: Dataset, parameters: int) -> None:
        record = self.writer.record
        size = self.recipe.training.batch_size
        per_epoch = steps_per_epoch(len(dataset.train), size)
        record.parameters, record.total_steps = parameters, per_epoch * self.recipe.training.epochs
        record.data = data_summary(dataset)
        self.writer.save()
        assert record.device is not None
        self.job.tell(
            protocol.RunStarted(
                run=record.id,
                folder=str(self.writer.folder),
                recipe=record.recipe,
                parameters=parameters,
                device=record.device,
                steps_per_epoch=per_epoch,
                total_steps=record.total_steps,
                data=record.data,
                resumed_at=self.at.step,
            )
        )

    def _epoch(self, dataset: Dataset) -> None:
        """The rest of the epoch under way."""
        training, job, record, at = self.training, self.job, self.writer.record, self.at
        size = self.recipe.training.batch_size
        self.clock.enter("training", record.total_steps, "steps", done=at.step)
        seed, tokens = self.recipe.training.seed, size * self.recipe.data.sequence_length
        train = dataset.train
        for batch in batches(
            train.token_ids, train.labels, size, seed=seed, epoch=at.epoch, first_step=at.step_in_epoch
        ):
            job.check()
            began = time.monotonic()
            self.state, sums = training.step(self.state, batch)
            loss, correct, weight = (float(value) for value in sums)  # waits for the step
            took = time.monotonic() - began
            at.step, at.step_in_epoch = at.step + 1, at.step_in_epoch + 1
            at.training_s, at.time_s = at.training_s + took, time.monotonic() - self.began
            row = (at.step, loss / weight, correct / weight, tokens / took, at.time_s)
            job.step(*row)
            self.writer.append(dict(zip(("step", "loss", "accuracy", "tokens_per_s", "time_s"), row, strict=True)))
            if not np.isfinite(loss):
                raise UserError(
                    "train.not-finite",
                    f"The loss is no longer a number at step {at.step}.",
                    "Choose a smaller learning rate. The epochs before are kept.",
                )
            at.loss_sum, at.correct_sum, at.weight_sum = (
                at.loss_sum + loss,
                at.correct_sum + correct,
                at.weight_sum + weight,
            )
            record.steps, record.training_s = at.step, at.training_s
            self.clock.progress(at.step)
            self._show()
            if time.monotonic() - self.saved_at >= self.recipe.saving.checkpoint_every_s:
                self._checkpoint()
        texts = at.weight_sum
        self._tell_evaluated("train", at.epoch + 1, at.loss_sum / texts, at.correct_sum / texts, int(texts))

    def _show(self) -> None:
        """Draw only what somebody waits for, or what is due to be kept: a picture costs a forward pass."""
        if self.maps.due():
            self.maps.keep(self.state, self.at.step)
        watch = self.job.wanted("maps")
        if watch:
            picture, atlas = self.maps.draw(self.state, watch.rows, watch.columns, watch.keep_zero)
            self.job.frame("maps", self.at.step, picture, atlas)

    def _evaluate(self, split: str, part: Split, epoch: int) -> None:
        training, state = self.training, self.state
        self.clock.enter("validating" if split == "validation" else "testing", len(part.labels), "texts")

        def on_batch(done: int) -> None:
            self.job.check()
            self.clock.progress(done)

        measured = classifier.measure(
            lambda batch: training.forward(state, batch), evaluation_batches(part, training.batch_size), on_batch
        )
        if split == "test":
            self.writer.record.confusion = measured.confusion.tolist()
        self._tell_evaluated(split, epoch, measured.loss, measured.accuracy, measured.examples)

    def _tell_evaluated(self, split: str, epoch: int, loss: float, accuracy: float, examples: int) -> None:
        setattr(self.writer.record, f"{split}_loss", loss)
        setattr(self.writer.record, f"{split}_accuracy", accuracy)
        event = protocol.Evaluated(split, self.at.step, epoch, loss, accuracy, examples, time.monotonic() - self.began)
        self.writer.append(
            {"split": split, "step": self.at.step, "epoch": epoch, "loss": loss, "accuracy": accuracy}
            | {"examples": examples, "time_s": event.time_s}
        )
        self.writer.flush()
        self.writer.save()
        self.job.tell(event)

    def _save(self) -> None:
        """The model for use, and a checkpoint to go on from."""
        self.clock.enter("saving")
        self.training.put_back(self.state)
        folder = self.writer.folder
        classifier.keep(self.training.model, self.dataset, folder)
        self.job.tell(protocol.Saved(self.at.step, str(folder / classifier.WEIGHTS)))
        self._checkpoint()

    def _checkpoint(self) -> None:
        self.at.time_s = time.monotonic() - self.began
        self.writer.flush()
        checkpoint.write(self.writer.folder, self.state, self.at, self.recipe.saving.keep_last)
        self.saved_at = time.monotonic()

    def stop(self) -> NoReturn:
        """After a stop: keep the model as it is now, or remove every trace."""
        if self.job.stop_mode == "discard":
            self.writer.discard()
            raise Stopped
        if self.at.step:
            self._save()
        self.clock.leave()
        self.writer.finish("stopped")
        raise Stopped(kept=bool(self.at.step), run=self.writer.record.id)


def _other_devices(then: int, now: int) -> str:
    return (
        f"The run was begun on {then} device{'s' if then > 1 else ''} and goes on with {now}: its losses can differ in "
        "the last digits from those of a run that never stopped."
    )


def evaluation_batches(part: Split, batch_size: int) -> Iterator[Batch]:
    """Batches of one shape, in order; the last one is filled up with texts of weight 0."""
    return batches(part.token_ids, part.labels, batch_size, shuffle=False)


def data_summary(dataset: Dataset) -> dict[str, Any]:
    """What the run's record and the window keep of the data."""
    return {
        "train": len(dataset.train),
        "validation": len(dataset.validation),
        "test": len(dataset.test),
        "class_names": list(dataset.class_names),
        "vocabulary_size": len(dataset.vocabulary),
        "sequence_length": dataset.sequence_length,
        "content_hash": dataset.content_hash,
        "report": dataset.report.to_mapping(),
    }
