"""The embedded event store: one SQLite file with events, commands and the log's order.

Adds to the library's recorder what a ledger needs: versions of streams that a decision only read
are checked in the transaction that stores its events; the command's idempotency key is stored in
that transaction too; many events go in with one statement. A failure of the disk or the file
becomes an error with a stable code, and nothing of the transaction remains.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from eventsourcing.application import Application
from eventsourcing.persistence import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    StoredEvent,
)
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from ledger import codec
from ledger.domain.errors import StoreBusy, StoreDamaged
from ledger.store.failures import meaning
from ledger.store.heads import SQLITE_TABLES, Heads
from ledger.store.mapper import BytesMapper, NewEvent
from ledger.store.order import Order
from ledger.store.store import (
    Checks,
    CommandRecord,
    Conflict,
    Store,
    StoredRow,
    in_time,
)

CACHE_KIB = 200_000
"""Page cache of a connection: the index over stream ids is read and written at random."""

CHECKPOINT_PAGES = 64_000
"""How long the write-ahead log grows before its pages move into the database: a page of that index
is then written once for many transactions."""


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
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        *,
        checks: Checks | None = None,
        **_: Any,
    ) -> Sequence[int]:
        """Insert events; with ``checks`` see :meth:`~ledger.store.store.Store.append`."""
        c.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        c.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        # The first write takes the lock, so that nothing read below can move any more.
        c.execute("DELETE FROM commands WHERE 0")
        if checks is None:
            rows = [StoredRow(*_columns(s)) for s in stored_events]
            c.executemany(self.insert_events_statement, rows)
        else:
            rows = _checked(c, self.insert_events_statement, stored_events, checks)
        c.execute("SELECT MAX(rowid) FROM stored_events")
        last = c.fetchone()[0] or 0
        return list(range(last - len(rows) + 1, last + 1))


def _columns(s: StoredEvent) -> tuple[Any, ...]:
    return s.originator_id, s.originator_version, s.topic, s.state


def _checked(
    c: SQLiteCursor, insert: str, stored_events: Sequence[StoredEvent], checks: Checks
) -> list[StoredRow]:
    """Store what ``checks`` allows, under the lock; raises :class:`Conflict`."""
    if checks.command is not None:
        try:
            c.execute("INSERT INTO commands VALUES (?,?,?)", checks.command)
        except sqlite3.IntegrityError as error:  # the key was used since it was looked for
            raise Conflict([]) from error
    c.execute(_LAST)
    rows = in_time(cast(Sequence[NewEvent], stored_events), _time_of(c.fetchone()))
    try:
        c.executemany(insert, rows)
    except sqlite3.IntegrityError as error:
        raise Conflict(_moved(c, rows)) from error
    moved = [s for s, v in checks.expected.items() if _version(c, s) != v]
    if moved:
        raise Conflict(moved)
    return rows


_LAST = "SELECT state FROM stored_events ORDER BY rowid DESC LIMIT 1"


def _time_of(row: Any) -> bytes:
    """The recorded time of a row with an event's bytes; empty for no row."""
    return codec.recorded(row[0]) if row is not None else b""


def _version(c: SQLiteCursor, stream: str) -> int:
    c.execute("SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?", (stream,))
    return c.fetchone()[0] or 0


def _moved(c: SQLiteCursor, rows: Sequence[StoredRow]) -> list[str]:
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


class _StoreApplication(Application[str]):
    """The library's application: its wiring of factory, mapper and recorder is what we use."""

    name = "ledger"


