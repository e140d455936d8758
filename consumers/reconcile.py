"""Reconciling: the store and the topic, event by event over the whole log, and all that differs.

Nothing is taken from the relay's own words: of every stored event the record is made anew and held
to what its partition has there. The topic is read once, partition beside partition, in memory that
does not grow with the log. Differences are told, not mended.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from consumers.connection import KafkaSettings, check_connection
from consumers.errors import TopicStalled, TopicUnreadable
from consumers.offsets import ANSWER_S, end_offsets
from consumers.partitions import PARTITION_BYTES, POSITION_MS, consumer_options, words
from consumers.records import (
    NO_POSITION,
    POSITION_DIGITS,
    EventRecord,
    attributes,
    event_record,
    partition_of,
)
from consumers.topics import EVENTS
from ledger.log.feed import Feed

QUEUED = 1_000
"""Records of a partition that wait to be compared, before reading on, and four times as many after.
"""
REMEMBERED = 10_000
"""Missing events that are remembered, in case they come later."""
_POLL_S = 1.0
_POLL_RECORDS = 5_000
_REPORT_EVERY = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference; ``position`` or ``offset`` is -1 where there is none.

    ``kind``: ``missing`` (stored, not on the topic), ``extra`` (a record that belongs to no stored
    event, or to one that was met before), ``changed`` (other bytes), ``out-of-order`` (there, but
    not at its place), ``wrong-partition``, ``wrong-key``, ``wrong-time``, ``wrong-headers``.
    """

    kind: str
    position: int
    partition: int
    offset: int


class Reconciled(NamedTuple):
    """How many stored events and committed records were compared."""

    events: int
    records: int


class _Seen(NamedTuple):
    offset: int
    position: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: list[tuple[str, bytes | None]]


