"""What a worker waits for, what it survives, and what ends it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from kafka import KafkaConsumer
from kafka.errors import KafkaConnectionError

from consumers.adoption import adopt
from consumers.connection import KafkaSettings
from consumers.errors import TopicStalled, WorkerInterrupted
from consumers.offsets import end_offsets
from consumers.rebuild import Rebuild
from consumers.worker import Worker
from consumers.worker_observer import Unobserved
from ledger.domain.errors import LedgerError
from ledger.store.errors import StoreBusy, StoreFull, StoreUnreachable
from projections import connecting
from projections import partition as partition_fold
from projections.database import BULK_ROWS, ViewDatabase
from projections.digest import digest_of
from projections.engine import Projector
from projections.generations import GENERATIONS
from projections.places import PLACES, Place, hold
from projections.view import View
from projections.views import ALL_VIEWS
from projections.views.registry import Registry
from tests.histories import History, ListFeed, history
from tests.integration.test_client import Failing
from tests.kafka_logs import KafkaLog, kafka_log
from tests.view_databases import until_someone_waits

VIEWS = {view.name: view for view in ALL_VIEWS}


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    """A new view database on PostgreSQL, as SQLAlchemy has it."""
    return make_database().replace("postgresql://", "postgresql+psycopg://", 1)


def people(count: int, events: int) -> History:
    """So many people, each with as many events, one after another."""
    told = history()
    for n in range(count):
        told.person(f"p{n}")
    for turn in range(events - 1):
        for n in range(count):
            told.account(f"p{n}", f"a{turn}")
    return told


def same_views(url: str, told: ListFeed) -> bool:
    """Whether the views are those of one clean fold."""
    whole = Projector("sqlite://", told)
    whole.catch_up()
    expected = {name: d.digest for name, d in whole.digests().items()}
    database = ViewDatabase(url)
    with database.read() as connection:
        live = database.live(connection)
        found = {v.name: digest_of(database, connection, v, live[v.name]) for v in ALL_VIEWS}
    database.close()
    return {name: d.digest for name, d in found.items()} == expected


class Watched(Unobserved):
    """Remembers what interrupted a worker; may do something at its first flush."""

    def __init__(self, at_first: Callable[[], None] = lambda: None) -> None:
        self.interruptions: list[LedgerError] = []
        self._at_first: Callable[[], None] | None = at_first

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        self.interruptions.append(error)

    def flushed(self, partition: int, events: int, place: Place, seconds: float) -> None:
        at_first, self._at_first = self._at_first, None
        if at_first is not None:
            at_first()


def fold(log: KafkaLog, database: ViewDatabase, **options: Any) -> Watched:
    """One worker, to the end."""
    watched = options.setdefault("observer", Watched())
    worker = Worker(log.kafka, database, topic=log.events, group=log.name, **options)
    try:
        worker.run(threading.Event(), until_end=True)
    finally:
        database.close()
    return watched


class Away(ViewDatabase):
    """Cannot be written by workers some times, after the first."""

    times = 0
    asked = 0

    @contextmanager
    def share(self) -> Iterator[sa.Connection]:
        self.asked += 1
        if 1 < self.asked <= 1 + self.times:
            raise StoreUnreachable(reason="as a test has it")
        with super().share() as connection:
            yield connection


def test_a_database_that_is_away_is_waited_for(kafka: KafkaSettings, url: str) -> None:
    told = people(30, 4)
    log = kafka_log(kafka, partitions=1)
    log.relay_once(told.feed())
    database = Away(url)
    database.times, database.asked = 2, 1
    watched = fold(log, database, flush_events=20)
    assert [type(error) for error in watched.interruptions] == [StoreUnreachable] * 2
    assert same_views(url, told.feed())


def test_one_that_goes_when_some_partitions_are_written_is_waited_for(
    kafka: KafkaSettings, url: str
) -> None:
    """Partitions are written side by side, so one interruption may be of several."""
    told = people(30, 4)
    log = kafka_log(kafka)
    log.relay_once(told.feed())
    database = Away(url)
    database.times = 2
    watched = fold(log, database, flush_events=20)
    assert {type(error) for error in watched.interruptions} == {StoreUnreachable}
    assert same_views(url, told.feed())


def test_one_that_stays_away_ends_a_worker_that_is_to_end(
    kafka: KafkaSettings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.backoff.BACKOFF_MAX_S", 0.01)
    monkeypatch.setattr("consumers.worker.ATTEMPTS", 3)
    log = kafka_log(kafka)
    log.relay_once(people(5, 2).feed())
    database = Away(url)
    database.times = 1_000_000
    database.asked = 1
    with pytest.raises(StoreUnreachable):
        fold(log, database)


def test_more_partitions_than_connections(kafka: KafkaSettings, url: str) -> None:
    """The second worker finds rows of the first in every partition, and reads them."""
    told = people(200, 3)
    log = kafka_log(kafka, partitions=24)
    log.relay_once(ListFeed(told.records[:300]), limits=None)
    fold(log, ViewDatabase(url))
    log.relay_once(told.feed(), limits=None)
    assert fold(log, ViewDatabase(url)).interruptions == []
    assert same_views(url, told.feed())


def test_tables_that_a_rebuild_dropped_are_those_of_the_past(
    kafka: KafkaSettings, url: str
) -> None:
    """The worker asks for rows of the generation it knew; the next one has them."""
    told = people(200, 3)
    log = kafka_log(kafka, partitions=2)
    log.relay_once(ListFeed(told.records[:300]), limits=None)
    fold(log, ViewDatabase(url))  # so that the next one has rows to read
    log.relay_once(ListFeed(told.records[:400]), limits=None)

    def switch() -> None:
        with closing(ViewDatabase(url)) as database:
            Rebuild(kafka, database, ALL_VIEWS, topic=log.events).run()
        log.relay_once(told.feed(), limits=None)

    stop = threading.Event()
    database = ViewDatabase(url)
    worker = Worker(log.kafka, database, topic=log.events, group=log.name, observer=Watched(switch))
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 60
    while not same_views(url, told.feed()) and time.monotonic() < deadline:
        time.sleep(0.2)
    alive = thread.is_alive()
    stop.set()
    thread.join(60)
    database.close()
    assert alive
    assert same_views(url, told.feed())


def test_a_rebuild_waits_for_brokers_that_are_away(
    kafka: KafkaSettings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = people(20, 2)
    log = kafka_log(kafka, partitions=1)
    log.relay_once(told.feed(), limits=None)
    Failing(KafkaConsumer, "position", KafkaConnectionError("refused"), 1, 7).install(monkeypatch)
    with closing(ViewDatabase(url)) as database:
        Rebuild(kafka, database, ALL_VIEWS, topic=log.events).run()
    assert same_views(url, told.feed())


def test_a_rebuild_is_not_lost_to_a_worker_that_reads_what_it_replaces(
    kafka: KafkaSettings, url: str
) -> None:
    """Each holds a table and then asks for one of the other's; by then it has switched."""
    told = people(20, 2)
    log = kafka_log(kafka, partitions=1)
    log.relay_once(told.feed(), limits=None)
    fold(log, ViewDatabase(url))
    working, rebuilding = ViewDatabase(url), ViewDatabase(url)
    first, *_, last = [name for view in ALL_VIEWS for name in _tables(working, view)]
    rebuild = Rebuild(kafka, rebuilding, ALL_VIEWS, topic=log.events)
    with ThreadPoolExecutor(1) as thread:
        with working.read() as connection:
            connection.exec_driver_sql(f"SELECT count(*) FROM {last}")
            rebuilt = thread.submit(rebuild.run)
            until_someone_waits(working)
            with pytest.raises(sa.exc.ProgrammingError, match="does not exist"):
                connection.exec_driver_sql(f"SELECT count(*) FROM {first}")
        assert all(one.same for one in rebuilt.result(60))
    with working.read() as connection:
        assert all(g.live for g in working.generations(connection))
        assert not {first, last} & set(sa.inspect(connection).get_table_names())
    working.close()
    rebuilding.close()
    assert same_views(url, told.feed())


