"""Events to canonical bytes and back: the one place where either is done.

The bytes are RFC 8785 canonical JSON of a CloudEvents 1.0 object. The profile (ASCII keys, NFC
strings, integers within 2^53-1, no floats) makes orjson with sorted keys produce them. They are
made once, at the decision, and never again; what is written has been read back by type first.
Only the recorded time, of fixed width, may move forward until the event is stored.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import msgspec
import orjson

from ledger.domain.errors import EventTooLarge, NotCanonical
from ledger.domain.events import EVENT_TYPES
from ledger.domain.events.envelope import D, Event, EventData

MAX_BYTES = 65_535
SOURCE = "urn:benefits-ledger:"
_TIME = b'","time":"'
_DIVISION = b'","division":"'
_EFFECTIVE = b'","effective":"'
_SUBJECT = b'","subject":"'
_TIME_WIDTH = len("2017-01-01T00:00:00.000000Z")
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER

TYPE_OF: dict[type[EventData], str] = {
    cls: f"benefits.{name}.v1" for name, cls in EVENT_TYPES.items()
}
"""Data type to the event type's full name."""

_SCHEMA_OF = {cls: f"urn:benefits-ledger:schema:{name}:v1" for name, cls in EVENT_TYPES.items()}
_READ: dict[type[EventData], Callable[[bytes], Event[Any]]] = {
    cls: msgspec.json.Decoder(Event[cls]).decode  # type: ignore[valid-type]
    for cls in EVENT_TYPES.values()
}
_DECODE = {TYPE_OF[cls].encode(): read for cls, read in _READ.items()}

_ASCII = bytes(range(128))
PLAIN = re.compile("[\u2010-\u2027\u3001-\u3029\u4e00-\u9fff\uff01-\uff5e]*")
"""Chinese characters and their punctuation: none decomposes, nor composes with what is before it,
so a text of these and ASCII is in Unicode normalization form C (UAX #15, section 9)."""

_NUL_ITSELF = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of U+0000, which no other backslash escapes in turn."""


def canonical(document: Any) -> bytes:
    """RFC 8785 bytes of a document within the profile; :class:`NotCanonical` outside it."""
    try:
        raw = orjson.dumps(document, option=_OPTIONS)
    except TypeError as error:
        raise NotCanonical(reason=str(error)) from error
    if not raw.isascii() and not _is_nfc(raw):
        raise NotCanonical(reason="text is not in Unicode normalization form C")
    return raw


def _is_nfc(raw: bytes) -> bool:
    """The whole text at once; string by string where an escape may have met a combining mark."""
    if PLAIN.fullmatch(raw.translate(None, _ASCII).decode()):
        return True
    if unicodedata.is_normalized("NFC", raw.decode()):
        return True
    return b"\\" in raw and all(
        unicodedata.is_normalized("NFC", text) for text in _texts(orjson.loads(raw))
    )


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        yield from (text for value in document.values() for text in _texts(value))
    elif isinstance(document, list):
        yield from (text for value in document for text in _texts(value))


def encode(
    *,
    actor: str,
    correlationid: str,
    data: EventData,
    division: str,
    effective: date,
    id: str,
    operator: str,
    role: str,
    subject: str,
    time: str,
    causationid: str | None = None,
) -> tuple[bytes, Event[Any]]:
    """The event's bytes, and the event as read back from them.

    ``operator`` is the division code of who runs the ledger.

    Raises :class:`NotCanonical` when a field is outside the profile, holds U+0000 or breaks its
    type's bounds, :class:`EventTooLarge` above 65,535 bytes.
    """
    kind = type(data)
    document = {
        "actor": actor,
        "correlationid": correlationid,
        "data": msgspec.to_builtins(data),
        "datacontenttype": "application/json",
        "dataschema": _SCHEMA_OF[kind],
        "division": division,
        "effective": effective.isoformat(),
        "id": id,
        "role": role,
        "source": SOURCE + operator,
        "specversion": "1.0",
        "subject": subject,
        "time": time,
        "type": TYPE_OF[kind],
    }
    if causationid is not None:
        document["causationid"] = causationid
    raw = canonical(document)
    if b"\\" in raw and _NUL_ITSELF.search(raw):
        raise NotCanonical(reason="a text holds U+0000, which PostgreSQL's cannot")
    if len(raw) > MAX_BYTES:
        raise EventTooLarge(size=len(raw))
    try:
        return raw, _READ[kind](raw)
    except ValueError as error:
        raise NotCanonical(reason=str(error)) from error


def type_name(raw: bytes) -> bytes:
    """The event's full type, read without decoding: ``type`` is the last key of canonical bytes."""
    return raw[raw.rindex(b'"', 0, -2) + 1 : -2]


def recorded(raw: bytes) -> bytes:
    """The event's recorded time, read without decoding: its text sorts as time does.

    Raises :class:`NotCanonical` for bytes that hold none.
    """
    return raw[(at := _time_at(raw)) : at + _TIME_WIDTH]


def division_of(raw: bytes) -> bytes:
    """The event's division, read without decoding: after ``data`` no text looks like its key.

    Raises :class:`NotCanonical` for bytes that hold none.
    """
    return _text_after(raw, _DIVISION)


def effective_of(raw: bytes) -> bytes:
    """The event's effective date, read without decoding. Raises :class:`NotCanonical`."""
    return _text_after(raw, _EFFECTIVE)


def subject_of(raw: bytes) -> bytes:
    """The event's subject, read without decoding: an id, which holds nothing JSON would escape.

    Raises :class:`NotCanonical` for bytes that hold none.
    """
    return _text_after(raw, _SUBJECT)


def _text_after(raw: bytes, key: bytes) -> bytes:
    """The text behind the last place of an envelope's key, which no text can look like."""
    at = raw.rfind(key)
    if at < 0:
        raise NotCanonical(reason=f"no {key.decode()[3:-3]}")
    at += len(key)
    return raw[at : raw.index(b'"', at)]


def restamped(raw: bytes, time: bytes) -> bytes:
    """The event's bytes with another recorded time; every other byte stays."""
    at = _time_at(raw)
    return raw[:at] + time + raw[at + _TIME_WIDTH :]


def _time_at(raw: bytes) -> int:
    """Where the recorded time begins: after ``data`` only ``subject`` stands before it.

    Within a text every quotation mark has a backslash before it, so no subject looks like it.
    """
    at = raw.rfind(_TIME)
    if at < 0:
        raise NotCanonical(reason="no recorded time")
    return at + len(_TIME)


def decode(raw: bytes) -> Event[Any]:
    """The typed event; :class:`NotCanonical` for bytes that are no event known to us."""
    try:
        return _DECODE[type_name(raw)](raw)
    except (KeyError, ValueError) as error:
        raise NotCanonical(reason=str(error)) from error


def decoder_of(kind: type[D]) -> Callable[[bytes], Event[D]]:
    """What reads events of one type, for whoever has looked at it; raises :class:`ValueError`."""
    return _READ[kind]


def is_a(event: Event[Any], kind: type[D]) -> bool:
    """Whether the event carries data of this type."""
    return isinstance(event.data, kind)
