"""A run in one file: a zip archive with a manifest of what is in it and the SHA-256 of each part.

Made to be opened by a stranger: nothing is written before all of it is known to be what the manifest says, and nothing
outside the one new folder.
"""

import hashlib
import os
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from fnet_studio import __version__
from fnet_studio.core import files, migrations, places, run_store
from fnet_studio.core.archives import stays_inside
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import RunRecord

FORMAT = "fnet-studio-run"
VERSION = 1
SUFFIX = ".fnetrun"
MANIFEST = "manifest.json"
LEFT_OUT = ("checkpoints", "worker.log")
"""Only of use where the run itself goes on; wanted by `checkpoints=True`."""
MOST_FILES, MANIFEST_LIMIT = 100_000, 32 * 2**20
CHUNK = 1 << 20
FIRST_MOMENT, LAST_MOMENT = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)
"""That a zip archive can hold; a clock without a battery begins in 1970."""

Told = Callable[[int, int], None]
"""(bytes done, bytes in all). May raise, to stop."""


class Part(Struct, frozen=True):
    bytes: int
    sha256: str


class Manifest(Struct, frozen=True):
    format: str
    version: int
    run: str
    name: str
    made: float
    """Seconds since the epoch."""
    made_by: str
    parts: dict[str, Part]
    """By path below the run's folder, with `/`."""


def _nothing(done: int, total: int) -> None:
    return


def export(run: str, target: Path, *, checkpoints: bool = False, told: Told = _nothing) -> Manifest:
    """Write a run as one file. checkpoints: with what it takes to go on with it. UserError `run.missing`,
    `run.running`, or when the disk refuses; then no file is left behind, and an older one stays."""
    record = run_store.read(run)
    if record.status == "running":
        raise UserError("run.running", f"The run {run} is still under way.", "Export it when it has ended.")
    folder = run_store.folder(run)
    chosen = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and (checkpoints or path.relative_to(folder).parts[0] not in LEFT_OUT)
        and not path.name.startswith(".")
    ]
    total, done = sum(path.stat().st_size for path in chosen), 0
    target = files.through_links(target)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(3)}.partial")
    parts: dict[str, Part] = {}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
            for path in chosen:
                name, size, digest = path.relative_to(folder).as_posix(), 0, hashlib.sha256()
                # weights do not get smaller; text does
                kind = zipfile.ZIP_STORED if path.suffix in (".safetensors", ".npy", ".h5") else zipfile.ZIP_DEFLATED
                moment = time.localtime(path.stat().st_mtime)[:6]
                item = zipfile.ZipInfo(name, min(max(moment, FIRST_MOMENT), LAST_MOMENT))
                item.compress_type = kind
                with open(path, "rb") as source, archive.open(item, "w", force_zip64=True) as sink:
                    while piece := source.read(CHUNK):
                        sink.write(piece)
                        digest.update(piece)
                        size += len(piece)
                        done += len(piece)
                        told(done, total)
                parts[name] = Part(size, digest.hexdigest())
            manifest = Manifest(FORMAT, VERSION, run, record.name, time.time(), f"FNet Studio {__version__}", parts)
            archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        partial.replace(target)
    except OSError as error:
        raise files.disk_error(error, target) from error
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def read_manifest(source: Path) -> Manifest:
    """UserError `bundle.missing`, or `bundle.foreign` for a file that is no bundle, in words."""
    if not source.is_file():
        raise UserError("bundle.missing", f"There is no file {source}.", "Check its name.")
    try:
        with zipfile.ZipFile(source) as archive:
            return _manifest(archive, source)
    except zipfile.BadZipFile:
        raise _foreign(source, "it is no zip archive, or it was cut off") from None
    except OSError as error:
        raise UserError("bundle.unreadable", f"{source} cannot be read: {error.strerror}.", "Check it.") from None


