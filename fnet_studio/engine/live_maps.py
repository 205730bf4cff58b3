"""Mixing maps of one pinned sentence while a model trains."""

import time
from pathlib import Path

import jax
import keras

from fnet_studio.core import protocol, run_maps
from fnet_studio.core.run_maps import MapAxes
from fnet_studio.engine.atlas import atlas_of
from fnet_studio.engine.feed import Inputs
from fnet_studio.engine.step import State, Weights
from fnet_studio.models.trace import MixingTrace

KEPT_ROWS, KEPT_COLUMNS = 64, 64


SHARE = 0.02
"""Of a run's time, that drawing for somebody who watches may take."""


class Budget:
    """When work of a known cost may be done again, so that it takes no more than its share of the time."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._least_s = 0.0
        self._done_at = float("-inf")

    def spent(self, cost_s: float, now: float) -> None:
        """The least cost counts: a first picture is compiled, and a busy machine is not the picture's fault."""
        self._least_s = min(self._least_s, cost_s) if self._least_s else cost_s
        self._done_at = now

    def allows(self, now: float) -> bool:
        return (now - self._done_at) * self._share >= self._least_s


class LiveMaps:
    """Draws on request, and keeps a small picture on disk every `every_s` seconds, to be looked at after the run."""

    def __init__(self, model: keras.Model, probe: Inputs, every_s: float, folder: Path) -> None:
        """probe: the sentence as the model takes it, (1, length) each."""
        self._trace = MixingTrace(model)
        self._probe, self._length = probe, self._trace.positions(probe)
        self._every_s = every_s
        self._folder = folder
        self._kept_at = float("-inf")
        self._budget = Budget(SHARE)
        self._compiled: set[tuple[int, int, bool]] = set()

    def draw(self, state: State, rows: int, columns: int, keep_zero: bool) -> tuple[protocol.Maps, bytes]:
        """The atlas of all layers at most (rows, columns) each, for weights that need not be the model's own."""
        weights = _on_one_device(state)
        if (rows, columns, keep_zero) not in self._compiled:
            self._compiled.add((rows, columns, keep_zero))
            self._trace.maps(self._probe, rows, columns, keep_zero, state=weights)
        began = time.monotonic()
        values = self._trace.maps(self._probe, rows, columns, keep_zero, state=weights)
        now = time.monotonic()
        self._budget.spent(now - began, now)
        return atlas_of(self._trace, values, self._length, keep_zero, time.monotonic() - began)

    def affordable(self) -> bool:
        """Whether another picture may be drawn now: watching must not slow the training down."""
        return self._budget.allows(time.monotonic())

    def due(self) -> bool:
        return time.monotonic() - self._kept_at >= self._every_s

    def keep(self, state: State | Weights, step: int) -> None:
        """Store `maps/<step>.npy`, (layers, rows, columns) float16, and once what its rows and columns mean."""
        values = self._trace.maps(self._probe, KEPT_ROWS, KEPT_COLUMNS, False, state=_on_one_device(state))
        described, _ = atlas_of(self._trace, values, self._length, False, 0.0)
        run_maps.keep(self._folder, step, values, MapAxes.of(described))
        self._kept_at = time.monotonic()


def _on_one_device(state: State | Weights) -> tuple[list[jax.Array], list[jax.Array]]:
    """The first device's copy of replicated weights, without moving a byte: one sentence needs one device."""
    return [v.addressable_data(0) for v in state.trainable], [v.addressable_data(0) for v in state.non_trainable]
