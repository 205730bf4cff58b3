"""The bytes of the protocol.

One frame: ``FNS1 | header length u32 | blob length u32 | header | blob``, little-endian. The header is one
msgpack `Envelope`; the blob is raw bytes that the body describes (a picture, say). There is no resync: bytes
that are not a frame close the link.
"""

import enum
import struct
import time
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from fnet_studio.core.protocol.commands import AnyCommand
from fnet_studio.core.protocol.events import Event
from fnet_studio.core.protocol.replies import Reply

MAGIC = b"FNS1"
HEADER_LIMIT = 16 * 2**20
BLOB_LIMIT = 256 * 2**20
PREFIX = struct.Struct("<4sII")
"""Magic, header length, blob length."""


class ProtocolError(Exception):
    """The peer sent something that is not this protocol; the link must be closed."""


class ExitCode(enum.IntEnum):
    """What the worker's process ends with when it ends by itself."""

    ENDED = 0
    """Asked to shut down, or the other side is gone."""
    ENGINE_FAILED = 3
    """The engine could not be imported or started."""
    VIOLATION = 4
    """The other side sent bytes that are not this protocol."""


Body = AnyCommand | Reply | Event


class Envelope(Struct, frozen=True):
    seq: int
    """Counts the sender's frames from 1: a gap is a `ProtocolError`."""
    id: int
    """A command's own number, from 1; 0 on messages of the worker."""
    body: Body
    reply_to: int = 0
    """The command that a message belongs to, 0 for none."""
    time: float = 0.0
    """Seconds since the epoch, on the sender's clock."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)
_body_decoder = msgspec.msgpack.Decoder(Body)


def check(body: Body) -> None:
    """Raises TypeError or msgspec.ValidationError when the other side could not read the message: a wrong type
    that a struct does not notice when it is made (a NumPy number, a missing field's None)."""
    _body_decoder.decode(_encoder.encode(body))


def encode(envelope: Envelope, blob: bytes | memoryview = b"") -> bytes:
    """The bytes of one frame. ValueError when header or blob exceeds its limit."""
    header = _encoder.encode(envelope)
    if len(header) > HEADER_LIMIT or len(blob) > BLOB_LIMIT:
        raise ValueError(f"a frame of {len(header)} + {len(blob)} bytes is over the limit")
    return b"".join((PREFIX.pack(MAGIC, len(header), len(blob)), header, blob))


class Writer:
    """Numbers and encodes what one side sends."""

    def __init__(self) -> None:
        self._seq = 0

    def frame(self, body: Body, *, id: int = 0, reply_to: int = 0, blob: bytes = b"") -> bytes:
        """ValueError or TypeError when it cannot be encoded; the number is then not used up."""
        frame = encode(Envelope(self._seq + 1, id, body, reply_to, time.time()), blob)
        self._seq += 1
        return frame


class Reader:
    """Bytes in, envelopes out, for one direction of one link. Keeps what is incomplete for the next call."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._seq = 0
        self.closed = False

    def feed(self, data: bytes) -> Iterator[tuple[Envelope, bytes]]:
        """Yields (envelope, blob). ProtocolError for anything that is not a frame of this protocol; from then on
        every call raises it."""
        if self.closed:
            raise ProtocolError("the link was closed by an earlier violation")
        self._buffer += data
        try:
            yield from self._frames()
        except ProtocolError:
            self.closed = True
            raise

    def _frames(self) -> Iterator[tuple[Envelope, bytes]]:
        while len(self._buffer) >= PREFIX.size:
            magic, header_length, blob_length = PREFIX.unpack_from(self._buffer)
            if magic != MAGIC:
                raise ProtocolError(f"expected a frame, got {bytes(self._buffer[:16])!r}")
            if header_length > HEADER_LIMIT or blob_length > BLOB_LIMIT:
                raise ProtocolError(f"a frame of {header_length} + {blob_length} bytes is over the limit")
            end = PREFIX.size + header_length + blob_length
            if len(self._buffer) < end:
                return
            view = memoryview(self._buffer)
            header = bytes(view[PREFIX.size : PREFIX.size + header_length])
            blob = bytes(view[PREFIX.size + header_length : end])
            view.release()
            del self._buffer[:end]
            try:
                envelope = _decoder.decode(header)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ProtocolError(f"a header that cannot be read: {error}") from error
            self._seq += 1
            if envelope.seq != self._seq:
                raise ProtocolError(f"frame {envelope.seq} where {self._seq} was due")
            yield envelope, blob

    def finish(self) -> None:
        """Call at the end of the stream. ProtocolError when it ends inside a frame."""
        if self._buffer and not self.closed:
            raise ProtocolError(f"the stream ended inside a frame, {len(self._buffer)} bytes into it")