def bring_in(source: Path, told: Told = _nothing) -> RunRecord:
    """Check a bundle and put it among the runs, under an id of its own where that one is taken.

    UserError `bundle.foreign` (no bundle, or one with parts outside its folder), `bundle.newer`, `bundle.tampered` (a
    part is missing, too much, or not what the manifest says), `disk.full`. Then nothing has changed.
    """
    manifest = read_manifest(source)
    total = sum(part.bytes for part in manifest.parts.values())
    root = places.runs()
    incoming = root / f".incoming-{secrets.token_hex(4)}"
    try:
        incoming.mkdir(parents=True)
        files.require_room(total, root, source.name)
        with zipfile.ZipFile(source) as archive:
            _unpack(archive, manifest, incoming, total, told)
            written = time.mktime((*archive.getinfo("run.json").date_time, 0, 0, -1))
        record = _checked_record(incoming, source)
        run = _free_id(record.id)
        if run != record.id or record.status == "running":
            record.id = run
            record.status = "interrupted" if record.status == "running" else record.status
            files.write_json(incoming / "run.json", record)
        os.utime(incoming / "run.json", (written, written))  # by which a run that was cut off tells when it ended
        incoming.rename(root / run)
        return record
    except zipfile.BadZipFile as error:
        raise _tampered(source, f"it is damaged ({error})") from None
    except OSError as error:
        raise files.disk_error(error, root) from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _manifest(archive: zipfile.ZipFile, source: Path) -> Manifest:
    names = archive.namelist()
    if MANIFEST not in names or len(names) > MOST_FILES:
        raise _foreign(source, "it holds no manifest of a run")
    if archive.getinfo(MANIFEST).file_size > MANIFEST_LIMIT:
        raise _foreign(source, "its manifest is too large to be one")
    try:
        manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except (msgspec.DecodeError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise _foreign(source, f"its manifest cannot be read ({error})") from None
    if manifest.format != FORMAT:
        raise _foreign(source, f"its manifest is one of {manifest.format!r}")
    if manifest.version > VERSION:
        raise UserError("bundle.newer", f"{source} was written by a newer version.", "Update FNet Studio to open it.")
    for name in manifest.parts:
        if not stays_inside(name):
            raise _foreign(source, f"it wants to write {name!r}, which lies outside the run's folder")
    inside = [name for name in names if name != MANIFEST]
    if len(set(inside)) != len(inside) or len({name.casefold() for name in inside}) != len(inside):
        raise _tampered(source, "a file is in it twice")
    for name in set(inside) ^ set(manifest.parts):
        raise _tampered(source, f"{name} is {'missing' if name in manifest.parts else 'not in its manifest'}")
    if "run.json" not in manifest.parts:
        raise _foreign(source, "it holds no run.json")
    return manifest


def _unpack(archive: zipfile.ZipFile, manifest: Manifest, folder: Path, total: int, told: Told) -> None:
    done = 0
    for name, part in manifest.parts.items():
        info, digest, size = archive.getinfo(name), hashlib.sha256(), 0
        if info.file_size != part.bytes:
            raise _tampered(Path(archive.filename or ""), f"{name} is not as long as its manifest says")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with archive.open(info) as packed, open(target, "xb") as sink:
                while piece := packed.read(CHUNK):
                    size += len(piece)
                    if size > part.bytes:  # it says less than it holds: never unpack more than was promised
                        break
                    digest.update(piece)
                    sink.write(piece)
                    done += len(piece)
                    told(done, total)
        except (RuntimeError, NotImplementedError) as error:  # encrypted, or packed in a way that is unknown
            raise _tampered(Path(archive.filename or ""), f"{name} cannot be unpacked ({error})") from None
        if size != part.bytes or digest.hexdigest() != part.sha256:
            raise _tampered(Path(archive.filename or ""), f"{name} is not what its manifest says")


def _checked_record(folder: Path, source: Path) -> RunRecord:
    content = (folder / "run.json").read_bytes()
    try:
        if migrations.is_newer(msgspec.json.decode(content, type=dict[str, Any]), run_store.SCHEMA):
            words = f"{source} was written by a newer version."
            raise UserError("bundle.newer", words, "Update FNet Studio to open it.")
        record = run_store.decode(content)
    except msgspec.MsgspecError as error:
        raise _foreign(source, f"its run.json cannot be read ({error})") from None
    if not stays_inside(record.id) or "/" in record.id or record.id.startswith("."):
        raise _foreign(source, f"its run has the id {record.id!r}")
    return record


def _free_id(run: str) -> str:
    free = run
    while (places.runs() / free).exists():
        free = f"{run}-{secrets.token_hex(2)}"
    return free


def _foreign(source: Path, why: str) -> UserError:
    return UserError(
        "bundle.foreign", f"{source} is not a run of FNet Studio: {why}.", "Choose a file that was made by Export run."
    )


def _tampered(source: Path, why: str) -> UserError:
    return UserError(
        "bundle.tampered",
        f"{source} was changed or damaged after it was made: {why}.",
        "Nothing was imported. Have it sent again, or export it again.",
    )
