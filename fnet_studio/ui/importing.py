"""Bring a preset's folder in: copied whole, under a name of its own, or not at all."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from fnet_studio.core import files, places, presets
from fnet_studio.core.errors import UserError

CHUNK_BYTES = 4 * 2**20


def check(source: Path) -> presets.PresetCard:
    """What the folder says of itself. UserError `preset.unusable` when it is no preset, `preset.present` when it lies
    among the presets already."""
    if not (source / "config.json").is_file():
        raise UserError(
            "preset.unusable",
            f"{source} is not a preset: it holds no config.json.",
            "Choose the folder that config.json, the weights and the vocabulary lie in.",
        )
    card = presets.read_card(source)
    if card.problem:
        raise UserError(
            "preset.unusable",
            f"{source} cannot be used as a preset. {card.problem}",
            "Choose a folder that holds config.json, the weights and the vocabulary.",
        )
    if places.presets().resolve() in source.resolve().parents:
        raise UserError("preset.present", f"{source.name} is among your presets already.", "Choose another folder.")
    return card


def copy(source: Path) -> Iterator[tuple[int, int, Path]]:
    """Yields (bytes done, bytes in all, the folder that it becomes) after each piece, so that a window can breathe in
    between. Nothing is left behind when it raises or is closed early. UserError from the disk."""
    items = [item for item in sorted(source.rglob("*")) if item.is_file() and not item.is_symlink()]
    total = sum(item.stat().st_size for item in items)
    target = _free_name(places.presets() / source.name)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    done = 0
    try:
        for item in items:
            copied = partial / item.relative_to(source)
            copied.parent.mkdir(parents=True, exist_ok=True)
            with open(item, "rb") as reader, open(copied, "wb") as writer:
                while piece := reader.read(CHUNK_BYTES):
                    writer.write(piece)
                    done += len(piece)
                    yield done, total, target
        partial.rename(target)
        yield total, total, target
    except OSError as error:
        raise files.disk_error(error, target) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _free_name(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free
