"""Both event stores keep the same promises, and so do the library's own on the recorders we use."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import ConnectionPoolClosedError
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from ledger.log.feed import Feed
from ledger.log.store_feed import StoreFeed
from ledger.store.postgres import PostgresStore
from ledger.store.sqlite import SQLiteStore
from ledger.store.store import Store
from tests.feed_conformance import FeedConformance, MakeFeed
from tests.store_conformance import OpenStore, StoreConformance, moves, new
from tests.tree_conformance import TreeConformance

Opening = Callable[[], OpenStore]
READERS_S = 30.0


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Callable[[Callable[[int], OpenStore]], OpenStore]]:
    """Gives what opens stores of a new log, and closes all that were opened."""
    opened: list[Store] = []
    number = count()

    def new_log(make: Callable[[int], OpenStore]) -> OpenStore:
        open_one = make(next(number))

        def remembered() -> Store:
            opened.append(open_one())
            return opened[-1]

        return remembered

    yield new_log
    # The library's test ends without its readers: one that is still at it would read from a
    # connection that is being closed.
    for thread in threading.enumerate():
        if thread.name.endswith("(read_continuously)"):
            thread.join(READERS_S)
            assert not thread.is_alive()
    for store in opened:
        store.close()


@pytest.fixture
def sqlite_log(logs: Any, tmp_path: Path) -> Opening:
    return lambda: logs(lambda n: lambda: SQLiteStore(tmp_path / f"{n}.db"))


@pytest.fixture
def postgres_log(logs: Any, new_ledger_url: Callable[[], str]) -> Opening:
    def make() -> OpenStore:
        url = new_ledger_url()
        return logs(lambda _: lambda: PostgresStore(url))

    return make


class TestSQLiteStore(StoreConformance, TreeConformance):
    @pytest.fixture
    def open_store(self, sqlite_log: Opening) -> OpenStore:
        return sqlite_log()

    def test_closing_waits_for_a_batch_that_is_being_read(self, open_store: OpenStore) -> None:
        """A thread reads ahead; a connection that is closed under it would end the process."""
        open_store().append(moves("p1", 3_000))
        for _ in range(10):
            store, begun = open_store(), threading.Event()

            def read(store: Store = store, begun: threading.Event = begun) -> int:
                begun.set()
                return len(store.states(1, 3_000))

            with ThreadPoolExecutor(1) as reader:
                reading = reader.submit(read)
                assert begun.wait(30)
                store.close()
                with suppress(ConnectionPoolClosedError):  # closed before the reading began
                    assert reading.result() == 3_000


class TestPostgresStore(StoreConformance, TreeConformance):
    @pytest.fixture
    def open_store(self, postgres_log: Opening) -> OpenStore:
        return postgres_log()

    def lose_a_number(self, store: Store) -> None:
        assert isinstance(store, PostgresStore)
        statement = (
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
            "VALUES ('lost', 1, 'lost', '')"
        )
        with (
            store.recorder.datastore.get_connection() as connection,
            connection.transaction(force_rollback=True),
        ):
            connection.execute(statement)

    def ends(self, store: Store) -> list[int]:
        return [150, 300, 450]


class OverAStore(FeedConformance):
    """A feed over a store that holds given events."""

    opening: str

    @pytest.fixture
    def make_feed(self, request: pytest.FixtureRequest) -> MakeFeed:
        opening: Opening = request.getfixturevalue(self.opening)

        def make(events: list[bytes]) -> Feed:
            store = opening()()
            for start in range(0, len(events), 10):
                store.append(new(list(enumerate(events[start : start + 10]))))
            return StoreFeed(store, batch_size=7)

        return make


class TestFeedOverSQLite(OverAStore):
    opening = "sqlite_log"


class TestFeedOverPostgres(OverAStore):
    opening = "postgres_log"


# --- the library's own claims


class Text:
    """Stream ids are text here."""

    def new_originator_id(self) -> str:
        return str(uuid4())


class OnSQLite(Text):
    @pytest.fixture(autouse=True)
    def _store(self, sqlite_log: Opening) -> None:
        self.open_store = sqlite_log()

    def create_recorder(self) -> Any:
        return self.open_store().recorder  # type: ignore[attr-defined]


class OnPostgres(Text):
    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = False

    @pytest.fixture(autouse=True)
    def _store(self, postgres_log: Opening) -> None:
        self.open_store = postgres_log()

    def create_recorder(self) -> Any:
        return self.open_store().recorder  # type: ignore[attr-defined]


class TestSQLiteAsApplicationRecorder(OnSQLite, ApplicationRecorderTestCase[Any]):
    pass


class TestSQLiteNumbersInCommitOrder(OnSQLite, NonInterleavingNotificationIDsBaseCase):
    pass


class TestPostgresAsApplicationRecorder(OnPostgres, ApplicationRecorderTestCase[Any]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestPostgresNumbersInCommitOrder(OnPostgres, NonInterleavingNotificationIDsBaseCase):
    pass
