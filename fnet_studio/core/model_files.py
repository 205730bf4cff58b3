"""The files that a model is read from, and whether they are still those that were read."""

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

from fnet_studio.core import presets, run_models, run_store

Stamp = tuple[tuple[str, int, int, int], ...]
"""Path, time of the last change in ns, bytes and inode of each file."""


def stamp(name: str) -> Stamp:
    """Of a preset, or of a run's model or checkpoint (`core.run_models`): another one where the model under this name
    was replaced; empty for a checkpoint that is gone. A few questions to the file system. UserError as
    `presets.folder`, or `run.missing`."""
    if not run_models.is_run(name):
        return stamp_of(presets.folder(name))
    run, step = run_models.parse(name)
    folder = run_store.folder(run)
    if step is not None:
        return _stamp([run_models.checkpoint_file(run, step)])
    own = [folder / name for name in (run_models.WEIGHTS, run_models.VOCABULARY, "classes.json")]
    return _stamp([*own, *_of_preset(folder / run_store.KEPT_PRESET)])


def stamp_of(folder: Path) -> Stamp:
    """Of the preset in a folder."""
    return _stamp(_of_preset(folder))


def version(stamp: Stamp) -> str:
    """A short word for a stamp, another one for another model."""
    return hashlib.sha256(repr(stamp).encode()).hexdigest()[:16]


def _of_preset(folder: Path) -> list[Path]:
    """All but the words about it, and what a file manager leaves."""
    found = []
    for one in (folder, folder / "assets" / "tokenizer"):
        with contextlib.suppress(OSError):
            found += [path for path in one.iterdir() if path.suffix != ".md" and not path.name.startswith(".")]
    return sorted(found)


def _stamp(files: Iterable[Path]) -> Stamp:
    found = []
    for path in files:
        with contextlib.suppress(OSError):  # not there, or just being replaced
            it = path.stat()
            found.append((str(path), it.st_mtime_ns, it.st_size, it.st_ino))
    return tuple(found)
