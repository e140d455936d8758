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
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from threading import Event as Flag
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson

from consumers.checkpoints import Checkpoint, DatabaseCheckpoints, Places
from consumers.connection import KafkaSettings, check_connection
from consumers.errors import EventTypeUnknown, StartInvalid
from consumers.membership import Membership
from consumers.offsets import end_offsets
from consumers.partitions import PartitionBatch, PartitionReader, Start
from consumers.seen import SeenIds, SeenPositions
from consumers.starts import FromCheckpoint, FromPosition, FromTime, StartFrom
from consumers.topics import EVENTS
from ledger.codec import TYPE_OF, decode, division_of, type_name
from ledger.domain.division import covers, is_division_code
from ledger.domain.errors import UnknownDivision
from ledger.domain.events import Event, EventData
from projections.partition import PartitionRecord

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
_BEGINNING = FromPosition(0)
_KNOWN = frozenset(name.encode() for name in TYPE_OF.values())


class ReceivedEvent(NamedTuple):
    """An event as it came. ``raw`` are the log's own bytes: hash, archive and pass on these."""

    partition: int
    offset: int
    position: int
    raw: bytes
    event: Event[Any] | None
    """Typed; None for a type, or a version of one, that is newer than this program."""

    @property
    def type(self) -> str:
        """The full name, as ``benefits.PaymentSettled.v1``."""
        return type_name(self.raw).decode()

    @property
    def id(self) -> str:
        """Unique in the log, the same for ever."""
        return self.event.id if self.event is not None else str(self.document()["id"])

    def document(self) -> dict[str, Any]:
        """The CloudEvents object as plain Python, whatever its type."""
        parsed: dict[str, Any] = orjson.loads(self.raw)
        return parsed


class EventBatch(NamedTuple):
    """Events of some partitions, in order within each, and where that leaves the reader."""

    events: list[ReceivedEvent]
    checkpoint: Checkpoint
    """Of all partitions that the client has, after this batch."""
    before: Places
    after: Places
    """Where the batch's partitions were and are: what :class:`DatabaseCheckpoints` stores."""


@dataclass(slots=True)
class ReadCounts:
    """What a client has done since it was made."""

    batches: int = 0
    events: int = 0
    """Handed to the caller, those of unknown types too."""
    unknown: int = 0
    """Of types that this program does not know."""
    filtered: int = 0
    """Read and passed over, being of other types or divisions."""
    value_bytes: int = 0
    """Of all values read."""
    behind: dict[int, int] = field(default_factory=dict)
    """Offsets that each partition has left to read, as the brokers' last answer has it."""
    last_recorded: str | None = None
    """The recorded time of the latest event handed over."""

    def as_dict(self) -> dict[str, Any]:
        """For logs and JSON."""
        return asdict(self)


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
        self._types = None if types is None else frozenset(_full_name(one) for one in types)
        self._divisions = None if divisions is None else _Divisions(divisions)
        self._places: dict[int, Start] = {}
        """Where each partition is, by the batches that are done with."""
        self._given: Places = {}
        """Where the batch at hand leaves its partitions."""
        self._open = ExitStack()
        self._membership: Membership | None = None
        self._mine: frozenset[int] | None = None
        """What the group gave, until it is taken up: asking where to begin may fail."""
        self._stop = Flag()

    def __enter__(self) -> Self:
        check_connection(self._kafka, [self._topic])
        with ExitStack() as opened:
            self._reader = opened.enter_context(PartitionReader(self._kafka, {}, topic=self._topic))
            if self._group is not None:
                member = Membership(self._kafka, self._group, self._topic)
                self._membership = opened.enter_context(member)
            else:
                self._take(end_offsets(self._kafka, self._topic))
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
        :class:`TopicUnreadable`, and :class:`~ledger.domain.errors.NotCanonical` for bytes that are
        not what their type says. A broker that is away is waited for.
        """
        ends = end_offsets(self._kafka, self._topic)
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
            if until_end and batch is None and self._all_at(ends):
                return

    # --- partitions

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
            if not self._wanted(record, name):
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

    def _wanted(self, record: PartitionRecord, name: bytes) -> bool:
        if self._types is not None and name not in self._types:
            return False
        return self._divisions is None or self._divisions.hold(division_of(record.value))


class _Divisions:
    """Some divisions with all below them."""

    def __init__(self, codes: Collection[str]) -> None:
        for code in codes:
            if not is_division_code(code):
                raise UnknownDivision(division=code)
        self._codes = tuple(codes)
        self._held: dict[bytes, bool] = {}

    def hold(self, code: bytes) -> bool:
        held = self._held.get(code)
        if held is None:
            held = any(covers(one, code.decode()) for one in self._codes)
            self._held[code] = held
        return held


def _full_name(kind: type[EventData] | str) -> bytes:
    """A type's name as the log has it; a name that is given may be of a newer version."""
    if not isinstance(kind, str):
        return TYPE_OF[kind].encode()
    parts = kind.split(".")
    if len(parts) != 3 or parts[0] != "benefits" or not parts[2].startswith("v"):
        raise EventTypeUnknown(type=kind)
    return kind.encode()
