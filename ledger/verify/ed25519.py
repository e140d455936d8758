"""Ed25519 by RFC 8032, verification only: short, on plain integers, a millisecond or two each.

Checks are *cofactorless*: [S]B - [k]A must encode to the very bytes of R. That is one of the two
that RFC 8032, 5.1.7 allows, and the one that OpenSSL and Go use: whatever this module accepts is
accepted by those, and the other way round, save for the keys refused here. Refused are public keys
that are not a point, are not encoded canonically or are of low order, and every S that is not
below the group's order: so a signature can't be turned into another one, nor fit any text.
"""

from hashlib import sha512
from typing import NamedTuple

KEY_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_SIGN = 1 << 255
_WINDOW_BITS = 4


class KeyRefused(Exception):
    """The bytes are not a public key that may be trusted; the text says why."""


class _Point(NamedTuple):
    """RFC 8032, 5.1.4: extended homogeneous coordinates, x = X/Z, y = Y/Z, xy = T/Z."""

    x: int
    y: int
    z: int
    t: int


_NEUTRAL = _Point(0, 1, 1, 0)


def require_key(public: bytes) -> None:
    """Raises :class:`KeyRefused` unless the 32 bytes are a public key in canonical form."""
    _key_point(public)


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64 bytes are this key's signature of the message (RFC 8032, 5.1.7).

    Raises :class:`KeyRefused` for a key that :func:`require_key` refuses.
    """
    key = _key_point(public)
    if len(signature) != SIGNATURE_BYTES:
        return False
    commitment, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= _ORDER:
        return False
    digest = sha512(commitment + public + message).digest()
    k = int.from_bytes(digest, "little") % _ORDER
    return _encoded(_two_products(s, _BASE, k, _negative(key))) == commitment


def _key_point(public: bytes) -> _Point:
    if len(public) != KEY_BYTES:
        raise KeyRefused(f"a public key has {KEY_BYTES} bytes, not {len(public)}")
    point = _decoded(public)
    if point is None:
        raise KeyRefused("the public key is not the canonical encoding of a point")
    multiple = point
    for _ in range(3):
        multiple = _double(multiple)
    if _is_neutral(multiple):
        raise KeyRefused("the public key is of low order: its signatures would fit many texts")
    return point


def _decoded(encoded: bytes) -> _Point | None:
    """RFC 8032, 5.1.3, strictly: None for y not below p, and for a negative zero as x."""
    number = int.from_bytes(encoded, "little")
    y, negative = number & (_SIGN - 1), bool(number & _SIGN)
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    # A candidate for the square root of u/v, for p of the form 8n + 5.
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P != u:
        x = x * _ROOT_OF_MINUS_ONE % _P
        if v * x * x % _P != u:
            return None
    if x == 0 and negative:
        return None
    if bool(x & 1) != negative:
        x = _P - x
    return _Point(x, y, 1, x * y % _P)


def _encoded(point: _Point) -> bytes:
    inverse = pow(point.z, -1, _P)
    x, y = point.x * inverse % _P, point.y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _add(a: _Point, b: _Point) -> _Point:
    """RFC 8032, 5.1.4; complete: it holds for any two points of the curve."""
    e = (a.y - a.x) * (b.y - b.x) % _P
    f = (a.y + a.x) * (b.y + b.x) % _P
    g = 2 * a.t * b.t * _D % _P
    h = 2 * a.z * b.z % _P
    p, q, r, s = f - e, h - g, h + g, f + e
    return _Point(p * q % _P, r * s % _P, q * r % _P, p * s % _P)


def _double(a: _Point) -> _Point:
    """RFC 8032, 5.1.4."""
    e = a.x * a.x % _P
    f = a.y * a.y % _P
    h = e + f
    p = h - (a.x + a.y) ** 2 % _P
    q = e - f
    r = 2 * a.z * a.z % _P + q
    return _Point(p * r % _P, q * h % _P, r * q % _P, p * h % _P)


def _negative(a: _Point) -> _Point:
    return _Point(_P - a.x, a.y, a.z, _P - a.t)


def _is_neutral(a: _Point) -> bool:
    return a.x % _P == 0 and (a.y - a.z) % _P == 0


def _two_products(m: int, a: _Point, n: int, b: _Point) -> _Point:
    """[m]a + [n]b, both at once, four bits at a time from the highest."""
    of_a, of_b = _multiples(a), _multiples(b)
    total = _NEUTRAL
    for shift in range(256 - _WINDOW_BITS, -1, -_WINDOW_BITS):
        for _ in range(_WINDOW_BITS):
            total = _double(total)
        total = _add(total, of_a[m >> shift & 15])
        total = _add(total, of_b[n >> shift & 15])
    return total


def _multiples(a: _Point) -> list[_Point]:
    """0a, 1a, … 15a."""
    found = [_NEUTRAL]
    for _ in range(15):
        found.append(_add(found[-1], a))
    return found


def _base() -> _Point:
    """RFC 8032, 5.1: y = 4/5, x even."""
    point = _decoded((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    assert point is not None
    return point


_BASE = _base()
