"""Answers `protocol.Measure`: numbers from inside a model for one sentence."""

import time
from collections.abc import Callable

import numpy as np

from fnet_studio.core import measurements, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.engine.explored import Explored
from fnet_studio.engine.job import Job
from fnet_studio.models.influence import Influence, room
from fnet_studio.models.probe import LayerProbe, States, changes, shares, spectra
from fnet_studio.models.tokenizer import MASK, SPACE
from fnet_studio.models.trace import pictures

SHORTEST = 32
Named = dict[str, np.ndarray]
Labels = dict[str, tuple[str, ...]]


class Measuring:
    """Owns what is compiled for one model, and the last sentence's states: most pictures come from them."""

    def __init__(self, preset: Explored) -> None:
        self.preset = preset
        self._probe = LayerProbe(preset.model)
        self._influence = Influence(self._probe)
        self._last: tuple[bytes, States] | None = None

    def measure(self, command: protocol.Measure, job: Job) -> tuple[protocol.Measured, bytes]:
        """UserError `measure.layer`, `measure.position`, `measure.no-mask`, `measure.no-head` or `measure.mixing`."""
        began = time.monotonic()
        job.check()
        tokenized = self.preset.masked(self.preset.tokenize(command.text), command.masked)
        asked = _Asked(self, tokenized, job)
        program = self._program(command.what, asked.count)
        arrays, labels = self.preset.first_calls.make(program, job, lambda: asked.answer(command.what))
        ready = {name: np.ascontiguousarray(values, np.float32) for name, values in arrays.items()}
        described = tuple(measurements.Array(name, tuple(values.shape)) for name, values in ready.items())
        took_ms = (time.monotonic() - began) * 1000
        blob = b"".join(values.tobytes() for values in ready.values())
        return protocol.Measured(described, labels, took_ms), blob

    def _program(self, what: measurements.Question, tokens: int) -> tuple:
        """What the programs of an answer depend on, besides the model."""
        match what:
            case measurements.MixingMaps():
                return (what,)
            case measurements.MixingLayer(layer) if (
                self.preset.mixings[layer % len(self.preset.mixings)] == "attention"
            ):
                return (what,)
            case measurements.Influence(layer):
                return (type(what), layer, room(tokens))
            case measurements.Padding():
                return (type(what), tokens)
        return (type(what),)

    def forget(self) -> None:
        """The weights have changed, or the memory is wanted."""
        self._last = None

    def states(self, features: dict[str, np.ndarray]) -> States:
        key = features["token_ids"].tobytes()
        if self._last is None or self._last[0] != key:
            self._last = (key, self._probe.states(features))
        return self._last[1]


