"""Folders put aside among their like, from where they come back: what the trash of runs and that of presets share."""

import itertools
from pathlib import Path


def put(source: Path, target: Path) -> None:
    """One of that name from before gets another. A relative link gets the whole path, since it would lead elsewhere
    from there. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if _there(target):
        others = (target.with_name(f"{target.name}-{number}") for number in itertools.count(2))
        target.rename(next(path for path in others if not _there(path)))
    if source.is_symlink() and not source.readlink().is_absolute():
        target.symlink_to(source.resolve(), target_is_directory=True)
        source.unlink()
    else:
        source.rename(target)


def _there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def waiting(*places: Path) -> list[Path]:
    """Those of each place in turn, by name; links too that lead nowhere from there."""
    found = [sorted(place.iterdir()) if place.is_dir() else [] for place in places]
    return [path for paths in found for path in paths if path.is_dir() or path.is_symlink()]
