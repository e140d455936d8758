"""A projection worker: folds the partitions that its group gives it, beside other workers.

Kafka's consumer group says which partitions are whose, and nothing else: offsets are in the views'
own database, in the transaction that writes the rows. A worker that lost a partition without
noticing finds the stored place moved when it writes, and writes nothing. A subject that a view
cannot process is parked and everything else goes on; others learn of it from a topic.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from consumers.adoption import adopt
from consumers.backoff import ATTEMPTS, Backoff
from consumers.connection import KafkaSettings, check_connection, not_authorized
from consumers.dead_letter_topic import DeadLetterTopic
from consumers.dead_letters import DeadLetters
from consumers.errors import (
    KafkaUnreachable,
    TopicStalled,
    WorkerInterrupted,
)
from consumers.held_partition import HeldPartition, Written
from consumers.membership import SESSION_S, Membership
from consumers.offsets import end_offsets
from consumers.partitions import POLL_RECORDS, PartitionReader, words
from consumers.topics import EVENTS
from consumers.waiting import FLUSH_EVENTS, ROWS_IN_MEMORY, Waiting, read_alone
from consumers.worker_observer import Unobserved, WorkerObserver
from ledger.collector import collector_paused
from ledger.store.errors import StoreBusy, StoreFull, StoreUnreachable
from projections import places
from projections.database import ViewDatabase
from projections.discards import Discarding, nothing_discarded
from projections.errors import ViewUnreadable
from projections.fold import Moved
from projections.partition import Unprocessable
from projections.view import View
from projections.views import ALL_VIEWS

GROUP = "projector"
TELL_S = 1.0
"""How often the observer is told how far behind the worker is."""
TELL_WAITING_S = 10.0
_WRITERS = 1
"""Partitions written at a time: two of one worker wait for each other's sums, and what they gain
where the worker is alone is lost where there are others."""
_POLL_S = 0.2
_MOVED_TIMES = 20
"""A partition's place found moved in a row, without an event folded: no longer bad luck."""
_PASSING = (
    KafkaUnreachable,
    StoreBusy,
    StoreFull,
    StoreUnreachable,
    TopicStalled,
    WorkerInterrupted,
)
"""What may pass by itself, or by an administrator's making room."""


