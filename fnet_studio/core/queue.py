"""Runs that wait for their turn: one file in the home, `queue.json`, that several programs may change.

Each entry carries its recipe as it was when it was added, so that later edits change nothing. Every change reads the
file, changes it and replaces it atomically under a lock. An entry that was running when its program died goes back to
waiting, and then goes on with the very run that it had begun. A run may also be resumed outside of the queue: its entry
has no turn meanwhile, and is done when the run has finished.

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
from msgspec import Struct

from fnet_studio.core import chain, files, locks, migrations, places, protocol, recipe, run_store
from fnet_studio.core.errors import UserError

SCHEMA = migrations.RUN_SCHEMA
"""Its entries hold recipes, as runs do."""
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
    """In order. UserError `queue.unreadable` for a damaged file, `queue.newer` for one of a newer version; both stay
    as they are."""
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
    """Let an entry that is over wait for another turn: it goes on with its run where that can be resumed, and begins a
    new one otherwise. UserError `queue.missing` or `queue.running`."""
    with _changing() as queue:
        entry = _find(queue, id)
        if entry.state == "running":
            raise UserError("queue.running", f"{entry.name} ({entry.id}) is at work.", "Stop it first.")
        if entry.state == "done":
            entry.run = ""
        entry.state, entry.failure, entry.ended = "waiting", None, 0.0


def claim() -> Entry | None:
    """Take the first that waits, as running in this process; None when nothing waits. UserError `queue.at-work` when
    nothing waits but entries whose runs are at work already."""
    left: list[Entry] = []
    with _changing() as queue:
        for entry in queue:
            if entry.state != "waiting":
                continue
            if (record := _newest_run(entry)) is not None and record.status == "running":
                left.append(entry)
                continue
            entry.state, entry.pid, entry.failure = "running", os.getpid(), None
            entry.began, entry.ended = time.time(), 0.0
            return entry
    if left:
        words = f"The run of {left[0].name} ({left[0].id}) is at work already."
        raise UserError("queue.at-work", words, "Run the queue again when it is over.")
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
    record = _newest_run(entry)
    if record is not None:
        if chain.goes_on(record):
            return protocol.Resume(record.id)
        if following := chain.next_after(record.id):
            return following
    return protocol.Train(entry.recipe, entry.name)


def _newest_run(entry: Entry) -> run_store.RunRecord | None:
    """The run that says how far an entry has come, whoever worked at it last: of a second half that failed and cannot
    go on the first half, or another try. None before there is one, and where it cannot be read."""
    try:
        record = run_store.read(entry.run) if entry.run else None
        if record is not None and record.parent and record.status == "failed" and not chain.goes_on(record):
            first = run_store.read(record.parent)
            record = first if first.then is not None else record
        return record and (chain.second_run(record) or record)
    except UserError:
        return None


def _has_finished(entry: Entry) -> bool:
    record = _newest_run(entry)
    return record is not None and record.status == "finished" and record.then is None


def _find(queue: list[Entry], word: str) -> Entry:
    for entry in queue:
        if entry.id == word:
            return entry
    if word.isdecimal() and 1 <= int(word) <= len(queue):
        return queue[int(word) - 1]
    raise UserError("queue.missing", f"The queue has no entry {word!r}.", "List them with: fnet-studio queue list.")


def _read() -> _File:
    try:
        values = msgspec.json.decode(path().read_bytes(), type=dict[str, Any])
        if migrations.is_newer(values, SCHEMA):
            words = f"{path()} was written by a newer version."
            raise UserError("queue.newer", words, "Update FNet Studio. What waits in it stays as it is.")
        found = msgspec.convert(values, _File)
    except FileNotFoundError:
        return _File()
    except (OSError, msgspec.DecodeError) as error:
        raise UserError("queue.unreadable", f"{path()} cannot be read: {error}.", "Mend or delete the file.") from None
    for entry in found.entries:
        if entry.state == "running" and not run_store.at_work(entry.pid, entry.began):
            entry.state, entry.pid = "waiting", 0
        if entry.state not in ("running", "done") and _has_finished(entry):
            entry.state, entry.failure = "done", None
    return found


@contextlib.contextmanager
def _changing() -> Iterator[list[Entry]]:
    """The entries, to be changed in place; written when the block ends well. UserError `queue.locked`."""
    lock = path().with_suffix(".lock")
    busy = UserError("queue.locked", f"{lock} is held by another program.", "Try again once that has ended.")
    with locks.alone(lock, busy, LOCK_WAIT_S):
        file = _read()
        yield file.entries
        if file.schema != SCHEMA:
            migrations.keep_copy(path(), file.schema)
            file.schema = SCHEMA
        files.write_json(path(), file)
