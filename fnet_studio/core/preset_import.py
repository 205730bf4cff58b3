"""A preset's folder or zip archive brought in: copied whole, under a name of its own, or not at all.

Two steps, so that a worker can read every weight in between: `stage` copies into a hidden folder among the presets,
`commit` gives that its name, `abandon` removes it.
"""

import secrets
import shutil
import stat
import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from fnet_studio.core import files, places, preset_downloads, preset_records, presets
from fnet_studio.core.archives import stays_inside
from fnet_studio.core.errors import UserError

CHUNK_BYTES = 1 << 20
MOST_FILES = 2000
_FLAX = ("checkpoint_*", "checkpoint", "*.msgpack")
LEFT_OUT = ("__MACOSX", ".DS_Store")

Told = Callable[[int, int], None]
"""(bytes done, bytes in all). May raise, to stop."""


class Staged(NamedTuple):
    folder: Path
    """Of that name, alone in a hidden folder among the presets."""
    name: str
    """What it will be called."""
    source: str


def _nothing(done: int, total: int) -> None:
    return


def check(source: Path) -> presets.PresetCard:
    """What a folder says of itself. UserError `preset.unusable` when it is no preset, `preset.present` when it lies
    among the presets already."""
    if not (source / "config.json").is_file():
        if any(path.is_file() for pattern in _FLAX for path in source.glob(pattern)):
            raise UserError(
                "preset.unusable",
                f"{source} holds a Flax checkpoint, which is not used as it is.",
                f"Convert it: fnet-studio convert {source} NEW --to kerashub, and import the new folder.",
            )
        raise UserError(
            "preset.unusable",
            f"{source} is not a preset: it holds no config.json.",
            "Choose the folder that config.json, the weights and the vocabulary lie in, or a zip archive of it.",
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


def stage(source: Path, told: Told = _nothing) -> Staged:
    """Copy a folder or unpack a zip archive. UserError `preset.unusable`, `preset.present`, `preset.bad-archive` (with
    what is wrong with it), `disk.full`; then nothing is left behind, nor when `told` raises."""
    if source.is_dir():
        check(source)
        return _staged(source.name, source, lambda folder: _copy(source, folder, told))
    presets.refuse_keras_file(source)
    if not source.exists():
        raise UserError("preset.unusable", f"There is no {source}.", "Check its name.")
    try:
        with zipfile.ZipFile(source) as archive:
            items, name = _chosen(archive, source)
            return _staged(name, source, lambda folder: _unpack(archive, items, folder, source, told))
    except zipfile.BadZipFile as error:
        raise _bad(source, f"it is no zip archive, or it is damaged ({error})") from None
    except OSError as error:
        raise files.read_error(error, source) from None


def commit(staged: Staged) -> Path:
    """Give it its name, or the next free one. UserError when the disk refuses; it is removed then."""
    target = free_name(places.presets() / staged.name)
    try:
        staged.folder.rename(target)
        preset_records.put(target.name, target, staged.source)
    except OSError as error:
        raise files.disk_error(error, target) from error
    finally:
        abandon(staged)
    return target


def abandon(staged: Staged) -> None:
    shutil.rmtree(staged.folder.parent, ignore_errors=True)


def link(source: Path) -> str:
    """Use a folder where it lies, without a copy. Returns the name that it has from then on. UserError as `check`."""
    check(source)
    name = _free_linked(source.name)
    preset_records.put(name, source.resolve(), "")
    return name


def relocate(name: str, folder: Path) -> None:
    """Say where the folder of a preset is now. UserError `preset.missing`, `preset.present` for one that lies among the
    presets, or as `check`."""
    record = preset_records.read().get(name)
    if record is None:
        raise UserError(
            "preset.missing", f"There is no preset {name!r} of yours that lies in a folder of its own.", "List them."
        )
    own = places.presets() / name
    if own.is_dir() and folder.resolve() != own.resolve():
        raise UserError(
            "preset.present",
            f"The folder of {name} is where it was: {own}.",
            "To use another one, import or link it; it gets a name of its own.",
        )
    if folder.resolve() != Path(record.folder):
        card = check(folder)
        assert not card.problem
    preset_records.put(name, folder.resolve())


def free_name(path: Path, taken: Collection[Path] = ()) -> Path:
    """taken: those that are about to be there. A name that a preset elsewhere bears is not free either, nor that of a
    download that was begun."""
    known = {name: Path(record.folder) for name, record in preset_records.read().items()}
    begun = preset_downloads.begun()
    number, free = 1, path
    while free.exists() or free in taken or free.name in begun or known.get(free.name, free) != free:
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def _free_linked(name: str) -> str:
    taken = {card.name for card in presets.list_presets()} | {*preset_records.read(), *preset_downloads.begun()}
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _staged(name: str, source: Path, fill: Callable[[Path], None]) -> Staged:
    hidden = places.presets() / f".{secrets.token_hex(6)}.partial"
    partial = hidden / name  # which is what is said of it when it cannot be read
    try:
        partial.mkdir(parents=True)
        fill(partial)
        card = presets.read_card(partial)
        if card.problem:
            raise UserError(
                "preset.unusable",
                f"{source} cannot be used as a preset. {card.problem}",
                "Choose one that holds config.json, the weights and the vocabulary itself, not links to them.",
            )
    except BaseException as error:
        shutil.rmtree(hidden, ignore_errors=True)
        if isinstance(error, OSError):
            raise files.disk_error(error, places.presets() / name) from error
        raise
    return Staged(partial, name, str(source))


def _copy(source: Path, folder: Path, told: Told) -> None:
    items = [item for item in sorted(source.rglob("*")) if item.is_file() and not item.is_symlink()]
    total, done = sum(item.stat().st_size for item in items), 0
    files.require_room(total + files.SPARE_BYTES, places.presets(), source.name)
    for item in items:
        with open(item, "rb") as reader:
            for written in _written(reader, folder / item.relative_to(source)):
                done += written
                told(done, total)


def _written(reader: IO[bytes], target: Path) -> Iterator[int]:
    """Sizes of the pieces, as each is on the disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "xb") as writer:
        while piece := reader.read(CHUNK_BYTES):
            writer.write(piece)
            yield len(piece)


def _chosen(archive: zipfile.ZipFile, source: Path) -> tuple[dict[str, zipfile.ZipInfo], str]:
    """The archive's files below the one folder that holds config.json, by path below it; and the preset's name."""
    infos = [
        it for it in archive.infolist() if not it.is_dir() and not set(PurePosixPath(it.filename).parts) & {*LEFT_OUT}
    ]
    if len(infos) > MOST_FILES:
        raise _bad(source, f"it holds {len(infos):,} files; a preset has some ten")
    for info in infos:
        if not stays_inside(info.filename):
            raise _bad(source, f"it wants to write {info.filename!r}, which lies outside the preset's folder")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _bad(source, f"{info.filename} in it is a link, not a file")
        if info.flag_bits & 1:
            raise _bad(source, f"{info.filename} in it is locked with a password")
    if len({info.filename.casefold() for info in infos}) != len(infos):
        raise _bad(source, "a file is in it twice")
    roots = [PurePosixPath(it.filename).parent for it in infos if PurePosixPath(it.filename).name == "config.json"]
    least = min((len(root.parts) for root in roots), default=0)
    tops = [root for root in roots if len(root.parts) == least]
    if len(tops) != 1:
        many = f"it holds {len(tops)} folders with a config.json" if tops else "it holds no config.json"
        raise _bad(source, many, "Pack one preset's folder: config.json, the weights and the vocabulary.")
    root = tops[0]
    inside = {
        PurePosixPath(it.filename).relative_to(root).as_posix(): it
        for it in infos
        if root in PurePosixPath(it.filename).parents
    }
    return inside, root.name or source.stem


def _unpack(
    archive: zipfile.ZipFile, items: dict[str, zipfile.ZipInfo], folder: Path, source: Path, told: Told
) -> None:
    """Never more than each file says of its own size."""
    total, done = sum(info.file_size for info in items.values()), 0
    files.require_room(total + files.SPARE_BYTES, places.presets(), source.name)
    for name, info in items.items():
        size = 0
        try:
            with archive.open(info) as packed:
                for written in _written(packed, folder / name):
                    size += written
                    if size > info.file_size:
                        raise _bad(source, f"{name} in it is longer than it says")
                    done += written
                    told(done, total)
        except (RuntimeError, NotImplementedError) as error:
            raise _bad(source, f"{name} cannot be unpacked ({error})") from None
        if size != info.file_size:
            raise _bad(source, f"{name} in it is shorter than it says")


def _bad(source: Path, why: str, advice: str = "Nothing was imported. Have it packed or sent again.") -> UserError:
    return UserError("preset.bad-archive", f"{source} cannot be imported: {why}.", advice)
