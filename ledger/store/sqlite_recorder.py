"""How events get into SQLite: the eventsourcing library's recorder, taught what a ledger needs.

Adds that versions of streams that a decision only read are checked in the transaction that stores
its events, that the command's idempotency key is stored in that transaction too, and that many
events go in with one statement.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from ledger import codec
from ledger.store.heads import SQLITE_TABLES
from ledger.store.mapper import NewEvent
from ledger.store.store import Checks, Conflict, StoredRow, in_time

LAST = "SELECT state FROM stored_events ORDER BY rowid DESC LIMIT 1"


class LedgerRecorder(SQLiteApplicationRecorder):
    """The library's recorder with read checks, idempotency keys and set-wise insertion."""

    def construct_create_table_statements(self) -> list[str]:
        return [
            *super().construct_create_table_statements(),
            "CREATE TABLE IF NOT EXISTS commands "
            "(key TEXT PRIMARY KEY, digest TEXT NOT NULL, result BLOB NOT NULL) WITHOUT ROWID",
            "CREATE TABLE IF NOT EXISTS sequence "
            "(first_position INTEGER PRIMARY KEY, first_notification INTEGER NOT NULL, "
            "length INTEGER NOT NULL)",
            "CREATE TABLE IF NOT EXISTS tiles (level INTEGER NOT NULL, number INTEGER NOT NULL, "
            "hashes BLOB NOT NULL, PRIMARY KEY (level, number)) WITHOUT ROWID",
            *SQLITE_TABLES,
        ]

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any
    ) -> Sequence[int]:
        """Without any check: what the library itself stores; see :meth:`insert_checked`."""
        c.executemany(self.insert_events_statement, [_columns(s) for s in stored_events])
        c.execute("SELECT MAX(rowid) FROM stored_events")
        last = c.fetchone()[0] or 0
        return list(range(last - len(stored_events) + 1, last + 1))

    def insert_checked(self, c: sqlite3.Cursor, events: Sequence[NewEvent], checks: Checks) -> None:
        """What :meth:`~ledger.store.store.Store.append` stores, under the write lock.

        Raises :class:`Conflict`.
        """
        if checks.command is not None:
            try:
                c.execute("INSERT INTO commands VALUES (?,?,?)", checks.command)
            except sqlite3.IntegrityError as error:  # the key was used since it was looked for
                raise Conflict([]) from error
        rows = in_time(events, time_of(c.execute(LAST).fetchone()))
        try:
            c.executemany(self.insert_events_statement, rows)
        except sqlite3.IntegrityError as error:
            raise Conflict(_moved(c, rows)) from error
        moved = [s for s, v in checks.expected.items() if version_of(c, s) != v]
        if moved:
            raise Conflict(moved)


def _columns(s: StoredEvent) -> tuple[Any, ...]:
    return s.originator_id, s.originator_version, s.topic, s.state


def time_of(row: Any) -> bytes:
    """The recorded time of a row with an event's bytes; empty for no row."""
    return codec.recorded(row[0]) if row is not None else b""


def version_of(c: sqlite3.Cursor, stream: str) -> int:
    c.execute("SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?", (stream,))
    version: int = c.fetchone()[0] or 0
    return version


def _moved(c: sqlite3.Cursor, rows: Sequence[StoredRow]) -> list[str]:
    """The streams whose next version is taken, judged by the first row of each.

    The failed statement may have left a part of its rows in the open transaction, so only what
    was there before it counts: the version stored with other bytes than ours.
    """
    first: dict[str, StoredRow] = {}
    for row in rows:
        first.setdefault(row.stream, row)
    moved = []
    for stream, row in first.items():
        c.execute(
            "SELECT state FROM stored_events WHERE originator_id=? AND originator_version=?",
            (stream, row.version),
        )
        found = c.fetchone()
        if found is not None and found[0] != row.state:
            moved.append(stream)
    return moved
