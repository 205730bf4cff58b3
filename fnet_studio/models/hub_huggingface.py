"""Models on the Hugging Face Hub (`hf://owner/name`), in and into the cache of `huggingface_hub`."""

import hashlib
import os
import re
import shutil
import urllib.error
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any, NamedTuple

from fnet_studio.core import files, presets
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.json_files import read_json
from fnet_studio.models import hub
from fnet_studio.models.hub_progress import Tracker
from fnet_studio.models.hub_transfer import Broken, NotTheFile, asked, fetch_file
from fnet_studio.models.progress import Progress, StopCheck, check

FORM = "hf://owner/name, such as hf://google/fnet-base"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
CONFIG = "config.json"
_WEIGHTS = (
    ("model.weights.json", r"model_\d+\.weights\.h5"),
    ("model.weights.h5", None),
    ("model.safetensors.index.json", r"model-\d+-of-\d+\.safetensors"),
    ("model.safetensors", None),
    ("pytorch_model.bin.index.json", r"pytorch_model-\d+-of-\d+\.bin"),
    ("pytorch_model.bin", None),
)
"""A repository may hold the same weights in several formats: the first of these is fetched, with its shards."""
_BESIDE = (CONFIG, "metadata.json", "task.json", "preprocessor.json", "tokenizer.json", "README.md")
_BESIDE += ("tokenizer_config.json", "special_tokens_map.json", "spiece.model", "task.weights.h5", "fnet_studio.json")
_BESIDE += ("added_tokens.json", "next_sentence.weights.h5", "assets/tokenizer/vocabulary.spm")


def parse(handle: str) -> "Repository":
    """UserError `hub.bad-handle`."""
    name, at, revision = handle.removeprefix("hf://").partition("@")
    parts = name.split("/")
    good = len(parts) == 2 and all(_PART.fullmatch(part) for part in parts)
    if not good or (at and not all(_PART.fullmatch(part) for part in revision.split("/"))):
        raise hub.bad_handle(handle, FORM)
    return Repository(handle, name, revision or "main")


