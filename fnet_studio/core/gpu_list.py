"""What "Add GPU support" fetches: the wheels that give one version of JAX an NVIDIA GPU, with sizes and SHA-256.

A published build has its list among the resources, made by `packaging/linux/gpu_list.py` from what a resolver chose for
the very JAX that is bundled. Another one can be named by its path or address; addresses in it may be relative to that.
"""

import functools
import platform
import re
import sys
from importlib import metadata
from pathlib import Path
from urllib.parse import urljoin

import msgspec
from msgspec import Struct

from fnet_studio.core import download, places
from fnet_studio.core.archives import stays_inside
from fnet_studio.core.errors import UserError

BUNDLED = "gpu-support.json"
LIST_BYTES, MOST_WHEELS = 2**20, 200


class Wheel(Struct, frozen=True):
    file: str
    """Its name, as wheels are named."""
    url: str
    sha256: str
    bytes: int
    unpacked_bytes: int = 0
    """0 when unknown."""


class GpuList(Struct, frozen=True, tag_field="product", tag="fnet-studio-gpu"):
    schema: int
    jax: str
    python: str
    """Such as 3.11."""
    machine: str
    """As `platform.machine()` has it, such as x86_64."""
    wheels: tuple[Wheel, ...]

    @property
    def bytes(self) -> int:
        return sum(wheel.bytes for wheel in self.wheels)

    @property
    def unpacked_bytes(self) -> int:
        """At least what was fetched, where the list does not say."""
        return sum(max(wheel.unpacked_bytes, wheel.bytes) for wheel in self.wheels)


@functools.cache
def here() -> tuple[str, str, str]:
    """(JAX, Python, machine) of this program; JAX is asked for by its metadata alone, and is "" when it has none."""
    try:
        jax = metadata.version("jax")
    except metadata.PackageNotFoundError:
        jax = ""
    return jax, f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine()


def fits(one: GpuList) -> bool:
    return (one.jax, one.python, one.machine) == here()


def bundled() -> GpuList | None:
    """That of this build; None where it has none, as in a checkout."""
    path = places.resources() / BUNDLED
    return decode(path.read_bytes(), str(path)) if path.is_file() else None


def read(where: str) -> GpuList:
    """A list by its path or address, with every address whole. UserError `gpu.no-list`, `gpu.list-damaged`, and those
    of `download.read`."""
    if re.match("https?://", where):
        return _whole(decode(download.read(where, LIST_BYTES), where), where)
    path = Path(where).expanduser().resolve()
    try:
        return _whole(decode(path.read_bytes(), str(path)), path.as_uri())
    except OSError as error:
        raise UserError(
            "gpu.no-list", f"The list {path} cannot be read: {error.strerror}.", "Check its name."
        ) from None


def decode(content: bytes, name: str) -> GpuList:
    """UserError `gpu.list-damaged`, which says what is wrong with it."""
    try:
        one = msgspec.json.decode(content, type=GpuList)
        if one.schema != 1:
            raise ValueError(f"its schema is {one.schema}, and this program knows schema 1")
        if not 0 < len(one.wheels) <= MOST_WHEELS or len({wheel.file for wheel in one.wheels}) != len(one.wheels):
            raise ValueError("it names no wheels, too many, or one of them twice")
        for wheel in one.wheels:
            if not wheel.file.endswith(".whl") or "/" in wheel.file or not stays_inside(wheel.file):
                raise ValueError(f"{wheel.file!r} is not the name of a wheel")
            if not re.fullmatch("[0-9a-f]{64}", wheel.sha256) or wheel.bytes <= 0:
                raise ValueError(f"{wheel.file} has no SHA-256 or no size")
    except (msgspec.MsgspecError, ValueError) as error:
        raise UserError(
            "gpu.list-damaged",
            f"{name} is not a list of GPU support: {error}.",
            "Fetch it again, or reinstall FNet Studio if it is the list that came with it.",
        ) from None
    return one


def _whole(one: GpuList, base: str) -> GpuList:
    wheels = (msgspec.structs.replace(wheel, url=urljoin(base, wheel.url)) for wheel in one.wheels)
    return msgspec.structs.replace(one, wheels=tuple(wheels))
