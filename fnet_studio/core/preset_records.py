"""What is remembered of the user's presets beside their folders: where those lie that were not copied, where each came
from, and that it was there at all when its folder has gone.

Owns `presets.json` among the user's data, written by the window and the command line.
"""

import contextlib
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from fnet_studio.core import files, places


class Record(Struct, frozen=True):
    folder: str
    added: float = 0.0
    """Seconds since the epoch."""
    source: str = ""
    """What it was copied or downloaded from: a path, a handle, or `run:` and an id."""


class _File(Struct):
    version: int = 1
    presets: dict[str, Record] = {}


def _path() -> Path:
    return places.data() / "presets.json"


def read() -> dict[str, Record]:
    """By name. Never raises: a file that cannot be read is set aside, and the folders are still there to be listed."""
    path = _path()
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).presets
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError):
        with contextlib.suppress(OSError):
            path.rename(path.with_name(f"presets.broken-{int(time.time())}.json"))
        return {}


def put(name: str, folder: Path, source: str = "") -> None:
    """Remember a preset, or that it lies somewhere else now. UserError when the disk refuses."""
    records = read()
    before = records.get(name)
    records[name] = Record(
        str(folder), before.added if before else time.time(), source or (before.source if before else "")
    )
    files.write_json(_path(), _File(presets=records))


def restore(name: str, record: Record) -> None:
    """Bring back what `forget` returned. UserError when the disk refuses."""
    files.write_json(_path(), _File(presets={**read(), name: record}))


def forget(name: str) -> Record | None:
    """UserError when the disk refuses."""
    records = read()
    record = records.pop(name, None)
    if record is not None:
        files.write_json(_path(), _File(presets=records))
    return record
