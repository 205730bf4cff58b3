"""Answers `protocol.Classify`: texts of any number, sorted by the classifier of a stored run or of a preset."""

from collections.abc import Sequence

import jax
import numpy as np

from fnet_studio.core import model_files, presets, protocol, run_models, run_store
from fnet_studio.engine import finetune
from fnet_studio.engine.feed import Inputs
from fnet_studio.engine.first_calls import NOBODY, Heeds
from fnet_studio.engine.run_texts import require_pairs
from fnet_studio.engine.step import data_parallel
from fnet_studio.engine.stored_run import stored
from fnet_studio.engine.task import Stored, bring_back

AT_ONCE = 32
"""Texts in one pass, more or less: so many rows that every device gets as many."""


class Classifying:
    """Owns the classifier that was asked last, compiled for a few texts and for many. Asked by one thread alone."""

    def __init__(self) -> None:
        self._key: model_files.Stamp = ()
        self._model: _Compiled | None = None

    def classify(self, command: protocol.Classify, job: Heeds = NOBODY) -> protocol.Classified:
        """Probabilities of the classes for each text. UserError `run.missing`, `run.no-model`, `run.unreadable` or
        `run.pairs`; of a preset as `presets.folder` and `finetune.of_preset`. Raises Stopped."""
        key = model_files.stamp(command.preset or run_models.name_of(run_store.folder(command.run).name))
        if self._model is None or key != self._key:
            self._model = None  # two at once are not needed
            job.phase("building")
            self._model, self._key = _Compiled(_kept(command)), key
            job.check()
        require_pairs(None if command.preset else run_store.read(command.run), command)
        found = self._model.probabilities(command.texts, command.pairs or None, job)
        answers = tuple(map(tuple, found.tolist()))
        return protocol.Classified(tuple(self._model.class_names), answers, model_files.version(key))


def _kept(command: protocol.Classify) -> Stored:
    if command.preset:
        return finetune.of_preset(presets.folder(command.preset))
    return bring_back(*stored(command.run))


class _Compiled:
    def __init__(self, kept: Stored) -> None:
        self._kept, self.class_names = kept, kept.class_names
        model = kept.model
        self._few = len(jax.devices())
        self._whole, split = data_parallel(self._few)
        self._weights = jax.device_put(
            [[it.value for it in own] for own in (model.trainable_variables, model.non_trainable_variables)],
            self._whole,
        )
        self._forward = jax.jit(
            lambda weights, inputs: kept.objective.probabilities(
                model.stateless_call(*weights, inputs, training=False)[0]
            ),
            in_shardings=(self._whole, split),
            out_shardings=self._whole,
        )

    def probabilities(self, texts: Sequence[str], pairs: Sequence[str] | None, job: Heeds) -> np.ndarray:
        """(texts, classes)"""
        inputs = self._kept.encode(texts, pairs)
        size = self._few if len(texts) <= self._few else -(-AT_ONCE // self._few) * self._few
        found = []
        for first in range(0, len(texts), size):
            job.check()
            found.append(np.asarray(self._forward(self._weights, _rows(inputs, first, size))))
        return np.concatenate(found)[: len(texts)] if found else np.zeros((0, len(self.class_names)), np.float32)


def _rows(inputs: Inputs, first: int, size: int) -> Inputs:
    """So many rows from `first` on, filled up with its last one: no other shape is ever compiled."""

    def cut(values: np.ndarray) -> np.ndarray:
        part = values[first : first + size]
        return np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])

    return jax.tree.map(cut, inputs)
