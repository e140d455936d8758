"""A downstream system gets what it asks for, from where it says, as often as promised."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
import sqlalchemy as sa
from kafka import KafkaConsumer
from kafka.errors import KafkaConnectionError, KafkaTimeoutError

from consumers.client import (
    Checkpoint,
    DatabaseCheckpoints,
    EventBatch,
    EventClient,
    FromCheckpoint,
    FromPosition,
    FromTime,
    ReceivedEvent,
    SeenIds,
    SeenPositions,
)
from consumers.connection import KafkaSettings
from consumers.errors import (
    CheckpointInvalid,
    CheckpointMoved,
    EventTypeUnknown,
    KafkaUnreachable,
    StartInvalid,
    TopicGap,
)
from consumers.membership import Membership
from consumers.partitions import Start
from ledger.codec import decode, type_name
from ledger.domain.errors import UnknownDivision
from ledger.domain.events import enrollment as en
from ledger.domain.events import person as pe
from tests.histories import History, history
from tests.kafka_logs import KafkaLog, kafka_log, records_of, told, write

EVENTS = 120
WAIT_S = 60


def city() -> History:
    """Three persons in one district, three in another, with grants."""
    told = history()
    for n in range(6):
        told.person(f"p{n}", division="220202" if n < 3 else "220203")
    for month in ("2017-01", "2017-02", "2017-03"):
        for n in range(6):
            told.granted(f"p{n}", month)
    return told


@pytest.fixture(scope="module")
def log(kafka: KafkaSettings) -> KafkaLog:
    made = kafka_log(kafka)
    made.relay_once(city().feed())
    return made


def read(log: KafkaLog, **options: Any) -> list[ReceivedEvent]:
    """Everything up to the end."""
    with EventClient(log.kafka, topic=log.events, **options) as client:
        return [e for batch in client.batches(until_end=True) for e in batch.events]


def positions(events: list[ReceivedEvent]) -> list[int]:
    return sorted(e.position for e in events)


def test_all_events_come_typed_with_their_own_bytes(log: KafkaLog) -> None:
    stored = dict(city().records)
    found = read(log)
    assert {e.position: e.raw for e in found} == stored
    assert [e.event for e in found] == [decode(stored[e.position]) for e in found]


def test_a_subjects_events_come_in_order(log: KafkaLog) -> None:
    by_subject: dict[str, list[int]] = {}
    for e in read(log, batch_events=3):
        by_subject.setdefault(e.document()["subject"], []).append(e.position)
    assert len(by_subject) == 6
    assert all(found == sorted(found) for found in by_subject.values())


def test_types_and_divisions_choose(log: KafkaLog) -> None:
    granted = read(log, types=[en.SubsidyGranted])
    assert len(granted) == 18
    assert {e.type for e in granted} == {"benefits.SubsidyGranted.v1"}
    assert positions(read(log, types=["benefits.SubsidyGranted.v1"])) == positions(granted)
    registered = read(log, types=[pe.PersonRegistered], divisions=["220203"])
    assert {e.document()["subject"] for e in registered} == {"p3", "p4", "p5"}
    assert len(read(log, types=[pe.PersonRegistered], divisions=["220200"])) == 6
    assert read(log, divisions=["220203", "220300"], types=[en.SubsidyGranted]) == []


def test_what_is_passed_over_is_counted(log: KafkaLog) -> None:
    with EventClient(log.kafka, topic=log.events, types=[en.SubsidyGranted]) as client:
        for _ in client.batches(until_end=True):
            pass
    assert (client.counts.events, client.counts.filtered) == (18, 6)
    assert client.counts.value_bytes == sum(len(raw) for _, raw in city().records)
    assert set(client.counts.behind.values()) == {0}
    assert client.counts.last_recorded == decode(city().records[-1][1]).time


@pytest.mark.parametrize("position", [0, 1, 7, 23, 24, 500])
def test_reading_begins_at_a_position(log: KafkaLog, position: int) -> None:
    assert positions(read(log, start=FromPosition(position))) == list(range(position, 24))


@pytest.mark.parametrize("position", [0, 9, 23])
def test_reading_begins_at_a_recorded_time(log: KafkaLog, position: int) -> None:
    time = datetime.fromisoformat(decode(city().records[position][1]).time)
    assert positions(read(log, start=FromTime(time))) == list(range(position, 24))


def test_a_time_after_the_last_event_begins_with_what_comes_next(kafka: KafkaSettings) -> None:
    log, known = kafka_log(kafka), told(20)
    log.relay_once(known.feed())
    with EventClient(
        kafka, topic=log.events, start=FromTime(datetime(2018, 1, 1, tzinfo=UTC))
    ) as client:
        assert not [e for batch in client.batches(until_end=True) for e in batch.events]
        log.relay_once(told(25).feed())
        found = [e for batch in client.batches(until_end=True) for e in batch.events]
    assert positions(found) == list(range(20, 25))


def test_a_checkpoint_goes_on_where_it_was_made_wherever_that_is(log: KafkaLog) -> None:
    for stop_after in range(1, 12):
        first: list[ReceivedEvent] = []
        with EventClient(log.kafka, topic=log.events, batch_events=2) as client:
            for n, batch in enumerate(client.batches(until_end=True), 1):
                first += batch.events
                if n == stop_after:
                    break
            kept = client.checkpoint.encoded()
        rest = read(log, start=FromCheckpoint(Checkpoint.decoded(kept)))
        assert sorted(positions(first) + positions(rest)) == list(range(24))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"a":[1,2]}', '{"0":[1]}', '{"0":[-1,2]}', '{"0":["1",2]}']
)
def test_a_damaged_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointInvalid):
        Checkpoint.decoded(text)


def test_what_makes_no_sense_is_refused_before_anything_is_read(kafka: KafkaSettings) -> None:
    with pytest.raises(EventTypeUnknown):
        EventClient(kafka, types=["PaymentSettled"])
    with pytest.raises(UnknownDivision):
        EventClient(kafka, divisions=["22"])
    with pytest.raises(StartInvalid):
        EventClient(kafka, group="reader.x")
    with pytest.raises(StartInvalid):
        FromTime(datetime(2017, 1, 1))  # noqa: DTZ001


def test_a_type_of_a_newer_version_comes_as_bytes(kafka: KafkaSettings) -> None:
    log = kafka_log(kafka, partitions=1)
    records = city().records
    newer = records[3][1].replace(b"PersonRegistered.v1", b"PersonRegistered.v2")
    write(kafka, log.events, records_of([*records[:3], (3, newer)], 1))
    with EventClient(kafka, topic=log.events) as client:
        found = [e for batch in client.batches(until_end=True) for e in batch.events]
    last = found[-1]
    assert (last.event, last.raw, last.id) == (None, newer, "p3/1")
    assert last.type == "benefits.PersonRegistered.v2"
    assert client.counts.unknown == 1
    assert len(read(log, types=["benefits.PersonRegistered.v2"])) == 1


def test_a_missing_record_ends_the_reading(kafka: KafkaSettings) -> None:
    log = kafka_log(kafka, partitions=1)
    made = records_of(city().records, 1)
    write(kafka, log.events, made[:5] + made[6:])
    with pytest.raises(TopicGap):
        read(log)


# --- each once, in the caller's own database


class Target:
    """A database of a downstream system's, with one table of what it received."""

    def __init__(self, connect: Callable[[], Any], mark: str) -> None:
        self.connect = connect
        self.mark = mark
        with closing(connect()) as connection:
            self._run(connection, "CREATE TABLE received (position BIGINT)")
            connection.commit()

    def _run(self, connection: Any, statement: str, *values: Any) -> Any:
        if isinstance(connection, sa.Connection):
            return connection.exec_driver_sql(statement, values)
        return connection.cursor().execute(statement, values)

    def add(self, connection: Any, batch: EventBatch) -> None:
        for e in batch.events:
            self._run(connection, f"INSERT INTO received VALUES ({self.mark})", e.position)

    def received(self) -> list[int]:
        with closing(self.connect()) as connection:
            rows = self._run(connection, "SELECT position FROM received ORDER BY 1").fetchall()
        return [position for (position,) in rows]


