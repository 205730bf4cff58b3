"""A file from the web: fetched once, resumed after a break, and used only when its checksum is right.

It lies in `data()/datasets`, or in the folder that is asked for: the file, or until it is whole a `.part` beside a
`.part.json` with what a server needs to say whether the rest still belongs to it.
"""

import contextlib
import hashlib
import urllib.error
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from fnet_studio.core import files, locks, network, places
from fnet_studio.core.errors import UserError
from fnet_studio.core.offline import switched_off_by
from fnet_studio.core.progress import Progress, StopCheck, check, report
from fnet_studio.core.transfer import Transfer

_DIGESTS = {"md5": 32, "sha256": 64}


class Address(NamedTuple):
    """url: without its fragment. algorithm, digest: of the fragment `#md5=…` or `#sha256=…`; empty without one."""

    url: str
    algorithm: str
    digest: str
    folder: Path

    @property
    def file(self) -> Path:
        """Its place on this machine, one for each checksum (or address, where there is none)."""
        name = Path(urlsplit(self.url).path).name or "archive"
        stem, dot, ending = name.partition(".")
        mark = self.digest or hashlib.sha256(self.url.encode()).hexdigest()
        return self.folder / f"{stem}-{mark[:8]}{dot}{ending}"


def parse(text: str, folder: Path | None = None) -> Address:
    """UserError `download.address`."""
    url, _, fragment = text.strip().partition("#")
    algorithm, _, digest = fragment.partition("=")
    named = _DIGESTS.get(algorithm) == len(digest) and all(char in "0123456789abcdef" for char in digest.lower())
    if not network.is_address(url) or (fragment and not named):
        raise UserError(
            "download.address",
            f"{text!r} is not an address that can be downloaded from.",
            "Write it like https://host/name.tar.gz#md5=… or #sha256=…, with all digits of the checksum.",
        )
    return Address(url, algorithm, digest.lower(), folder or places.data() / "datasets")


def fetch(
    text: str, progress: Progress | None = None, stopped: StopCheck | None = None, folder: Path | None = None
) -> Path:
    """The file at an address `url#md5=…`, downloaded unless it is here already. Phases: `downloading`, in bytes, and
    `waiting for a download`: a training, a window or a command may be fetching the very same.

    A stop or a break leaves what has arrived, and the next call goes on from there if the server still has the same
    file. Raises Stopped, UserError `download.address`, `download.offline`, `download.no-network`, `download.refused`,
    `download.login`, `download.checksum`, `disk.full` or `disk.unwritable`.
    """
    address = parse(text, folder)
    if address.file.is_file():
        return address.file
    check(stopped)
    _require_network(address.file.name, "or name the archive if you have it")
    with locks.in_turn(address.file.with_name(address.file.name + ".lock"), progress, stopped):
        if address.file.is_file():
            return address.file
        return _Download(address, progress, stopped).fetch()


def read(
    url: str,
    limit_bytes: int,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
    accept: str = "*/*",
) -> bytes:
    """A small document, into memory. Raises Stopped, UserError `download.too-long`, and all of `fetch` but the
    checksum's and the disk's."""
    parse(url)
    check(stopped)
    _require_network(url, "then try again")
    transfer = Transfer(url, {"User-Agent": "fnet-studio", "Accept-Encoding": "identity", "Accept": accept})
    content = bytearray()
    with _told(url):
        try:
            head = transfer.head(lambda: check(stopped))
            _require_no_page(head, url)
            length = head.headers.get("Content-Length", "")
            for block in transfer.blocks(lambda: check(stopped)):
                content += block
                report(progress, "downloading", len(content), int(length) if length.isdecimal() else 0)
                if len(content) > limit_bytes:
                    raise UserError(
                        "download.too-long",
                        f"{url} is longer than {limit_bytes / 1e6:,.1f} MB, so it cannot be what was expected.",
                        "Check the address.",
                    )
            if length.isdecimal() and len(content) < int(length):
                raise ConnectionError("the connection broke off")
        finally:
            transfer.abandon()
    return bytes(content)


def _require_network(what: str, otherwise: str) -> None:
    switch = switched_off_by()
    if switch:
        raise UserError(
            "download.offline",
            f"{what} is not on this machine, and downloads are switched off by {switch}.",
            f"Unset {switch} to download it, {otherwise}.",
        )


@contextlib.contextmanager
def _told(url: str) -> Iterator[None]:
    """What goes wrong between here and a server, in words."""
    try:
        yield
    except (urllib.error.URLError, TimeoutError, HTTPException, ConnectionError, ValueError) as error:
        known = network.obstacle(error)
        if isinstance(error, urllib.error.HTTPError):
            error.close()
            if known is None:
                raise UserError(
                    "download.refused",
                    f"The server answered with the error {error.code} when asked for {url}.",
                    "Check the address, or try again later.",
                ) from error
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        reason, advice = known or (
            str(cause) or type(error).__name__,
            "Check the network and try again: what has arrived is kept.",
        )
        raise UserError("download.no-network", f"{url} could not be downloaded: {reason}.", advice) from error


