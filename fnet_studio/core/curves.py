"""What a run measured, as columns: its steps, its evaluations, and what happened on the way."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from msgspec import Struct

from fnet_studio.core import run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import RunRecord

CHUNK_BYTES = 1 << 17
"""What is decoded at one go: a reader in a thread of the window must let go of the interpreter often."""


class Quantity(NamedTuple):
    title: str
    axis: str
    """Its words on an axis, with the unit."""
    scale: float = 1.0
    """What a stored value is multiplied by to stand on that axis."""
    evaluated: bool = False
    """Evaluations measure it too."""
    higher_is_better: bool = False


QUANTITIES = {
    "loss": Quantity("Loss", "loss", evaluated=True),
    "accuracy": Quantity("Accuracy", "accuracy (%)", 100.0, evaluated=True, higher_is_better=True),
    "learning_rate": Quantity("Learning rate", "learning rate"),
    "gradient_norm": Quantity("Gradient norm", "gradient norm"),
    "tokens_per_s": Quantity("Speed", "tokens per second"),
    "memory_bytes": Quantity("Memory", "memory (GB)", 1e-9),
    "device_memory_bytes": Quantity("Device memory", "device memory (GB)", 1e-9),
}
"""Everything that is measured at each step, by its column's name."""
PLACES = ("step", "epoch", "time_s")
NOT_MEASURED = ("memory_bytes", "device_memory_bytes")
"""Columns in which 0 stands for what is not known."""
EVENTS = {
    "paused": "Paused",
    "continued": "Went on after a pause",
    "resumed": "Went on from a checkpoint",
    "checkpoint": "Checkpoint written",
    "evaluated": "Measured on request",
    "less-memory": "The device ran out of memory: it goes on with less",
    "disk-low": "Paused: the disk is nearly full",
    "disk-freed": "Went on: there is room on the disk again",
}
"""What `protocol.Annotation.kind` means, where the annotation has no words of its own."""
AXES = {"step": "training step", "epoch": "epoch", "time_s": "training time"}


class Mark(NamedTuple):
    """Something that happened to a run: a pause, a checkpoint, a retry."""

    step: float
    time_s: float
    kind: str
    words: str


def mark(kind: str, step: float, time_s: float, text: str = "") -> Mark:
    """Of an annotation of the protocol."""
    return Mark(step, time_s, kind, text or EVENTS.get(kind, kind.capitalize()))


class Checks(NamedTuple):
    """Evaluations of one split, (evaluations,) float64 each."""

    step: np.ndarray
    epoch: np.ndarray
    time_s: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    asked: np.ndarray
    """Booleans: measured on request, in the middle of an epoch."""

    @classmethod
    def of(cls, evaluated: Iterable[Any], per_epoch: int) -> "Checks":
        """evaluated: objects with these fields, such as `protocol.Evaluated`. per_epoch: steps an epoch, 0 when
        unknown."""
        rows = list(evaluated)
        checks = cls(*(np.array([getattr(row, name) for row in rows], np.float64) for name in cls._fields))
        checks = checks._replace(asked=checks.asked > 0)
        if not per_epoch:
            return checks
        # one on request tells the epochs that were done, not how much of the next one
        return checks._replace(epoch=np.where(checks.asked, checks.step / per_epoch, checks.epoch))

    def best(self, quantity: str) -> int | None:
        """Place of the best evaluation, of equals that of the lowest loss; None without any. What was measured on
        request decides nothing, as in the training itself."""
        values = np.where(self.asked, np.nan, getattr(self, quantity))
        if not np.isfinite(values).any():
            return None
        ascending = -values if QUANTITIES[quantity].higher_is_better else values
        return int(np.lexsort((self.loss, ascending))[0])  # what is no number comes last


NO_CHECKS = Checks.of((), 0)


@dataclass
class Curves:
    """One run's measurements."""

    columns: dict[str, np.ndarray] = field(default_factory=dict)
    """`step`, `epoch`, `time_s` and every quantity: (steps,) float64, not a number where it was not measured."""
    checks: dict[str, Checks] = field(default_factory=dict)
    """By split."""
    marks: list[Mark] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.columns.get("step", ()))

    def measured(self) -> list[str]:
        """The quantities that hold a number."""
        return [name for name in QUANTITIES if np.isfinite(self.columns.get(name, np.empty(0))).any()]


