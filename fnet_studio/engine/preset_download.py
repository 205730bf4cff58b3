"""Presets fetched from the hubs to the user's own. Needs no JAX but for the authors' head."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from fnet_studio.core import files, places, preset_downloads, preset_records, protocol
from fnet_studio.core.builtin_presets import BUILTIN
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.preset_downloads import Begun
from fnet_studio.engine.clock import TELL_EVERY_S, PhaseClock
from fnet_studio.engine.job import Job
from fnet_studio.models import hub
from fnet_studio.models.new_folder import new_folder
from fnet_studio.models.progress import check

CHUNK_BYTES = 1 << 20
_MAKE_ROOM = "Free some space, then download it again: what has arrived is kept in the cache."
_FOR_GOOD = ("hub.foreign-model", "hub.no-preset", "preset.", "tokenizer.")
"""What has arrived is no use, and going on would not make it one."""
NOTE_EVERY_S = 1.0
"""How much of the count may be lost with the process; of the download itself nothing is."""


def _unread(folder: Path) -> None:
    return


def fetch_preset(
    command: protocol.FetchPreset, job: Job, require_readable: Callable[[Path], None] = _unread
) -> protocol.Converted:
    """require_readable: asked of what has come before it gets its name; raises UserError. Raises Stopped, and UserError
    `preset.present`, `preset.busy`, `preset.missing`, `hub.…`, `disk.…`, or what require_readable does."""
    name = preset_downloads.name_of(command.preset)
    handles = _handles(command)
    with preset_downloads.alone(name):
        target = places.presets() / name
        _require_free(name, target, command.preset)
        return _fetch(command, job, handles, target, require_readable)


def _fetch(
    command: protocol.FetchPreset, job: Job, handles: list[str], target: Path, require_readable: Callable[[Path], None]
) -> protocol.Converted:
    name = target.name
    progress = _Progress(job, Begun(name, command.preset, command.head), _expected(command, handles))

    def stopped() -> bool:
        progress.tell()  # asked ten times a second, also while nothing arrives
        return bool(job.stop_mode)

    try:
        folder = target
        for handle in handles:
            folder = hub.fetch(handle, progress, stopped, verify=True)
            progress.next_file_set()
        notes: list[str] = []
        if command.head:
            from fnet_studio.models import fetch_head

            notes = fetch_head(command.preset, target, progress, stopped)
        else:
            with new_folder(target) as part:
                _place(folder, part, stopped)
                require_readable(part)
    except Stopped:
        if job.stop_mode == "discard":
            _forget(command.preset, waited=True)
        else:
            progress.note()
        raise
    except UserError as error:
        if progress.begun.done_bytes and not error.kind.startswith(_FOR_GOOD):
            progress.note()
        else:
            preset_downloads.forget(name)
        raise
    preset_downloads.forget(name)
    return protocol.Converted(str(target), tuple(notes))


def forget(preset: str) -> None:
    """What has arrived, of both files that a preset may be made of. UserError `hub.bad-handle`, `preset.missing`,
    `preset.busy`."""
    with preset_downloads.alone(preset_downloads.name_of(preset)):
        _forget(preset)


def _forget(preset: str, waited: bool = False) -> None:
    """waited: perhaps for another's download of the same, whose files these are then."""
    builtin = BUILTIN.get(preset)
    for handle in (builtin.kaggle_handle, builtin.authors_handle) if builtin else (preset,):
        if not hub.is_handle(handle):
            raise _unknown(preset)
        try:
            hub.forget(handle)
        except UserError as error:
            if not waited or error.kind != "preset.busy":
                raise
    name = preset_downloads.name_of(preset)
    if preset_downloads.begun_elsewhere(name, preset) is None:
        preset_downloads.forget(name)


def _require_free(name: str, target: Path, preset: str) -> None:
    record = preset_records.read().get(name)
    lies = target if record is None or target.exists() else Path(record.folder)
    if target.exists() or lies != target:
        raise UserError(
            "preset.present", f"There is a preset {name} already: {lies}.", "Delete it first, to fetch it again."
        )
    other = preset_downloads.begun_elsewhere(name, preset)
    if other is not None:
        raise UserError(
            "preset.present",
            f"The download of {other.preset} was begun, and would be called {name} too.",
            "Go on with that one, or cancel it, first.",
        )


def _handles(command: protocol.FetchPreset) -> list[str]:
    builtin = BUILTIN.get(command.preset)
    if builtin is not None:
        return [builtin.kaggle_handle, *([builtin.authors_handle] if command.head else [])]
    if not hub.is_handle(command.preset) or command.head:
        raise _unknown(command.preset)
    return [command.preset]


def _unknown(preset: str) -> UserError:
    return UserError(
        "preset.missing",
        f"It is not known where {preset!r} can be downloaded from.",
        f"Choose one of {', '.join(BUILTIN)}, or a handle such as hf://google/fnet-base.",
    )


def _expected(command: protocol.FetchPreset, handles: list[str]) -> list[int]:
    builtin = BUILTIN.get(command.preset)
    return [builtin.download_bytes if builtin else 0 for _ in handles]


def _place(source: Path, target: Path, stopped: Callable[[], bool]) -> None:
    """A preset's files from a hub's cache, copied: what happens to the one is not to reach the other."""
    found = [path for path in sorted(source.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    room = sum(path.stat().st_size for path in found) + files.SPARE_BYTES
    files.require_room(room, places.presets(), f"The copy from the hub's cache {source}", _MAKE_ROOM)
    for path in found:
        check(stopped)
        here = target / path.relative_to(source)
        here.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "rb") as reader, open(here, "xb") as writer:
            while piece := reader.read(CHUNK_BYTES):
                check(stopped)
                writer.write(piece)
        shutil.copystat(path, here)


class _Progress:
    """`models.progress.Progress` over one or two downloads, as one; and what is noted of them for the next start."""

    def __init__(self, job: Job, begun: Begun, expected: list[int]) -> None:
        self.begun = begun
        self._clock = PhaseClock(job, {})
        self._before = 0
        """Bytes of the downloads that are whole."""
        self._expected = expected
        """Bytes of each that is not begun, about."""
        self._done = self._told = 0
        self._told_at = self._noted = 0.0

    def next_file_set(self) -> None:
        self._before, self._done, self._expected = self._before + self._done, 0, self._expected[1:]

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase != "downloading":
            self._clock.enter(phase)
            return
        self._done = done
        done, total = self._before + done, self._before + total + sum(self._expected[1:])
        self._clock.enter(phase, total, "bytes", done)
        self.begun = msgspec.structs.replace(self.begun, done_bytes=done, total_bytes=total)
        self.tell()
        if time.monotonic() - self._noted >= NOTE_EVERY_S:
            self.note()

    def tell(self) -> None:
        """What the clock has not told yet."""
        if self.begun.done_bytes != self._told:
            now = time.monotonic()
            if now - self._told_at >= TELL_EVERY_S or self.begun.done_bytes == self.begun.total_bytes:
                self._told, self._told_at = self.begun.done_bytes, now
                self._clock.progress(self._told)

    def note(self) -> None:
        self._noted = time.monotonic()
        preset_downloads.write(self.begun)