class Repository(NamedTuple):
    handle: str
    name: str
    revision: str

    @property
    def _folder(self) -> Path:
        return _cache() / f"models--{self.name.replace('/', '--')}"

    @property
    def lock(self) -> Path:
        """Beside the library's own."""
        return _cache() / ".locks" / self._folder.name / "fnet-studio.lock"

    def cached(self) -> Path | None:
        """The snapshot of the revision, if all that a preset needs is there."""
        commit = self.revision
        if not _COMMIT.fullmatch(commit):
            try:
                commit = (self._folder / "refs" / commit).read_text("ascii").strip()
            except (OSError, ValueError):
                return None
        if not _COMMIT.fullmatch(commit):
            return None
        snapshot = self._folder / "snapshots" / commit
        return None if hub.missing_file(snapshot) else snapshot

    def checked(self) -> None:
        """The hub alone can say what its files are: `download` compares them."""

    def download(self, progress: Progress | None, stopped: StopCheck | None) -> Path:
        """The library says what there is; the bytes are fetched here, since its own download cannot go on after a
        stop, nor be stopped while it waits."""
        errors = hub.library("huggingface_hub.errors", self.handle)
        try:
            return self._download(progress, stopped)
        except (errors.GatedRepoError, errors.DisabledRepoError) as error:
            raise hub.no_rights(self.handle) from error
        except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError) as error:
            raise hub.not_found(self.handle) from error
        except errors.HfHubHTTPError as error:
            raise hub.by_status(self.handle, error.response.status_code) from error
        except urllib.error.HTTPError as error:
            raise hub.by_status(self.handle, error.code) from error
        except (errors.HTTPError, errors.OfflineModeIsEnabled, Broken) as error:
            raise hub.no_network(self.handle, error) from error
        except NotTheFile as error:
            raise hub.login_page(self.handle) from error
        except OSError as error:
            raise files.disk_error(error, self._folder) from error

    @property
    def _parts(self) -> Path:
        """Where a download lies until it is whole."""
        return self._folder / "fnet-studio-parts"

    def forget(self) -> None:
        """Remove what has arrived of a download that was stopped."""
        shutil.rmtree(self._parts, ignore_errors=True)

    def _download(self, progress: Progress | None, stopped: StopCheck | None) -> Path:
        library = hub.library("huggingface_hub", self.handle)
        endpoint = hub.endpoint(self.handle, "HF_ENDPOINT")
        info = self._info(library, endpoint, stopped)
        if not info.sha or info.siblings is None:
            raise hub.login_page(self.handle)
        snapshot = self._folder / "snapshots" / info.sha
        wanted = {item.rfilename: item for item in info.siblings}
        names = _chosen(set(wanted))
        if lacking := _lacking(set(names)):
            raise hub.no_preset(self.handle, lacking)
        chosen = sorted((wanted[name] for name in names), key=lambda item: (item.rfilename != CONFIG, item.size or 0))
        absent = [item for item in chosen if not self._is_whole(snapshot / item.rfilename, item, stopped)]
        tracker = Tracker(self._folder, self.handle, progress, stopped)
        parts = {item.rfilename: self._parts / info.sha / f"{item.rfilename}.part" for item in absent}
        here = sum(part.stat().st_size for part in parts.values() if part.is_file())
        tracker.expect(sum(item.size or 0 for item in absent), here)
        headers = hub.library("huggingface_hub.utils", self.handle).build_hf_headers()
        if CONFIG not in parts:
            self._require_fnet(snapshot / CONFIG)
        for item in absent:
            check(stopped)
            part = parts[item.rfilename]
            url = library.hf_hub_url(self.name, item.rfilename, revision=info.sha, endpoint=endpoint)
            if item.size:
                fetch_file(url, headers, part, item.size, tracker, stopped)
            else:
                part.parent.mkdir(parents=True, exist_ok=True)
                part.touch()
            self._verify(part, item, stopped)
            target = snapshot / item.rfilename
            target.parent.mkdir(parents=True, exist_ok=True)
            part.replace(target)
            if item.rfilename == CONFIG:
                self._require_fnet(target)
        reference = self._folder / "refs" / self.revision  # written last: it says that the snapshot is whole
        if not _COMMIT.fullmatch(self.revision):
            files.write_atomically(reference, info.sha.encode())
        self.forget()
        return snapshot

    def _info(self, library: ModuleType, endpoint: str | None, stopped: StopCheck | None) -> Any:
        """What there is, as the library has it."""
        errors = hub.library("huggingface_hub.errors", self.handle)
        api = library.HfApi(endpoint=endpoint)
        try:
            return asked(lambda: api.model_info(self.name, revision=self.revision, files_metadata=True), stopped)
        except (errors.HTTPError, errors.OfflineModeIsEnabled, OSError, Broken, Stopped):
            raise
        except Exception as error:  # of the libraries below it, which have no common class
            known = hub.not_understood(self.handle, error, "HF_TOKEN")
            if known is None:
                raise
            raise known from error

    def _require_fnet(self, config: Path) -> None:
        """Before the weights are fetched. UserError `hub.foreign-model`, or of a file that is no JSON."""
        kind = read_json(config).get("model_type", "fnet")  # KerasHub's have none, and name a class
        if kind != "fnet":
            raise UserError(
                "hub.foreign-model",
                f"{self.handle} is a model of the type {kind!r}, not fnet.",
                "FNet Studio loads FNet models only. The weights were not downloaded.",
            )

    def _is_whole(self, path: Path, item: Any, stopped: StopCheck | None) -> bool:
        """A file of the cache that is not what the hub has is removed."""
        if not path.is_file():
            return False
        try:
            self._verify(path, item, stopped)
        except UserError:
            return False
        return True

    def _verify(self, path: Path, item: Any, stopped: StopCheck | None) -> None:
        """Large files are known by their SHA-256, small ones by their git name. What differs is removed, and UserError
        `hub.checksum` raised."""
        size = path.stat().st_size
        if item.lfs is not None:
            digest, expected = hashlib.sha256(), item.lfs.sha256
        else:
            digest, expected = hashlib.sha1(f"blob {size}\0".encode()), item.blob_id
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                check(stopped)
                digest.update(block)
        if digest.hexdigest() != expected:
            path.unlink()
            raise hub.wrong_checksum(self.handle, item.rfilename)


def _lacking(names: set[str]) -> str:
    """What no preset can be without; of a repository's whole list, so that it is known before anything is fetched."""
    if CONFIG not in names:
        return CONFIG
    if not any(name in names for name, _ in _WEIGHTS):
        return "weights"
    return "" if presets.holds_vocabulary(names.__contains__) else "vocabulary"


def _chosen(present: set[str]) -> list[str]:
    """What a preset needs of a repository's files; plain names only."""
    chosen = [name for name in _BESIDE if name in present]
    for name, shards in _WEIGHTS:
        if name in present:
            chosen.append(name)
            chosen += [item for item in sorted(present) if shards and re.fullmatch(shards, item)]
            break
    assert not any(".." in PurePosixPath(name).parts for name in chosen)
    return chosen


def _cache() -> Path:
    """Where `huggingface_hub` keeps its files, by the same variables; read at each call."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return Path(os.environ[variable]).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"
