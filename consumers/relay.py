"""The relay: puts the log on Kafka, once and in order, whatever dies when.

A batch of events and the relay's own new state are one Kafka transaction, so what Kafka holds and
what the relay believes to have sent cannot differ. On its start a relay fences every other one of
the same log, reads back what is committed, and holds it to what the topic ends with and to what
the store has there; when they disagree it sends nothing. After any failure it begins again so.
"""

import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec

from consumers.backoff import ATTEMPTS, Backoff
from consumers.batches import Prepared, prepared, send
from consumers.connection import KafkaSettings, check_connection, not_authorized
from consumers.errors import (
    KafkaUnreachable,
    RelayAhead,
    RelayFenced,
    RelayInterrupted,
    RelayStateMismatch,
    TopicStalled,
    TopicsUnsafe,
)
from consumers.offsets import end_offsets, last_records
from consumers.partitions import words
from consumers.records import NO_POSITION
from consumers.relay_observer import RelayObserver, Unobserved
from consumers.relay_state import RelayState, nothing_relayed, read_state
from consumers.topic_check import topic_problems
from consumers.topics import EVENTS, RELAY, RELAY_TRANSACTIONAL_ID, TOPICS
from consumers.transactions import BATCH_BYTES, Step, closed, fenced, fencing_producer
from ledger.log.feed import Feed, Record
from ledger.store.errors import StoreBusy, StoreUnreachable

POLL_S = 0.2
"""How often the relay looks for new events when it has sent all."""
_PASSING = (RelayInterrupted, KafkaUnreachable, TopicStalled, StoreBusy, StoreUnreachable)
"""What may pass by itself."""
SUCCESSOR_S = 15.0
"""How long a fenced relay waits for its successor to give its name: it reads the topic before."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much goes into one transaction, which is also what the relay holds in memory."""

    events: int = 5_000
    bytes: int = 4 * 1024 * 1024


class Relay:
    """The relay of one log; ``origin`` names the log."""

    def __init__(
        self,
        feed: Feed,
        kafka: KafkaSettings,
        origin: str,
        *,
        events: str = EVENTS,
        state: str = RELAY,
        limits: Limits | None = None,
        observer: RelayObserver | None = None,
    ) -> None:
        self.name = uuid.uuid4().hex
        self.took_over = False
        self._feed = feed
        self._kafka = kafka
        self._origin = origin
        self._events_topic, self._state_topic = events, state
        self._limits = limits or Limits()
        self._observer = observer or Unobserved()

    def run(self, stop: threading.Event, *, once: bool = False) -> None:
        """Relay until ``stop`` is set, or with ``once`` until the end of the log as it is now.

        An open transaction is finished first. Raises :class:`RelayFenced`, :class:`RelayAhead`,
        :class:`RelayStateMismatch`, :class:`TopicsUnsafe`, :class:`KafkaNotAuthorized`; what
        :func:`check_connection` raises, if the first connection fails; with ``once`` also
        the last failure after :data:`~consumers.backoff.ATTEMPTS` in a row.
        """
        check_connection(self._kafka, [self._events_topic, self._state_topic])
        self._check_topics()
        end = self._feed.end() if once else None
        backoff = Backoff()
        while not stop.is_set():
            session = _Session(self)
            try:
                session.run(stop, end)
                return
            except _PASSING as error:
                delay = backoff.failed(progressed=session.progressed)
                if once and backoff.failures >= ATTEMPTS:
                    raise
                self._observer.interrupted(error, delay)
                stop.wait(delay)
            finally:
                session.close()

    def _check_topics(self) -> None:
        """Refuse topics that would lose what is put into them. Raises :class:`TopicsUnsafe`."""
        from kafka import KafkaAdminClient, errors

        by_name = {topic.name: topic for topic in TOPICS}
        topics = [
            replace(by_name[EVENTS], name=self._events_topic),
            replace(by_name[RELAY], name=self._state_topic),
        ]
        try:
            with KafkaAdminClient(**self._kafka.options()) as admin:
                problems = [str(problem) for problem in topic_problems(admin, topics)]
        except errors.AuthorizationError as error:
            raise not_authorized(self._kafka, "describe the topics' settings") from error
        except errors.KafkaError as error:
            where = ",".join(self._kafka.bootstrap)
            raise KafkaUnreachable(bootstrap=where, reason=words(error)) from error
        if problems:
            raise TopicsUnsafe(problems="; ".join(problems))


class _Moved(Exception):
    """Another relay committed while this one took over."""


class _Ready(NamedTuple):
    """A transaction made ready: what is sent, and the relay's state after it."""

    made: Prepared
    state: RelayState
    events: int
    size: int


