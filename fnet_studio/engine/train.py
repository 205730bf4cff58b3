"""Run a recipe: data, model, epochs, validation, test, all of it told to the job and kept in the run's folder."""

import time
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from fnet_studio.core import protocol
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.core.run_store import RunWriter
from fnet_studio.data.batches import Batch, batches, steps_per_epoch
from fnet_studio.data.dataset import Dataset, Split, load_dataset
from fnet_studio.engine import classifier
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
    try:
        run = _Run(recipe, dataset, job, clock, writer)
        run.do()
        writer.finish("finished")
    except Stopped:
        run.stop()
    except BaseException as error:
        writer.record.failure = _failure(error)
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
    def __init__(self, recipe: Recipe, dataset: Dataset, job: Job, clock: PhaseClock, writer: RunWriter) -> None:
        self.recipe, self.dataset, self.job, self.clock, self.writer = recipe, dataset, job, clock, writer
        self.step = 0
        clock.enter("building")
        model = classifier.build(recipe, len(dataset.vocabulary))
        self.training = classifier.Training(model, recipe.training.learning_rate, recipe.training.batch_size)
        self.state = self.training.first_state()
        self.maps = LiveMaps(model, dataset, recipe.observe.probe, recipe.observe.keep_maps_every_s, writer.folder)
        self.began = time.monotonic()

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
        self.began = time.monotonic()
        for epoch in range(recipe.training.epochs):
            self._epoch(epoch, dataset)
            self._evaluate("validation", dataset.validation, epoch + 1)
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
            )
        )

    def _epoch(self, epoch: int, dataset: Dataset) -> None:
        training, job, record = self.training, self.job, self.writer.record
        self.clock.enter("training", record.total_steps, "steps", done=self.step)
        tokens = self.recipe.training.batch_size * self.recipe.data.sequence_length
        loss_sum = correct_sum = weight_sum = 0.0
        for batch in batches(
            dataset.train.token_ids,
            dataset.train.labels,
            self.recipe.training.batch_size,
            seed=self.recipe.training.seed,
            epoch=epoch,
        ):
            job.check()
            began = time.monotonic()
            self.state, sums = training.step(self.state, batch)
            loss, correct, weight = (float(value) for value in sums)  # waits for the step
            took = time.monotonic() - began
            self.step += 1
            record.steps, record.training_s = self.step, record.training_s + took
            row = (self.step, loss / weight, correct / weight, tokens / took, time.monotonic() - self.began)
            job.step(*row)
            self.writer.append(dict(zip(("step", "loss", "accuracy", "tokens_per_s", "time_s"), row, strict=True)))
            if not np.isfinite(loss):
                raise UserError(
                    "train.not-finite",
                    f"The loss is no longer a number at step {self.step}.",
                    "Choose a smaller learning rate. The epochs before are kept.",
                )
            loss_sum, correct_sum, weight_sum = loss_sum + loss, correct_sum + correct, weight_sum + weight
            self.clock.progress(self.step)
            self._show()
        self._tell_evaluated("train", epoch + 1, loss_sum / weight_sum, correct_sum / weight_sum, int(weight_sum))

    def _show(self) -> None:
        """Draw only what somebody waits for, or what is due to be kept: a picture costs a forward pass."""
        if self.maps.due():
            self.maps.keep(self.state, self.step)
        watch = self.job.wanted("maps")
        if watch:
            picture, atlas = self.maps.draw(self.state, watch.rows, watch.columns, watch.keep_zero)
            self.job.frame("maps", self.step, picture, atlas)

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
        event = protocol.Evaluated(split, self.step, epoch, loss, accuracy, examples, time.monotonic() - self.began)
        self.writer.append(
            {"split": split, "step": self.step, "epoch": epoch, "loss": loss, "accuracy": accuracy}
            | {"examples": examples, "time_s": event.time_s}
        )
        self.writer.flush()
        self.writer.save()
        self.job.tell(event)

    def _save(self) -> None:
        self.clock.enter("saving")
        self.training.put_back(self.state)
        folder = self.writer.folder
        classifier.keep(self.training.model, self.dataset, folder)
        self.job.tell(protocol.Saved(self.step, str(folder / classifier.WEIGHTS)))

    def stop(self) -> NoReturn:
        """After a stop: keep the model as it is now, or remove every trace."""
        if self.job.stop_mode == "discard":
            self.writer.discard()
            raise Stopped
        if self.step:
            self._save()
        self.clock.leave()
        self.writer.finish("stopped")
        raise Stopped(kept=bool(self.step), run=self.writer.record.id)


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
