"""Where a stored classifier sees its texts: the vectors that its last layer decides by, drawn in a plane."""

import jax
import jax.numpy as jnp
import keras
import numpy as np

from fnet_studio.core import protocol, run_store
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.datasets import require_same_data
from fnet_studio.engine.failures import naming_new_place
from fnet_studio.engine.feed import Rows, batches
from fnet_studio.engine.job import Job
from fnet_studio.engine.kept_preset import with_kept_preset
from fnet_studio.engine.loop import load
from fnet_studio.engine.run_texts import require_classifier, spread
from fnet_studio.engine.stored_run import part_of, stored
from fnet_studio.engine.task import bring_back

BATCH = 32
DROPOUTS = ("dropout", "output_dropout")
"""The layers before the last one, of a classifier from scratch and of a fine-tuned preset."""


def text_map(command: protocol.MapTexts, job: Job) -> tuple[protocol.TextMap, bytes]:
    """UserError `run.no-texts` for a language model's run and an empty split, `run.data-changed`, and what reading
    the data raises. Raises
    Stopped."""
    recipe, folder = stored(command.run)
    record = run_store.read(command.run)
    require_classifier(record)
    clock = PhaseClock(job, {})
    with naming_new_place(record):
        task = load(with_kept_preset(recipe, folder), job, clock)
    require_same_data(record, task.content_hash, task.class_names)
    part = part_of(task, command)
    rows = spread(len(part), command.most)
    clock.enter("building")
    found = bring_back(recipe, folder)
    vectors_and_answers = _with_vectors(found.model)
    forward = jax.jit(lambda x: vectors_and_answers(x, training=False))
    clock.enter("asking", len(rows), "texts")
    vectors, answers = [], []
    for batch in batches(Rows(part.take(rows), part.labels[rows]), BATCH, shuffle=False):
        job.check()
        vector, answer = forward(jax.tree.map(jnp.asarray, batch.inputs))
        real = batch.weights > 0
        vectors.append(np.asarray(vector, np.float64)[real])
        answers.append(np.asarray(found.objective.probabilities(answer))[real])
        clock.progress(min(len(vectors) * BATCH, len(rows)))
    clock.leave()
    points, explained = principal_plane(np.concatenate(vectors))
    probabilities = np.concatenate(answers)
    result = protocol.TextMap(
        split=command.split,
        texts=len(part),
        rows=tuple(rows.tolist()),
        labels=tuple(part.labels[rows].tolist()),
        predicted=tuple(probabilities.argmax(axis=1).tolist()),
        confidence=tuple(probabilities.max(axis=1).round(4).tolist()),
        class_names=tuple(found.class_names),
        dimensions=vectors[0].shape[1],
        explained=explained,
    )
    return result, points.astype("<f4").tobytes()


def principal_plane(vectors: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """(n, dimensions) -> (n, 2): the vectors from their mean on, in the two directions of the greatest variance
    (Pearson 1901), and the share of all variance that each of the two holds. A direction's sign is the one that makes
    its largest component positive."""
    centred = vectors - vectors.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    variances, directions = np.maximum(variances[::-1], 0), directions[:, ::-1]
    chosen = np.zeros((vectors.shape[1], 2))
    chosen[:, : directions.shape[1]] = directions[:, :2]
    largest = np.abs(chosen).argmax(axis=0)
    chosen *= np.where(chosen[largest, [0, 1]] < 0, -1.0, 1.0)
    total = float(variances.sum()) or 1.0
    shares = [*(float(variance) / total for variance in variances[:2]), 0.0]
    return centred @ chosen, (shares[0], shares[1])


def _with_vectors(model: keras.Model) -> keras.Model:
    before = next(layer for layer in model.layers if layer.name in DROPOUTS)
    return keras.Model(model.input, [before.input, model.output])
