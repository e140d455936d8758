"""Whatever dies and whoever else relays: every event is on Kafka once, in order, byte for byte."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition, errors

from consumers import batches
from consumers.client import Checkpoint, EventClient, FromCheckpoint
from consumers.connection import KafkaSettings
from consumers.errors import (
    KafkaTopicMissing,
    KafkaUnreachable,
    RelayAhead,
    RelayFenced,
    RelayStateMismatch,
)
from consumers.records import event_record, partition_of
from consumers.relay import Limits, chunks
from consumers.relay_observer import Unobserved
from consumers.relay_state import RelayState, read_state
from consumers.topics import RELAY_TRANSACTIONAL_ID
from consumers.transactions import fenced, fencing_producer
from ledger.domain.errors import LedgerError
from ledger.store.errors import StoreUnreachable
from ops.local.kafka import LocalBrokers
from ops.settings import Settings
from tests.feed_conformance import flat
from tests.histories import ListFeed
from tests.kafka_logs import PARTITIONS, KafkaLog, kafka_log, log, records_of, told, write

__all__ = ["log"]


WAIT_S = 60


def consumed(log: KafkaLog, topic: str) -> list[Any]:
    """All committed records of a topic, by plain kafka-python, partition by partition."""
    consumer = KafkaConsumer(
        **log.kafka.options(), isolation_level="read_committed", enable_auto_commit=False
    )
    parts = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(parts)
    for part in parts:
        consumer.seek(part, 0)
    ends = consumer.end_offsets(parts)
    found: list[Any] = []
    while any(consumer.position(part) < end for part, end in ends.items()):
        for records in consumer.poll(1_000).values():
            found += records
    consumer.close()
    return sorted(found, key=lambda r: (r.partition, r.offset))


class Running(Unobserved):
    """A relay that follows, in a thread."""

    def __init__(self, log: KafkaLog, feed: Any) -> None:
        self.stop = threading.Event()
        self.position = self.first = -1
        self.interruptions: list[LedgerError] = []
        self.error: LedgerError | None = None
        self._moved = threading.Condition()
        self._relay = log.relay(feed, observer=self)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._relay.run(self.stop)
        except LedgerError as error:
            self.error = error

    def started(self, state: RelayState) -> None:
        self.first = state.position
        self.relayed(0, 0, state.position)

    def relayed(self, events: int, size: int, position: int) -> None:
        with self._moved:
            self.position = position
            self._moved.notify_all()

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        with self._moved:
            self.interruptions.append(error)
            self._moved.notify_all()

    def until(self, reached: Callable[[], bool]) -> None:
        with self._moved:
            assert self._moved.wait_for(reached, WAIT_S)

    def join(self) -> None:
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


@pytest.mark.parametrize("whole", [True, False], ids=["whole batches", "record by record"])
def test_key_partition_time_and_headers_are_as_designed(
    log: KafkaLog, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways of sending write the same records."""
    monkeypatch.setattr(batches, "WHOLE_BATCHES", whole)
    h = told(70)
    log.relay_once(h.feed())
    expected = []
    last = [-1] * PARTITIONS
    for position, raw in h.records:
        partition = partition_of(json.loads(raw)["subject"].encode(), PARTITIONS)
        expected.append(event_record(position, raw, last[partition], PARTITIONS))
        last[partition] = position
    expected.sort(key=lambda record: record.partition)
    assert [
        (r.partition, r.key, r.value, r.timestamp, r.headers) for r in consumed(log, log.events)
    ] == [tuple(record) for record in expected]
    assert log.findings(h.feed()) == []


def test_the_state_is_in_the_transaction_of_its_events(log: KafkaLog) -> None:
    log.relay_once(told(45).feed())
    states = [json.loads(r.value) for r in consumed(log, log.state)]
    assert [state["position"] for state in states] == [-1, 9, 19, 29, 39, 44]
    assert all(max(state["partitions"]) == state["position"] for state in states)
    state = read_state(log.kafka, log.name, log.state)
    assert state is not None
    assert (state.origin, state.position) == (log.name, 44)


def test_relaying_again_sends_only_what_is_new(log: KafkaLog) -> None:
    log.relay_once(told(30).feed())
    log.relay_once(told(30).feed())
    assert len(consumed(log, log.events)) == 30
    log.relay_once(told(31).feed())
    assert log.findings(told(31).feed()) == []


