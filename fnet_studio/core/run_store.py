"""Runs on disk: one folder a run, written by the worker alone, read by everybody.

``runs/<time>-<name>-<id>/`` holds ``run.json`` (what the run is and how it ended), ``metrics.jsonl`` (append-only; a
torn last line is tolerated), ``maps/`` (stored mixing maps), ``model.safetensors`` with ``vocabulary.txt``, and the
user's notes in ``notes.json``, which only the window writes.
"""

import contextlib
import json
import os
import secrets
import shutil
import time
import unicodedata
from io import FileIO
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import psutil
from msgspec import Struct

from fnet_studio.core import files, migrations, places, protocol
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.preflight import Cost
from fnet_studio.core.provenance import GitState
from fnet_studio.core.recipe import LANGUAGE_TASKS, SECTIONS

SCHEMA = migrations.RUN_SCHEMA
WRITE_BYTES = 8192
WRITE_EVERY_S = 1.0
"""So that little of a curve is lost with a process, and the Runs page can follow one."""
CLOCKS_APART_S = 5.0
"""How far the clock of a file system may be behind that of the processes."""
KEPT_PRESET = "preset"
"""The folder inside a run's that holds its model as a preset."""
RUN = "run:"
"""What a preset's name begins with when it is that of a run."""
Status = Literal["running", "finished", "stopped", "paused", "failed", "interrupted"]


Moment = Annotated[float, msgspec.Meta(ge=0, lt=253_402_214_400)]
"""Before the year 10000, as calendars have it."""