class _Row(Struct):
    """A line of ``metrics.jsonl``: a step, an evaluation (`split`), or an annotation (`note`)."""

    step: int = 0
    epoch: float | None = None
    time_s: float | None = None
    loss: float | None = None
    accuracy: float | None = None
    learning_rate: float | None = None
    gradient_norm: float | None = None
    tokens_per_s: float | None = None
    memory_bytes: float | None = None
    device_memory_bytes: float | None = None
    split: str = ""
    asked: bool = False
    note: str = ""
    text: str = ""


_rows = msgspec.json.Decoder(_Row)


def read_curves(record: RunRecord) -> Curves:
    """From the run's log. UserError `run.missing`, or `run.unreadable` for a broken line that is not the last."""
    path = run_store.folder(record.id) / "metrics.jsonl"
    steps: dict[str, list[np.ndarray]] = {name: [np.empty(0)] for name in ("step", "time_s", *QUANTITIES)}
    checked: dict[str, list[_Row]] = {}
    marks: list[Mark] = []
    for rows in _chunks(path) if path.is_file() else ():
        plain = [row for row in rows if not row.split and not row.note]
        for name, column in steps.items():
            column.append(np.array([getattr(row, name) for row in plain], dtype=np.float64))
        if len(plain) < len(rows):
            for row in rows:
                if row.split:
                    checked.setdefault(row.split, []).append(row)
                elif row.note:
                    marks.append(mark(row.note, row.step, row.time_s or 0.0, row.text))
    columns = {name: np.concatenate(parts) for name, parts in steps.items()}
    for name in NOT_MEASURED:
        columns[name][columns[name] == 0] = np.nan
    per_epoch = steps_per_epoch(record)
    columns["epoch"] = columns["step"] / (per_epoch or np.nan)
    return Curves(columns, {split: Checks.of(rows, per_epoch) for split, rows in checked.items()}, marks)


def steps_per_epoch(record: RunRecord) -> int:
    """0 when the run never got as far as to know."""
    epochs = record.recipe.get("training", {}).get("epochs", 0)
    return record.total_steps // epochs if epochs else 0


def _chunks(path: Path) -> Iterator[list[_Row]]:
    number = 0
    try:
        with open(path, "rb") as stream:
            while text := stream.read(CHUNK_BYTES):
                text += stream.readline()
                lines = text.count(b"\n")
                # what Python's json writes for what is no number is no JSON
                text = text.replace(b": NaN", b": null").replace(b": Infinity", b": null")
                try:
                    yield _rows.decode_lines(text)
                except msgspec.DecodeError:
                    yield _rows_before_the_torn_one(path, text, number)
                number += lines
    except OSError as error:
        raise UserError("run.unreadable", f"{path} cannot be read: {error}.", "Check the folder's rights.") from None


def _rows_before_the_torn_one(path: Path, text: bytes, number: int) -> list[_Row]:
    lines, found = text.split(b"\n"), []
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            found.append(_rows.decode(line))
        except msgspec.DecodeError:
            if place == len(lines) - 1:  # no line break after it: the writer was cut off
                break
            raise UserError(
                "run.unreadable",
                f"{path}, line {number + place + 1}, is not one of a run's log.",
                "Delete the run, or mend that line.",
            ) from None
    return found


class Band(NamedTuple):
    """Mean of several curves, and one standard deviation to either side. (points,) float64 each."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def mean_and_band(curves: Sequence[tuple[np.ndarray, np.ndarray]], points: int = 600) -> Band:
    """curves: (x, y) each, x growing. Over the range that all of them cover; values between their points lie on
    straight lines. The deviation is that of the sample (n - 1), and zero for a single curve."""
    usable = [(x[ok], y[ok]) for x, y in curves if (ok := np.isfinite(y)).any()]
    if not usable:
        return Band(*(np.empty(0) for _ in Band._fields))
    low, high = max(x[0] for x, _ in usable), min(x[-1] for x, _ in usable)
    if low > high:
        return Band(*(np.empty(0) for _ in Band._fields))
    grid = np.linspace(low, high, points)
    values = np.stack([np.interp(grid, x, y) for x, y in usable])
    mean = values.mean(axis=0)
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros_like(mean)
    return Band(grid, mean, mean - spread, mean + spread)