def test_a_transaction_is_bounded_by_count_and_by_bytes() -> None:
    log = told(50).records
    parts = list(chunks([log], Limits(events=7, bytes=3_000)))
    assert flat(parts) == log
    assert all(len(part) <= 7 for part in parts)
    assert all(sum(len(raw) for _, raw in part) <= 3_000 for part in parts)
    large = [(0, b"x" * 9_000), (1, b"y")]
    assert list(chunks([large], Limits(bytes=3_000))) == [large[:1], large[1:]]


@pytest.mark.parametrize("commit", [1, 2, 4])
@pytest.mark.parametrize("when", ["before", "sent", "ended"])
def test_killed_in_a_transaction_and_started_again(log: KafkaLog, commit: int, when: str) -> None:
    """The first commit only puts the relay's name on its state."""
    h = told(50)
    ended = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.dying_relay",
            log.kafka.bootstrap[0],
            log.name,
            "50",
            str(commit),
            when,
        ],
        timeout=WAIT_S,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    done = commit if when == "ended" else commit - 1
    again = Running(log, h.feed())
    again.until(lambda: again.position == 49)
    again.stop.set()
    again.join()
    assert again.first == (10 * (done - 1) - 1 if done else -1)
    assert log.findings(h.feed()) == []
    assert flat(log.feed().read(0)) == h.records


def test_a_second_relay_takes_over_and_the_first_stops(log: KafkaLog) -> None:
    h = told(20)
    feed = ListFeed(list(h.records))
    first = Running(log, feed)
    first.until(lambda: first.position == 19)
    second = Running(log, feed)
    second.until(lambda: second.position == 19)
    more = told(60).records
    feed.records.extend(more[20:40])
    second.until(lambda: second.position == 39)
    first.join()
    assert isinstance(first.error, RelayFenced)
    assert first.error.exit_code == 3
    feed.records.extend(more[40:])
    second.until(lambda: second.position == 59)
    second.stop.set()
    second.join()
    assert second.error is None
    assert log.findings(told(60).feed()) == []


def test_a_successor_may_take_its_time(log: KafkaLog) -> None:
    """Between fencing the first and giving its name it reads the topic."""
    feed = ListFeed(list(told(20).records))
    first = Running(log, feed)
    first.until(lambda: first.position == 19)
    fencing_producer(log.kafka, f"{RELAY_TRANSACTIONAL_ID}:{log.name}").close(timeout=5)
    feed.records.extend(told(40).records[20:])
    first.stop.wait(4)
    second = Running(log, feed)
    first.join()
    assert isinstance(first.error, RelayFenced)
    assert first.interruptions == []
    second.until(lambda: second.position == 39)
    second.stop.set()
    second.join()
    assert second.error is None


def test_a_relay_that_was_cut_off_does_not_take_over_from_its_successor(log: KafkaLog) -> None:
    """Cut off, it has not heard that it is fenced; it would fence the one that runs now."""
    feed = ListFeed(list(told(20).records))
    first, stop = log.relay(feed), threading.Event()
    first.run(stop, once=True)
    log.relay(feed).run(stop, once=True)
    with pytest.raises(RelayFenced):
        first.run(stop, once=True)


def test_being_fenced_is_heard_through_a_general_error() -> None:
    """So kafka-python answers a send after it has learned it from another request."""
    assert fenced(errors.ProducerFencedError())
    assert fenced(errors.KafkaError("cannot send", errors.ProducerFencedError()))
    assert not fenced(errors.KafkaError("cannot send", errors.NotLeaderForPartitionError()))


def test_told_to_stop_it_ends_between_transactions(log: KafkaLog) -> None:
    feed = ListFeed(list(told(500).records))
    running = Running(log, feed)
    running.until(lambda: running.position >= 9)
    running.stop.set()
    running.join()
    assert running.error is None
    state = read_state(log.kafka, log.name, log.state)
    assert state is not None
    assert state.position == running.position
    log.relay_once(feed)
    assert log.findings(feed) == []


class Closed(ListFeed):
    """A store that cannot be asked some times, after the relay has begun."""

    asked = 0

    def end(self) -> int:
        self.asked += 1
        if 2 <= self.asked <= 3:
            raise StoreUnreachable(reason="as a test has it")
        return super().end()