class _Session:
    """One producer's life: taken over, held to what is there, then batch after batch."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._producer: Any = None
        self._predecessor: str | None = None
        self.progressed = False

    def run(self, stop: threading.Event, end: int | None) -> None:
        from kafka import errors

        relay = self._relay
        try:
            check_connection(relay._kafka)
            self._check_succession()
            transactional_id = f"{RELAY_TRANSACTIONAL_ID}:{relay._origin}"
            self._producer = fencing_producer(relay._kafka, transactional_id)
            state = self._taken_over()
            relay._observer.started(state)
            self._follow(state, stop, end)
        except errors.AuthorizationError as error:
            raise not_authorized(relay._kafka, words(error)) from error
        except errors.KafkaError as error:
            if fenced(error):
                self._await_successor(stop)
            # No other relay: the brokers ended a transaction that took too long.
            raise RelayInterrupted(reason=words(error)) from error
        except _Moved as error:
            self._await_successor(stop)
            raise RelayInterrupted(reason=str(error)) from error

    def close(self) -> None:
        if self._producer is not None:
            closed(self._producer)

    # --- taking over

    def _taken_over(self) -> RelayState:
        """What is committed, checked, and this relay's name put on it.

        Both topics are read while nobody else writes, which is so if the state stayed as it was:
        who fences this relay meanwhile commits a state of its own. Raises :class:`_Moved`.
        """
        relay = self._relay
        before = self._state()
        self._predecessor = None if before is None else before.relay
        ends = end_offsets(relay._kafka, relay._events_topic, committed=False)
        state = self._state()
        if state != before:
            raise _Moved("the relay's state moved while it was read")
        if state is None:
            state = nothing_relayed(relay._origin, len(ends), relay.name)
        self._check(state, ends)
        state = msgspec.structs.replace(state, relay=relay.name)
        self._producer.begin_transaction()
        self._send_state(state)
        Step(self._producer.commit_transaction, "commit").result()
        relay.took_over = True
        return state

    def _state(self) -> RelayState | None:
        relay = self._relay
        return read_state(relay._kafka, relay._origin, relay._state_topic)

    def _check_succession(self) -> None:
        """Raises :class:`RelayFenced` where this relay was the one, and another has become it."""
        if self._relay.took_over:
            self._check_name(self._state())

    def _check_name(self, state: RelayState | None) -> None:
        relay = self._relay
        if state is not None and state.relay not in (relay.name, self._predecessor):
            raise RelayFenced(successor=state.relay, origin=relay._origin)

    def _check(self, state: RelayState, ends: dict[int, int]) -> None:
        """Raises :class:`RelayAhead`, :class:`RelayStateMismatch`."""
        relay = self._relay
        if state.position >= (end := relay._feed.end()):
            raise RelayAhead(position=state.position, end=end)
        if len(state.partitions) != len(ends):
            self._disagree(f"partitions: {len(state.partitions)} / {len(ends)}")
        if state.position != max(state.partitions):
            self._disagree(f"position: {state.position} / {max(state.partitions)}")
        found = last_records(relay._kafka, ends, relay._events_topic)
        for partition, expected in enumerate(state.partitions):
            record = found.get(partition)
            position = NO_POSITION if record is None else record.position
            if position != expected:
                self._disagree(f"partition {partition}: {expected} / {position}")
            if record is not None and record.value != _event(relay._feed, position):
                self._disagree(f"position {position}: another event than the store's")

    def _disagree(self, reason: str) -> None:
        raise RelayStateMismatch(topic=self._relay._events_topic, reason=reason)

    def _await_successor(self, stop: threading.Event) -> None:
        """Raises :class:`RelayFenced` when another relay has put its name on the state."""
        deadline = time.monotonic() + SUCCESSOR_S
        while True:
            self._check_name(self._state())
            if time.monotonic() > deadline or stop.wait(POLL_S):
                return

    # --- relaying

    def _follow(self, state: RelayState, stop: threading.Event, end: int | None) -> None:
        while not stop.is_set():
            until = self._relay._feed.end() if end is None else end
            self._relay._observer.looked(until)
            if state.position + 1 < until:
                batches = self._relay._feed.read(state.position + 1, until)
                state = self._relay_all(state, chunks(batches, self._relay._limits), stop)
            elif end is not None:
                return
            else:
                stop.wait(POLL_S)

    def _relay_all(
        self, state: RelayState, parts: Iterator[list[Record]], stop: threading.Event
    ) -> RelayState:
        """A transaction for each part. The next is made ready while one is committed."""
        ready = self._ready(state, parts)
        while ready is not None and not stop.is_set():
            relayed = ready
            self._producer.begin_transaction()
            acknowledged = send(self._producer, self._relay._events_topic, relayed.made)
            self._send_state(relayed.state)
            commit = Step(self._producer.commit_transaction, "commit")
            ready = self._ready(relayed.state, parts)
            commit.result()
            if not acknowledged():
                raise RelayInterrupted(reason="committed without an acknowledgement")
            self.progressed = True
            state = relayed.state
            self._relay._observer.relayed(relayed.events, relayed.size, state.position)
        return state

    def _ready(self, state: RelayState, parts: Iterator[list[Record]]) -> "_Ready | None":
        part = next(parts, None)
        if part is None:
            return None
        last = list(state.partitions)
        made = prepared(part, last, BATCH_BYTES)
        after = msgspec.structs.replace(state, partitions=last, position=part[-1][0])
        return _Ready(made, after, len(part), sum([len(raw) for _, raw in part]))

    def _send_state(self, state: RelayState) -> None:
        self._producer.send(
            self._relay._state_topic,
            key=state.origin.encode(),
            value=state.encoded(),
            partition=0,
        )


def chunks(batches: Iterable[Sequence[Record]], limits: Limits) -> Iterator[list[Record]]:
    """The same records in parts within the limits; a single event may be larger."""
    part: list[Record] = []
    size = 0
    for batch in batches:
        for record in batch:
            more = len(record[1])
            if part and (len(part) >= limits.events or size + more > limits.bytes):
                yield part
                part, size = [], 0
            part.append(record)
            size += more
    if part:
        yield part


def _event(feed: Feed, position: int) -> bytes | None:
    for batch in feed.read(position, position + 1):
        return batch[0][1]
    return None