class _Asked:
    """One question about one sentence."""

    def __init__(self, measuring: Measuring, tokenized: protocol.Tokenized, job: Job) -> None:
        self.preset, self.probe, self.influence = measuring.preset, measuring._probe, measuring._influence
        self.tokens = tokenized.tokens
        self.count = len(self.tokens)
        self.features = self.preset.features(tokenized)
        self.job = job
        self._measuring = measuring

    @property
    def states(self) -> States:
        return self._measuring.states(self.features)

    def answer(self, what: measurements.Question) -> tuple[Named, Labels]:
        match what:
            case measurements.MixingMaps(rows, columns, keep_zero):
                if set(self.preset.mixings) == {"fourier"}:
                    return {"maps": np.asarray(pictures(self.states.mixed, rows, columns, keep_zero))}, {}
                shown = self.preset.length if what.pads else self.count
                drawn = [self._picture(layer, shown, keep_zero) for layer in range(len(self.preset.mixings))]
                rows, columns = (
                    min(least, *(it.shape[axis] for it in drawn)) for axis, least in enumerate((rows, columns))
                )
                return {"maps": np.stack([_pooled(_pooled(it, rows, 0), columns, 1) for it in drawn])}, {}
            case measurements.MixingLayer(layer):
                layer = self._layer(layer)
                if self.preset.mixings[layer] == "attention":
                    return {"attention": self.probe.attention(self.features, layer)[:, : self.count]}, {}
                return {"mixed": np.asarray(self.states.mixed[layer])}, {}
            case measurements.Spectrum():
                return {"power": spectra(self.states)}, {}
            case measurements.MixingShare():
                return {"share": shares(self.states)}, {}
            case measurements.Influence(layer, directions):
                found = self.influence.of(
                    self.features,
                    range(self.count),
                    self._layer(layer),
                    min(max(directions, 1), self.probe.hidden_dim),
                    on_chunk=self._chunks(),
                )
                return {"influence": found}, {}
            case measurements.Occlusion():
                mask = self.preset.hidden_token.id
                found = self.influence.occlusion(self.features, mask, range(self.count), self._chunks())
                return {"change": found[:, :, : self.count].swapaxes(1, 2)}, {}
            case measurements.Impulse(position, directions):
                self._check_position(position)
                return {"energy": self.influence.impulse(self.features, position, min(max(directions, 1), 64))}, {}
            case measurements.LayerLens():
                return self._lens(what)
            case measurements.Padding():
                return self._padding(what)
            case measurements.SpectralAblation():
                return self._ablation(what)
            case measurements.MixingSwap():
                return self._swap(what)

    def _lens(self, what: measurements.LayerLens) -> tuple[Named, Labels]:
        position = self._mask(what.position)
        if position is None:
            raise UserError(
                "measure.no-mask", "No word is hidden or chosen.", "Click a word to hide it, or point at one."
            )
        if not self._has_head:
            raise UserError(
                "measure.no-head",
                f"{self.preset.name} has no head for predicting words.",
                "Choose one with a pretrained head, such as fnet_small_en.",
            )
        rows = self.probe.head(self.states.hidden, [position])[:, 0]
        ids = list(dict.fromkeys([*_best(rows[-1], what.top_k), *(int(row.argmax()) for row in rows[::-1])]))
        return {"probability": rows[:, ids].T}, {"words": self._words(ids)}

    def _padding(self, what: measurements.Padding) -> tuple[Named, Labels]:
        fixed = {"linear", "random"} & set(self.preset.mixings)
        if fixed:
            raise UserError(
                "measure.mixing",
                f"The {fixed.pop()} mixing of {self.preset.name} works at {self.preset.length} positions alone.",
                "Choose another picture, or a model with another mixing.",
            )
        own = self.preset.length
        shorter = (SHORTEST << power for power in range(own.bit_length()))
        lengths = sorted({self.count, *(length for length in shorter if self.count < length < own), own})
        passes = self._chunks()
        hidden = {}
        for done, length in enumerate(lengths, 1):
            cut = {name: values[:, :length] for name, values in self.features.items()}
            hidden[length] = self.states.hidden if length == own else self.probe.states(cut).hidden
            passes(done, len(lengths))
        last = {length: np.asarray(states[-1, : self.count]) for length, states in hidden.items()}
        size = np.maximum(np.linalg.norm(last[own], axis=-1), 1e-30)
        moved = [np.linalg.norm(last[length] - last[own], axis=-1) / size for length in lengths]
        arrays, labels = {"change": np.stack(moved, 1)}, {"lengths": tuple(map(str, lengths))}
        position = self._mask(what.position)
        if position is not None and self._has_head:
            rows = [self.probe.head(hidden[length][-1:], [position])[0, 0] for length in lengths]
            self._predict(arrays, labels, rows[::-1], what.top_k)
            arrays["probability"] = arrays["probability"][:, ::-1]
        return arrays, labels

    def _ablation(self, what: measurements.SpectralAblation) -> tuple[Named, Labels]:
        other = next((name for name in self.preset.mixings if name != "fourier"), "")
        if other:
            raise UserError(
                "measure.mixing",
                f"{self.preset.name} mixes by {other}: there are no frequencies to take out of its mixing.",
                "Choose another picture, or a model with Fourier mixing.",
            )
        layers = self._layers(what.layers)
        gains = self.probe.band_gains(self.preset.length, what.low, what.high, layers, what.drop)
        other = self.probe.states(self.features, gains)
        arrays, labels = {"change": changes(self.states, other)[:, : self.count]}, {}
        self._compare(arrays, labels, [other], what.position, what.top_k)
        return arrays, labels

    def _swap(self, what: measurements.MixingSwap) -> tuple[Named, Labels]:
        layers, others = self._layers(what.layers), []
        for swap in ("identity", "random"):
            others.append(self.probe.states(self.features, swap=swap, layers=layers))
            self.job.check()
        arrays = {"change": np.stack([changes(self.states, other)[:, : self.count] for other in others])}
        own = self.preset.mixings[0]
        labels = {"mixings": ("Fourier" if own == "fourier" else own, "identity", "random")}
        self._compare(arrays, labels, others, what.position, what.top_k)
        return arrays, labels

    # ------------------------------------------------------------------------------------------- pieces

    def _picture(self, layer: int, shown: int, keep_zero: bool) -> np.ndarray:
        """One layer's, as large as it is; `shown` positions of what is by position."""
        mixing = self.preset.mixings[layer]
        if mixing == "attention":
            return self.probe.attention(self.features, layer).mean(0)[:shown, :shown]
        mixed = self.states.mixed[layer]
        if mixing == "fourier":
            return np.asarray(pictures(mixed[None], *mixed.shape, keep_zero)[0])
        return np.log1p(np.abs(np.asarray(mixed[:shown])))

    def _compare(self, arrays: Named, labels: Labels, others: list[States], position: int, top_k: int) -> None:
        """The answer as it is, and what becomes of it."""
        found = self._mask(position)
        if found is not None and self._has_head:
            passes = [self.states, *others]
            self._predict(arrays, labels, [self.probe.head(it.hidden[-1:], [found])[0, 0] for it in passes], top_k)

    def _predict(self, arrays: Named, labels: Labels, rows: list[np.ndarray], top_k: int) -> None:
        """rows: (vocabulary,) each, the model's own answer first. Shown are its best words, and every other's best."""
        ids = list(dict.fromkeys([*_best(rows[0], top_k), *(int(row.argmax()) for row in rows[1:])]))
        arrays["probability"] = np.stack([row[ids] for row in rows], 1)
        labels["words"] = self._words(ids)

    def _words(self, ids: list[int]) -> tuple[str, ...]:
        pieces = [self.preset.piece(id) for id in ids]
        return tuple(
            piece.removeprefix(SPACE) or "␣" if piece.startswith(SPACE) or not piece[:1].isalnum() else f"…{piece}"
            for piece in pieces
        )

    @property
    def _has_head(self) -> bool:
        return self.preset.head != "none"

    def _mask(self, position: int) -> int | None:
        """Where words are predicted: a position, or for -1 the first mask, if there is one."""
        if position >= 0:
            self._check_position(position)
            return position
        return next((at for at, token in enumerate(self.tokens) if token.piece == MASK and token.special), None)

    def _check_position(self, position: int) -> None:
        if not 0 <= position < self.count:
            raise UserError(
                "measure.position",
                f"There is no token at position {position}: the sentence has positions 0 to {self.count - 1}.",
                "Choose one of these.",
            )

    def _layers(self, layers: tuple[int, ...]) -> list[int] | None:
        return [self._layer(layer) for layer in layers] or None

    def _layer(self, layer: int) -> int:
        total = len(self.probe.blocks)
        if not -1 <= layer < total:
            raise UserError("measure.layer", f"There is no layer {layer + 1} of {total}.", "Choose one of these.")
        return layer % total

    def _chunks(self) -> Callable[[int, int], None]:
        """Tells how far a measurement is, and heeds a stop."""
        began = time.monotonic()
        told: list[int] = []

        def on_chunk(done: int, total: int) -> None:
            if not told:
                self.job.phase("measuring", total, "passes")
                told.append(total)
            rate = done / max(time.monotonic() - began, 1e-9)
            self.job.progress(done, rate, (total - done) / rate)
            self.job.check()

        return on_chunk


def _pooled(values: np.ndarray, size: int, axis: int) -> np.ndarray:
    """The largest of each bin; an axis that is no longer stays as it is."""
    length = values.shape[axis]
    if length <= size:
        return values
    return np.maximum.reduceat(values, (np.arange(size) * length + size - 1) // size, axis)


def _best(row: np.ndarray, count: int) -> list[int]:
    return [int(id) for id in np.argsort(-row, kind="stable")[: max(count, 1)]]
