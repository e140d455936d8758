"""What the relay has done, as it says so itself: one record, in the transaction of the events.

The newest committed record of a log's origin on the relay's topic is the relay's state. Nothing
else is: neither a file nor a table remembers what was sent.
"""

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from consumers.connection import KafkaSettings
from consumers.errors import RelayStateMismatch, TopicStalled
from consumers.offsets import ANSWER_S, end_offsets
from consumers.partitions import consumer_options
from consumers.records import NO_POSITION
from consumers.topics import RELAY
from ledger.codec import canonical

_POLL_MS = 1_000
_FIRST_LOOK = 64
_FURTHER = 16


class RelayState(msgspec.Struct, frozen=True, kw_only=True):
    """``position`` is that of the last event relayed, ``partitions`` the last in each; -1: none.

    ``relay`` names the running process that wrote it: who finds another's name has been succeeded.
    """

    format: int = 1
    origin: str
    partitions: list[int]
    position: int
    relay: str

    def encoded(self) -> bytes:
        """The record's value, canonical JSON."""
        return canonical(msgspec.to_builtins(self))


def nothing_relayed(origin: str, partitions: int, relay: str) -> RelayState:
    """The state before the first event."""
    none = [NO_POSITION] * partitions
    return RelayState(origin=origin, partitions=none, position=NO_POSITION, relay=relay)


def read_state(kafka: KafkaSettings, origin: str, topic: str = RELAY) -> RelayState | None:
    """The newest committed state of a log; None where nothing was ever relayed.

    Reads to the end of all that was written, not of what is committed: an open transaction in
    between must end first. Raises :class:`TopicStalled` if it does not,
    :class:`RelayStateMismatch` for a record that is no state.
    """
    from kafka import KafkaConsumer, TopicPartition

    end = end_offsets(kafka, topic, committed=False)[0]
    part = TopicPartition(topic, 0)
    consumer = KafkaConsumer(**consumer_options(kafka))
    try:
        consumer.assign([part])
        back = _FIRST_LOOK
        while True:
            start = max(0, end - back)
            consumer.seek(part, start)
            values = [r.value for r in _read(consumer, part, end) if r.key == origin.encode()]
            if values:
                return _decoded(values[-1], topic)
            if start == 0:
                return None
            back *= _FURTHER
    finally:
        consumer.close()


def _read(consumer: Any, part: Any, end: int) -> Sequence[Any]:
    records: list[Any] = []
    deadline = time.monotonic() + ANSWER_S
    while consumer.position(part) < end:
        if time.monotonic() > deadline:
            raise TopicStalled(topic=part.topic, seconds=int(ANSWER_S), position=f"0@{end}")
        records += consumer.poll(_POLL_MS).get(part, ())
    return records


def _decoded(value: bytes, topic: str) -> RelayState:
    try:
        return msgspec.json.decode(value, type=RelayState, strict=True)
    except msgspec.MsgspecError as error:
        raise RelayStateMismatch(topic=topic, reason=str(error)) from error
