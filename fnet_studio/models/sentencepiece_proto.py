"""SentencePiece's model file taken apart and put together: the part of its protobuf that FNet's vocabularies use."""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

NORMAL, UNKNOWN, CONTROL = 1, 2, 3
_UNIGRAM = 1
_PIECES, _TRAINER, _NORMALIZER = 1, 2, 3
_MODEL_TYPE, _SPACE_AS_SUFFIX, _BYTE_FALLBACK = 3, 24, 35
_CHARSMAP, _DUMMY_PREFIX, _REMOVE_EXTRA_SPACES, _ESCAPE_SPACES = 2, 3, 4, 5
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Scored(NamedTuple):
    piece: str
    score: float
    type: int = NORMAL


class Unigram(NamedTuple):
    pieces: list[Scored]
    """In the order of their ids."""
    charsmap: bytes
    """How characters are normalised before the text is cut, compiled by SentencePiece; empty for not at all."""


def take_apart(proto: bytes) -> Unigram | None:
    """None for a model of another kind than FNet's: no unigram model, or with other rules for white space. proto: of a
    model that SentencePiece itself has loaded."""
    whole = list(_fields(proto))
    trainer = dict(_fields(_last(whole, _TRAINER)))
    normalizer = dict(_fields(_last(whole, _NORMALIZER)))
    pieces = [_scored(dict(_fields(value))) for number, value in whole if number == _PIECES]
    usual = (
        trainer.get(_MODEL_TYPE, _UNIGRAM) == _UNIGRAM
        and not trainer.get(_SPACE_AS_SUFFIX)
        and not trainer.get(_BYTE_FALLBACK)
        and all(normalizer.get(flag, 1) for flag in (_DUMMY_PREFIX, _REMOVE_EXTRA_SPACES, _ESCAPE_SPACES))
        and all(one.type in (NORMAL, UNKNOWN, CONTROL) for one in pieces)
    )
    return Unigram(pieces, normalizer.get(_CHARSMAP, b"")) if usual else None


def put_together(model: Unigram) -> bytes:
    pieces = (
        _field(_PIECES, _field(1, one.piece.encode()) + _field(2, float(one.score)) + _field(3, one.type))
        for one in model.pieces
    )
    return b"".join(pieces) + _field(_TRAINER, _field(_MODEL_TYPE, _UNIGRAM)) + _field(
        _NORMALIZER, _field(_CHARSMAP, model.charsmap)
    )  # fmt: skip


def _scored(fields: dict) -> Scored:
    return Scored(fields.get(1, b"").decode(), fields.get(2, 0.0), fields.get(3, NORMAL))


def _last(fields: Iterable[tuple], wanted: int) -> bytes:
    return next((value for number, value in reversed(list(fields)) if number == wanted), b"")


def _fields(data: bytes) -> Iterator[tuple]:
    """(number, value) of each field: a whole number, a float, or bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
        elif kind == _BYTES:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        elif kind == _FIXED32:
            (value,), at = struct.unpack_from("<f", data, at), at + 4
        elif kind == _FIXED64:
            (value,), at = struct.unpack_from("<d", data, at), at + 8
        else:
            raise ValueError(f"A protobuf has no field of kind {kind}.")
        yield number, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _field(number: int, value: bytes | float | int) -> bytes:
    if isinstance(value, bytes):
        return _number(number << 3 | _BYTES) + _number(len(value)) + value
    if isinstance(value, float):
        return _number(number << 3 | _FIXED32) + struct.pack("<f", value)
    return _number(number << 3 | _VARINT) + _number(value)


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
