"""Newer versions: a feed that its publisher signed, read only when the user asked for it, and the file it names.

A feed is one JSON document, ``{"signed": text, "signature": hex}``: the text is the JSON of `Feed`, and the signature
is Ed25519 over its bytes in UTF-8. Every file in it has its SHA-256, so that neither the feed's server nor that of the
files has to be trusted. Where the feed is and whose signature counts stands in the settings, or in ``release.toml``
among the resources of a published build.
"""

import platform
import re
import sys
import tomllib
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urljoin

import msgspec
from msgspec import Struct

from fnet_studio import __version__
from fnet_studio.core import download, places, signatures
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.core.settings import Settings

FEED_BYTES = 2**20
System = Literal["linux", "windows", "macos", "any"]
_KINDS = {"linux": ("deb", "tar.xz"), "windows": ("msi", "exe"), "macos": ("dmg",)}


class File(Struct, frozen=True):
    url: str
    """Whole, or from the feed's own address on."""
    sha256: str
    bytes: int
    kind: str
    """deb, tar.xz, msi, exe, dmg or whl."""
    system: System = "any"
    machine: str = "any"
    """As `platform.machine()` has it, such as x86_64."""


class Release(Struct, frozen=True):
    version: str
    date: str = ""
    notes: str = ""
    files: tuple[File, ...] = ()


class Feed(Struct, frozen=True, tag_field="product", tag="fnet-studio"):
    schema: int
    releases: tuple[Release, ...]


class Source(NamedTuple):
    """Where the feed is, and the public key (hex) that it must be signed with."""

    url: str
    key: str


class Update(NamedTuple):
    """release: the newest one, None when this version is the newest. file: what to install on this machine, with its
    whole address; None when the release has nothing for it."""

    release: Release | None
    file: File | None


class _Envelope(Struct, frozen=True):
    signed: str
    signature: str


def source(settings: Settings) -> Source:
    """That of the settings, else that of this build; empty texts where neither has one."""
    built = places.resources() / "release.toml"
    values = tomllib.loads(built.read_text("utf-8")) if built.is_file() else {}
    if settings.update_feed.strip():
        return Source(settings.update_feed.strip(), settings.update_key.strip() or str(values.get("key", "")))
    return Source(str(values.get("feed", "")), str(values.get("key", "")))


def check(source: Source, progress: Progress | None = None, stopped: StopCheck | None = None) -> Update:
    """Ask the feed. Raises Stopped, UserError `update.no-feed`, `update.no-key`, `update.signature`, `update.damaged`,
    `update.newer-feed`, and those of `download.read`."""
    if not source.url:
        raise UserError(
            "update.no-feed",
            "No feed of releases is known to this program.",
            "Enter the address of the feed under Settings, Updates; it stands beside the downloads.",
        )
    feed = read_feed(download.read(source.url, FEED_BYTES, progress, stopped), source.key)
    release = newest(feed)
    if release is None:
        return Update(None, None)
    file = file_for(release, *here())
    return Update(release, file and msgspec.structs.replace(file, url=urljoin(source.url, file.url)))


def read_feed(content: bytes, key: str) -> Feed:
    """The feed in a document, once its signature is right. UserError as `check`."""
    try:
        public = bytes.fromhex(key)
    except ValueError:
        public = b""
    if len(public) != signatures.KEY_BYTES:
        raise UserError(
            "update.no-key",
            f"The public key of the feed is {key!r}, which is not 64 hexadecimal digits."
            if key
            else "The public key that the feed has to be signed with is not known.",
            "Enter it under Settings, Updates; it stands beside the downloads.",
        )
    try:
        envelope = msgspec.json.decode(content, type=_Envelope)
        signature = bytes.fromhex(envelope.signature)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _damaged(error) from None
    if not signatures.verify(public, envelope.signed.encode(), signature):
        raise UserError(
            "update.signature",
            "The feed of releases is not signed with the key that this program expects.",
            "Nothing was changed. Somebody may have altered the feed: do not install anything from it, and tell the "
            "publisher.",
        )
    try:
        schema = msgspec.json.decode(envelope.signed, type=dict).get("schema")
        if isinstance(schema, int) and schema > 1:
            raise UserError(
                "update.newer-feed",
                "The feed of releases is for newer versions of FNet Studio.",
                "Fetch the newest version by hand.",
            )
        feed = msgspec.json.decode(envelope.signed, type=Feed)
        for release in feed.releases:
            number(release.version)
            for file in release.files:
                if not re.fullmatch("[0-9a-f]{64}", file.sha256):
                    raise ValueError(f"{file.url} has no SHA-256")
    except (msgspec.MsgspecError, ValueError) as error:
        raise _damaged(error) from None
    return feed


def signed(feed: Feed, secret: bytes) -> bytes:
    """The document of a feed, for its publisher. secret: 32 bytes."""
    text = msgspec.json.encode(feed).decode()
    return msgspec.json.encode(_Envelope(text, signatures.sign(secret, text.encode()).hex()))


def newest(feed: Feed, current: str = __version__) -> Release | None:
    """The newest release that is newer than the current version."""
    newer = [release for release in feed.releases if number(release.version) > number(current)]
    return max(newer, key=lambda release: number(release.version), default=None)


def file_for(release: Release, system: str, machine: str, kinds: tuple[str, ...]) -> File | None:
    """The file of the first of these kinds that is for the machine."""
    for kind in kinds:
        for file in release.files:
            if file.kind == kind and file.system in (system, "any") and file.machine in (machine, "any"):
                return file
    return None


def here() -> tuple[str, str, tuple[str, ...]]:
    """(system, machine, kinds of file in the order of preference): of this machine and the way it was installed."""
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    kinds = _KINDS[system] if getattr(sys, "frozen", False) else ("whl",)
    if system == "linux" and not Path(sys.executable).is_relative_to("/opt"):
        kinds = tuple(reversed(kinds))
    return system, machine, kinds


def folder() -> Path:
    """Where fetched files lie."""
    return places.data() / "updates"


def fetch(file: File, progress: Progress | None = None, stopped: StopCheck | None = None) -> Path:
    """The file of an update, resumed after a break and verified. Never runs it. Raises what `download.fetch` raises."""
    return download.fetch(f"{file.url}#sha256={file.sha256}", progress, stopped, folder())


def number(version: str) -> tuple[int, ...]:
    """`1.2.0` as (1, 2, 0), trailing zeros left out. ValueError for anything else."""
    if not re.fullmatch(r"\d+(\.\d+){0,3}", version):
        raise ValueError(f"{version!r} is not a version")
    parts = [int(part) for part in version.split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _damaged(error: Exception) -> UserError:
    return UserError(
        "update.damaged",
        f"The feed of releases cannot be read: {error}.",
        "Check the address under Settings, Updates, or try again later: it may not have arrived whole.",
    )
