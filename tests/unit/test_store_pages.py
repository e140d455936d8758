"""The pages of a store's file: ours in a new one, and whatever one has that is there already."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ledger.store.sqlite import CHECKPOINT_PAGES, PAGE_BYTES, SQLiteStore
from tests.ledgers import City, close, make_ledger


def page_bytes(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        size: int = connection.execute("PRAGMA page_size").fetchone()[0]
    return size


def with_smaller_pages(path: Path) -> None:
    """The same rows in a file like those made before pages had a size of ours."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for step in (
            "PRAGMA journal_mode=DELETE",
            "PRAGMA page_size=4096",
            "VACUUM",
            "PRAGMA journal_mode=WAL",
        ):
            connection.execute(step)


def test_a_new_store_has_pages_of_its_own_size(tmp_path: Path) -> None:
    SQLiteStore(tmp_path / "new.db").close()
    assert page_bytes(tmp_path / "new.db") == PAGE_BYTES


def test_a_file_that_its_maker_left_empty_gets_them_too(tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    SQLiteStore(tmp_path / "new.db").close()
    assert page_bytes(tmp_path / "new.db") == PAGE_BYTES


def test_the_write_ahead_log_is_short_from_the_first_event_on(tmp_path: Path) -> None:
    """SQLite's own number of pages is of pages half as large."""
    ledger = make_ledger(tmp_path)
    City(ledger).register(certified=False)
    assert isinstance(ledger.store, SQLiteStore)
    asked = ledger.store._connection.execute("PRAGMA wal_autocheckpoint")
    assert asked.fetchone() == (CHECKPOINT_PAGES,)
    close(ledger)


def test_an_older_file_keeps_its_pages_and_is_written_on(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    path = tmp_path / "home" / "ledger.db"
    before = [row.state for row in ledger.store.scan()]
    ledger.store.close()
    with_smaller_pages(path)
    ledger.store = SQLiteStore(path)
    assert page_bytes(path) == 4096
    assert [row.state for row in ledger.store.scan()] == before
    city = City(ledger)
    person = city.register(certified=False)
    assert city.told(person) == ["PersonRegistered"]
    close(ledger)
