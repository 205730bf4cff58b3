"""Mixing maps of one pinned sentence while a model trains."""

import time
from pathlib import Path

import jax
import keras

from fnet_studio.core import protocol, run_maps
from fnet_studio.core.run_maps import MapAxes
from fnet_studio.engine.atlas import atlas_of
from fnet_studio.engine.feed import Inputs
from fnet_studio.engine.step import State
from fnet_studio.models.trace import MixingTrace

KEPT_ROWS, KEPT_COLUMNS = 64, 64


class LiveMaps:
    """Draws on request, and keeps a small picture on disk every `every_s` seconds, to be looked at after the run."""

    def __init__(self, model: keras.Model, probe: Inputs, length: int, every_s: float, folder: Path) -> None:
        """probe: the sentence as the model takes it, (1, length) each."""
        self._trace = MixingTrace(model)
        self._probe, self._length = probe, length
        self._every_s = every_s
        self._folder = folder
        self._kept_at = float("-inf")

    def draw(self, state: State, rows: int, columns: int, keep_zero: bool) -> tuple[protocol.Maps, bytes]:
        """The atlas of all layers at most (rows, columns) each, for weights that need not be the model's own."""
        began = time.monotonic()
        values = self._trace.maps(self._probe, rows, columns, keep_zero, state=_on_one_device(state))
        return atlas_of(self._trace, values, self._length, keep_zero, time.monotonic() - began)

    def due(self) -> bool:
        return time.monotonic() - self._kept_at >= self._every_s

    def keep(self, state: State, step: int) -> None:
        """Store `maps/<step>.npy`, (layers, rows, columns) float16, and once what its rows and columns mean."""
        values = self._trace.maps(self._probe, KEPT_ROWS, KEPT_COLUMNS, False, state=_on_one_device(state))
        described, _ = atlas_of(self._trace, values, self._length, False, 0.0)
        run_maps.keep(self._folder, step, values, MapAxes.of(described))
        self._kept_at = time.monotonic()


def _on_one_device(state: State) -> tuple[list[jax.Array], list[jax.Array]]:
    """The first device's copy of replicated weights, without moving a byte: one sentence needs one device."""
    return [v.addressable_data(0) for v in state.trainable], [v.addressable_data(0) for v in state.non_trainable]
