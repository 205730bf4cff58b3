"""GPU support in the user's own folder: fetched wheel by wheel, verified, unpacked, and given to the worker.

In `data()/gpu/`: `site/` is what the worker gets, whole, with the list that it was made from; `new/` the one that is
being made, with a note of the wheels that are in it; `downloads/` what is arriving; `list.json` the list that was
begun. `new` becomes `site` by one rename.
"""

import hashlib
import shutil
import sys
import uuid
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

import msgspec

from fnet_studio.core import download, files, gpu_list, locks, places, wheels
from fnet_studio.core.errors import UserError
from fnet_studio.core.gpu_list import GpuList, Wheel
from fnet_studio.core.progress import Progress, StopCheck, check, report

SPARE_BYTES = 256 * 2**20
"""Left free on the disk."""
_LIST = "gpu-support.json"


class State(NamedTuple):
    """added: what is there whole. begun, arrived_bytes: what an earlier call left, and how much of it is here."""

    added: GpuList | None
    begun: GpuList | None
    arrived_bytes: int

    @property
    def used(self) -> bool:
        """Whether the worker gets it: it was made for this very JAX."""
        return self.added is not None and gpu_list.fits(self.added)

    @property
    def offer(self) -> GpuList | None:
        """What can be added here: the list that was begun, or that of this build."""
        return self.begun if self.begun is not None and gpu_list.fits(self.begun) else gpu_list.bundled()


def folder() -> Path:
    return places.data() / "gpu"


def state() -> State:
    begun = _stored(folder() / "list.json")
    return State(_stored(folder() / "site" / _LIST), begun, _arrived(begun) if begun else 0)


def for_worker() -> Path | None:
    """The folder to be put on the worker's path; None without one, or when it was made for another JAX."""
    return folder() / "site" if state().used else None


def add(offer: GpuList, progress: Progress | None = None, stopped: StopCheck | None = None) -> None:
    """Fetch, verify and unpack all of a list, or go on with that. Phases: `downloading` (bytes of all its wheels) and
    `unpacking`.

    What has arrived stays after a stop, a break or a failure, and an older `site` until the new one is whole. Raises
    Stopped, UserError `gpu.not-here`, `gpu.other-version`, `gpu.busy`, `gpu.size`, and those of `download.fetch` and
    `wheels.unpack`.
    """
    _require_fit(offer)
    with _alone():
        try:
            if _stored(folder() / "list.json") != offer:
                shutil.rmtree(folder() / "new", ignore_errors=True)
                files.write_json(folder() / "list.json", offer)
            (folder() / "new").mkdir(exist_ok=True)
            _require_room(offer)
            _Adding(offer, progress, stopped).run()
            files.write_json(folder() / "new" / _LIST, offer)
            (folder() / "new" / "unpacked.json").unlink(missing_ok=True)
            _take_away("site")
            (folder() / "new").rename(folder() / "site")
            (folder() / "list.json").unlink(missing_ok=True)
            _take_away("downloads")
        except OSError as error:
            raise files.disk_error(error, folder()) from error


def remove() -> None:
    """All of it, also what was only begun. UserError `gpu.busy`, `disk.unwritable`."""
    if not folder().is_dir():
        return
    with _alone():
        try:
            for name in ("site", "new", "downloads"):
                _take_away(name)
            (folder() / "list.json").unlink(missing_ok=True)
        except OSError as error:
            raise files.disk_error(error, folder()) from error


