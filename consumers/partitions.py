"""Reading partitions of the events' topic: explicit offsets, committed records, all checked.

No consumer group and no offset kept in Kafka: whoever reads says where to begin and keeps, with
its own results, where it is. Each record says which position came before it in its partition, so
that a reader of a single partition finds what is missing, repeated or out of order there.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from consumers import values
from consumers.answers import Answers
from consumers.connection import KafkaSettings, not_authorized
from consumers.errors import (
    KafkaUnreachable,
    TopicDisorder,
    TopicDuplicate,
    TopicForeignRecord,
    TopicGap,
    TopicOffsetGone,
    TopicUnreadable,
)
from consumers.records import NO_POSITION
from consumers.topics import EVENTS
from projections.partition import PartitionRecord

FETCH_BYTES = 8 * 1024 * 1024
"""Most that one answer of a broker holds: what a reader keeps is a small multiple of it."""
PARTITION_BYTES = 512 * 1024
"""Of one partition. A reader that works meanwhile waits for half its time with answers of two
megabytes, and hardly with these: measured with one partition of a city's year."""
LOOK_BYTES = 320 * 1024
"""Room for the relay's largest batch: of what does not fit Kafka gives one partition at a time."""
POLL_RECORDS = 10_000
FETCH_WAIT_MS = 200
"""How long a broker may hold a question for which it has nothing yet."""
LOOK_WAIT_MS = 5
RECONNECT_MS = 2_000
"""Most between two attempts to reach a broker that is away."""
RETRY_MS = 100
POSITION_MS = 5_000
"""How long it may take to ask a partition's new leader whether a position is still good."""
_ATTEMPTS = 5
"""Failures of ``poll`` in a row, each read again from where it was, before giving up."""


class PartitionBatch(NamedTuple):
    """Records of one partition, in order; ``next_offset`` is where to go on after them."""

    partition: int
    records: list[PartitionRecord]
    next_offset: int


class Start(NamedTuple):
    """Where to read a partition from.

    ``last`` is the position of the last event read before ``offset`` (-1: none was): what comes
    must follow it. None takes the first record as it is.
    """

    offset: int = 0
    last: int | None = NO_POSITION


def consumer_options(kafka: KafkaSettings) -> dict[str, Any]:
    """What every consumer here is made with. Deserializers are never among it."""
    return {
        **kafka.options(),
        "group_id": None,
        "enable_auto_commit": False,
        # An offset that is no longer there is an error: nothing is ever deleted.
        "auto_offset_reset": "none",
        "isolation_level": "read_committed",
        "check_crcs": True,
        "fetch_max_bytes": FETCH_BYTES,
        "max_poll_records": POLL_RECORDS,
        "reconnect_backoff_max_ms": RECONNECT_MS,
    }


