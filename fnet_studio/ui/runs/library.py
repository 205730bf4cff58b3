"""The runs on disk as the window knows them, read beside the event loop and only where something changed."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QObject, Signal

from fnet_studio.core import files, places, run_notes, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_names import Named
from fnet_studio.core.run_notes import RunNotes
from fnet_studio.core.run_store import RunRecord
from fnet_studio.ui import timers
from fnet_studio.ui.background import Background

SPARK_POINTS = 48
SPARKS_AT_ONCE = 40
SPARK_MS = 20


class RunEntry(NamedTuple):
    record: RunRecord
    notes: RunNotes

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def name(self) -> str:
        """The user's own, or the recipe's."""
        return self.notes.name or self.record.name

    @property
    def named(self) -> Named:
        return Named(self.name, self.record.began)

    @property
    def model(self) -> tuple[str, str, float]:
        """Tells the model that the run has now from what it had before: a run that went on has another one."""
        return self.record.id, self.record.status, self.record.ended


Stamp = tuple[tuple[int, int], tuple[int, int]]


class Scan(NamedTuple):
    entries: list[RunEntry]
    problems: list[UserError]
    known: dict[str, tuple[Stamp, RunEntry]]


def scan(known: dict[str, tuple[Stamp, RunEntry]]) -> Scan:
    """All runs, newest first. Those whose files have not changed since are taken from `known`."""
    entries, problems, found = [], [], {}
    root = places.runs()
    for path in root.iterdir() if root.is_dir() else ():
        stamp = (files.stamp(path / "run.json"), files.stamp(path / "notes.json"))
        if stamp[0] == files.NOTHING or path.name.startswith("."):
            continue
        before = known.get(path.name)
        # a run under way may have lost its worker without a change on disk
        if before is not None and before[0] == stamp and before[1].record.status != "running":
            entry = before[1]
        else:
            try:
                entry = RunEntry(run_store.read(path.name), run_notes.read(path.name))
            except UserError as error:
                problems.append(error)
                continue
        found[path.name] = (stamp, entry)
        entries.append(entry)
    entries.sort(key=lambda entry: entry.record.began, reverse=True)
    return Scan(entries, problems, found)


def spark(path: Path, points: int = SPARK_POINTS) -> np.ndarray:
    """The loss at about so many places of a log, (found,) float64. Costs the same for any length: it reads a line at
    each of so many places of the file."""
    values = []
    try:
        with open(path, "rb") as stream:
            size = stream.seek(0, 2)
            for place in range(points + 1):
                stream.seek(size * place // (points + 1))
                if place:
                    stream.readline()
                for _ in range(3):  # evaluations and annotations stand between the steps
                    line = stream.readline()
                    loss = _loss(line)
                    if loss is not None:
                        values.append(loss)
                        break
    except OSError:
        return np.empty(0)
    found = np.array(values)
    return found[np.isfinite(found)] if len(found) else found


def _loss(line: bytes) -> float | None:
    try:
        row = json.loads(line)
        return None if "split" in row or "loss" not in row else float(row["loss"])
    except (ValueError, TypeError):
        return None


class RunLibrary(QObject):
    """Owns what was read."""

    changed = Signal()
    """The list was read anew."""
    sparks_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[RunEntry] = []
        self.problems: list[UserError] = []
        self.loaded = self._reading = self._again = False
        self._known: dict[str, tuple[Stamp, RunEntry]] = {}
        self._sparks: dict[str, tuple[float, np.ndarray]] = {}
        self._wanted: dict[str, RunRecord] = {}
        self._background = Background(self)
        self._soon = timers.once(self, SPARK_MS)
        self._soon.timeout.connect(self._read_sparks)

    def refresh(self) -> None:
        """Read the folder again, soon. While it is being read: once more after that."""
        if self._reading:
            self._again = True
            return
        self._reading = True
        known = dict(self._known)
        self._background.run(lambda: scan(known), self._scanned, self._not_scanned)

    def _scanned(self, found: Scan) -> None:
        self.entries, self.problems, self._known = found
        self._over()

    def _not_scanned(self, error: UserError) -> None:
        self.problems = [error]
        self._over()

    def _over(self) -> None:
        self.loaded, self._reading = True, False
        again, self._again = self._again, False
        self.changed.emit()
        if again:
            self.refresh()

    def find(self, run: str) -> RunEntry | None:
        return next((entry for entry in self.entries if entry.id == run), None)

    def spark(self, record: RunRecord) -> np.ndarray:
        """(points,) of its loss; empty until it has been read, which this call asks for."""
        steps, values = self._sparks.get(record.id, (-1.0, np.empty(0)))
        if steps != record.steps and record.id not in self._wanted:
            self._wanted[record.id] = record
            self._soon.start()
        return values

    def _read_sparks(self) -> None:
        """Those that were asked for last: what is on screen now."""
        wanted = list(self._wanted.values())[-SPARKS_AT_ONCE:]

        def read() -> dict[str, tuple[float, np.ndarray]]:
            return {one.id: (one.steps, spark(places.runs() / one.id / "metrics.jsonl")) for one in wanted}

        self._background.run(read, self._sparked, key="sparks")

    def _sparked(self, read: dict[str, tuple[float, np.ndarray]]) -> None:
        self._sparks |= read
        self._wanted = {}
        self.sparks_changed.emit()