def _tables(database: ViewDatabase, view: type[View]) -> list[str]:
    with database.read() as connection:
        return database.live(connection)[view.name].tables.split()


def test_a_generation_that_is_dropped_while_all_are_looked_at_is_no_error(url: str) -> None:
    """What a rebuild that died left behind is dropped by the next one, beside whoever looks."""
    looking, rebuilding = ViewDatabase(url), ViewDatabase(url)
    adopt(looking, VIEWS, 1)
    with rebuilding.write() as connection:
        left = [
            rebuilding.create(connection, v.name, v.version, v.tables, live=False, partitions=1)
            for v in ALL_VIEWS
        ]

    @sa.event.listens_for(looking.engine, "after_cursor_execute")
    def _drop(*event: Any) -> None:
        if left and GENERATIONS.name in event[2]:
            with rebuilding.write() as connection:
                while left:
                    rebuilding.drop(connection, left.pop())

    with looking.share() as connection:
        found = looking.live(connection)
    assert not left
    assert found.keys() == VIEWS.keys()
    looking.close()
    rebuilding.close()


def test_all_places_moved_at_once_are_taken_up_again(kafka: KafkaSettings, url: str) -> None:
    """As a rebuild's switch moves them, of however many partitions."""
    told = people(200, 5)
    log = kafka_log(kafka, partitions=24)
    log.relay_once(told.feed(), limits=None)
    elsewhere = ViewDatabase(url)

    def move() -> None:
        with elsewhere.write() as connection:
            connection.execute(sa.update(PLACES).values(epoch=1))

    assert fold(log, ViewDatabase(url), observer=Watched(move)).interruptions == []
    elsewhere.close()
    assert same_views(url, told.feed())


