"""Models on Kaggle (`kaggle://owner/model/framework/variation`), in and into the cache of `kagglehub`."""

import base64
import hashlib
import json
import os
import re
import shutil
import urllib.error
from pathlib import Path
from typing import NamedTuple

from fnet_studio.core import files
from fnet_studio.core.errors import UserError
from fnet_studio.models import hub
from fnet_studio.models.hub_progress import Tracker
from fnet_studio.models.hub_transfer import Broken, NotTheFile, fetch_file
from fnet_studio.models.progress import Progress, StopCheck, check

FORM = "kaggle://owner/model/framework/variation/version, such as kaggle://keras/f_net/keras/f_net_base_en/3"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def parse(handle: str) -> "Variation":
    """UserError `hub.bad-handle`."""
    parts = handle.removeprefix("kaggle://").split("/")
    version = parts.pop() if len(parts) == 5 else ""
    if len(parts) != 4 or not all(_PART.fullmatch(part) for part in parts) or (version and not version.isdecimal()):
        raise hub.bad_handle(handle, FORM)
    return Variation(handle, tuple(parts), int(version) if version else None)


DAMAGED = ("preset.bad-config", "preset.corrupt", "preset.missing-weights", "tokenizer.corrupt")
LACKING = ("preset.missing-file", "preset.missing-vocabulary")
"""A download brings what is gone, and leaves alone what is there."""


class Variation(NamedTuple):
    handle: str
    parts: tuple[str, ...]
    version: int | None

    @property
    def _folder(self) -> Path:
        return _cache().joinpath("models", *self.parts)

    @property
    def lock(self) -> Path:
        return self._folder / ".fnet-studio.lock"

    def cached(self) -> Path | None:
        """The folder of the version, else of the highest one, that was fetched whole."""
        versions = [self.version]
        if self.version is None:
            names = [path.name for path in self._folder.glob("*") if path.name.isdecimal()]
            versions = sorted(map(int, names), reverse=True)
        whole = (self._folder / str(version) for version in versions if self._is_whole(str(version)))
        return next(whole, None)

    def _is_whole(self, version: str) -> bool:
        """One mark for a version that was fetched at once, or one for each file that was fetched alone, as KerasHub
        does."""
        folder, marks = self._folder / version, self._folder / ".complete" / version
        if (self._folder / f"{version}.complete").is_file():
            return folder.is_dir()
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        return all((marks / f"{name}.complete").is_file() for name in names) and not hub.missing_file(folder)

    def checked(self) -> Path | None:
        """As `cached`, where it can be opened. What is damaged, such as a login page under a file's name, is removed:
        Kaggle gives no checksum to compare it with. Another program's sound model stays."""
        from fnet_studio.models.preset import require_readable

        folder = self.cached()
        if folder is not None:
            try:
                require_readable(folder)
            except UserError as error:
                if error.kind in LACKING:
                    return None
                if error.kind not in DAMAGED:
                    return folder
                for path in (folder, self._folder / ".complete" / folder.name):
                    shutil.rmtree(path, ignore_errors=True)
                (self._folder / f"{folder.name}.complete").unlink(missing_ok=True)
                return None
        return folder

    def forget(self) -> None:
        """Remove what has arrived of a download that was stopped; its library keeps that, and goes on with it."""
        names = [path.name for path in self._folder.glob("*") if path.name.isdecimal()]
        for name in names:
            if self.version in (None, int(name)) and not self._is_whole(name):
                shutil.rmtree(self._folder / name, ignore_errors=True)

    def download(self, progress: Progress | None, stopped: StopCheck | None) -> Path:
        """The library says what there is; the bytes are fetched here, since its own download does not hear a stop
        while Kaggle sends nothing. They lie as it would lay them, and either goes on with what the other began."""
        hub.library("kagglehub", self.handle)
        requests = hub.library("requests", self.handle)
        try:
            return self._download(progress, stopped)
        except (urllib.error.HTTPError, requests.HTTPError) as error:
            status = error.code if isinstance(error, urllib.error.HTTPError) else error.response.status_code
            raise hub.by_status(self.handle, status) from error
        except (json.JSONDecodeError, NotTheFile) as error:
            raise hub.login_page(self.handle) from error
        except (requests.RequestException, Broken) as error:
            raise hub.no_network(self.handle, error) from error
        except OSError as error:
            raise files.disk_error(error, self._folder) from error

    def _download(self, progress: Progress | None, stopped: StopCheck | None) -> Path:
        from fnet_studio.models.hub_kaggle_library import Library

        library = Library(self.handle, self.parts, stopped)
        version = self.version or library.version()
        folder = self._folder / str(version)
        found = [library.file(version, name) for name in library.names(version)]
        found.sort(key=lambda file: file.size or 0)
        tracker = Tracker(self._folder, self.handle, progress, stopped)
        begun = {it.name: folder / it.name for it in found if it.content is None and (folder / it.name).is_file()}
        here = {name: path.stat().st_size for name, path in begun.items()}
        sizes = [here.get(file.name, 0) if file.size is None else file.size for file in found]
        tracker.expect(sum(sizes), sum(here.values()))
        for file in found:
            path = folder / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            if file.content is not None:
                path.write_bytes(file.content)
                tracker.arrived(len(file.content))
            else:
                fetch_file(file.url, {}, path, file.size, tracker, stopped)
            self._verify(path, file.md5, stopped)
        for file in found:  # another program may have emptied the cache meanwhile
            if not (folder / file.name).is_file():
                raise hub.wrong_checksum(self.handle, file.name)
        (self._folder / f"{version}.complete").touch()
        return folder

    def _verify(self, path: Path, md5: str, stopped: StopCheck | None) -> None:
        """md5: in base64, empty where Kaggle gave none. What differs is removed, and UserError `hub.checksum`
        raised."""
        digest = hashlib.md5(usedforsecurity=False)
        with path.open("rb") as stream:
            while md5 and (block := stream.read(1 << 20)):
                check(stopped)
                digest.update(block)
        if md5 and base64.b64encode(digest.digest()).decode() != md5:
            path.unlink()
            raise hub.wrong_checksum(self.handle, path.name)


def _cache() -> Path:
    """Where `kagglehub` keeps its files, by the same variable."""
    return Path(os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub")
