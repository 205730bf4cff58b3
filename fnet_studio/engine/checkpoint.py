"""All that a training run needs to go on as if it had never stopped: weights, optimiser, random state, place in the
data, and what was summed so far. One safetensors file a checkpoint, verified when written."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax
import msgspec
import numpy as np
from msgspec import Struct
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file

from fnet_studio.core import files, run_models
from fnet_studio.core.errors import UserError
from fnet_studio.engine.step import State, Weights
from fnet_studio.models import tensor_file

FORMAT = 1
FOLDER = run_models.CHECKPOINTS
BEST = "best.safetensors"
ASIDE = ".unread"
"""What the name of a checkpoint ends in that could not be read, but may be whole."""
_UNREADABLE = (OSError, SafetensorError, ValueError, KeyError, msgspec.ValidationError)
_Arrays = TypeVar("_Arrays", State, Weights)


class Misfit(UserError):
    """Whole checkpoints of another model than the recipe makes now, kind `run.no-checkpoint`: with the version that
    wrote them the run may still go on."""


class _Unfit(ValueError):
    """One such file; the words go on after its name."""


class Position(Struct, kw_only=True):
    """Where a run is. Sums are over the texts of the epoch under way."""

    step: int = 0
    epoch: int = 0
    """The epoch under way, counted from 0; equal to the number of epochs when all are done."""
    step_in_epoch: int = 0
    loss_sum: float = 0.0
    correct_sum: float = 0.0
    weight_sum: float = 0.0
    time_s: float = 0.0
    """Seconds of the run so far, as its metrics count them."""
    training_s: float = 0.0
    best: float | None = None
    """The best epoch's validation figure (`optimisation.monitor`) so far."""
    best_loss: float | None = None
    """That epoch's validation loss. A checkpoint of an earlier version does not know it; then no equal epoch takes the
    place of the best one, as it was there."""
    best_epoch: int = 0
    """Counted from 1; 0 before the first validation."""
    risen_epoch: int = 0
    """The first one of those that equal the best: patience counts from it."""
    equals: int = 1
    """How many they are."""
    devices: int = 1
    """Devices that shared a batch: another number adds up in another order, so losses would differ in the last bits."""

    def __post_init__(self) -> None:
        self.risen_epoch = self.risen_epoch or self.best_epoch

    def judge(self, epoch: int, figure: float, loss: float) -> bool:
        """An epoch by its validation figure, more is better; of equal ones that of the lowest loss is the best. True
        when it is the best so far."""
        if self.best is None or figure > self.best:
            self.best, self.risen_epoch, self.equals = figure, epoch, 1
        elif figure == self.best:
            self.equals += 1
            if self.best_loss is None or not loss < self.best_loss:
                return False
        else:
            return False
        self.best_epoch, self.best_loss = epoch, loss
        return True

    def after_epoch(self) -> "Position":
        """At the beginning of the next one."""
        sums = {"step_in_epoch": 0, "loss_sum": 0.0, "correct_sum": 0.0, "weight_sum": 0.0}
        return msgspec.structs.replace(self, epoch=self.epoch + 1, **sums)


def write(folder: Path, state: State, position: Position, keep_last: int) -> Path:
    """`checkpoints/<step>.safetensors` under the run's folder; older ones beyond `keep_last` are removed, and those put
    aside that the run has come past. UserError when the disk refuses, or `run.unverified` when the file does not read
    back as written."""
    path = folder / FOLDER / f"{position.step:08d}.safetensors"
    _write(path, state, position)
    for old in stored(folder)[:-keep_last]:
        if old != path:
            old.unlink(missing_ok=True)
    for aside in path.parent.glob(f"*{ASIDE}"):
        if aside.stem <= path.stem:
            aside.unlink(missing_ok=True)
    return path


def write_best(folder: Path, weights: Weights, position: Position) -> None:
    """`best.safetensors` under the run's folder: what the best epoch so far ended with. UserError as in `write`."""
    _write(folder / BEST, weights, position)


def read_best(folder: Path, like: Weights) -> tuple[Weights, int]:
    """And the step that they are of. UserError `run.no-checkpoint` when it is gone or damaged."""
    try:
        weights, position = _read(folder / BEST, like)
        return weights, position.step
    except _UNREADABLE as error:
        raise _refused(f"{BEST} of the run {folder.name}", error, "Start it again from its recipe.") from None


def read_weights(path: Path) -> Weights:
    """What the run would have kept of its model at this checkpoint, in NumPy: the average where there is one.
    UserError `run.unreadable`."""
    try:
        tensors = load_file(path)
    except _UNREADABLE as error:
        raise UserError("run.unreadable", f"{path} cannot be read: {error}.", "Choose another step.") from None
    parts: dict[str, list] = {}
    for name in sorted(tensors):
        parts.setdefault(name.partition("/")[0], []).append(tensors[name])
    return Weights(parts.get("average") or parts.get("trainable", []), parts.get("non_trainable", []))


