"""The event store on PostgreSQL: how its tables come about, and who commits first."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from ledger.log.sequencer import Sequencer
from ledger.store import migrations as mg
from ledger.store.connecting import APP, OWNER, connect
from ledger.store.errors import MigrationChanged, StoreBusy, StoreNewer, StoreOutdated
from ledger.store.postgres import PostgresStore
from tests.postgres_stores import INSERT, LOCK, as_role, store
from tests.store_conformance import KEY, NOON, at, people

__all__ = ["store"]


# --- migrations


def test_a_new_database_gets_every_migration_once(make_database: Callable[[], str]) -> None:
    url = make_database()
    with pytest.raises(StoreOutdated):
        PostgresStore(url)
    assert mg.migrate(url) == len(mg.migrations())
    assert mg.migrate(url) == 0
    PostgresStore(url).close()


def test_processes_that_migrate_at_once_do_it_once(make_database: Callable[[], str]) -> None:
    url = make_database()
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(mg.migrate, [url] * 4)) == [0, 0, 0, len(mg.migrations())]


def test_a_database_of_a_newer_version_is_refused(ledger_url: str) -> None:
    with as_role(ledger_url, OWNER) as connection:
        connection.execute("INSERT INTO migrations VALUES (9000, '9000_later.sql', 'd')")
    for opening in (PostgresStore, mg.migrate):
        with pytest.raises(StoreNewer) as error:
            opening(ledger_url)
        assert (error.value.code, error.value.exit_code) == ("store-newer", 4)
        assert error.value.fields["found"] == 9000


def test_a_migration_that_reads_otherwise_than_it_did_is_refused(ledger_url: str) -> None:
    with as_role(ledger_url, OWNER) as connection:
        connection.execute("UPDATE migrations SET digest = 'another' WHERE number = 1")
    for opening in (PostgresStore, mg.migrate):
        with pytest.raises(MigrationChanged):
            opening(ledger_url)


def test_a_migration_that_fails_leaves_nothing(
    make_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database()
    broken = mg.Migration(2, "0002_broken.sql", "CREATE TABLE t (a int); SELECT 1/0", "d")
    sound = mg.migrations()
    monkeypatch.setattr(mg, "migrations", lambda: [*sound, broken])
    with pytest.raises(psycopg.errors.DivisionByZero):
        mg.migrate(url)
    with connect(url) as connection:
        assert connection.execute("SELECT to_regclass('ledger.migrations')").fetchone() == (None,)


def test_a_log_is_claimed_by_another_home_only_while_it_is_empty(
    store: PostgresStore, ledger_url: str
) -> None:
    assert mg.claim(ledger_url, "first") == "first"
    assert mg.claim(ledger_url, "second") == "second"
    store.append(people("p1"))
    assert mg.claim(ledger_url, "third") == "second"


# --- numbers and who commits first


def test_no_event_is_passed_over_that_was_numbered_before_and_commits_after(
    store: PostgresStore, ledger_url: str
) -> None:
    """A writer holds the lowest number and hesitates; another writes; the first one rolls back.

    Without the lock the second event would get position 0 while the number before it is open.
    """
    holding, finish = threading.Event(), threading.Event()

    def hesitating() -> None:
        with as_role(ledger_url, APP) as connection, connection.transaction(force_rollback=True):
            connection.execute(LOCK)
            connection.execute(INSERT)
            holding.set()
            assert finish.wait(30)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(hesitating)
        assert holding.wait(30)
        second = pool.submit(store.append, at(people("p1"), NOON))
        with pytest.raises(TimeoutError):
            second.result(timeout=0.3)
        assert Sequencer(store).advance() == 0
        finish.set()
        for done in (first, second):
            done.result(timeout=30)
    assert Sequencer(store).advance() == 1
    (run,) = Sequencer(store).runs()
    assert (run.first_position, run.length) == (0, 1)
    assert run.first_notification > 1, "the number that was rolled back is left out"


def test_the_sequencer_waits_even_for_a_writer_that_took_no_lock(
    store: PostgresStore, ledger_url: str
) -> None:
    store.append(at(people("p1"), NOON))
    with ThreadPoolExecutor(1) as pool:
        with as_role(ledger_url, APP) as connection, connection.transaction():
            connection.execute(INSERT)
            sequencing = pool.submit(Sequencer(store).advance)
            with pytest.raises(TimeoutError):
                sequencing.result(timeout=0.3)
        assert sequencing.result(timeout=30) == 2


def test_a_lock_that_is_not_to_be_had_is_told(ledger_url: str) -> None:
    store = PostgresStore(ledger_url, lock_timeout_s=1)
    with as_role(ledger_url, APP) as connection, connection.transaction():
        connection.execute(LOCK)
        with pytest.raises(StoreBusy) as error:
            store.append(people("p1"), command=KEY)
    assert error.value.exit_code == 4
    store.append(people("p1"), command=KEY)
    store.close()
