"""A session on disk: every byte of both directions with its time. A bug report is a recording.

File: ``FNSR`` and a version byte, then records ``kind u8 | time f64 | length u32 | bytes``, little-endian. Kinds: ``>``
to the worker, ``<`` from it, ``x`` its exit as JSON. A torn last record is left out.
"""

import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.link.exit import ProcessExit
from fnet_studio.link.session import Happening, Session

MAGIC = b"FNSR\x01"
_RECORD = struct.Struct("<cdI")
TO_WORKER, FROM_WORKER, EXIT = b">", b"<", b"x"


class Recorder:
    """Appends to a file as things happen, so that a crash of the program loses nothing before it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = open(path, "wb", buffering=0)  # noqa: SIM115 (closed by `close`)
        self._file.write(MAGIC)

    def sent(self, data: bytes) -> None:
        self._record(TO_WORKER, data)

    def received(self, data: bytes) -> None:
        self._record(FROM_WORKER, data)

    def ended(self, exit: ProcessExit) -> None:
        self._record(EXIT, msgspec.json.encode(exit))

    def close(self) -> None:
        self._file.close()

    def _record(self, kind: bytes, data: bytes) -> None:
        if data:
            self._file.write(_RECORD.pack(kind, time.time(), len(data)) + data)


def replay(path: Path) -> Iterator[tuple[float, Happening]]:
    """The happenings of a recording with their times (seconds since the epoch), as a live session yielded them.
    UserError `recording.unreadable` when the file is not a recording."""
    session = Session(greet=False)
    commands = protocol.Reader()
    for kind, at, data in _records(path):
        if kind == TO_WORKER:
            for envelope, _ in commands.feed(data):
                if envelope.id and isinstance(envelope.body, protocol.Command):
                    session.expect(envelope.id, envelope.body)
        elif kind == FROM_WORKER:
            for happening in session.receive(data):
                yield at, happening
        else:
            for happening in session.end(msgspec.json.decode(data, type=ProcessExit)):
                yield at, happening


def _records(path: Path) -> Iterator[tuple[bytes, float, bytes]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError("recording.unreadable", f"{path} cannot be read: {error.strerror}.", "Check it.") from None
    if not content.startswith(MAGIC):
        raise UserError("recording.unreadable", f"{path} is not a recorded session.", "Choose a .fnsr file.")
    place = len(MAGIC)
    while place + _RECORD.size <= len(content):
        kind, at, length = _RECORD.unpack_from(content, place)
        place += _RECORD.size
        if kind not in (TO_WORKER, FROM_WORKER, EXIT):
            raise UserError(
                "recording.unreadable", f"{path} is damaged at byte {place - _RECORD.size}.", "Record it again."
            )
        if place + length > len(content):
            return
        yield kind, at, content[place : place + length]
        place += length
