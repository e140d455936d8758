"""The client for downstream systems: the log's events, typed, from where one likes.

    with EventClient(kafka, types=[PaymentSettled], divisions=["220202"]) as client:
        for batch in client.batches():
            for event in batch.events:
                ...
            store(batch.checkpoint)

Stored after the results, the checkpoint gives every event at least once; stored with them, in one
transaction (:class:`DatabaseCheckpoints`), exactly once. A batch may have no events: then only the
checkpoint has moved on. A subject's events come in order; between partitions only positions
tell an order. Records that are missing, repeated, out of order or not the relay's end the reading.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import Event as Flag
from types import TracebackType
from typing import Self

from consumers.backoff import ATTEMPTS, Backoff
from consumers.checkpoints import Checkpoint, DatabaseCheckpoints, Places
from consumers.connection import KafkaSettings, check_connection, log_in, not_authorized
from consumers.errors import KafkaUnreachable, StartInvalid, TopicStalled
from consumers.membership import Membership
from consumers.offsets import end_offsets
from consumers.partitions import PartitionBatch, PartitionReader, Start, words
from consumers.received import EventBatch, ReadCounts, ReceivedEvent, Selection
from consumers.seen import SeenIds, SeenPositions
from consumers.starts import FromCheckpoint, FromPosition, FromTime, StartFrom
from consumers.topics import EVENTS
from ledger.codec import TYPE_OF, decode, type_name
from ledger.domain.events import EventData

__all__ = [
    "Checkpoint",
    "DatabaseCheckpoints",
    "EventBatch",
    "EventClient",
    "FromCheckpoint",
    "FromPosition",
    "FromTime",
    "ReadCounts",
    "ReceivedEvent",
    "SeenIds",
    "SeenPositions",
]

BATCH_EVENTS = 5_000
_POLL_S = 0.2
_ANSWER_S = 3.0
_BEGINNING = FromPosition(0)
_KNOWN = frozenset(name.encode() for name in TYPE_OF.values())


class EventClient:
    """Reads the events' topic for a downstream system. Not for several threads."""

    def __init__(
        self,
        kafka: KafkaSettings,
        *,
        types: Collection[type[EventData] | str] | None = None,
        divisions: Collection[str] | None = None,
        start: StartFrom = _BEGINNING,
        group: str | None = None,
        topic: str = EVENTS,
        batch_events: int = BATCH_EVENTS,
    ) -> None:
        """``types`` are classes of ``ledger.domain.events``, or full names; None: all.

        ``divisions`` are GB/T 2260 codes, each with all below it; None: all. With ``group`` any
        number of processes share the partitions, and ``start`` must be a :class:`FromCheckpoint`
        that asks where they are. Raises :class:`EventTypeUnknown`, :class:`UnknownDivision`,
        :class:`StartInvalid`; entering it, what :func:`check_connection` raises.
        """
        asked = isinstance(start, FromCheckpoint) and start.asked
        if group is not None and not asked:
            raise StartInvalid(reason="a group's members need FromCheckpoint(where to ask)")
        self.counts = ReadCounts()
        self._kafka = kafka
        self._topic = topic
        self._start = start
        self._group = group
        self._batch_events = batch_events
        self._selection = Selection(types, divisions)
        self._places: dict[int, Start] = {}
        """Where each partition is, by the batches that are done with."""
        self._given: Places = {}
        """Where the batch at hand leaves its partitions."""
        self._open, self._joined = ExitStack(), ExitStack()
        self._membership: Membership | None = None
        self._mine: frozenset[int] | None = None
        """What the group gave, until it is taken up: asking where to begin may fail."""
        self._stop = Flag()

    def __enter__(self) -> Self:
        check_connection(self._kafka, [self._topic])
        with ExitStack() as opened, self._answered():
            self._reader = opened.enter_context(PartitionReader(self._kafka, {}, topic=self._topic))
            opened.callback(self._joined.close)
            if self._group is None:
                self._take(end_offsets(self._kafka, self._topic))
            else:
                self._join(self._group)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._open.close()

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the client is: after the batch it gave last."""
        return Checkpoint({**self._places, **self._given})

    def stop(self) -> None:
        """End :meth:`batches` after the batch at hand; may be called by a signal's handler."""
        self._stop.set()

    def batches(self, *, until_end: bool = False) -> Iterator[EventBatch]:
        """Batches as they come, until :meth:`stop`, or until the end of the topic as it is now.

        Asking for the next one says that the last one is done with: partitions that a group takes
        away are given up then. A batch that was not done with, since its handler raised or broke
        off, comes again when :meth:`batches` is called again; with a checkpoint that is asked for
        (:class:`FromCheckpoint`), that one says whether it does. Raises :class:`TopicGap`,
        :class:`TopicDuplicate`, :class:`TopicDisorder`, :class:`TopicForeignRecord`,
        :class:`TopicUnreadable`, :class:`KafkaNotAuthorized`, what :func:`log_in` raises, and
        :class:`~ledger.domain.errors.NotCanonical` for bytes that are not what their type says.
        Brokers that are away are waited for; with ``until_end`` they are given up after
        :data:`~consumers.backoff.ATTEMPTS` failures in a row, with :class:`KafkaUnreachable` or
        :class:`TopicStalled`.
        """
        ends: dict[int, int] = {}
        backoff, interrupted = Backoff(), False
        while not self._stop.is_set():
            given = self.counts.batches
            try:
                with self._answered():
                    if interrupted:
                        self._recover()
                    ends.update(ends or end_offsets(self._kafka, self._topic))
                    yield from self._read(ends if until_end else None)
                return
            except (KafkaUnreachable, TopicStalled) as error:
                delay = backoff.failed(progressed=self.counts.batches > given)
                if until_end and backoff.failures >= ATTEMPTS:
                    raise
                interrupted = True
                self.counts.interruptions += 1
                self.counts.interrupted_by = error.message("en")
                self._stop.wait(delay)

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """The brokers' refusals and silences as errors of ours."""
        from kafka import errors

        try:
            yield
        except errors.AuthorizationError as error:
            raise not_authorized(self._kafka, words(error)) from error
        except errors.KafkaError as error:
            where = ",".join(self._kafka.bootstrap)
            raise KafkaUnreachable(bootstrap=where, reason=words(error)) from error

    def _read(self, ends: dict[int, int] | None) -> Iterator[EventBatch]:
        """Batches until :meth:`stop`, until these ends, or until the brokers are away."""
        self._begin_again()
        while not self._stop.is_set():
            self._follow_group()
            batch = self._next() if self._places else None
            if batch is not None:
                yield batch
                self._places.update(self._given)
                self._given = {}
            elif not self._places:
                self._stop.wait(_POLL_S)
            if ends is not None and batch is None and self._all_at(ends):
                return

    # --- partitions

    def _recover(self) -> None:
        """After an interruption: a login that is refused by now is no interruption any more."""
        log_in(self._kafka, timeout_s=_ANSWER_S)
        if self._group is not None and self._membership is not None and self._membership.failed:
            self._join(self._group)

    def _join(self, group: str) -> None:
        """Be a new member of the group, which has no partition yet."""
        self._joined.close()
        self._places, self._mine = {}, None
        member = Membership(self._kafka, group, self._topic)
        self._membership = self._joined.enter_context(member)

    def _begin_again(self) -> None:
        """Stand where the batches that are done with left off, wherever the last reading ended."""
        undecided, self._given = self._given, {}
        if undecided and isinstance(self._start, FromCheckpoint) and self._start.asked:
            # Of a partition that was never stored nothing is done with: it stays where it began.
            stored = self._start.loaded().places
            self._places.update({p: stored[p] for p in undecided if p in stored})
        self._reader.seek(self._places)

    def _follow_group(self) -> None:
        """Give up what was taken away and take up what is new, from where it is stored."""
        if self._membership is None:
            return
        if (changed := self._membership.changed()) is not None:
            self._mine = changed
        if (mine := self._mine) is None:
            return
        ends = end_offsets(self._kafka, self._topic)
        self._places = {p: start for p, start in self._places.items() if p in mine}
        # What was ours may be read by another from now on, and this asks where it was left.
        self._membership.settled()
        self._take({p: ends[p] for p in mine if p not in self._places})
        self._mine = None

    def _take(self, ends: dict[int, int]) -> None:
        if ends:
            self._places.update(self._start.places(self._kafka, self._topic, ends))
        self._reader.seek(self._places)

    def _all_at(self, ends: dict[int, int]) -> bool:
        """Whether every partition, whoever of a group has it, is read up to these ends."""
        places: Places = self._places
        if self._membership is not None and isinstance(self._start, FromCheckpoint):
            places = self._start.loaded().places
        return all(p in places and places[p].offset >= end for p, end in ends.items() if end)

    # --- records

    def _next(self) -> EventBatch | None:
        """What one poll gave; None when nothing came."""
        polled = self._reader.poll(_POLL_S, self._batch_events)
        self.counts.behind = self._reader.behind()
        if not polled:
            return None
        events: list[ReceivedEvent] = []
        before, after = {}, {}
        for part in polled:
            before[part.partition] = self._places[part.partition]
            after[part.partition] = self._moved(part)
            events += self._received(part)
        self._given = after
        self.counts.batches += 1
        return EventBatch(events, self.checkpoint, before, after)

    def _moved(self, part: PartitionBatch) -> Start:
        last = part.records[-1].position if part.records else self._places[part.partition].last
        return Start(part.next_offset, last)

    def _received(self, part: PartitionBatch) -> Sequence[ReceivedEvent]:
        events, counts = [], self.counts
        for record in part.records:
            counts.value_bytes += len(record.value)
            name = type_name(record.value)
            if not self._selection.holds(record.value, name):
                counts.filtered += 1
                continue
            event = decode(record.value) if name in _KNOWN else None
            if event is None:
                counts.unknown += 1
            elif counts.last_recorded is None or event.time > counts.last_recorded:
                counts.last_recorded = event.time
            events.append(
                ReceivedEvent(part.partition, record.offset, record.position, record.value, event)
            )
        counts.events += len(events)
        return events
