"""Presets on Kaggle and on the Hugging Face Hub: found where their own libraries cache them, or downloaded by these.

A folder that is in such a cache already is used without any network, even without the library. Nothing is downloaded
while `FNET_STUDIO_OFFLINE` or `HF_HUB_OFFLINE` is set.
"""

import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from fnet_studio.core import locks, network, presets
from fnet_studio.core.errors import UserError
from fnet_studio.core.json_files import shard_names
from fnet_studio.core.offline import SWITCH, switched_off_by
from fnet_studio.models.progress import Progress, StopCheck, check

if TYPE_CHECKING:
    from fnet_studio.models import hub_huggingface, hub_kaggle

SCHEMES = ("hf://", "kaggle://")
OFFLINE = (SWITCH, "HF_HUB_OFFLINE")


def is_handle(name: str) -> bool:
    return name.startswith(SCHEMES)


def _place(handle: str) -> "hub_huggingface.Repository | hub_kaggle.Variation":
    """UserError `hub.bad-handle`."""
    from fnet_studio.models import hub_huggingface, hub_kaggle

    return hub_huggingface.parse(handle) if handle.startswith("hf://") else hub_kaggle.parse(handle)


def forget(handle: str) -> None:
    """Remove what has arrived of a download that was stopped. UserError `hub.bad-handle`, `disk.…`, and `preset.busy`
    while anybody fetches it: then it is theirs."""
    place = _place(handle)
    if not place.lock.parent.is_dir():
        return  # it was never begun here
    words = f"{handle} is being downloaded by another window or command."
    with locks.alone(place.lock, UserError("preset.busy", words, "Wait for its end.")):
        place.forget()


UNANSWERED = ("hub.no-network", "hub.server", "hub.login", "hub.not-installed", "disk.unwritable")
"""The hub said nothing against what is cached, or was not even asked: a cache may be shared and for reading only."""


def fetch(
    handle: str, progress: Progress | None = None, stopped: StopCheck | None = None, verify: bool = False
) -> Path:
    """The folder of `hf://owner/name[@revision]` or `kaggle://owner/model/framework/variation[/version]`.

    Without a revision or version, whatever is cached of it is used. verify: what is cached is compared with what the
    hub says of it, as far as it answers, and what was damaged there is fetched again. What has arrived when a stop is
    asked for, or a connection breaks, is kept, and the next call goes on there. While another window or command fetches
    the same, its end is waited for. Stopped when asked to. UserError `hub.bad-handle`, `preset.not-fetched` (offline),
    `hub.not-installed`, `hub.no-network`, `hub.not-found`, `hub.no-rights`, `hub.server`, `hub.checksum`,
    `hub.login`, `hub.no-preset`, `hub.foreign-model`, `disk.full`.
    """
    place = _place(handle)
    variable = switched_off_by(*OFFLINE)
    cached = place.checked() if verify and not variable else place.cached()
    if cached is not None:
        return cached
    check(stopped)
    if variable:
        raise UserError(
            "preset.not-fetched",
            f"The preset {handle} is not on this machine, and downloads are switched off by {variable}.",
            f"Unset {variable} to download it, or give the folder of a preset.",
        )
    try:
        with locks.in_turn(place.lock, progress, stopped):
            if not verify and (cached := place.cached()) is not None:
                return cached
            return place.download(progress, stopped)
    except UserError as error:
        again = place.cached()  # without what was found damaged
        if error.kind in UNANSWERED and again is not None:
            return again
        raise


