"""What the user wrote about a run: its name, tags, notes. In ``notes.json``, which the worker never writes."""

import msgspec
from msgspec import Struct

from fnet_studio.core import files, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import RunRecord

MOST_TAGS, LONGEST_TAG = 20, 40


class RunNotes(Struct, frozen=True):
    name: str = ""
    """In place of the recipe's; empty: the recipe's."""
    tags: tuple[str, ...] = ()
    text: str = ""
    pinned: bool = False
    """Drawn behind other runs' curves wherever runs are compared."""


def read(run: str) -> RunNotes:
    """Empty ones where there are none, or where they cannot be read: a broken note never hides a run. UserError
    `run.missing`."""
    path = run_store.folder(run) / "notes.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunNotes)
    except (OSError, msgspec.DecodeError):
        return RunNotes()


def name_of(record: RunRecord) -> str:
    """As the user calls it: the name of the notes, or else the recipe's."""
    try:
        return read(record.id).name or record.name
    except UserError:  # deleted meanwhile
        return record.name


def write(run: str, notes: RunNotes) -> None:
    """UserError `run.missing`, or when the disk refuses."""
    files.write_json(run_store.folder(run) / "notes.json", notes)


def change(run: str, before: RunNotes, after: RunNotes) -> None:
    """Write what differs between the two over what lies on the disk now: another window may have written the rest of it
    meanwhile. UserError as `write`."""
    changed = {
        name: getattr(after, name) for name in after.__struct_fields__ if getattr(after, name) != getattr(before, name)
    }
    write(run, msgspec.structs.replace(read(run), **changed))


def parse_tags(words: str) -> tuple[str, ...]:
    """`good, baseline` to its tags: each once, in order, without spaces around."""
    found = dict.fromkeys(tag.strip()[:LONGEST_TAG] for tag in words.split(",") if tag.strip())
    return tuple(found)[:MOST_TAGS]
