"""Folders put aside among their like, from where they come back: what the trash of runs and that of presets share."""

from pathlib import Path


def put(source: Path, target: Path) -> None:
    """A relative link gets the whole path, since it would lead elsewhere from there. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink() and not source.readlink().is_absolute():
        target.symlink_to(source.resolve(), target_is_directory=True)
        source.unlink()
    else:
        source.rename(target)


def waiting(*places: Path) -> list[Path]:
    """Those of each place in turn, by name; links too that lead nowhere from there."""
    found = [sorted(place.iterdir()) if place.is_dir() else [] for place in places]
    return [path for paths in found for path in paths if path.is_dir() or path.is_symlink()]
