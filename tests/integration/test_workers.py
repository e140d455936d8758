"""Workers share a log's partitions and leave the views that one clean fold leaves."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from consumers.connection import KafkaSettings
from consumers.partitions import PartitionReader
from consumers.rebuild import Rebuild
from consumers.worker import Worker
from ops.home import Home, opened
from projections import places
from projections.database import ViewDatabase
from projections.digest import digest_of
from projections.engine import Projector
from projections.view import View
from projections.views import ALL_VIEWS
from tests.brittle import Brittle, suspensions
from tests.histories import ListFeed
from tests.kafka_logs import KafkaLog, kafka_log

SETTLE_S = 120.0


@pytest.fixture(scope="module")
def home(city: Path) -> Iterator[Home]:
    """A small city's year."""
    with opened(city) as home:
        yield home


@pytest.fixture(scope="module")
def log(home: Home, kafka: KafkaSettings) -> KafkaLog:
    """The city's log on Kafka."""
    made = kafka_log(kafka, partitions=6)
    made.relay_once(home.feed, limits=None)
    return made


@pytest.fixture
def database_url(make_database: Callable[[], str]) -> str:
    """A new view database on PostgreSQL, as SQLAlchemy has it."""
    return make_database().replace("postgresql://", "postgresql+psycopg://", 1)


class Work:
    """A worker, with a database of its own that is given back when it ends."""

    def __init__(self, log: KafkaLog, url: str, **options: Any) -> None:
        self._log, self._url, self._options = log, url, options

    def run(self, stop: threading.Event, *, until_end: bool = False) -> None:
        log = self._log
        with closing(ViewDatabase(self._url)) as database:
            Worker(log.kafka, database, topic=log.events, group=log.name, **self._options).run(
                stop, until_end=until_end
            )


def work(workers: Sequence[Work]) -> None:
    """Each in a thread of its own, until everything is folded."""
    failed: list[BaseException] = []

    def run(one: Work) -> None:
        try:
            one.run(threading.Event(), until_end=True)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SETTLE_S)
        assert not thread.is_alive()
    if failed:
        raise failed[0]


def digests(url: str, views: Sequence[type[View]] = ALL_VIEWS) -> dict[str, str]:
    database = ViewDatabase(url)
    with database.read() as connection:
        live = database.live(connection)
        found = {v.name: digest_of(database, connection, v, live[v.name]).digest for v in views}
    database.close()
    return found


def clean(projector: Projector) -> dict[str, str]:
    return {name: d.digest for name, d in projector.digests().items()}


def test_two_workers_leave_what_one_clean_fold_leaves(
    home: Home, log: KafkaLog, database_url: str
) -> None:
    work([Work(log, database_url), Work(log, database_url)])
    assert digests(database_url) == clean(home.projector)


def test_a_worker_that_flushes_and_forgets_often_leaves_the_same(
    home: Home, log: KafkaLog, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.worker.ROWS_IN_MEMORY", 500)
    work([Work(log, database_url, flush_events=700)])
    assert digests(database_url) == clean(home.projector)


@pytest.fixture
def far_behind(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[int]]:
    """As if every partition had a long way to go; what was read at a time, in turn."""
    monkeypatch.setattr("consumers.waiting.FAR", 1_000)
    monkeypatch.setattr("consumers.waiting.POLL_RECORDS", 100)
    poll, only = PartitionReader.poll, PartitionReader.only
    read: list[frozenset[int]] = []

    def told(reader: PartitionReader, partitions: Iterable[int]) -> None:
        only(reader, partitions)
        read.append(reader.reading)

    monkeypatch.setattr(PartitionReader, "poll", lambda reader, wait_s: poll(reader, wait_s, 100))
    monkeypatch.setattr(PartitionReader, "only", told)
    return read


def test_a_worker_far_behind_reads_one_partition_after_the_other(
    home: Home, log: KafkaLog, database_url: str, far_behind: list[frozenset[int]]
) -> None:
    work([Work(log, database_url)])
    assert digests(database_url) == clean(home.projector)
    alone = [reading for reading in far_behind if len(reading) == 1]
    assert len(alone) == len(set(alone)) == 6


def test_workers_far_behind_leave_what_one_clean_fold_leaves(
    home: Home, log: KafkaLog, database_url: str, far_behind: list[frozenset[int]]
) -> None:
    work([Work(log, database_url, flush_events=700), Work(log, database_url)])
    assert digests(database_url) == clean(home.projector)
    assert any(len(reading) == 1 for reading in far_behind)


def test_a_rebuild_beside_live_workers_loses_and_doubles_nothing(
    home: Home, kafka: KafkaSettings, database_url: str
) -> None:
    end = home.feed.end()
    records = [r for batch in home.feed.read(0) for r in batch]
    grown = ListFeed(records[: end // 2], batch=1_000)
    log = kafka_log(kafka, partitions=4)
    log.relay_once(grown, limits=None)
    stop = threading.Event()
    failed: list[BaseException] = []

    def live() -> None:
        try:
            Work(log, database_url, flush_events=500).run(stop)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=live) for _ in range(2)]
    for thread in threads:
        thread.start()
    work([Work(log, database_url)])
    grown.records = records
    relaying = threading.Thread(target=log.relay_once, args=(grown,), kwargs={"limits": None})
    relaying.start()
    with closing(ViewDatabase(database_url)) as database:
        rebuilt = Rebuild(kafka, database, ALL_VIEWS, topic=log.events).run()
    relaying.join(SETTLE_S)
    assert {r.view for r in rebuilt} == {v.name for v in ALL_VIEWS}
    assert all(r.same for r in rebuilt)
    work([Work(log, database_url)])
    stop.set()
    for thread in threads:
        thread.join(SETTLE_S)
    assert not failed
    assert digests(database_url) == clean(home.projector)


def test_what_a_view_cannot_process_stops_that_view_for_that_subject_alone(
    kafka: KafkaSettings, database_url: str
) -> None:
    told = suspensions()
    log = kafka_log(kafka, partitions=3)
    log.relay_once(told.feed())
    views = [*ALL_VIEWS, Brittle]
    work([Work(log, database_url, views=views)])
    database = ViewDatabase(database_url)
    with database.read() as connection:
        live = database.live(connection)
        waiting = places.parked(connection, live.values())
    for subject in ("p0", "p3", "p6"):
        events = [e for e in waiting if e.subject == subject]
        assert [e.view for e in events] == ["brittle"] * 3
        assert [e.reason is not None for e in events] == [True, False, False]
        assert [e.position for e in events] == sorted(e.position for e in events)
    assert len(waiting) == 9
    with closing(Projector(database_url, told.feed(), views)) as projector:
        rows = projector.rows("seen")
    assert {r.subject: r.steps for r in rows} == {f"p{n}": 1 if n % 3 == 0 else 2 for n in range(8)}
    whole = Projector("sqlite://", told.feed())
    whole.catch_up()
    assert digests(database_url) == clean(whole)
    database.close()
