"""Ask a run that is on disk: measure its model again, or classify new texts with it."""

import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from fnet_studio.core import protocol, run_store
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.data.wordpiece import WordPieceTokenizer
from fnet_studio.engine import classifier
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.job import Job
from fnet_studio.engine.train import evaluation_batches, load_data


def evaluate(command: protocol.Evaluate, job: Job) -> protocol.Evaluation:
    """Loss, accuracy and confusion of a stored model on one split of the data that it was trained with."""
    began = time.monotonic()
    recipe, folder = _stored(command.run)
    clock = PhaseClock(job, {})
    dataset = load_data(recipe, job, clock)
    clock.enter("building")
    model, _, _ = classifier.bring_back(recipe, folder)
    training = classifier.Training(model, recipe.training.learning_rate, recipe.training.batch_size)
    state = training.first_state()
    part = getattr(dataset, command.split)
    clock.enter("compiling")
    training.compile_forward(recipe.data.sequence_length, state)
    clock.enter("testing", len(part.labels), "texts")

    def on_batch(done: int) -> None:
        job.check()
        clock.progress(done)

    measured = classifier.measure(
        lambda batch: training.forward(state, batch), evaluation_batches(part, training.batch_size), on_batch
    )
    clock.leave()
    return protocol.Evaluation(
        split=command.split,
        loss=measured.loss,
        accuracy=measured.accuracy,
        examples=measured.examples,
        duration_s=time.monotonic() - began,
        confusion=tuple(tuple(row) for row in measured.confusion.tolist()),
    )


def classify(command: protocol.Classify) -> protocol.Classified:
    """Probabilities of the classes for each text, by a stored model."""
    recipe, folder = _stored(command.run)
    model, vocabulary, class_names = classifier.bring_back(recipe, folder)
    ids, _ = WordPieceTokenizer(vocabulary).encode_batch(list(command.texts), recipe.data.sequence_length)
    predict = jax.jit(lambda x: model(x, training=False))
    second = np.asarray(predict(jnp.asarray(ids, jnp.int32)))[:, 0]
    return protocol.Classified(tuple(class_names), tuple((float(1 - p), float(p)) for p in second))


def _stored(run: str) -> tuple[Recipe, Path]:
    return from_mapping(run_store.read(run).recipe), run_store.folder(run)