class RunRecord(Struct, kw_only=True):
    """Content of ``run.json``."""

    schema: int = SCHEMA
    id: str
    name: str
    task: str = "classify"
    status: Status = "running"
    began: Moment
    """Seconds since the epoch."""
    ended: Moment = 0.0
    away_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Seconds from where it was stopped, paused or cut off to where it was resumed."""
    pid: int = 0
    recipe: dict[str, Any] = {}
    versions: dict[str, str] = {}
    device: protocol.Device | None = None
    data: dict[str, Any] = {}
    parameters: int = 0
    steps: int = 0
    saved_step: int = 0
    """Of the newest checkpoint: where the run goes on when it is resumed."""
    model_step: int = 0
    """Of the kept model; 0 where there is none, or an earlier version kept it."""
    total_steps: int = 0
    phase_times_s: dict[str, float] = {}
    training_s: float = 0.0
    """Seconds spent in training steps alone."""
    train_accuracy: float | None = None
    """Of the last epoch, as the next three, or of the best one where that is kept."""
    train_loss: float | None = None
    validation_accuracy: float | None = None
    validation_loss: float | None = None
    test_accuracy: float | None = None
    test_loss: float | None = None
    confusion: list[list[int]] | None = None
    """Of the test texts: rows the true classes, columns the answers."""
    validation_confusion: list[list[int]] | None = None
    failure: dict[str, str] | None = None
    estimate: Cost | None = None
    """What the run was expected to need, where it was planned."""
    outcome: Cost | None = None
    """What it then needed; only of a run that finished in one go."""
    typed: str = ""
    """The command line that started it, where there was one."""
    git: GitState | None = None
    """Of the source it ran from, where that is a checkout."""
    parent: str = ""
    """The run whose kept preset it started from."""
    then: dict[str, Any] | None = None
    """The recipe that follows when it has finished (`core.chain`)."""

    @property
    def duration_s(self) -> float:
        """Of work so far, while it runs; -1 where nobody knows when it ended."""
        if not self.ended and self.status != "running":
            return -1.0
        return max(0.0, (self.ended or time.time()) - self.began - self.away_s)

    @property
    def classifies(self) -> bool:
        """Whether its model answers with classes; else it fills masks."""
        return self.recipe.get("task", self.task) not in LANGUAGE_TASKS


class RunWriter:
    """The single writer of one run's folder."""

    def __init__(self, record: RunRecord, folder: Path) -> None:
        self.record = record
        self.folder = folder
        self._metrics: FileIO | None = None
        self._pending = bytearray()
        self._written_at = float("-inf")  # the first row at once
        self._before: tuple[bytes, int] | None = None

    @classmethod
    def create(cls, name: str, recipe: dict[str, Any]) -> "RunWriter":
        """A new folder with a first ``run.json``. UserError when the disk refuses."""
        now = time.time()
        plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()  # for every file system
        safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in plain)[:40] or "run"
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
        run = f"{stamp}-{safe}-{secrets.token_hex(2)}"
        record = RunRecord(id=run, name=name, began=now, pid=os.getpid(), recipe=recipe)
        writer = cls(record, places.runs() / run)
        files.write_json(writer.folder / "run.json", record)
        return writer

    @classmethod
    def reopen(cls, run: str, resumed: float = 0.0) -> "RunWriter":
        """Go on writing a run that has ended; the record of an earlier version is kept beside the new one. resumed:
        when that began, in seconds since the epoch; 0 for now. UserError `run.still-running` when its process lives."""
        record, path = read(run), folder(run) / "run.json"
        if record.status == "running":
            raise UserError("run.still-running", f"The run {run} is still at work.", "Stop it first.")
        before = path.read_bytes(), path.stat().st_mtime_ns
        left_at = record.ended or before[1] / 1e9  # one that was cut off could not say when
        record.away_s += max(0.0, (resumed or time.time()) - left_at)
        _keep_earlier(path)
        record.status, record.pid, record.ended, record.failure = "running", os.getpid(), 0.0, None
        writer = cls(record, folder(run))
        writer._before = before
        writer.save()
        return writer

    def put_back(self) -> None:
        """The record as it was before `reopen`: the run was not gone on with. UserError when the disk refuses."""
        assert self._before is not None
        content, written_ns = self._before
        path = self.folder / "run.json"
        files.write_atomically(path, content)
        os.utime(path, ns=(written_ns, written_ns))  # of one that was cut off it says when

    def forget_after(self, step: int, epochs: int) -> None:
        """Drop what was logged after a step, and the evaluations after that many epochs: the run goes on there."""
        rows = [row for row in read_log(self.record.id) if row["step"] <= step and row.get("epoch", 0) <= epochs]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        files.write_atomically(self.folder / "metrics.jsonl", lines.encode())

    def save(self) -> None:
        """UserError `disk.full`, `run.folder-gone`, `disk.unwritable`."""
        self.require_folder()
        files.write_json(self.folder / "run.json", self.record)

    def append(self, row: dict[str, Any]) -> None:
        """One line of ``metrics.jsonl``, written with others; `flush` writes all. A line that finds no room on the
        disk waits for the next time: none is lost, and no step fails for it."""
        self._pending += json.dumps(row).encode() + b"\n"
        if len(self._pending) >= WRITE_BYTES or time.monotonic() - self._written_at >= WRITE_EVERY_S:
            self._written_at = time.monotonic()
            try:
                self.flush()
            except UserError as error:
                if error.kind != "disk.full":
                    raise

    def annotate(self, annotation: protocol.Annotation) -> None:
        self.append(
            {"note": annotation.kind, "step": annotation.step, "time_s": annotation.time_s, "text": annotation.text}
        )

    def flush(self) -> None:
        """UserError `disk.full`, what was not written still waits then; `run.folder-gone`; `disk.unwritable`."""
        path = self.folder / "metrics.jsonl"
        self.require_folder()
        if not self._pending:
            return
        try:
            if self._metrics is None:
                self._metrics = open(path, "ab", buffering=0)  # noqa: SIM115
            while self._pending:
                del self._pending[: self._metrics.write(self._pending[:WRITE_BYTES])]
        except OSError as error:
            raise files.disk_error(error, path) from error

    def require_folder(self) -> None:
        """Before anything is written there: nothing takes the place of a folder that was moved away, which could not
        be put back then. UserError `run.folder-gone`."""
        if not self.folder.is_dir():
            raise UserError(
                "run.folder-gone",
                f"The folder of the run has gone: {self.folder}.",
                "Put it back, or plug its disk in again, then resume the run; or start it again.",
            )

    def finish(self, status: Status) -> None:
        self.record.status = status
        self.record.ended = time.time()
        self.close()
        self.save()

    def abandon(self, mode: str) -> Stopped:
        """Its process ends in the middle of something, by a stop of this mode (`protocol.Stop`). Called in another
        thread than the one that writes, just before the end."""
        if mode == "discard":
            self.discard()
            return Stopped()
        paused = mode == "pause"
        self.record.status, self.record.ended = "paused" if paused else "stopped", time.time()
        with contextlib.suppress(UserError):  # a disk that refuses must not hold the end up
            self.save()
        return Stopped(paused or bool(self.record.saved_step), self.record.id, paused)

    def close(self) -> None:
        """Close the log. Never raises: it runs on the way out of a failure too."""
        with contextlib.suppress(UserError):
            self.flush()
        metrics, self._metrics = self._metrics, None
        if metrics is not None:
            with contextlib.suppress(OSError):
                metrics.close()

    def discard(self) -> None:
        """Remove the folder: the user asked that nothing be kept."""
        self._pending.clear()
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def rewrite(record: RunRecord) -> None:
    """Of a run that nobody writes; the record of an earlier version is kept beside the new one. UserError when the disk
    refuses."""
    path = folder(record.id) / "run.json"
    _keep_earlier(path)
    files.write_json(path, record)


def _keep_earlier(path: Path) -> None:
    written = _values(path.read_bytes()).get("schema")
    if written != SCHEMA:
        migrations.keep_copy(path, written)