@pytest.fixture(params=["sqlite3", "psycopg", "sqlalchemy"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "psycopg":
        url = request.getfixturevalue("make_database")()
        yield Target(lambda: psycopg.connect(url), "%s")
    elif request.param == "sqlalchemy":
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'target.sqlite'}")
        yield Target(engine.connect, "?")
        engine.dispose()
    else:
        yield Target(lambda: sqlite3.connect(tmp_path / "target.sqlite"), "?")


def load(log: KafkaLog, target: Target, *, fail_after: int | None = None, **options: Any) -> None:
    """A loader as the documentation has it; its transaction fails after so many batches."""
    checkpoints = DatabaseCheckpoints(target.connect, "loader")
    start = FromCheckpoint(checkpoints.load)
    with (
        closing(target.connect()) as connection,
        EventClient(log.kafka, topic=log.events, start=start, batch_events=3, **options) as client,
    ):
        for n, batch in enumerate(client.batches(until_end=True), 1):
            target.add(connection, batch)
            checkpoints.save(connection, batch)
            if n == fail_after:
                connection.rollback()
                raise ZeroDivisionError
            connection.commit()


def test_every_event_counts_once_wherever_a_loader_fails(log: KafkaLog, target: Target) -> None:
    for after in (1, 1, 2, 4):
        with pytest.raises(ZeroDivisionError):
            load(log, target, fail_after=after)
    load(log, target)
    assert target.received() == list(range(24))
    load(log, target)
    assert target.received() == list(range(24))


def test_a_batch_that_was_counted_is_refused(log: KafkaLog, target: Target) -> None:
    checkpoints = DatabaseCheckpoints(target.connect, "loader")
    with (
        closing(target.connect()) as connection,
        EventClient(log.kafka, topic=log.events) as client,
    ):
        batch = next(client.batches())
        checkpoints.save(connection, batch)
        connection.commit()
        with pytest.raises(CheckpointMoved):
            checkpoints.save(connection, batch)
        connection.rollback()
    assert checkpoints.load().places == batch.after
    assert DatabaseCheckpoints(target.connect, "other").load() == Checkpoint()


def test_a_table_name_is_never_more_than_a_name(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid):
        DatabaseCheckpoints(lambda: sqlite3.connect(tmp_path / "x"), "c", table="x (y); --")


def test_members_of_a_group_share_the_partitions(kafka: KafkaSettings, make_database: Any) -> None:
    log = kafka_log(kafka, partitions=4)
    log.relay_once(told(EVENTS).feed(), limits=None)
    url = make_database()
    target = Target(lambda: psycopg.connect(url), "%s")
    DatabaseCheckpoints(target.connect, "loader")
    failed: list[BaseException] = []

    def member() -> None:
        try:
            load(log, target, group=f"reader.{log.name}")
        except BaseException as error:
            failed.append(error)

    members = [threading.Thread(target=member) for _ in range(2)]
    for thread in members:
        thread.start()
    for thread in members:
        thread.join(WAIT_S)
        assert not thread.is_alive()
    assert not failed
    assert target.received() == list(range(EVENTS))


# --- brokers that are away


class Failing(NamedTuple):
    """A method that fails some times, after it went well some times."""

    owner: type
    name: str
    error: Exception
    well: int
    times: int

    def install(self, patch: pytest.MonkeyPatch) -> None:
        method, calls = getattr(self.owner, self.name), count()

        def failing(*given: Any, **named: Any) -> Any:
            if self.well <= next(calls) < self.well + self.times:
                raise self.error
            return method(*given, **named)

        patch.setattr(self.owner, self.name, failing)


REFUSED, LATE = KafkaConnectionError("refused"), KafkaTimeoutError("late")


@pytest.mark.parametrize(
    ("failing", "interruptions"),
    [
        (Failing(KafkaConsumer, "position", REFUSED, 2, 1), 0),
        (Failing(KafkaConsumer, "poll", REFUSED, 2, 1), 0),
        (Failing(KafkaConsumer, "position", REFUSED, 2, 5), 1),
        (Failing(KafkaConsumer, "end_offsets", LATE, 1, 2), 2),
    ],
)
def test_brokers_that_are_away_are_waited_for_and_nothing_is_lost(
    log: KafkaLog, failing: Failing, interruptions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.install(monkeypatch)
    with EventClient(log.kafka, topic=log.events, batch_events=3) as client:
        found = [e.position for batch in client.batches(until_end=True) for e in batch.events]
    assert sorted(found) == list(range(24))
    assert client.counts.interruptions == interruptions
    assert (client.counts.interrupted_by is not None) is (interruptions > 0)


def test_a_member_that_was_thrown_out_joins_anew(
    kafka: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = kafka_log(kafka)
    log.relay_once(city().feed())
    target = Target(lambda: sqlite3.connect(tmp_path / "target.sqlite"), "?")
    Failing(Membership, "_consumer", REFUSED, 0, 1).install(monkeypatch)
    load(log, target, group=f"reader.{log.name}")
    assert target.received() == list(range(24))


def test_brokers_that_stay_away_end_a_reading_that_is_to_end(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.backoff.BACKOFF_S", 0.001)
    Failing(KafkaConsumer, "end_offsets", LATE, 1, 10_000).install(monkeypatch)
    with (
        EventClient(log.kafka, topic=log.events) as client,
        pytest.raises(KafkaUnreachable, match="late"),
    ):
        list(client.batches(until_end=True))


# --- telling what was seen


def test_events_that_come_again_are_known_by_position_and_by_id(log: KafkaLog) -> None:
    events = read(log)
    by_position, by_id = SeenPositions(), SeenIds()
    for seen in (by_position, by_id):
        assert all(seen.first_time(e) for e in events)
        assert not any(seen.first_time(e) for e in events)
    assert by_position.last == {
        p: max(e.position for e in events if e.partition == p)
        for p in {e.partition for e in events}
    }
    again = SeenPositions({e.partition: e.position for e in events[:-1]})
    assert [e for e in events if again.first_time(e)] == events[-1:]


def test_only_so_many_ids_are_remembered(log: KafkaLog) -> None:
    events, seen = read(log), SeenIds(capacity=10)
    assert all(seen.first_time(e) for e in events)
    assert len(seen) == 10
    assert not any(seen.first_time(e) for e in events[-10:])
    assert seen.first_time(events[0])


def test_a_start_that_is_stored_keeps_an_unknown_last_position(tmp_path: Path) -> None:
    kept = Checkpoint({0: Start(7, None), 1: Start(9, 4)})
    assert Checkpoint.decoded(kept.encoded()) == kept
    assert kept.encoded() == '{"0":[7,null],"1":[9,4]}'
    assert kept.moved_on({1: Start(11, 6)}).places == {0: Start(7, None), 1: Start(11, 6)}
    assert type_name(city().records[0][1]) == b"benefits.PersonRegistered.v1"