def library(name: str, handle: str) -> ModuleType:
    """An optional library, imported when it is needed. UserError `hub.not-installed`."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(
            "hub.not-installed",
            f"Downloading {handle} needs the Python package {name}, which cannot be imported ({error}).",
            'Run: pip install "fnet-studio[hub]"',
        ) from None


def missing_file(folder: Path) -> str:
    """The first file that a preset folder lacks to be used, or "". Shards are looked for by their index."""
    if not (folder / "config.json").is_file():
        return "config.json"
    for name in ("model.weights.h5", "model.safetensors", "pytorch_model.bin"):
        index = folder / (name.replace(".h5", ".json") if name.endswith(".h5") else f"{name}.index.json")
        if (folder / name).is_file():
            break
        if index.is_file():
            lacking = [shard for shard in shard_names(index) if not (folder / shard).is_file()]
            if lacking:
                return lacking[0]
            break
    else:
        return "the weights"
    if (folder / "task.json").is_file() and not (folder / "task.weights.h5").is_file():
        return "task.weights.h5"
    return "" if presets.holds_vocabulary(lambda name: (folder / name).is_file()) else "the vocabulary"


# The words of what goes wrong with any hub.


def bad_handle(handle: str, form: str) -> UserError:
    return UserError("hub.bad-handle", f"{handle} is not the name of a model.", f"Write it as {form}.")


def no_network(handle: str, error: BaseException) -> UserError:
    reason, advice = network.obstacle(error) or (
        f"the connection failed or broke off ({type(error).__name__})",
        "Check the network and try again.",
    )
    return UserError("hub.no-network", f"{handle} could not be downloaded: {reason}.", advice)


def endpoint(handle: str, variable: str) -> str | None:
    """The hub's address that a variable names. UserError `hub.no-network` for what is no address."""
    address = os.environ.get(variable) or None
    if address is not None and not network.is_address(address):
        raise UserError(
            "hub.no-network",
            f"{handle} could not be asked for: {variable} is {address!r}, which is no address.",
            "Write it like https://host, or unset it, then try again.",
        )
    return address


def not_understood(handle: str, error: Exception, token: str) -> UserError | None:
    """What a library stumbles over that is none of its own errors: a setting of the user's, or an answer of another
    shape. token: the variable of the login. None for anything else."""
    if network.obstacle(error):
        return no_network(handle, error)
    if isinstance(error, UnicodeEncodeError) or "header value" in str(error):
        return UserError(
            "hub.no-network",
            f"{handle} could not be asked for: the token that logs in to the hub holds a character that no token has.",
            f"Copy it anew into {token}, or unset that; without it, log in with the hub's own program.",
        )
    return login_page(handle) if isinstance(error, ValueError | TypeError | LookupError | AttributeError) else None


def not_found(handle: str) -> UserError:
    return UserError(
        "hub.not-found",
        f"There is no {handle}, or it is not public.",
        "Check its name; for a private model, log in with the hub's own program first.",
    )


def no_rights(handle: str) -> UserError:
    return UserError(
        "hub.no-rights",
        f"You have no right to download {handle}.",
        "Accept its terms on its web page and log in with the hub's own program, then try again.",
    )


def server_error(handle: str, status: int) -> UserError:
    return UserError(
        "hub.server", f"The hub answered with the error {status} when asked for {handle}.", "Try again later."
    )


def by_status(handle: str, status: int) -> UserError:
    if status in (401, 403):
        return no_rights(handle)
    if status == 407:
        reason, advice = network.proxy_login()
        return UserError("hub.no-network", f"{handle} could not be downloaded: {reason}.", advice)
    return not_found(handle) if status == 404 else server_error(handle, status)


def login_page(handle: str) -> UserError:
    return UserError(
        "hub.login",
        f"{handle} could not be asked for: what answered is not the hub. It may be the login page of this network.",
        "Open any web page in a browser and log in there, then try again.",
    )


def no_preset(handle: str, lacking: str) -> UserError:
    return UserError(
        "hub.no-preset",
        f"{handle} cannot be used as a preset: it holds no {lacking} that FNet Studio can read.",
        "Choose a model with config.json, its SentencePiece vocabulary, and weights as .safetensors, .bin or .h5. "
        "Nothing was downloaded.",
    )


def wrong_checksum(handle: str, name: str) -> UserError:
    return UserError(
        "hub.checksum",
        f"{name} of {handle} did not arrive as it was sent: its size or checksum differs. It was removed.",
        "Try again; if it happens again, the file on the hub or a proxy on the way is at fault.",
    )
