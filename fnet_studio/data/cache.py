"""Tokenised data sets on disk, one `.npz` each, named by a hash of all that decides its content.

Owns `cache_dir()/datasets`. The zip inside carries a checksum for each array, so a damaged file is noticed, thrown
away and built again; it never fails a run.
"""

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from fnet_studio.core import places
from fnet_studio.core.files import disk_error

FORMAT = 2
"""Raise it when the same texts and options would give other arrays than before."""


def key_of(content_hash: str, options: dict[str, Any]) -> str:
    described = json.dumps({"format": FORMAT, "content": content_hash, **options}, sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()


def path_of(key: str) -> Path:
    return places.cache_dir() / "datasets" / f"{key}.npz"


def load(key: str) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Arrays by name and the description stored with them; None when there is no entry, or no sound one."""
    path = path_of(key)
    try:
        # Opened here: given a path, np.load leaves a damaged file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return arrays, json.loads(arrays.pop("description").tobytes())
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        discard(key)
        return None


def discard(key: str) -> None:
    path_of(key).unlink(missing_ok=True)


def store(key: str, arrays: dict[str, np.ndarray], description: dict[str, Any]) -> None:
    """Write to a temporary file, then rename. UserError `disk.full` or `disk.unwritable`."""
    path = path_of(key)
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            text = np.frombuffer(json.dumps(description).encode(), np.uint8)
            np.savez(stream, allow_pickle=False, description=text, **arrays)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise disk_error(error, path) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
