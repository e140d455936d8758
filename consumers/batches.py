"""A transaction's events as whole record batches, one after another for each partition.

kafka-python takes records one by one through a dozen checks each; the relay's records are all of
one shape, so here they are written straight in Kafka's record format (version 2) and handed to
the producer as batches. What the producer does with them - sequence numbers, compression,
checksums, retries, transactions - stays its own. The door is not a public one: it is used with the
one version of the library it was written against, and otherwise records are sent one by one.
The tests hold both ways to the same topic.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import kafka

from consumers.records import CONTENT_TYPE, EventRecord, attributes, event_record, partition_of
from consumers.records import timestamp_ms as milliseconds
from ledger.log.feed import Record

KNOWN_VERSION = "3.0.12"
Acknowledged = Callable[[], bool]
"""Whether every record has been acknowledged by the brokers."""
WHOLE_BATCHES = kafka.__version__ == KNOWN_VERSION
"""Whether batches are handed over whole."""

_VARINTS = 1 << 14


def _varint(number: int) -> bytes:
    """A zigzag variable-length integer, as records have them."""
    left = (number << 1) ^ (number >> 63)
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


_TABLE = [_varint(number) for number in range(_VARINTS)]


def varint(number: int) -> bytes:
    """As :func:`_varint`, looked up where it is a common one."""
    return _TABLE[number] if 0 <= number < _VARINTS else _varint(number)


def _named(name: str) -> bytes:
    return _varint(len(name)) + name.encode()


_POSITION = _varint(5) + _named("position")
_PREVIOUS = _named("previous")
_ID = _named("id")
_TYPE = _named("type")
_CONTENT_TYPE = _named("content-type") + _varint(len(CONTENT_TYPE)) + CONTENT_TYPE


class PartitionBytes:
    """One record batch of one partition, without its header."""

    __slots__ = ("count", "first_ms", "largest", "max_ms", "partition", "parts", "size")

    def __init__(self, partition: int, first_ms: int) -> None:
        self.partition = partition
        self.first_ms = self.max_ms = first_ms
        self.count = self.size = self.largest = 0
        self.parts: list[bytes] = []


Prepared = Sequence[PartitionBytes] | Sequence[EventRecord]


def encoded(records: Sequence[Record], last: list[int], batch_bytes: int) -> list[PartitionBytes]:
    """The batches of these events, in order; none larger than ``batch_bytes`` unless one event is.

    ``last`` holds each partition's last position and is brought up to date. Raises
    :class:`~ledger.domain.errors.NotCanonical`.
    """
    count = len(last)
    batches: list[PartitionBytes] = []
    open_: list[PartitionBytes | None] = [None] * count
    for position, raw in records:
        subject, type, id, time = attributes(raw)
        partition = partition_of(subject, count)
        now = milliseconds(time)
        batch = open_[partition]
        if batch is None or batch.size + len(raw) > batch_bytes:
            batch = open_[partition] = PartitionBytes(partition, now)
            batches.append(batch)
        at, before = b"%d" % position, b"%d" % last[partition]
        body = b"".join(
            (
                b"\x00",
                varint(now - batch.first_ms),
                varint(batch.count),
                varint(len(subject)),
                subject,
                varint(len(raw)),
                raw,
                _POSITION,
                varint(len(at)),
                at,
                _PREVIOUS,
                varint(len(before)),
                before,
                _ID,
                varint(len(id)),
                id,
                _TYPE,
                varint(len(type)),
                type,
                _CONTENT_TYPE,
            )
        )
        batch.parts.append(varint(len(body)))
        batch.parts.append(body)
        batch.count += 1
        batch.size += len(body) + 4
        batch.largest = max(batch.largest, len(body))
        batch.max_ms = max(batch.max_ms, now)
        last[partition] = position
    return batches


def prepared(records: Sequence[Record], last: list[int], batch_bytes: int) -> Prepared:
    """Events made ready for :func:`send`, by the way that this version of the library allows.

    ``last`` holds each partition's last position and is brought up to date. Raises
    :class:`~ledger.domain.errors.NotCanonical`.
    """
    if WHOLE_BATCHES:
        return encoded(records, last, batch_bytes)
    return made_records(records, last)


def send(producer: Any, topic: str, made: Prepared) -> Acknowledged:
    """Send them in the open transaction. Returns at once; ask for the answer when it has ended."""
    batches = [one for one in made if isinstance(one, PartitionBytes)]
    records = [one for one in made if isinstance(one, EventRecord)]
    return hand_over(producer, topic, batches) if batches else send_each(producer, topic, records)


def hand_over(producer: Any, topic: str, made: Sequence[PartitionBytes]) -> Acknowledged:
    """Put whole batches where the producer's own thread takes them from."""
    from kafka import TopicPartition
    from kafka.producer.producer_batch import FinalState

    # The producer's thread sends only to topics whose leaders it was asked for.
    producer.partitions_for(topic)
    accumulator = producer._accumulator
    batches = []
    for one in made:
        part = TopicPartition(topic, one.partition)
        batch = _producer_batch(accumulator.config, part, one)
        batches.append(batch)
        producer._transaction_manager.maybe_add_partition_to_transaction(part)
        accumulator._appends_in_progress.increment()
        try:
            with accumulator._tp_lock(part):
                accumulator._batches[part].append(batch)
                accumulator._incomplete.add(batch)
        finally:
            accumulator._appends_in_progress.decrement()
    producer._sender.wakeup()
    return lambda: all(batch.final_state is FinalState.SUCCEEDED for batch in batches)


def _producer_batch(config: dict[str, Any], part: Any, made: PartitionBytes) -> Any:
    from kafka.producer.producer_batch import ProducerBatch
    from kafka.record.memory_records import MemoryRecordsBuilder

    builder = MemoryRecordsBuilder(
        config["message_version"], config["compression_attrs"], config["batch_size"]
    )
    inner = builder._builder
    inner._buffer += b"".join(made.parts)
    inner._num_records = builder._next_offset = made.count
    inner._last_offset = made.count - 1
    inner._first_timestamp, inner._max_timestamp = made.first_ms, made.max_ms
    batch = ProducerBatch(part, builder, now=time.monotonic())
    batch.max_record_size = made.largest
    return batch


def made_records(records: Sequence[Record], last: list[int]) -> list[EventRecord]:
    """The same events as records to be sent one by one; ``last`` as in :func:`encoded`."""
    made = []
    for position, raw in records:
        subject = attributes(raw).subject
        partition = partition_of(subject, len(last))
        made.append(event_record(position, raw, last[partition], len(last)))
        last[partition] = position
    return made


def send_each(producer: Any, topic: str, records: Sequence[EventRecord]) -> Acknowledged:
    """Send records one by one by the library's public way."""
    futures = [
        producer.send(
            topic,
            value=record.value,
            key=record.key,
            headers=record.headers,
            partition=record.partition,
            timestamp_ms=record.timestamp_ms,
        )
        for record in records
    ]
    return lambda: all(future.succeeded() for future in futures)
