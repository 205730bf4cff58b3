"""Runs that wait for their turn: one file in the home, `queue.json`, that several programs may change.

Each entry carries its recipe as it was when it was added, so that later edits change nothing. Every change reads the
file, changes it and replaces it atomically under a lock. An entry that was running when its program died goes back to
waiting, and then goes on with the very run that it had begun.

How to work it off is in `link.queue_driver`, for the window and the command line alike.
"""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
import psutil
from msgspec import Struct

from fnet_studio.core import chain, files, places, protocol, recipe, run_store
from fnet_studio.core.errors import UserError

SCHEMA = 1
LOCK_WAIT_S = 5.0
State = Literal["waiting", "running", "done", "failed", "stopped"]


class Entry(Struct, kw_only=True):
    id: str
    name: str
    recipe: dict[str, Any]
    state: State = "waiting"
    run: str = ""
    """The run's id, from its start on. Of a recipe with two runs (`core.chain`) the newer one."""
    failure: dict[str, str] | None = None
    """kind, message and advice of what went wrong."""
    added: float
    began: float = 0.0
    ended: float = 0.0
    """Seconds since the epoch, all three."""
    pid: int = 0
    """Of the program that works at it."""

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "stopped")


class _File(Struct, kw_only=True):
    schema: int = SCHEMA
    entries: list[Entry] = []


def path() -> Path:
    return places.data() / "queue.json"


def entries() -> list[Entry]:
    """In order. UserError `queue.unreadable` for a damaged file, which stays where it is."""
    return _read().entries


def add(values: dict[str, Any], name: str = "") -> Entry:
    """Check a recipe and put it at the end. UserError for a wrong recipe."""
    checked = recipe.with_whole_paths(recipe.from_mapping(values))
    entry = Entry(
        id=secrets.token_hex(3), name=name or checked.name, recipe=recipe.to_mapping(checked), added=time.time()
    )
    with _changing() as queue:
        queue.append(entry)
    return entry


def find(word: str) -> Entry:
    """By id, or by place counted from 1. UserError `queue.missing`."""
    return _find(entries(), word)


def move(id: str, place: int) -> None:
    """To a place counted from 1; places beyond the end mean the end. UserError `queue.missing`."""
    with _changing() as queue:
        entry = _find(queue, id)
        queue.remove(entry)
        queue.insert(max(0, place - 1), entry)


def remove(id: str) -> None:
    """Take an entry out; its run, if it has one, stays. UserError `queue.missing` or `queue.running`."""
    with _changing() as queue:
        entry = _find(queue, id)
        if entry.state == "running":
            raise UserError("queue.running", f"{entry.name} ({entry.id}) is at work.", "Stop it first.")
        queue.remove(entry)


def wait_again(id: str) -> None:
    """Let an entry that failed or was stopped wait for another turn: it goes on with its run where that can be resumed,
    and begins a new one otherwise. UserError `queue.missing` or `queue.running`."""
    with _changing() as queue:
        entry = _find(queue, id)
        if entry.state == "running":
            raise UserError("queue.running", f"{entry.name} ({entry.id}) is at work.", "Stop it first.")
        entry.state, entry.failure, entry.ended = "waiting", None, 0.0


def claim() -> Entry | None:
    """Take the first that waits, as running in this process; None when nothing waits."""
    with _changing() as queue:
        for entry in queue:
            if entry.state == "waiting":
                entry.state, entry.pid, entry.failure = "running", os.getpid(), None
                entry.began, entry.ended = time.time(), 0.0
                return entry
    return None


def note_run(id: str, run: str) -> None:
    """The entry's run has begun. An entry that was removed meanwhile is no error, here and in `end`."""
    with _changing() as queue:
        for entry in queue:
            if entry.id == id:
                entry.run = run


def end(id: str, state: State, failure: dict[str, str] | None = None) -> None:
    with _changing() as queue:
        for entry in queue:
            if entry.id == id:
                entry.state, entry.failure, entry.ended, entry.pid = state, failure, time.time(), 0


def command_of(entry: Entry) -> protocol.Train | protocol.Resume:
    """What to send for an entry that was claimed: on with a run that was begun and not ended, else a new one."""
    if entry.run:
        with contextlib.suppress(UserError):
            record = run_store.read(entry.run)
            if chain.goes_on(record):
                return protocol.Resume(entry.run)
            first = record.parent if record.status == "failed" else entry.run
            if first and (following := chain.next_after(first)):
                return following
    return protocol.Train(entry.recipe, entry.name)


def _find(queue: list[Entry], word: str) -> Entry:
    for entry in queue:
        if entry.id == word:
            return entry
    if word.isdecimal() and 1 <= int(word) <= len(queue):
        return queue[int(word) - 1]
    raise UserError("queue.missing", f"The queue has no entry {word!r}.", "List them with: fnet-studio queue list.")


def _read() -> _File:
    try:
        found = msgspec.json.decode(path().read_bytes(), type=_File)
    except FileNotFoundError:
        return _File()
    except (OSError, msgspec.DecodeError) as error:
        raise UserError("queue.unreadable", f"{path()} cannot be read: {error}.", "Mend or delete the file.") from None
    if found.schema > SCHEMA:
        raise UserError("queue.newer", f"{path()} was written by a newer version.", "Update FNet Studio.")
    for entry in found.entries:
        if entry.state == "running" and not psutil.pid_exists(entry.pid):
            entry.state, entry.pid = "waiting", 0
    return found


@contextlib.contextmanager
def _changing() -> Iterator[list[Entry]]:
    """The entries, to be changed in place; written when the block ends well. UserError `queue.locked`."""
    with _locked():
        file = _read()
        yield file.entries
        files.write_json(path(), file)


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """A file that only one can create, with the owner's process in it: a lock of the dead is taken away."""
    lock = path().with_suffix(".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.disk_error(error, lock.parent) from error
    until = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            break
        except FileExistsError:
            if not _held(lock):
                lock.unlink(missing_ok=True)
            elif time.monotonic() > until:
                words = f"{lock} is held by another program."
                raise UserError("queue.locked", words, "Try again; delete the file if nothing else runs.") from None
            else:
                time.sleep(0.01)
        except OSError as error:
            raise files.disk_error(error, lock) from error
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(str(os.getpid()))
        yield
    finally:
        lock.unlink(missing_ok=True)


def _held(lock: Path) -> bool:
    """An empty lock was made a moment ago, or its maker died in that very moment."""
    try:
        pid, age_s = lock.read_text().strip(), time.time() - lock.stat().st_mtime
    except OSError:
        return True  # gone meanwhile: try again
    return psutil.pid_exists(int(pid)) if pid.isdecimal() else age_s < 1.0
