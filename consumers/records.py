"""The Kafka record of an event: what stands around the stored bytes, which travel untouched.

The key is the subject, so that all of a subject's events are in one partition in their order; the
partition is what Kafka's own default partitioner makes of the key, so that anyone can compute
it. Headers repeat what a reader routes by, and two numbers that only the log knows: ``position``,
and ``previous``, the position of the event before it in the same partition (-1: none), by which a
reader of one partition alone sees that something is missing.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import orjson
from kafka.partitioner import murmur2

from ledger.codec import type_name
from ledger.domain.errors import NotCanonical

CONTENT_TYPE = b"application/cloudevents+json"
NO_POSITION = -1
"""``previous`` of a partition's first event."""
POSITION_DIGITS = 19
"""At most: a position fits into 64 bits. A header that says more is nobody's of ours."""

_SPECVERSION = b',"specversion":"1.0","subject":"'
_BEFORE_ID = b',"id":"'
_AFTER_ID = b'","role":"'
_AFTER_SUBJECT = b'","time":"'
_BEFORE_TYPE = b'","type":"'
_TIME_WIDTH = len("2017-01-01T00:00:00.000000Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Attributes(NamedTuple):
    """What a record says of its event, as UTF-8."""

    subject: bytes
    type: bytes
    id: bytes
    time: bytes


class EventRecord(NamedTuple):
    """A record to be sent, or as it should have been; the topic is not part of it."""

    partition: int
    key: bytes
    value: bytes
    timestamp_ms: int
    headers: list[tuple[str, bytes]]


def attributes(raw: bytes) -> Attributes:
    """Subject, type, id and recorded time of canonical bytes, found from their end.

    Keys are sorted and ``data`` comes before all four, so nothing inside the data can be taken for
    one of them: a quotation mark within a text has a backslash before it. Raises
    :class:`NotCanonical` for bytes that are no event's.
    """
    type = type_name(raw)
    time_end = len(raw) - 2 - len(type) - len(_BEFORE_TYPE)
    time_at = time_end - _TIME_WIDTH
    subject_end = time_at - len(_AFTER_SUBJECT)
    subject_at = raw.rfind(_SPECVERSION, 0, subject_end)
    id_end = raw.rfind(_AFTER_ID, 0, max(subject_at, 0))
    id_at = raw.rfind(_BEFORE_ID, 0, max(id_end, 0))
    if (
        id_at < 0
        or raw[subject_end:time_at] != _AFTER_SUBJECT
        or raw[time_end : time_end + len(_BEFORE_TYPE)] != _BEFORE_TYPE
    ):
        raise NotCanonical(reason="not an event's attributes")
    subject = raw[subject_at + len(_SPECVERSION) : subject_end]
    id = raw[id_at + len(_BEFORE_ID) : id_end]
    if b"\\" in subject or b"\\" in id:
        subject, id = _unescaped(subject), _unescaped(id)
    return Attributes(subject, type, id, raw[time_at:time_end])


def _unescaped(text: bytes) -> bytes:
    plain: str = orjson.loads(b'"%b"' % text)
    return plain.encode()


@lru_cache(maxsize=200_000)
def partition_of(subject: bytes, partitions: int) -> int:
    """The partition of a subject: murmur2, made positive, modulo the number of partitions.

    Kept for the subjects met last: the hash is plain Python, and a city's subjects come again.
    """
    hashed: int = murmur2(subject)
    return (hashed & 0x7FFFFFFF) % partitions


@lru_cache(maxsize=4_096)
def timestamp_ms(time: bytes) -> int:
    """A recorded time as Kafka has it: milliseconds since 1970, the rest cut off."""
    return (datetime.fromisoformat(time.decode()) - _EPOCH) // _MILLISECOND


def event_record(position: int, raw: bytes, previous: int, partitions: int) -> EventRecord:
    """The record of the event at ``position``; ``previous`` is the one before it in its partition.

    Raises :class:`NotCanonical`.
    """
    subject, type, id, time = attributes(raw)
    return EventRecord(
        partition_of(subject, partitions),
        subject,
        raw,
        timestamp_ms(time),
        [
            ("position", b"%d" % position),
            ("previous", b"%d" % previous),
            ("id", id),
            ("type", type),
            ("content-type", CONTENT_TYPE),
        ],
    )