def _require_no_page(head: HTTPResponse, url: str) -> None:
    """Before anything that has arrived is written over."""
    if head.headers.get_content_type() == "text/html":
        raise UserError(
            "download.login",
            f"{url} could not be downloaded: what answered is not the file but a web page. It may be the login page "
            "of this network.",
            "Open any web page in a browser and log in there, then try again: what has arrived is kept.",
        )


class _Download:
    """One download at work."""

    def __init__(self, address: Address, progress: Progress | None, stopped: StopCheck | None) -> None:
        self.address, self.progress, self.stopped = address, progress, stopped
        self.part = address.file.with_name(address.file.name + ".part")
        self.notes = address.file.with_name(address.file.name + ".part.json")

    def fetch(self) -> Path:
        report(self.progress, "downloading", 0, 0)
        try:
            self.part.parent.mkdir(parents=True, exist_ok=True)
            if not self._whole():
                try:
                    self._transfer()
                except _Unusable:
                    self._forget()
                    self._transfer()
            self._verify()
            self.part.replace(self.address.file)
            self.notes.unlink(missing_ok=True)
        except OSError as error:
            raise files.disk_error(error, self.part) from error
        return self.address.file

    def _transfer(self) -> None:
        """Bring what is missing of the part file. `_Unusable` when the server cannot go on where it ends."""
        here, validator = self._known()
        headers = {"User-Agent": "fnet-studio", "Accept-Encoding": "identity"}
        if here:
            headers |= {"Range": f"bytes={here}-", "If-Range": validator}
        transfer = Transfer(self.address.url, headers)
        with _told(self.address.url):
            try:
                self._receive(transfer, here)
            except urllib.error.HTTPError as error:
                if here and error.code == 416:  # nothing of that range: another file than before, or a whole part
                    error.close()
                    raise _Unusable from error
                raise
            finally:
                transfer.abandon()

    def _receive(self, transfer: Transfer, here: int) -> None:
        head = transfer.head(lambda: check(self.stopped))
        _require_no_page(head, self.address.url)
        resumed = head.status == 206
        if resumed and not head.headers.get("Content-Range", "").startswith(f"bytes {here}-"):
            raise _Unusable
        done = here if resumed else 0
        length = head.headers.get("Content-Length", "")
        total = done + int(length) if length.isdecimal() else 0
        room = total - done + files.SPARE_BYTES
        files.require_room(room, self.part.parent, f"The rest of {self.address.file.name}", files.ARRIVED_IS_KEPT)
        self._remember(head, total)
        with self.part.open("ab" if resumed else "wb") as out:
            report(self.progress, "downloading", done, total)
            for block in transfer.blocks(lambda: check(self.stopped)):
                out.write(block)
                done += len(block)
                report(self.progress, "downloading", done, max(total, done))
        if total and done < total:
            raise ConnectionError("the connection broke off")

    def _whole(self) -> bool:
        """All had arrived before, and the program ended before it was verified."""
        here, notes = self._stored()
        return bool(here) and here == notes.total

    def _known(self) -> tuple[int, str]:
        """Bytes here, and what makes sure that they are the beginning of the server's file; (0, "") to begin anew."""
        here, notes = self._stored()
        return (here, notes.validator) if here and notes.validator else (0, "")

    def _stored(self) -> tuple[int, "_Notes"]:
        try:
            notes = msgspec.json.decode(self.notes.read_bytes(), type=_Notes)
            return (self.part.stat().st_size if notes.url == self.address.url else 0), notes
        except (OSError, msgspec.MsgspecError):
            return 0, _Notes("")

    def _remember(self, head: HTTPResponse, total: int) -> None:
        """A weak tag does not promise the same bytes, so it cannot be resumed by."""
        tag = head.headers.get("ETag", "")
        validator = head.headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag
        files.write_json(self.notes, _Notes(self.address.url, validator, total))

    def _verify(self) -> None:
        if not self.address.digest:
            return
        digest = hashlib.new(self.address.algorithm, usedforsecurity=False)
        with self.part.open("rb") as stream:
            while block := stream.read(2**22):
                check(self.stopped)
                digest.update(block)
        if digest.hexdigest() != self.address.digest:
            self._forget()
            raise UserError(
                "download.checksum",
                f"{self.address.file.name} did not arrive as it should be: its {self.address.algorithm} is "
                f"{digest.hexdigest()}, not {self.address.digest}. It was removed.",
                "Try again; if it happens again, the server or a proxy on the way sends another file.",
            )

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)


class _Notes(msgspec.Struct, frozen=True):
    url: str
    validator: str = ""
    """An entity tag or a date, as the server gave it."""
    total: int = 0
    """Bytes of the whole file, 0 when the server did not say."""


class _Unusable(Exception):
    """The part file cannot be gone on with."""
