"""Presets that were deleted a moment ago: aside in a folder of their own, from where they come back in one step, until
the window hands them to the system's trash. Of a preset that lies elsewhere only the entry in the list goes."""

import contextlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from fnet_studio.core import aside, files, places, preset_records
from fnet_studio.core.errors import UserError
from fnet_studio.core.preset_records import Record

_RECORD = ".record.json"
"""What was remembered of a deleted preset, beside its files: another process may bring it back."""


class Removed(NamedTuple):
    name: str
    record: Record | None
    moved: bool
    """Its folder was moved aside; else it never belonged to the program, or had gone before."""


def _aside() -> Path:
    """Among the presets, which may lie on another disk than the rest of the user's data."""
    return places.presets() / ".deleted"


def put_aside(name: str) -> Removed:
    """UserError `preset.not-yours` for one that came with the program, `preset.missing`, or when the disk refuses; then
    it is where it was."""
    source, target = places.presets() / name, _aside() / name
    record = preset_records.read().get(name)
    if Path(name).name != name or (record is None and not source.is_dir()):
        if (places.bundled_presets() / name).is_dir():
            raise UserError(
                "preset.not-yours", f"{name} came with the program and stays.", "Only your own presets can be deleted."
            )
        raise UserError("preset.missing", f"There is no preset {name!r} of yours.", "List them.")
    moved = source.is_dir()
    if moved:
        try:
            aside.put(source, target)
        except OSError as error:
            raise files.disk_error(error, source) from error
        if record is not None:
            with contextlib.suppress(UserError):  # a full disk is no reason to keep it
                files.write_json(target / _RECORD, record)
    return Removed(name, preset_records.forget(name), moved)


def bring_back(removed: Removed) -> None:
    """Without a record, with the one that lies beside its files. UserError `preset.missing` when it has gone on to the
    system's trash, or when the disk refuses."""
    record = removed.record
    target = places.presets() / removed.name
    if removed.moved:
        source = next((path for path in waiting() if path.name == removed.name), None)
        if source is None:
            raise UserError(
                "preset.missing", f"{removed.name} is in the system's trash by now.", "Bring it back from there."
            )
        if target.exists():
            raise UserError(
                "preset.present", f"There is another preset {removed.name} by now.", "Delete or rename that one first."
            )
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
            record = record or _kept_record(target)
            (target / _RECORD).unlink(missing_ok=True)
        except OSError as error:
            raise files.disk_error(error, source) from error
    if record is not None:
        preset_records.restore(removed.name, record)


def _kept_record(folder: Path) -> Record | None:
    try:
        return msgspec.json.decode((folder / _RECORD).read_bytes(), type=Record)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def waiting() -> list[Path]:
    """The folders that were not handed on yet; after them those that lie where they were put formerly."""
    return aside.waiting(_aside(), places.data() / "deleted-presets")