def test_who_finds_a_place_moved_again_and_again_joins_anew(
    kafka: KafkaSettings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = people(20, 3)
    log = kafka_log(kafka, partitions=1)
    log.relay_once(told.feed())
    times = iter(range(4))

    def elsewhere(*arguments: Any) -> set[Place | None]:
        return {None} if next(times, None) is not None else hold(*arguments)

    monkeypatch.setattr(partition_fold, "hold", elsewhere)
    monkeypatch.setattr("consumers.worker._MOVED_TIMES", 3)
    watched = fold(log, ViewDatabase(url))
    assert [type(error) for error in watched.interruptions] == [WorkerInterrupted]
    assert same_views(url, told.feed())


def test_a_connection_that_broke_while_reading_is_told_to_who_reads_next(
    url: str, make_database: Callable[[], str]
) -> None:
    told = people(3, 1)
    database = ViewDatabase(url)
    adopt(database, VIEWS, 1)
    with database.read() as connection:
        members = list(database.live(connection).values())
    fold = partition_fold.PartitionFold(database, VIEWS, members, 0, Place(count=1))
    fold._rows._reader._connection().exec_driver_sql("SELECT 1")
    with psycopg.connect(make_database(), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [sa.make_url(url).database],
        )
    fold.close()
    record = partition_fold.PartitionRecord(0, 0, -1, told.records[0][1])
    assert fold.apply([record], 1) == 1
    database.close()


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(("ending", "expected"), [(True, StoreUnreachable), (False, StoreFull)])
def test_what_fails_while_rows_are_taken_in_bulk_is_told_as_of_any_statement(
    url: str, make_database: Callable[[], str], new: bool, ending: bool, expected: type[Exception]
) -> None:
    """They go past SQLAlchemy, and so do the driver's errors."""
    database = ViewDatabase(url)
    adopt(database, VIEWS, 1)
    with database.read() as connection:
        generation = database.live(connection)[Registry.name].generation
    at = database.statements(Registry.tables[0], generation)

    class Rows(list[Any]):
        """Before the first of them is taken, the server ends the connection or has no room."""

        def __iter__(self) -> Iterator[Any]:
            if not ending:
                raise psycopg.errors.DiskFull("no room")
            with psycopg.connect(make_database(), autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = %s",
                    [sa.make_url(url).database],
                )
            return super().__iter__()

    rows = Rows([(None,) * len(at.layout.names)] * BULK_ROWS)
    with pytest.raises(expected), database.share() as connection:
        database.put(connection, at, rows, new=new)
    database.close()


def test_a_writer_that_stands_still_lets_the_others_go_on(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was frozen in a transaction holds places, and sums that all add to."""
    monkeypatch.setattr(connecting, "STANDING_S", 1)
    frozen, other = ViewDatabase(url), ViewDatabase(url)
    adopt(other, VIEWS, 1)
    with other.read() as connection:
        members = list(other.live(connection).values())

    def stand_still() -> None:
        with frozen.share() as connection:
            hold(connection, members, 0)
            with other.share() as second:
                assert hold(second, members, 0) == [Place()] * len(members)

    with pytest.raises(StoreUnreachable):
        stand_still()
    frozen.close()
    other.close()


def test_a_pool_without_a_connection_is_a_database_in_use() -> None:
    with pytest.raises(StoreBusy), connecting.translated():
        raise sa.exc.TimeoutError("no connection")


def test_brokers_that_know_of_no_partition_are_not_a_topic_without(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metadata may be missing for a moment; taken for an empty topic."""
    log = kafka_log(kafka)
    monkeypatch.setattr("kafka.KafkaConsumer.partitions_for_topic", lambda *_: None)
    with pytest.raises(TopicStalled):
        end_offsets(kafka, log.events)
