"""The live run as a value: a pure reducer over the worker's messages.

The window, the command line, the tests and a replay fold the same events, so all of them show the same run.
"""

import math
from array import array
from dataclasses import dataclass, field
from typing import Any, Literal

from fnet_studio.core import protocol
from fnet_studio.core.phase_progress import PhaseProgress

PHASES = {
    "downloading": "Downloading",
    "waiting for a download": "Waiting for another download of the same",
    "reading": "Reading the texts",
    "searching": "Searching the texts",
    "building vocabulary": "Building the vocabulary",
    "tokenising": "Tokenising",
    "unpacking": "Unpacking the tokens",
    "building": "Building the model",
    "compiling": "Compiling for this device",
    "measuring": "Timing a few steps",
    "asking": "Asking the model",
    "training": "Training",
    "validating": "Validating",
    "testing": "Testing",
    "saving": "Saving",
    "comparing": "Comparing",
    "paused": "Paused",
    "waiting": "Waiting for room on the disk",
    "stopping": "Stopping",
}
"""Every phase a job goes through, and its words for the user."""

HELD = ("paused", "waiting")
"""Phases in which a run does nothing but hold its memory."""

_UNKNOWN = {"learning_rate": math.nan, "gradient_norm": math.nan, "memory_bytes": 0, "device_memory_bytes": 0}
"""For the columns that older versions did not have."""

Status = Literal["idle", "running", "finished", "stopped", "paused", "failed"]
"""paused: ended, its memory given back, to be resumed. A run that is held in place is `running`: see `held`."""
Part = Literal["status", "phase", "progress", "metrics", "evaluations", "annotations", "frame", "log"]


def phase_words(name: str) -> str:
    return PHASES.get(name, name.capitalize())


@dataclass
class RunState:
    """Owns what is known of one run. `apply` is the only way to change it, and says which parts changed."""

    command: int = 0
    """Id of the Train command that is followed; messages that belong to another one change nothing."""
    status: Status = "idle"
    started: protocol.RunStarted | None = None
    phase: str = ""
    phase_total: int = 0
    phase_unit: str = ""
    phase_began: float = 0.0
    phase_times: dict[str, float] = field(default_factory=dict)
    """Seconds spent in each phase that has ended, summed over its visits."""
    phase_progress: PhaseProgress = field(default_factory=PhaseProgress)
    step: array = field(default_factory=lambda: array("q"))
    loss: array = field(default_factory=lambda: array("d"))
    accuracy: array = field(default_factory=lambda: array("d"))
    tokens_per_s: array = field(default_factory=lambda: array("d"))
    time_s: array = field(default_factory=lambda: array("d"))
    learning_rate: array = field(default_factory=lambda: array("d"))
    """NaN, as the next column, where a run of an older version did not log it."""
    gradient_norm: array = field(default_factory=lambda: array("d"))
    memory_bytes: array = field(default_factory=lambda: array("q"))
    """0, as the next column, where it is not known."""
    device_memory_bytes: array = field(default_factory=lambda: array("q"))
    evaluations: list[protocol.Evaluated] = field(default_factory=list)
    annotations: list[protocol.Annotation] = field(default_factory=list)
    saved: list[protocol.Saved] = field(default_factory=list)
    frame: protocol.Frame | None = None
    frame_blob: bytes = b""
    log: list[protocol.Log] = field(default_factory=list)
    result: protocol.RunFinished | None = None
    failure: protocol.Failed | None = None
    kept: bool = False
    began: float = 0.0
    ended: float = 0.0

    def begin(self, command: int, now: float) -> set[Part]:
        """Follow a Train command that was just sent. now: seconds since the epoch."""
        self.__init__(command=command, status="running", began=now, phase_began=now)
        return {"status", "phase", "progress", "metrics", "evaluations", "annotations", "frame", "log"}

    def apply(self, envelope: protocol.Envelope, blob: bytes = b"") -> set[Part]:
        """Fold one message in. Returns the parts that changed; empty for messages of other commands."""
        if not self.command or envelope.reply_to != self.command or self.status != "running":
            return set()
        body = envelope.body
        moved: set[Part] = {"progress"} if self.phase_progress.apply(body) else set()
        match body:
            case protocol.RunStarted():
                self.started = body
                return {"status"}
            case protocol.Phase():
                self._leave_phase(envelope.time)
                self.phase, self.phase_total, self.phase_unit = body.name, body.total, body.unit
                return {"phase", "progress"}
            case protocol.Progress():
                return moved
            case protocol.Metrics():
                for name in protocol.METRIC_COLUMNS:
                    values = getattr(body, name)
                    getattr(self, name).extend(values or (_UNKNOWN[name],) * len(body.step))
                moved.add("metrics")
                return moved
            case protocol.Annotation():
                return self._annotate(body)
            case protocol.Evaluated():
                self.evaluations.append(body)
                return {"evaluations"}
            case protocol.Saved():
                self.saved.append(body)
                return {"status"}
            case protocol.Frame():
                self.frame, self.frame_blob = body, blob
                return {"frame"}
            case protocol.Log():
                self.log.append(body)
                return {"log"}
            case protocol.Done():
                result = body.result
                self.result = result if isinstance(result, protocol.RunFinished) else None
                return self._end("finished", envelope.time)
            case protocol.Stopped():
                self.kept = body.kept
                return self._end("paused" if body.paused else "stopped", envelope.time)
            case protocol.Failed():
                self.failure = body
                return self._end("failed", envelope.time)
        return set()

    def remember(self, rows: list[dict[str, Any]]) -> set[Part]:
        """Put in front what a resumed run had measured before: rows of its log, as `run_store.read_log` reads them, up
        to the step it goes on from."""
        last = self.started.resumed_at if self.started else 0
        for row in rows:
            if row["step"] > last:
                continue
            if "note" in row:
                self._annotate(protocol.Annotation(row["note"], row["step"], row["time_s"], row["text"]))
            elif "split" in row:
                names = ("split", "step", "epoch", "loss", "accuracy", "examples", "time_s")
                values = {name: row[name] for name in names}
                values |= {name: row[name] for name in ("asked", "macro_f1") if name in row}
                self.evaluations.append(protocol.Evaluated(**values))
            else:
                for name in protocol.METRIC_COLUMNS:
                    getattr(self, name).append(row.get(name, _UNKNOWN.get(name)))
        return {"metrics", "evaluations", "annotations"}

    def _annotate(self, annotation: protocol.Annotation) -> set[Part]:
        """The one that tells of a resume may come twice: as an event, and with the log read just after it."""
        if annotation in self.annotations:
            return set()
        self.annotations.append(annotation)
        return {"annotations"}

    def _leave_phase(self, now: float) -> None:
        if self.phase:
            spent = max(0.0, now - self.phase_began)
            self.phase_times[self.phase] = self.phase_times.get(self.phase, 0.0) + spent
        self.phase_began = now

    def _end(self, status: Status, now: float) -> set[Part]:
        self._leave_phase(now)
        self.status, self.phase, self.ended = status, "", now
        return {"status", "phase"}

    @property
    def progress(self) -> protocol.Progress:
        return self.phase_progress.progress

    @property
    def held(self) -> bool:
        """Paused in place, all memory kept."""
        return self.status == "running" and self.phase == "paused"

    def elapsed_s(self, now: float) -> float:
        return max(0.0, (self.ended or now) - self.began) if self.began else 0.0

    def of_split(self, split: str) -> list[protocol.Evaluated]:
        return [item for item in self.evaluations if item.split == split]
