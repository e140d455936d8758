"""What SQLite's own names for its failures mean to who asked."""

import sqlite3
from pathlib import Path

import pytest

from ledger.domain.errors import LedgerError
from ledger.store.errors import StoreBusy, StoreDamaged, StoreDenied, StoreFull
from ledger.store.sqlite import translated


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SQLITE_BUSY_RECOVERY", StoreBusy),
        ("SQLITE_LOCKED_SHAREDCACHE", StoreBusy),
        ("SQLITE_PROTOCOL", StoreBusy),
        ("SQLITE_FULL", StoreFull),
        ("SQLITE_IOERR_WRITE", StoreFull),
        ("SQLITE_IOERR_READ", StoreDamaged),
        ("SQLITE_CORRUPT_INDEX", StoreDamaged),
        ("SQLITE_READONLY_DBMOVED", StoreDenied),
    ],
)
def test_a_failure_is_what_its_name_says(name: str, expected: type[LedgerError]) -> None:
    error = sqlite3.OperationalError("locking protocol")
    error.sqlite_errorname = name
    with pytest.raises(expected), translated(Path("ledger.db")):
        raise error