def discard(run: str) -> None:
    """Remove a run that nobody writes any more, if it is there: also what is left of one whose own removal was cut
    off."""
    if _is_name(run) and not (is_id(run) and read_status(run) == "running"):
        shutil.rmtree(places.runs() / run, ignore_errors=True)


def folder(run: str) -> Path:
    """The folder of a run by its id. UserError `run.missing` when there is none; an id never leads elsewhere."""
    if not is_id(run):
        raise UserError("run.missing", f"There is no run {run!r}.", "List them with: fnet-studio runs.")
    return places.runs() / run


def is_id(run: str) -> bool:
    """Whether there is a run of this id."""
    return _is_name(run) and os.path.isfile(places.runs() / run / "run.json")


def _is_name(run: str) -> bool:
    """Whether it can be the name of a folder in that of the runs, and leads nowhere else."""
    return run not in ("", ".", "..") and Path(run).name == run


def decode(content: bytes) -> RunRecord:
    """The record in a ``run.json`` of this version or an earlier one. One of a newer version says so by its `schema`.
    Raises msgspec.MsgspecError."""
    return _record(_values(content))


def _record(values: dict[str, Any]) -> RunRecord:
    record = msgspec.convert(migrations.upgrade_run(values), RunRecord)
    odd = [name for name in SECTIONS if not isinstance(record.recipe.get(name, {}), dict)]
    if odd:
        raise msgspec.ValidationError(f"recipe.{odd[0]} is no section of a recipe")
    return record


def _values(content: bytes) -> dict[str, Any]:
    return msgspec.json.decode(content, type=dict[str, Any])


def read(run: str) -> RunRecord:
    """UserError `run.missing`, `run.newer` or `run.unreadable`. A run whose process is gone reads as interrupted."""
    path = folder(run) / "run.json"
    _require_name(run)
    try:
        values, written = _values(path.read_bytes()), path.stat().st_mtime
        if migrations.is_newer(values, SCHEMA):
            words = f"{path} was written by a newer version."
            raise UserError("run.newer", words, "Update FNet Studio to open this run.")
        record = _record(values)
    except (OSError, msgspec.MsgspecError) as error:
        raise UserError(
            "run.unreadable", f"{path} cannot be read: {error}.", "Delete the run, or mend the file."
        ) from None
    record.id = run  # of a folder that was copied or renamed by hand, the name tells it from the others
    if record.status == "running" and not at_work(record.pid, written):
        record.status = "interrupted"
    return record


def at_work(pid: int, written: float) -> bool:
    """Whether the process lives that wrote its number down then, in seconds since the epoch: a younger one merely has
    that number."""
    try:
        return psutil.Process(pid).create_time() <= written + CLOCKS_APART_S
    except psutil.Error:
        return psutil.pid_exists(pid)


def read_status(run: str) -> Status | None:
    """Of a run whose record can be read, None otherwise. UserError `run.missing`."""
    folder(run)
    try:
        return read(run).status
    except UserError:
        return None


def list_runs() -> tuple[list[RunRecord], list[UserError]]:
    """All runs, newest first, and what could not be read. Never raises."""
    records, problems = [], []
    root = places.runs()
    for path in sorted(root.iterdir(), reverse=True) if root.is_dir() else []:
        if (path / "run.json").is_file() and not path.name.startswith("."):  # not one that is just being imported
            try:
                records.append(read(path.name))
            except UserError as error:
                problems.append(error)
    records.sort(key=lambda record: record.began, reverse=True)
    return records, problems


def _require_name(run: str) -> None:
    """One that was given in another encoding can be neither shown nor sent. UserError `run.unreadable`."""
    try:
        run.encode()
    except UnicodeEncodeError:
        shown = run.encode("utf-8", "replace").decode()
        raise UserError(
            "run.unreadable", f"The name of the run's folder {shown} is not written in UTF-8.", "Give it another name."
        ) from None


def read_metrics(run: str) -> list[dict[str, Any]]:
    """The measured rows of ``metrics.jsonl``: training rows have `step`, evaluations have `split` too. UserError as
    `read_log`."""
    return [row for row in read_log(run) if "note" not in row]


def read_log(run: str) -> list[dict[str, Any]]:
    """All rows of ``metrics.jsonl``: those of `read_metrics`, and annotations, which have `note` (a kind of
    `protocol.Annotation`), `step`, `time_s` and `text`. A torn last line is left out; UserError `run.unreadable` for a
    broken one before it."""
    path = folder(run) / "metrics.jsonl"
    if not path.is_file():
        return []
    lines = path.read_text("utf-8", errors="replace").split("\n")
    rows = []
    for number, line in enumerate(lines):
        if not line:
            continue
        try:
            rows.append(json.loads(line))
        except ValueError:
            if number >= len(lines) - 2:
                break
            raise UserError(
                "run.unreadable",
                f"{path}, line {number + 1}, is not JSON.",
                "Delete the run, or mend that line.",
            ) from None
    return rows
