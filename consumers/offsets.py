"""Where things are in the events' topic: its ends, the last records, a position's offsets.

Everything is asked of all partitions at once, so it takes as long with many as with one.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from consumers.connection import KafkaSettings
from consumers.errors import TopicStalled
from consumers.partitions import (
    POLL_RECORDS,
    PartitionBatch,
    PartitionReader,
    Start,
    consumer_options,
)
from consumers.topics import EVENTS
from projections.partition import PartitionRecord

ANSWER_S = 30.0
"""How long an answer about the topic may take before it counts as stalled."""
_POLL_S = 1.0
_FIRST_LOOK = 2
"""Records back from the end at first: a batch's last record and the marker of its transaction."""
_FURTHER = 8


def end_offsets(
    kafka: KafkaSettings, topic: str = EVENTS, *, committed: bool = True
) -> dict[int, int]:
    """The end of each partition: of what is committed, or of all that was ever written.

    The first is the last stable offset, which an open transaction of anybody's holds back; the
    second is the high watermark. Raises :class:`TopicStalled` when the brokers know of none, and
    kafka-python's errors.
    """
    from kafka import KafkaConsumer, TopicPartition

    options: dict[str, Any] = consumer_options(kafka)
    if not committed:
        options["isolation_level"] = "read_uncommitted"
    consumer = KafkaConsumer(**options)
    try:
        parts = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        if not parts:
            # A topic has partitions: it is the brokers who do not know it at the moment.
            raise TopicStalled(topic=topic, seconds=0, position="-")
        return {part.partition: end for part, end in consumer.end_offsets(parts).items()}
    finally:
        consumer.close()


def last_records(
    kafka: KafkaSettings, ends: Mapping[int, int], topic: str = EVENTS
) -> dict[int, PartitionRecord]:
    """Each partition's last committed record before its end; absent where there is none.

    Looks back further and further, since markers and aborted records may stand between. Raises
    :class:`TopicStalled`, and what :meth:`PartitionReader.poll` raises.
    """
    found: dict[int, PartitionRecord] = {}
    back = _FIRST_LOOK
    missing = {p: end for p, end in ends.items() if end > 0}
    while missing:
        starts = {p: max(0, end - back) for p, end in missing.items()}
        with _looking(kafka, starts, topic) as reader:
            for batch in _until(reader, missing, topic):
                before = [r for r in batch.records if r.offset < ends[batch.partition]]
                if before:
                    found[batch.partition] = before[-1]
        missing = {p: end for p, end in missing.items() if p not in found and starts[p] > 0}
        back *= _FURTHER
    return found


def offsets_of(
    kafka: KafkaSettings, position: int, ends: Mapping[int, int], topic: str = EVENTS
) -> dict[int, int]:
    """For each partition an offset from which every record is at ``position`` or after it.

    Raises as :func:`last_records`.
    """
    if position <= 0:
        return dict.fromkeys(ends, 0)
    return offsets_after(kafka, lambda record: record.position < position, ends, topic)


def offsets_after(
    kafka: KafkaSettings,
    before: Callable[[PartitionRecord], bool],
    ends: Mapping[int, int],
    topic: str = EVENTS,
) -> dict[int, int]:
    """For each partition an offset from which no record is ``before`` the place that is sought.

    A binary search over offsets, in all partitions at once: positions and recorded times rise with
    them. Kafka's own search by time is of no use here, since it takes the markers of transactions,
    which bear the broker's clock, for records. Raises as :func:`last_records`.
    """
    low = dict.fromkeys(ends, 0)
    high = dict(ends)
    with _looking(kafka, low, topic) as reader:
        while open_ := {p: (low[p] + high[p]) // 2 for p in ends if low[p] < high[p]}:
            found = _first(reader, open_, ends, topic)
            for p, middle in open_.items():
                record = found.get(p)
                if record is not None and before(record):
                    low[p] = record.offset + 1
                else:
                    high[p] = middle
    return high


def _looking(kafka: KafkaSettings, offsets: Mapping[int, int], topic: str) -> PartitionReader:
    starts = {p: Start(offset, None) for p, offset in offsets.items()}
    return PartitionReader(kafka, starts, topic=topic, looking=True)


def _until(
    reader: PartitionReader, ends: Mapping[int, int], topic: str, *, first_only: bool = False
) -> Iterator[PartitionBatch]:
    """Batches until every partition has reached its end, or only until its first record."""
    deadline = time.monotonic() + ANSWER_S
    waiting = {p for p, end in ends.items() if reader.offset(p) < end}
    while waiting:
        if time.monotonic() > deadline:
            raise TopicStalled(topic=topic, seconds=int(ANSWER_S), position="-")
        # One at a time if one is enough: the rest of a batch would be decoded to be thrown away.
        reading = set(waiting)
        for batch in reader.poll(_POLL_S, 1 if first_only else POLL_RECORDS):
            yield batch
            done = batch.next_offset >= ends[batch.partition]
            if done or (first_only and batch.records):
                waiting.discard(batch.partition)
        if waiting != reading:
            reader.only(waiting)


def _first(
    reader: PartitionReader, offsets: Mapping[int, int], ends: Mapping[int, int], topic: str
) -> dict[int, PartitionRecord]:
    """The first committed record at or after each offset and before the end, if any."""
    reader.seek({p: Start(offset, None) for p, offset in offsets.items()})
    wanted = {p: ends[p] for p in offsets}
    return {
        batch.partition: batch.records[0]
        for batch in _until(reader, wanted, topic, first_only=True)
        if batch.records and batch.records[0].offset < ends[batch.partition]
    }