class SQLiteStore(Store):
    """A :class:`~ledger.store.store.Store` in one file; safe for several processes."""

    def __init__(self, path: Path, *, lock_timeout_s: int = 30) -> None:
        with translated(path):
            self._app = _StoreApplication(
                env={
                    "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                    "SQLITE_DBNAME": f"file:{path}",
                    "SQLITE_LOCK_TIMEOUT": str(lock_timeout_s),
                    "ORIGINATOR_ID_TYPE": "text",
                    "MAPPER_TOPIC": "ledger.store.mapper:BytesMapper",
                    "APPLICATION_RECORDER_TOPIC": "ledger.store.sqlite:LedgerRecorder",
                }
            )
        assert isinstance(self._app.mapper, BytesMapper)
        assert isinstance(self._app.recorder, LedgerRecorder)
        self.path = path
        self.recorder = self._app.recorder
        # Single streams are read through a connection that stays in auto-commit mode: a decision
        # reads many of them, and what they hold is checked again when its events are stored.
        self._reader = sqlite3.connect(
            path, isolation_level=None, timeout=lock_timeout_s, check_same_thread=False
        )

    @property
    def name(self) -> str:
        return self.path.name

    def append(
        self,
        events: Sequence[NewEvent],
        *,
        expected: Mapping[str, int] | None = None,
        command: CommandRecord | None = None,
    ) -> None:
        with translated(self.path):
            self.recorder.insert_events(
                cast(Sequence[StoredEvent], events), checks=Checks(expected or {}, command)
            )

    def stream(self, stream_id: str, *, after: int = 0) -> list[bytes]:
        with translated(self.path):
            found = self._reader.execute(
                "SELECT state FROM stored_events WHERE originator_id=? AND originator_version>? "
                "ORDER BY originator_version",
                (stream_id, after),
            )
            return [row[0] for row in found]

    def numbered(self, stream_id: str) -> list[tuple[int, bytes]]:
        with translated(self.path):
            found = self._reader.execute(
                "SELECT rowid, state FROM stored_events WHERE originator_id=? "
                "ORDER BY originator_version",
                (stream_id,),
            )
            return found.fetchall()

    def existing(self, stream_ids: Sequence[str]) -> set[str]:
        marks = ",".join("?" * len(stream_ids))
        with translated(self.path):
            found = self._reader.execute(
                "SELECT originator_id FROM stored_events "
                f"WHERE originator_id IN ({marks}) AND originator_version=1",
                stream_ids,
            )
            return {row[0] for row in found}

    def version(self, stream_id: str) -> int:
        with translated(self.path):
            found = self._reader.execute(
                "SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?",
                (stream_id,),
            )
            return found.fetchone()[0] or 0

    def last_time(self) -> str:
        with translated(self.path):
            return _time_of(self._reader.execute(_LAST).fetchone()).decode()

    def command(self, key: str) -> CommandRecord | None:
        with translated(self.path):
            row = self._reader.execute("SELECT * FROM commands WHERE key=?", (key,)).fetchone()
        return CommandRecord(*row) if row is not None else None

    def command_keys(self) -> set[str]:
        with self._transaction() as c:
            return {row[0] for row in c.execute("SELECT key FROM commands")}

    @contextmanager
    def order(self, *, write: bool = False) -> Iterator[Order]:
        with self._transaction(write=write) as c:
            if write:
                c.execute("DELETE FROM sequence WHERE 0")  # takes the write lock before reading
            yield Order(c, number="rowid", mark="?")

    @contextmanager
    def heads(self, *, write: bool = False) -> Iterator[Heads]:
        with self._transaction(write=write) as c:
            if write:
                c.execute("DELETE FROM heads WHERE 0")  # takes the write lock before reading
            yield Heads(c, mark="?")

    def states(self, first: int, last: int) -> list[bytes]:
        with self._transaction() as c:
            c.execute(
                "SELECT state FROM stored_events WHERE rowid BETWEEN ? AND ? ORDER BY rowid",
                (first, last),
            )
            return [state for (state,) in c]

    def scan(self) -> Iterator[StoredRow]:
        with self._transaction() as c:
            c.execute(
                "SELECT originator_id, originator_version, topic, state "
                "FROM stored_events ORDER BY rowid"
            )
            yield from map(StoredRow._make, c)

    def streams(self) -> tuple[int, list[str]]:
        with self._transaction() as c:
            (count,) = c.execute(
                "SELECT COUNT(DISTINCT originator_id) FROM stored_events"
            ).fetchone()
            broken = c.execute(
                "SELECT originator_id FROM stored_events GROUP BY originator_id "
                "HAVING MIN(originator_version) != 1 OR MAX(originator_version) != COUNT(*) LIMIT 3"
            ).fetchall()
        return count, [stream for (stream,) in broken]

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[sqlite3.Cursor]:
        with translated(self.path), self.recorder.datastore.transaction(commit=write) as c:
            c.sqlite_cursor.row_factory = None
            yield c.sqlite_cursor

    def close(self) -> None:
        self._reader.close()
        self._app.close()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's and the library's failures as the ledger's own errors."""
    try:
        yield
    except (DatabaseError, InterfaceError, sqlite3.Error) as error:
        raise _as_ledger_error(path, error) from error


def _as_ledger_error(path: Path, error: Exception) -> Exception:
    kind = meaning(error)
    if kind is StoreBusy:
        return StoreBusy(reason=path.name)
    text = str(error)
    if kind is not None:
        return kind(reason=f"{path.name}: {text}")
    if isinstance(error, (OperationalError, InterfaceError, sqlite3.OperationalError)):
        return StoreDamaged(reason=f"{path.name}: {text}")
    return error
