"""Ed25519 signatures, checked as RFC 8032 (section 5.1.7) has it, with whole numbers alone.

Only for what is public: a signature is checked in some milliseconds, and not in constant time. `sign` is for those who
publish a feed of releases, on their own machine.
"""

import hashlib
from typing import NamedTuple

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
KEY_BYTES = 32
SIGNATURE_BYTES = 64


class _Point(NamedTuple):
    """Extended coordinates: x = X / Z, y = Y / Z, x y = T / Z."""

    x: int
    y: int
    z: int
    t: int


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key (32 bytes) signed the message (signature: 64 bytes). Never raises for wrong
    content."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    owner, commitment = _unpack(key), _unpack(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if owner is None or commitment is None or scalar >= _ORDER:
        return False
    challenge = _number(signature[:32], key, message)
    return _same(_times(scalar, _BASE), _plus(commitment, _times(challenge, owner)))


def public_key(secret: bytes) -> bytes:
    """The public key (32 bytes) of a secret one (32 bytes)."""
    return _pack(_times(_expand(secret)[0], _BASE))


def sign(secret: bytes, message: bytes) -> bytes:
    """64 bytes."""
    scalar, prefix = _expand(secret)
    key = _pack(_times(scalar, _BASE))
    nonce = _number(prefix, message)
    commitment = _pack(_times(nonce, _BASE))
    return commitment + ((nonce + _number(commitment, key, message) * scalar) % _ORDER).to_bytes(32, "little")


def _expand(secret: bytes) -> tuple[int, bytes]:
    if len(secret) != KEY_BYTES:
        raise ValueError(f"a secret key has {KEY_BYTES} bytes, not {len(secret)}")
    digest = hashlib.sha512(secret).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return (scalar & ((1 << 254) - 8)) | (1 << 254), digest[32:]


def _number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % _ORDER


def _plus(a: _Point, b: _Point) -> _Point:
    e = (a.y - a.x) * (b.y - b.x) % _P
    f = (a.y + a.x) * (b.y + b.x) % _P
    g, h = 2 * a.t * b.t * _D % _P, 2 * a.z * b.z % _P
    low, high, minus, plus = f - e, f + e, h - g, h + g
    return _Point(low * minus % _P, high * plus % _P, minus * plus % _P, low * high % _P)


def _times(scalar: int, point: _Point) -> _Point:
    result = _Point(0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _plus(result, point)
        point = _plus(point, point)
        scalar >>= 1
    return result


def _same(a: _Point, b: _Point) -> bool:
    return (a.x * b.z - b.x * a.z) % _P == 0 and (a.y * b.z - b.y * a.z) % _P == 0


def _pack(point: _Point) -> bytes:
    inverse = pow(point.z, -1, _P)
    x, y = point.x * inverse % _P, point.y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _unpack(data: bytes) -> _Point | None:
    packed = int.from_bytes(data, "little")
    y, odd = packed & ((1 << 255) - 1), packed >> 255
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (not x and odd):
        return None
    x = _P - x if x & 1 != odd else x
    return _Point(x, y, 1, x * y % _P)


_base = _unpack((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
assert _base is not None
_BASE = _base