class Worker:
    """One of any number of workers that keep the same views. Not for two threads."""

    def __init__(
        self,
        kafka: KafkaSettings,
        database: ViewDatabase,
        views: Sequence[type[View]] = ALL_VIEWS,
        *,
        topic: str = EVENTS,
        group: str = GROUP,
        observer: WorkerObserver | None = None,
        flush_events: int = FLUSH_EVENTS,
        session_s: float = SESSION_S,
        discarded: Discarding = nothing_discarded,
        dead_letters: str | None = None,
    ) -> None:
        """``session_s``: after so long a silence the others have this worker's partitions.

        ``discarded`` tells what views pass over, from the log's own stream: a discard takes effect
        as its event comes by, and before a fold begins. ``dead_letters`` is the topic that others
        learn of parked events from, by default the events' with ``.dlq`` behind it.
        """
        self._kafka = kafka
        self._database = database
        self._views: Mapping[str, type[View]] = {view.name: view for view in views}
        self._topic = topic
        self._group = group
        self._observer = observer or Unobserved()
        self._flush_events = flush_events
        self._session_s = session_s
        self._discarded = discarded
        self._letters = DeadLetters(database, self._views, discarded)
        self._topic_of_letters = DeadLetterTopic(kafka, database, dead_letters or f"{topic}.dlq")
        self._held: dict[int, HeldPartition] = {}
        self._alone: int | None = None
        self._writing: dict[int, Future[Written]] = {}
        self._failed: dict[int, list[Unprocessable]] = {}
        self._flushed_at = self._told_at = self._told_waiting_at = time.monotonic()
        self._far_at = self._flushed_at
        self._moved: Counter[int] = Counter()
        self._progressed = False

    def run(self, stop: threading.Event, *, until_end: bool = False) -> None:
        """Work until ``stop`` is set, or until everything is folded that is there now.

        With ``until_end`` other workers' partitions count too: it ends when all are there. What
        was folded is written before it returns, or left to be folded again if the database is away
        at that moment. What may pass is waited for; with ``until_end`` it is raised after
        :data:`~consumers.backoff.ATTEMPTS` failures in a row. Raises what
        :func:`~consumers.connection.check_connection` raises, if the first connection fails;
        what :func:`~consumers.adoption.adopt` raises; :class:`KafkaNotAuthorized`,
        :class:`~consumers.errors.TopicGap` and its like, and those of the view database's errors
        that do not pass.
        """
        check_connection(self._kafka, [self._topic, self._topic_of_letters.name])
        backoff = Backoff()
        ends: dict[int, int] = {}
        while True:
            self._progressed = False
            try:
                self._session(stop, ends, until_end)
                return
            except _PASSING as error:
                delay = backoff.failed(progressed=self._progressed)
                if until_end and backoff.failures >= ATTEMPTS:
                    raise
                self._observer.interrupted(error, delay)
                if stop.wait(delay):
                    return

    def _session(self, stop: threading.Event, ends: dict[int, int], until_end: bool) -> None:
        """Once from joining the group to leaving it; ``ends`` is filled by the first."""
        from kafka import errors

        try:
            ends.update(ends or end_offsets(self._kafka, self._topic))
            adopt(self._database, self._views, len(ends))
            with (
                self._membership() as membership,
                PartitionReader(
                    self._kafka, {}, topic=self._topic, on_failure=self._observer.unreadable
                ) as reader,
                ThreadPoolExecutor(_WRITERS, thread_name_prefix="views") as self._writers,
                collector_paused(),
            ):
                self._work(membership, reader, stop, ends if until_end else None)
        except errors.AuthorizationError as error:
            raise not_authorized(self._kafka, words(error)) from error
        except errors.KafkaError as error:
            raise WorkerInterrupted(reason=words(error)) from error

    def _membership(self) -> Membership:
        return Membership(self._kafka, self._group, self._topic, session_s=self._session_s)

    def _work(
        self,
        membership: Membership,
        reader: PartitionReader,
        stop: threading.Event,
        ends: Mapping[int, int] | None,
    ) -> None:
        try:
            while not stop.is_set():
                if (mine := membership.changed()) is not None:
                    self._take(reader, mine)
                    membership.settled()
                if self._held:
                    self._round(reader)
                else:
                    stop.wait(_POLL_S)
                done = ends is not None and self._is_done(reader, ends)
                self._tell(reader)
                if done:
                    break
            self._flush(reader)
            if ends is not None:
                # Others' partitions count too: what a worker that died has told nobody.
                self._topic_of_letters.produce(ends)
        finally:
            wait(self._writing.values())
            self._writing.clear()
            self._drop(self._held)
            self._topic_of_letters.close()

    def _take(self, reader: PartitionReader, mine: frozenset[int]) -> None:
        """Give back what is no longer ours, written; take up what is new from where it stands."""
        self._flush(reader)
        self._drop(set(self._held) - mine)
        for partition in sorted(mine - set(self._held)):
            self._held[partition] = self._taken_up(partition)
        reader.seek({p: held.start for p, held in self._held.items()})
        self._observer.assigned(sorted(self._held))

    def _attend(self, reader: PartitionReader) -> None:
        """Choose what to read: see :func:`read_alone`.

        What is left is written while the next one is folded, and given up.
        """
        alone = read_alone(self._alone, reader.behind())
        if alone != self._alone:
            if self._alone in self._held and alone is not None:
                self._settle(reader)
                self._write(self._alone, forget=True)
                self._flushed_at = time.monotonic()
            else:
                self._flush(reader)
            self._alone = alone
        wanted = frozenset(self._held if alone is None else (alone,))
        if reader.reading != wanted:
            reader.only(wanted)

    def _round(self, reader: PartitionReader) -> None:
        """Read something and fold it; flush when it is time to."""
        self._attend(reader)
        for batch in reader.poll(_POLL_S):
            held = self._held.get(batch.partition)
            if held is None:
                continue
            try:
                held.apply(batch.records, batch.next_offset)
            except Unprocessable as failed:
                # What was folded and not written is lost with the fold and comes again; this
                # event, and those after it of its subject, are then put aside on the way.
                self._failed.setdefault(batch.partition, []).append(failed)
                self._again(reader, batch.partition)
            except ViewUnreadable:
                if held.is_live():
                    raise
                self._again(reader, batch.partition)  # a rebuild dropped the tables it read
        folding = [held for p, held in self._held.items() if p not in self._writing]
        now, behind = time.monotonic(), sum(reader.behind().values())
        if behind > POLL_RECORDS:
            self._far_at = now
        waiting = Waiting(
            seconds=now - self._flushed_at,
            events=sum(held.waiting for held in folding),
            rows=sum(held.dirty for held in folding),
            near_s=now - self._far_at,
        )
        if waiting.is_due(self._flush_events, behind=behind):
            self._flush(reader)

    def _flush(self, reader: PartitionReader) -> None:
        """Write every partition, one after the other."""
        for partition in self._held.keys() - self._writing.keys():
            self._write(partition)
        self._settle(reader)
        if sum(len(held) for held in self._held.values()) > ROWS_IN_MEMORY:
            for held in self._held.values():
                held.forget()
        self._flushed_at = time.monotonic()

    def _write(self, partition: int, *, forget: bool = False) -> None:
        """Begin to write a partition, which is not read until that is settled."""
        write = self._held[partition].write
        self._writing[partition] = self._writers.submit(write, forget=forget)

    def _settle(self, reader: PartitionReader) -> None:
        """Wait for what is being written, and see what came of it."""
        writing, self._writing = self._writing, {}
        wait(writing.values())
        for partition, written in writing.items():
            held = self._held[partition]
            try:
                parked, events, seconds = written.result()
            except (Moved, ViewUnreadable) as error:
                if isinstance(error, ViewUnreadable) and held.is_live():
                    raise
                self._moved[partition] += 1
                self._observer.moved(partition)
                if self._moved[partition] > _MOVED_TIMES:
                    # We may no longer be a member and not know: leave, and join again.
                    self._moved.clear()
                    raise WorkerInterrupted(reason=f"{partition}: moved") from error
                self._again(reader, partition)
                continue
            for event in parked:
                self._observer.parked(event)
            if events:
                self._progressed = True
                del self._moved[partition]
                self._failed.pop(partition, None)
                self._observer.flushed(partition, events, held.folds[-1].place, seconds)
            if held.scattered or held.news:
                self._again(reader, partition)
        self._topic_of_letters.produce(self._held)

    def _tell(self, reader: PartitionReader) -> None:
        """How far behind the worker is, from what the brokers' last answers said."""
        now = time.monotonic()
        if now - self._told_at < TELL_S:
            return
        self._told_at = now
        for partition, behind in reader.behind().items():
            if (held := self._held.get(partition)) is not None:
                end = reader.offset(partition) + behind
                stored = held.folds[-1].stored
                age_s = reader.age_s(partition)
                self._observer.behind(partition, held.left(end), stored.recorded, age_s)
        if now - self._told_waiting_at >= TELL_WAITING_S:
            self._told_waiting_at = now
            with self._database.read() as connection:
                live = self._database.live(connection)
                waiting = places.waiting(connection, [live[name] for name in self._views])
            self._observer.waiting(waiting)

    def _again(self, reader: PartitionReader, partition: int) -> None:
        """Take the partition up from what is stored: what is in memory is lost or old."""
        self._drop([partition])
        self._held[partition] = self._taken_up(partition)
        reader.seek({p: held.start for p, held in self._held.items()})

    def _taken_up(self, partition: int) -> HeldPartition:
        """The partition from what is stored, after officers' discards were carried out there."""
        passed = self._discarded()
        self._letters.release(partition, passed)
        failed = self._failed.get(partition, ())
        return HeldPartition(self._database, self._views, partition, passed, failed)

    def _drop(self, partitions: Iterable[int]) -> None:
        for partition in list(partitions):
            self._held.pop(partition).close()

    def _is_done(self, reader: PartitionReader, ends: Mapping[int, int]) -> bool:
        """Whether every partition, whoever has it, is folded up to where the topic ended.

        What was read up to there is written now: there is nothing more to wait for.
        """
        if any(reader.offset(partition) < ends[partition] for partition in self._held):
            return False
        if any(held.unwritten for held in self._held.values()):
            self._flush(reader)
        with self._database.read() as connection:
            live = self._database.live(connection)
            stand = places.places(connection, [live[name] for name in self._views])
        return all(
            at[partition].next_offset >= end
            for at in stand.values()
            for partition, end in ends.items()
        )
