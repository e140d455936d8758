"""The Kafka feed: the log as the topic holds it, in position order, and each partition by itself.

Whoever needs the one order of the log uses :meth:`KafkaFeed.read`; workers that share the
partitions among them use :meth:`KafkaFeed.read_partition`, or hold a
:class:`~consumers.partitions.PartitionReader` and follow. A record that is missing, repeated or
out of order ends the reading with an error, wherever it is.
"""

import time
from collections.abc import Iterator

from consumers.connection import KafkaSettings, check_connection
from consumers.errors import TopicGap, TopicStalled
from consumers.offsets import ANSWER_S, end_offsets, last_records, offsets_of
from consumers.partitions import PartitionReader, Start
from consumers.topics import EVENTS
from ledger.log.feed import Record
from projections.partition import PartitionRecord

WINDOW = 50_000
"""Positions that a partition may be ahead of the one that is waited for: what memory holds."""
_POLL_S = 1.0


class KafkaFeed:
    """A :class:`~ledger.log.feed.Feed` over the events' topic; partitions by themselves as well.

    Making one checks the connection and raises what
    :func:`~consumers.connection.check_connection` does. Each reading has a consumer of its own.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        *,
        topic: str = EVENTS,
        timeout_s: float = ANSWER_S,
        window: int = WINDOW,
    ) -> None:
        """``timeout_s``: how long what is known to be there may take to arrive."""
        check_connection(kafka, [topic])
        self._kafka = kafka
        self._topic = topic
        self._timeout_s = timeout_s
        self._window = window

    @property
    def partitions(self) -> int:
        """The topic's number of partitions."""
        return len(end_offsets(self._kafka, self._topic))

    def end(self) -> int:
        """One more than the highest position committed so far."""
        ends = end_offsets(self._kafka, self._topic)
        found = last_records(self._kafka, ends, self._topic)
        return max((record.position + 1 for record in found.values()), default=0)

    def read(self, start: int, stop: int | None = None) -> Iterator[list[Record]]:
        """Batches of records in position order, all partitions merged.

        Raises :class:`TopicGap`, :class:`TopicDuplicate`, :class:`TopicDisorder`,
        :class:`TopicForeignRecord`, :class:`TopicUnreadable`, :class:`TopicStalled`.
        """
        end = self.end()
        stop = end if stop is None else min(stop, end)
        start = max(start, 0)
        if start >= stop:
            return
        ends = end_offsets(self._kafka, self._topic)
        offsets = offsets_of(self._kafka, start, ends, self._topic)
        starts = {p: Start(o, -1 if start == 0 else None) for p, o in offsets.items()}
        with PartitionReader(self._kafka, starts, topic=self._topic) as reader:
            yield from self._merged(reader, ends, start, stop)

    def _merged(
        self, reader: PartitionReader, ends: dict[int, int], start: int, stop: int
    ) -> Iterator[list[Record]]:
        """The dense run from ``start``: what came early waits, by position, for what is missing.

        A transaction ends in one partition a moment before it ends in another, so what is behind
        may still come; once every partition is past a position, it never will.
        """
        early: dict[int, bytes] = {}
        reached = dict.fromkeys(ends, start - 1)
        reading = set(ends)
        position, deadline = start, time.monotonic() + self._timeout_s
        while position < stop:
            for batch in reader.poll(_POLL_S):
                if batch.records:
                    early.update([(r.position, r.value) for r in batch.records])
                    reached[batch.partition] = batch.records[-1].position
            run: list[Record] = []
            while position < stop and (value := early.pop(position, None)) is not None:
                run.append((position, value))
                position += 1
            if run:
                yield run
                deadline = time.monotonic() + self._timeout_s
            elif min(reached.values()) > position:
                raise self._gap(position, early)
            elif time.monotonic() > deadline:
                if all(reader.offset(p) >= end for p, end in ends.items()):
                    raise self._gap(position, early)
                seconds = int(self._timeout_s)
                raise TopicStalled(topic=self._topic, seconds=seconds, position=position)
            ahead = {p for p, last in reached.items() if last > position + self._window}
            near = {p for p, last in reached.items() if last <= position + self._window // 2}
            wanted = (reading | near) - ahead
            if wanted != reading:
                reader.only(wanted)
                reading = wanted

    def _gap(self, position: int, early: dict[int, bytes]) -> TopicGap:
        return TopicGap(
            topic=self._topic,
            partition="-",
            offset="-",
            previous=position - 1,
            found=min(early, default="-"),
        )

    def read_partition(
        self, partition: int, start: Start | None = None, stop_offset: int | None = None
    ) -> Iterator[list[PartitionRecord]]:
        """Batches of one partition's records up to, but excluding, ``stop_offset`` (None: its end).

        Raises as :meth:`read`, and :class:`TopicStalled` when nothing more comes before the end.
        """
        start = start or Start()
        if stop_offset is None:
            stop_offset = end_offsets(self._kafka, self._topic)[partition]
        with PartitionReader(self._kafka, {partition: start}, topic=self._topic) as reader:
            deadline = time.monotonic() + self._timeout_s
            while reader.offset(partition) < stop_offset:
                for batch in reader.poll(_POLL_S):
                    records = batch.records
                    if records and records[-1].offset >= stop_offset:
                        records = [r for r in records if r.offset < stop_offset]
                    if records:
                        yield records
                    deadline = time.monotonic() + self._timeout_s
                if time.monotonic() > deadline:
                    seconds = int(self._timeout_s)
                    raise TopicStalled(
                        topic=self._topic, seconds=seconds, position=f"{partition}@{stop_offset}"
                    )
