"""Models on Kaggle (`kaggle://owner/model/framework/variation`), in and into the cache of `kagglehub`."""

import contextlib
import json
import logging
import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fnet_studio.core import files
from fnet_studio.core.errors import UserError
from fnet_studio.models import hub
from fnet_studio.models.hub_progress import Tracker
from fnet_studio.models.progress import Progress, StopCheck

FORM = "kaggle://owner/model/framework/variation/version, such as kaggle://keras/f_net/keras/f_net_base_en/3"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_one_at_a_time = threading.Lock()


def parse(handle: str) -> "Variation":
    """UserError `hub.bad-handle`."""
    parts = handle.removeprefix("kaggle://").split("/")
    version = parts.pop() if len(parts) == 5 else ""
    if len(parts) != 4 or not all(_PART.fullmatch(part) for part in parts) or (version and not version.isdecimal()):
        raise hub.bad_handle(handle, FORM)
    return Variation(handle, tuple(parts), int(version) if version else None)


DAMAGED = ("preset.bad-config", "preset.corrupt", "preset.missing-weights", "tokenizer.corrupt")


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
        kagglehub = hub.library("kagglehub", self.handle)
        requests = hub.library("requests", self.handle)
        words = "/".join(self.parts) + (f"/{self.version}" if self.version else "")
        tracker = Tracker(self._folder, self.handle, progress, stopped)
        watched = progress is not None or stopped is not None
        try:
            with _bars(tracker) if watched else contextlib.nullcontext():
                return Path(kagglehub.model_download(words))
        except kagglehub.exceptions.DataCorruptionError as error:
            raise hub.wrong_checksum(self.handle, "A file") from error
        except requests.HTTPError as error:
            raise hub.by_status(self.handle, error.response.status_code) from error
        except requests.RequestException as error:
            raise hub.no_network(self.handle, error) from error
        except json.JSONDecodeError as error:
            raise hub.login_page(self.handle) from error
        except OSError as error:
            raise files.disk_error(error, self._folder) from error


@contextlib.contextmanager
def _bars(tracker: Tracker) -> Iterator[None]:
    """kagglehub takes no callback: its own two bars are replaced while it downloads. One download at a time."""
    import kagglehub.clients
    import kagglehub.http_resolver as resolver

    clients: Any = kagglehub.clients
    log = logging.getLogger("kagglehub")
    all_files = resolver.thread_map

    def quietly(*arguments: Any, **options: Any) -> Any:
        return all_files(*arguments, **{**options, "disable": True})

    with _one_at_a_time:
        kept = clients.tqdm, log.level
        clients.tqdm, resolver.thread_map = tracker.bars(), quietly
        log.setLevel(logging.WARNING)
        try:
            yield
        finally:
            clients.tqdm, resolver.thread_map = kept[0], all_files
            log.setLevel(kept[1])


def _cache() -> Path:
    """Where `kagglehub` keeps its files, by the same variable."""
    return Path(os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub")