class PartitionReader:
    """Some partitions of a topic from given offsets on, for as long as one likes.

    Not for use by several threads, nor across a fork.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        starts: Mapping[int, Start],
        *,
        topic: str = EVENTS,
        looking: bool = False,
        on_failure: Callable[[str], object] | None = None,
    ) -> None:
        """``looking``: for who seeks from place to place and takes little from each.

        ``on_failure`` is told of each question that failed and is asked again.
        """
        from kafka import KafkaConsumer, TopicPartition

        self._topic = topic
        self._kafka = kafka
        self._consumer = KafkaConsumer(
            **consumer_options(kafka),
            max_partition_fetch_bytes=LOOK_BYTES if looking else PARTITION_BYTES,
            # What was asked before a seek is waited for, and thrown away.
            fetch_max_wait_ms=LOOK_WAIT_MS if looking else FETCH_WAIT_MS,
            retry_backoff_ms=LOOK_WAIT_MS if looking else RETRY_MS,
        )
        self._direct = values.DIRECT
        self._answers: Answers | None = None
        if self._direct:
            values.install(self._consumer)
            self._answers = Answers(self._consumer)
        self._part: Callable[[int], Any] = lambda partition: TopicPartition(topic, partition)
        self._parts: dict[int, Any] = {}
        self._sought: frozenset[int] = frozenset()
        self.reading: frozenset[int] = frozenset()
        """The partitions that are read now: see :meth:`only`."""
        self._offsets: dict[int, int] = {}
        self._last: dict[int, int | None] = {}
        self._ends: dict[int, int] = {}
        self._failures = 0
        self._on_failure = on_failure
        self.seek(starts)

    def seek(self, starts: Mapping[int, Start]) -> None:
        """Go on with these partitions only, from there."""
        for partition, start in starts.items():
            self._parts.setdefault(partition, self._part(partition))
            self._offsets[partition], self._last[partition] = start
        self._sought = frozenset(starts)
        self.only(starts)

    def only(self, partitions: Iterable[int]) -> None:
        """Read these partitions from now on and leave the others where they are.

        Not by pausing: this version's consumer may never give what it had fetched of a partition
        before it was paused. What was fetched of those left out is fetched again when its turn
        comes.
        """
        self.reading = frozenset(partitions)
        self._consumer.assign([self._parts[p] for p in self.reading])
        for partition in self.reading:
            self._consumer.seek(self._parts[partition], self._offsets[partition])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._consumer.close()

    def offset(self, partition: int) -> int:
        """The offset from which the partition is read next, markers and aborted records passed."""
        return self._offsets[partition]

    def behind(self) -> dict[int, int]:
        """Offsets that each partition has left to read, as the brokers' last answers have it.

        Costs no question. A partition of which no answer has come is absent, one that is not read
        now has its last answer's end; an open transaction of the relay's counts as left to read.
        """
        for partition in self.reading:
            part = self._parts[partition]
            ends = self._answers.ends.get if self._answers else self._consumer.highwater
            if (end := ends(part)) is not None:
                self._ends[partition] = end
        return {
            p: max(0, self._ends[p] - self._offsets[p]) for p in self._sought if p in self._ends
        }

    def age_s(self, partition: int) -> float:
        """Seconds since the brokers were asked what :meth:`behind` says of the partition.

        0 where that is not known, with another version of the library than this was written for.
        """
        if self._answers is None:
            return 0.0
        asked_at = self._answers.asked_at.get(self._parts[partition])
        return 0.0 if asked_at is None else time.monotonic() - asked_at

    def poll(self, timeout_s: float, max_records: int = POLL_RECORDS) -> list[PartitionBatch]:
        """What has come, waiting up to ``timeout_s`` for something; empty if nothing did.

        A batch without records says that only its offset moved on. Raises :class:`TopicGap`,
        :class:`TopicDuplicate`, :class:`TopicDisorder`, :class:`TopicForeignRecord`,
        :class:`TopicOffsetGone`; after some failures in a row :class:`TopicUnreadable`,
        :class:`KafkaNotAuthorized`, or :class:`KafkaUnreachable` where it is the brokers who are
        away. Nothing is lost by the last: whoever polls again goes on.
        """
        from kafka import errors

        began = time.monotonic()
        try:
            fetched = self._consumer.poll(int(timeout_s * 1_000), max_records)
            # All of them before any record is taken over: asking may fail as well.
            positions = {p: self._position(p) for p in self.reading}
            self._failures = 0
        except errors.KafkaError as error:
            self._failed(error, began + timeout_s)
            return []
        batches = []
        for partition, offset in positions.items():
            records = fetched.get(self._parts[partition], ())
            if offset != self._offsets[partition] or records:
                batch = records if self._direct else [values.log_record(r) for r in records]
                self._check(partition, batch)
                self._offsets[partition] = offset
                batches.append(PartitionBatch(partition, batch, offset))
        return batches

    def _position(self, partition: int) -> int:
        """The offset to read next. Asks the brokers where the partition has another leader."""
        position = self._consumer.position(self._parts[partition], timeout_ms=POSITION_MS)
        return self._offsets[partition] if position is None else int(position)

    def _failed(self, error: Exception, until: float) -> None:
        """Tell of a failure, and stand where it was; or give up."""
        from kafka import errors

        if self._on_failure is not None:
            self._on_failure(words(error))
        if isinstance(error, errors.OffsetOutOfRangeError | errors.LogTruncationError):
            raise TopicOffsetGone(topic=self._topic, reason=words(error)) from error
        # After an exception the consumer stands nowhere in particular.
        self.only(self.reading)
        self._failures += 1
        if self._failures < _ATTEMPTS:
            time.sleep(max(0.0, until - time.monotonic()))
            return
        self._failures = 0
        if isinstance(error, errors.RetriableError):
            where = ",".join(self._kafka.bootstrap)
            raise KafkaUnreachable(bootstrap=where, reason=words(error)) from error
        if isinstance(error, errors.AuthorizationError):
            raise not_authorized(self._kafka, words(error)) from error
        raise TopicUnreadable(topic=self._topic, reason=words(error)) from error

    def _check(self, partition: int, batch: list[PartitionRecord]) -> None:
        last = self._last[partition]
        for record in batch:
            follows = last is None or record.previous == last
            if not follows or record.position <= record.previous:
                raise self._wrong(partition, record, last)
            last = record.position
        self._last[partition] = last

    def _wrong(self, partition: int, record: PartitionRecord, last: int | None) -> Exception:
        if record.position == values.NOT_A_RELAYS:
            return TopicForeignRecord(topic=self._topic, partition=partition, offset=record.offset)
        found, said = record.position, record.previous if last is None else last
        kind: type[TopicGap | TopicDuplicate | TopicDisorder] = TopicGap
        if found == said:
            kind = TopicDuplicate
        elif found < said:
            kind = TopicDisorder
        return kind(
            topic=self._topic,
            partition=partition,
            offset=record.offset,
            found=found,
            previous=said,
        )


def words(error: Exception) -> str:
    """A client's error as a reason: its kind, and what it says."""
    return f"{type(error).__name__} {error}".strip()