def reconcile(
    feed: Feed,
    kafka: KafkaSettings,
    found: Callable[[Finding], None],
    *,
    topic: str = EVENTS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Reconciled:
    """Compare all of ``feed`` with all of the topic, and call ``found`` with every difference.

    What was relayed when it began is compared; stored events that are not on the topic by then
    count as missing. Raises :class:`TopicStalled`, :class:`TopicUnreadable`, and what
    :func:`check_connection` raises.
    """
    check_connection(kafka, [topic])
    # The topic first: what is relayed in between would be taken for extra.
    ends = end_offsets(kafka, topic)
    total = feed.end()
    with _Records(kafka, topic, ends) as records:
        compared = _Comparison(records, found)
        for batch in feed.read(0, total):
            for position, raw in batch:
                compared.event(position, raw)
                if position % _REPORT_EVERY == 0:
                    progress(position, total)
        compared.rest()
        progress(total, total)
        return Reconciled(total, records.count)


class _Comparison:
    """What each partition must hold next, against what it does."""

    def __init__(self, records: "_Records", found: Callable[[Finding], None]) -> None:
        self._records = records
        self._found = found
        self._last = dict.fromkeys(records.partitions, NO_POSITION)
        self._missing: OrderedDict[int, int] = OrderedDict()
        self._early: set[int] = set()

    def event(self, position: int, raw: bytes) -> None:
        """The next stored event."""
        count = len(self._last)
        partition = partition_of(attributes(raw).subject, count)
        expected = event_record(position, raw, self._last[partition], count)
        self._last[partition] = position
        while (seen := self._records.peek(partition)) is not None:
            if seen.position == position:
                self._compare(partition, self._records.next(partition), expected)
                return
            if seen.position > position and not self._is_stray(partition, seen, position):
                break
            self._stray(partition, self._records.next(partition), position)
        if position in self._early:
            self._early.discard(position)
        else:
            self._miss(position, partition)

    def _is_stray(self, partition: int, seen: _Seen, position: int) -> bool:
        """Whether it is this record that is not at its place, rather than the event it stands for.

        It is, if what follows it is before it and yet to come.
        """
        after = self._records.peek(partition, 1)
        return after is not None and position <= after.position < seen.position

    def rest(self) -> None:
        """After the last event: whatever is left over."""
        for partition in self._records.partitions:
            while self._records.peek(partition) is not None:
                self._stray(partition, self._records.next(partition), None)
        for position, partition in self._missing.items():
            self._found(Finding("missing", position, partition, -1))

    def _compare(self, partition: int, seen: _Seen, expected: EventRecord) -> None:
        for kind, same in (
            ("changed", seen.value == expected.value),
            ("wrong-key", seen.key == expected.key),
            ("wrong-time", seen.timestamp_ms == expected.timestamp_ms),
            ("wrong-headers", seen.headers == expected.headers),
        ):
            if not same:
                self._found(Finding(kind, seen.position, partition, seen.offset))

    def _miss(self, position: int, partition: int) -> None:
        self._missing[position] = partition
        if len(self._missing) > REMEMBERED:
            lost, where = self._missing.popitem(last=False)
            self._found(Finding("missing", lost, where, -1))

    def _stray(self, partition: int, seen: _Seen, before: int | None) -> None:
        """A record that is not at its place: late, early, or of no event at all."""
        position = seen.position
        kind = "extra"
        if seen.key is not None and partition_of(seen.key, len(self._last)) != partition:
            kind = "wrong-partition"
        elif self._missing.get(position) == partition:
            del self._missing[position]
            kind = "out-of-order"
        elif before is not None and position > before and len(self._early) < REMEMBERED:
            self._early.add(position)
            kind = "out-of-order"
        self._found(Finding(kind, position, partition, seen.offset))


class _Records:
    """The topic's committed records, one partition beside the other."""

    def __init__(self, kafka: KafkaSettings, topic: str, ends: dict[int, int]) -> None:
        from kafka import KafkaConsumer, TopicPartition

        self.partitions = sorted(ends)
        self.count = 0
        self._topic = topic
        self._ends = ends
        self._parts = {p: TopicPartition(topic, p) for p in self.partitions}
        self._queues: dict[int, deque[_Seen]] = {p: deque() for p in self.partitions}
        self._reading: set[int] = set()
        self._consumer = KafkaConsumer(
            **consumer_options(kafka), max_partition_fetch_bytes=PARTITION_BYTES
        )
        # What was deleted is missing, and no reason to compare nothing.
        begins = self._consumer.beginning_offsets(list(self._parts.values()))
        self._offsets = {part.partition: offset for part, offset in begins.items()}
        self._done = {p for p, end in ends.items() if self._offsets[p] >= end}

    def __enter__(self) -> "_Records":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def peek(self, partition: int, index: int = 0) -> _Seen | None:
        """One of the partition's next records; None beyond its end."""
        queue = self._queues[partition]
        if len(queue) <= index and partition not in self._done:
            self._fill(partition)
        return queue[index] if len(queue) > index else None

    def next(self, partition: int) -> _Seen:
        """The partition's next record, which must be there."""
        self.count += 1
        return self._queues[partition].popleft()

    def _fill(self, partition: int) -> None:
        """Read on until the partition has enough waiting, or has ended."""
        queue = self._queues[partition]
        deadline = time.monotonic() + ANSWER_S
        while len(queue) < QUEUED and partition not in self._done:
            if time.monotonic() > deadline:
                at = f"{partition}@{self._offsets[partition]}"
                raise TopicStalled(topic=self._topic, seconds=int(ANSWER_S), position=at)
            self._poll()

    def _poll(self) -> None:
        from kafka import errors

        wanted = {p for p in self.partitions if p not in self._done and self._has_room(p)}
        if wanted != self._reading:
            self._read_only(wanted)
        try:
            fetched = self._consumer.poll(int(_POLL_S * 1_000), _POLL_RECORDS)
            offsets = {p: self._position(p) for p in self._reading}
        except errors.RetriableError:
            # A broker is away; whoever waits for records gives up in time.
            self._read_only(self._reading)
            time.sleep(_POLL_S)
            return
        except errors.KafkaError as error:
            raise TopicUnreadable(topic=self._topic, reason=words(error)) from error
        for part, records in fetched.items():
            partition = part.partition
            for record in records:
                if record.offset < self._ends[partition]:
                    self._queues[partition].append(_seen(record))
        self._offsets.update(offsets)
        self._done.update(p for p, offset in offsets.items() if offset >= self._ends[p])

    def _position(self, partition: int) -> int:
        position = self._consumer.position(self._parts[partition], timeout_ms=POSITION_MS)
        return self._offsets[partition] if position is None else int(position)

    def _has_room(self, partition: int) -> bool:
        """A partition is read until its queue is full, and again when it has become short."""
        most = 4 * QUEUED if partition in self._reading else 2 * QUEUED
        return len(self._queues[partition]) < most

    def _read_only(self, partitions: set[int]) -> None:
        """As :meth:`consumers.partitions.PartitionReader.only`, and for the same reason."""
        self._reading = partitions
        self._consumer.assign([self._parts[p] for p in partitions])
        for partition in partitions:
            self._consumer.seek(self._parts[partition], self._offsets[partition])


def _seen(record: Any) -> _Seen:
    headers = [(name, value) for name, value in record.headers]
    said = dict(headers).get("position") or b""
    position = int(said) if said.isdigit() and len(said) <= POSITION_DIGITS else NO_POSITION
    return _Seen(record.offset, position, record.key, record.value, record.timestamp, headers)