def test_a_store_that_is_away_is_waited_for(log: KafkaLog) -> None:
    feed = Closed(list(told(30).records))
    running = Running(log, feed)
    running.until(lambda: running.position == 29)
    running.stop.set()
    running.join()
    assert running.error is None
    assert [type(error) for error in running.interruptions] == [StoreUnreachable] * 2
    assert log.findings(ListFeed(feed.records)) == []


class TestDisagreement:
    """Where Kafka is not what the state and the store say, nothing is sent."""

    def test_a_store_older_than_the_topic(self, log: KafkaLog) -> None:
        log.relay_once(told(30).feed())
        with pytest.raises(RelayAhead):
            log.relay_once(told(29).feed())
        assert log.findings(told(30).feed()) == []

    def test_another_store_of_the_same_length(self, log: KafkaLog) -> None:
        log.relay_once(told(30).feed())
        other = told(29).person("somebody else").feed()
        with pytest.raises(RelayStateMismatch):
            log.relay_once(other)

    def test_records_that_no_relay_sent(self, log: KafkaLog) -> None:
        log.relay_once(told(30).feed())
        write(log.kafka, log.events, records_of(told(31).records, PARTITIONS)[30:])
        with pytest.raises(RelayStateMismatch):
            log.relay_once(told(40).feed())

    def test_records_without_any_state(self, log: KafkaLog) -> None:
        write(log.kafka, log.events, records_of(told(31).records, PARTITIONS))
        with pytest.raises(RelayStateMismatch):
            log.relay_once(told(40).feed())

    def test_a_state_that_says_more(self, log: KafkaLog) -> None:
        log.relay_once(told(30).feed())
        state = read_state(log.kafka, log.name, log.state)
        assert state is not None
        raw = state.encoded().replace(b'"position":29', b'"position":31')
        producer = KafkaProducer(**log.kafka.options())
        producer.send(log.state, key=log.name.encode(), value=raw, partition=0).get(timeout=20)
        producer.close(timeout=5)
        with pytest.raises(RelayStateMismatch):
            log.relay_once(told(40).feed())


def test_what_is_missing_at_the_start_is_said_within_seconds(kafka: KafkaSettings) -> None:
    with pytest.raises(KafkaTopicMissing):
        KafkaLog(kafka, "no-such-log").relay_once(told(1).feed())
    nowhere = KafkaSettings(("127.0.0.1:9",))
    with pytest.raises(KafkaUnreachable):
        KafkaLog(nowhere, "no-such-log").relay_once(told(1).feed())


class Reading:
    """A downstream system that follows, alone or in a group, in a thread."""

    def __init__(self, log: KafkaLog, group: str | None) -> None:
        self.positions: list[int] = []
        self.error: BaseException | None = None
        self._stored = Checkpoint()
        start = FromCheckpoint(lambda: self._stored)
        self.client = EventClient(log.kafka, start=start, group=group, topic=log.events)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self.client:
                for batch in self.client.batches():
                    self._stored = self._stored.moved_on(batch.after)
                    self.positions += [event.position for event in batch.events]
        except BaseException as error:
            self.error = error

    def until(self, reached: Callable[["Reading"], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not reached(self):
            assert self.error is None
            assert time.monotonic() < deadline
            self._thread.join(0.05)

    def ended(self) -> None:
        self.client.stop()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        assert self.error is None


def test_a_broker_that_goes_and_comes_back(servers_folder: Path) -> None:
    home = servers_folder / "restarted"
    before = set(threading.enumerate())
    brokers = LocalBrokers(home)
    brokers.up()
    log = kafka_log(Settings.load(home).kafka("relay"), PARTITIONS)
    feed = ListFeed(list(told(30).records))
    running = Running(log, feed)
    readers = [Reading(log, None), Reading(log, f"reader.{log.name}")]
    running.until(lambda: running.position == 29)
    for reader in readers:
        reader.until(lambda r: len(r.positions) == 30)
    brokers.down()
    feed.records.extend(told(60).records[30:])
    brokers.up()
    running.until(lambda: running.position == 59)
    for reader in readers:
        reader.until(lambda r: len(r.positions) == 60)
        reader.ended()
        assert sorted(reader.positions) == list(range(60))
    running.stop.set()
    running.join()
    assert running.error is None
    assert log.findings(feed) == []
    left = [t.name for t in set(threading.enumerate()) - before if "network-thread" in t.name]
    assert left == [], "a producer that was given up still looks for its broker"
    brokers.down()