class _Adding:
    """One call of `add` at work."""

    def __init__(self, offer: GpuList, progress: Progress | None, stopped: StopCheck | None) -> None:
        self.offer, self.progress, self.stopped = offer, progress, stopped
        self.done = 0

    def run(self) -> None:
        unpacked = _unpacked()
        for wheel in self.offer.wheels:
            check(self.stopped)
            if wheel.sha256 not in unpacked:
                path = self._fetch(wheel)
                report(self.progress, "unpacking", self.done + wheel.bytes, self.offer.bytes)
                wheels.unpack(path, folder() / "new", self.stopped)
                unpacked.append(wheel.sha256)
                files.write_json(folder() / "new" / "unpacked.json", unpacked)
                if path.is_relative_to(folder()):
                    path.unlink()
            self.done += wheel.bytes
        report(self.progress, "downloading", self.offer.bytes, self.offer.bytes)

    def _fetch(self, wheel: Wheel) -> Path:
        """The verified wheel, in our folder or beside its list."""
        if urlsplit(wheel.url).scheme == "file":
            return self._verified(Path(url2pathname(urlsplit(wheel.url).path)), wheel)

        def told(phase: str, done: int, total: int) -> None:
            if max(done, total) > wheel.bytes:
                raise _wrong_size(wheel, max(done, total))
            report(self.progress, phase, self.done + done, self.offer.bytes)

        place = folder() / "downloads"
        address = f"{wheel.url.partition('#')[0]}#sha256={wheel.sha256}"
        try:
            return download.fetch(address, told, self.stopped, place)
        except UserError as error:
            if error.kind == "gpu.size":
                part = download.parse(address, place).file
                for ending in (".part", ".part.json"):
                    part.with_name(part.name + ending).unlink(missing_ok=True)
            raise

    def _verified(self, path: Path, wheel: Wheel) -> Path:
        digest = hashlib.sha256()
        try:
            if path.stat().st_size != wheel.bytes:
                raise _wrong_size(wheel, path.stat().st_size)
            with path.open("rb") as stream:
                while block := stream.read(2**22):
                    check(self.stopped)
                    digest.update(block)
        except OSError as error:
            raise files.read_error(error, path) from error
        if digest.hexdigest() != wheel.sha256:
            raise UserError(
                "download.checksum",
                f"{path} is not what the list says: its SHA-256 is {digest.hexdigest()}, not {wheel.sha256}.",
                "Fetch it again.",
            )
        return path


def _require_fit(offer: GpuList) -> None:
    if sys.platform != "linux":
        raise UserError(
            "gpu.not-here",
            "JAX has no NVIDIA GPU support for this system, only for Linux.",
            "On Windows, let the worker run in WSL: Settings says how.",
        )
    if not gpu_list.fits(offer):
        ours, theirs = gpu_list.here(), (offer.jax, offer.python, offer.machine)
        words = ["JAX {} on Python {} and {}".format(*it) for it in (theirs, ours)]
        raise UserError(
            "gpu.other-version",
            f"This GPU support is for {words[0]}, and this program has {words[1]}.",
            "Use the list that was made for this version of FNet Studio.",
        )


def _require_room(offer: GpuList) -> None:
    """What is still to be unpacked, and one wheel beside it at a time."""
    unpacked = _unpacked()
    left = [wheel for wheel in offer.wheels if wheel.sha256 not in unpacked]
    wanted = sum(max(wheel.unpacked_bytes, wheel.bytes) for wheel in left)
    wanted += max((wheel.bytes for wheel in left), default=0) + SPARE_BYTES
    files.require_room(wanted, folder(), "The rest of GPU support", files.ARRIVED_IS_KEPT)


def _wrong_size(wheel: Wheel, found: int) -> UserError:
    return UserError(
        "gpu.size",
        f"{wheel.file} has {found:,} bytes there, and not {wheel.bytes:,} as the list says. It is not used.",
        "Try again; if it happens again, the server or a proxy on the way sends another file.",
    )


def _arrived(begun: GpuList) -> int:
    """Bytes of its wheels that are unpacked or lie in `downloads`, whole or in part."""
    unpacked = _unpacked()
    whole = sum(wheel.bytes for wheel in begun.wheels if wheel.sha256 in unpacked)
    parts = (folder() / "downloads").glob("*")
    return whole + sum(path.stat().st_size for path in parts if path.suffix in (".part", ".whl"))


def _unpacked() -> list[str]:
    """SHA-256 of the wheels that lie in `new`."""
    try:
        return msgspec.json.decode((folder() / "new" / "unpacked.json").read_bytes(), type=list[str])
    except (OSError, msgspec.MsgspecError):
        return []


def _stored(path: Path) -> GpuList | None:
    try:
        return gpu_list.decode(path.read_bytes(), str(path))
    except (OSError, UserError):
        return None


def _take_away(name: str) -> None:
    """By a rename first, so that a crash never leaves half of it under its name."""
    for old in folder().glob(".gone-*"):
        shutil.rmtree(old, ignore_errors=True)
    path = folder() / name
    if path.exists():
        gone = folder() / f".gone-{uuid.uuid4().hex[:8]}"
        path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _alone() -> AbstractContextManager[None]:
    """Window and command line at once would write into each other's files."""
    words = "GPU support is being added or removed by another window or command."
    return locks.alone(folder() / "lock", UserError("gpu.busy", words, "Wait for its end."))