def _write(path: Path, arrays: State | Weights, position: Position) -> None:
    tensors = {name: np.asarray(value) for name, value in _named(arrays).items()}
    header = {"format": str(FORMAT), "position": json.dumps(msgspec.to_builtins(position))}
    files.write_parts_atomically(path, tensor_file.parts(tensors, header))
    written = load_file(path)
    if any(not np.array_equal(value, written[name], equal_nan=True) for name, value in tensors.items()):
        path.unlink(missing_ok=True)
        raise UserError(
            "run.unverified", f"The checkpoint {path.name} does not read back as written.", "Check the disk."
        )


def clean(folder: Path) -> None:
    """Remove what a process that was killed while it wrote left behind."""
    for place in (folder, folder / FOLDER):
        for path in place.glob(".*.safetensors.*"):
            path.unlink(missing_ok=True)


def stored(folder: Path) -> list[Path]:
    """The run's checkpoints, oldest first."""
    return sorted((folder / FOLDER).glob("*.safetensors"))


def read_newest(folder: Path, like: State) -> tuple[State, Position, list[Path]]:
    """The newest checkpoint that can be read, with the shapes of `like`, and those after it, which cannot. These are
    out of the way then: they would count as the newest ones, and push a good one out. UserError `run.no-checkpoint`
    when there is none, as Misfit where all are of another model; `disk.unwritable`."""
    problems: dict[Path, Exception] = {}
    for path in reversed(stored(folder)):
        try:
            found = _read(path, like)
        except _UNREADABLE as error:
            problems[path] = error
            continue
        for unread, error in problems.items():
            _put_out_of_the_way(unread, error)
        return *found, list(problems)
    if problems and all(isinstance(error, _Unfit) for error in problems.values()):
        raise Misfit(
            "run.no-checkpoint",
            f"The checkpoints of the run {folder.name} do not fit the model of its recipe.",
            "They come from another version, or its preset was replaced: resume it with that version, or start it "
            "again from its recipe.",
        )
    words = f" ({'; '.join(f'{path.name}: {error}' for path, error in problems.items())})" if problems else ""
    raise UserError(
        "run.no-checkpoint",
        f"The run {folder.name} has no checkpoint to resume from{words}.",
        "Start it again from its recipe.",
    )


def _put_out_of_the_way(path: Path, error: Exception) -> None:
    """Only what is proven to be damaged is removed: a disk may refuse for a moment, and another version write
    otherwise."""
    try:
        if isinstance(error, SafetensorError):
            path.unlink(missing_ok=True)
        else:
            path.replace(path.with_suffix(ASIDE))
    except FileNotFoundError:
        pass
    except OSError as refused:
        raise files.disk_error(refused, path) from refused


def read(path: Path, like: State) -> tuple[State, Position]:
    """One of `stored`. UserError `run.no-checkpoint` when it is gone or damaged."""
    try:
        return _read(path, like)
    except _UNREADABLE as error:
        raise _refused(f"The checkpoint {path.name}", error, "Train the run anew.") from None


def _refused(what: str, error: Exception, advice: str) -> UserError:
    if isinstance(error, _Unfit):
        why = "It comes from another version, or its preset was replaced."
        return UserError("run.no-checkpoint", f"{what} {error}.", f"{why} {advice}")
    return UserError("run.no-checkpoint", f"{what} cannot be read: {error}.", advice)


def _read(path: Path, like: _Arrays) -> tuple[_Arrays, Position]:
    with safe_open(path, framework="numpy") as opened:
        header = opened.metadata() or {}
    if header.get("format") != str(FORMAT):
        raise ValueError(f"format {header.get('format')} instead of {FORMAT}")
    position = msgspec.convert(json.loads(header["position"]), Position)
    tensors = load_file(path)
    wanted = _named(like)
    if _kinds(tensors) != _kinds(wanted):
        raise _Unfit("does not fit the model of its recipe")
    leaves = [jax.device_put(tensors[name], value.sharding) for name, value in wanted.items()]
    return jax.tree.unflatten(jax.tree.structure(like), leaves), position


def _kinds(arrays: Mapping[str, Any]) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


def _named(state: State | Weights) -> dict[str, jax.Array]:
    """By part and place: the order of a model's variables is part of its recipe."""
    return {
        f"{part}/{index:03d}": value
        for part, values in zip(state._fields, state, strict=True)
        for index, value in enumerate(values)
    }
