"""The event store on a PostgreSQL server: see :class:`~ledger.store.store.Store`.

A connection that broke is opened anew, and an append that broke off before its outcome was known
is resolved under the lock, by its key. What one append does is in ``postgres_recorder.py``.
"""

import hashlib
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeVar, cast

import psycopg
from eventsourcing.persistence import PersistenceError, StoredEvent
from psycopg.rows import tuple_row

from ledger import codec
from ledger.store.connecting import APP, LOG_SCHEMA, connect, translated
from ledger.store.errors import StoreUnreachable
from ledger.store.failures import meaning
from ledger.store.heads import Heads
from ledger.store.mapper import NewEvent
from ledger.store.migrations import require_current
from ledger.store.order import Order
from ledger.store.postgres_recorder import (
    COLUMNS,
    LAST,
    Connection,
    LedgerDatastore,
    LedgerRecorder,
    single,
    time_of,
)
from ledger.store.store import Checks, CommandRecord, Conflict, Store, StoredRow

ATTEMPTS = 3
"""How often something is tried whose connection broke."""

_SCAN_ROWS = 5_000
_SIGNING = int.from_bytes(hashlib.sha256(b"benefits-ledger heads").digest()[:8], signed=True)
"""The number of the advisory lock of whoever signs; any will do that no other program takes."""

R = TypeVar("R")


class PostgresStore(Store):
    """A :class:`~ledger.store.store.Store` in a database whose layout :func:`migrate` made."""

    def __init__(self, url: str, *, patience_s: float = 30, lock_timeout_s: int = 30) -> None:
        """``patience_s`` is how long a broken connection is tried anew.

        Raises StoreUnreachable, StoreDenied, StoreOutdated, StoreNewer, MigrationChanged.
        """
        with translated(self.name):
            with connect(url, role=APP, schema=LOG_SCHEMA) as first:
                require_current(first)
                found = first.execute("SELECT id FROM home").fetchone()
            self.home = str(found[0]) if found is not None else ""
            self.recorder = LedgerRecorder(
                LedgerDatastore(
                    url, patience_s=patience_s, lock_timeout_s=max(1, math.ceil(lock_timeout_s))
                )
            )
        self._batch = threading.Lock()  # held while one is read: it may be read ahead in a thread

    @property
    def name(self) -> str:
        return "PostgreSQL"

    def append(
        self,
        events: Sequence[NewEvent],
        *,
        expected: Mapping[str, int] | None = None,
        command: CommandRecord | None = None,
    ) -> None:
        checks = Checks(expected or {}, command)
        attempts = count(1)

        def insert() -> None:
            again = next(attempts) > 1
            try:
                self.recorder.insert_events(cast(Sequence[StoredEvent], events), checks=checks)
            except Conflict:
                # What broke off may have been stored after all: then it is in its own way. The
                # lock that was waited for says that nothing of it is still on its way.
                if not (again and self._stored(events, command)):
                    raise

        self._persistent(insert)

    def _stored(self, events: Sequence[NewEvent], command: CommandRecord | None) -> bool:
        """Whether these very events, but for the recorded time, and this very command are there."""
        if command is not None and self.command(command.key) != command:
            return False
        for event in events[:1]:
            there = self.stream(event.originator_id, after=event.originator_version - 1)
            time = codec.recorded(event.state)
            if not there or codec.restamped(there[0], time) != event.state:
                return False
        return bool(events) or command is not None

    def stream(self, stream_id: str, *, after: int = 0) -> list[bytes]:
        rows = self._rows(
            "SELECT state FROM stored_events WHERE originator_id=%s AND originator_version>%s "
            "ORDER BY originator_version",
            (stream_id, after),
        )
        return [state for (state,) in rows]

    def numbered(self, stream_id: str) -> list[tuple[int, bytes]]:
        return self._rows(
            "SELECT notification_id, state FROM stored_events WHERE originator_id=%s "
            "ORDER BY originator_version",
            (stream_id,),
        )

    def existing(self, stream_ids: Sequence[str]) -> set[str]:
        rows = self._rows(
            "SELECT originator_id FROM stored_events "
            "WHERE originator_id = ANY(%s) AND originator_version = 1",
            (list(stream_ids),),
        )
        return {stream for (stream,) in rows}

    def version(self, stream_id: str) -> int:
        rows = self._rows(
            "SELECT MAX(originator_version) FROM stored_events WHERE originator_id=%s",
            (stream_id,),
        )
        return rows[0][0] or 0

    def last_time(self) -> str:
        rows = self._rows(LAST)
        return time_of(rows[0][0] if rows else None).decode()

    def command(self, key: str) -> CommandRecord | None:
        rows = self._rows("SELECT key, digest, result FROM commands WHERE key=%s", (key,))
        return CommandRecord(*rows[0]) if rows else None

    def command_keys(self) -> set[str]:
        return {key for (key,) in self._rows("SELECT key FROM commands")}

    @contextmanager
    def order(self, *, write: bool = False) -> Iterator[Order]:
        with (
            self._transaction(write=write) as connection,
            connection.cursor(row_factory=tuple_row, binary=True) as c,
        ):
            if write:
                c.execute("SELECT lock_events()")
            yield Order(c, number="notification_id", mark="%s")

    @contextmanager
    def heads(self, *, write: bool = False) -> Iterator[Heads]:
        with (
            self._transaction(write=write) as connection,
            connection.cursor(row_factory=tuple_row, binary=True) as c,
        ):
            if write:
                c.execute("SELECT pg_advisory_xact_lock(%s)", (_SIGNING,))
            yield Heads(c, mark="%s")

    def states(self, first: int, last: int) -> list[bytes]:
        with self._batch:
            rows = self._rows(
                "SELECT state FROM stored_events WHERE notification_id BETWEEN %s AND %s "
                "ORDER BY notification_id",
                (first, last),
            )
        return [state for (state,) in rows]

    def scan(self) -> Iterator[StoredRow]:
        with (
            self._transaction() as connection,
            connection.cursor("scan", row_factory=tuple_row) as c,
        ):
            c.itersize = _SCAN_ROWS
            c.execute(f"SELECT {COLUMNS} FROM stored_events ORDER BY notification_id", binary=True)
            yield from map(StoredRow._make, c)

    def streams(self) -> tuple[int, list[str]]:
        with (
            self._transaction() as connection,
            connection.cursor(row_factory=tuple_row) as c,
        ):
            c.execute("SELECT COUNT(DISTINCT originator_id) FROM stored_events")
            number = single(c)
            c.execute(
                "SELECT originator_id FROM stored_events GROUP BY originator_id "
                "HAVING MIN(originator_version) != 1 OR MAX(originator_version) != COUNT(*) LIMIT 3"
            )
            return number, [stream for (stream,) in c]

    def close(self) -> None:
        """Waits for a batch that is being read."""
        with self._batch:
            self.recorder.datastore.close()

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of one reading statement."""

        def read() -> list[Any]:
            with (
                self.recorder.datastore.get_connection() as connection,
                connection.cursor(row_factory=tuple_row) as c,
            ):
                return c.execute(statement.encode(), values, prepare=True, binary=True).fetchall()

        return self._persistent(read)

    def _persistent(self, act: Callable[[], R]) -> R:
        """What ``act`` gives, tried again over another connection where the first one broke."""
        with translated(self.name):
            for left in range(ATTEMPTS - 1, -1, -1):
                try:
                    return act()
                except (psycopg.Error, PersistenceError) as error:
                    if meaning(error) is not StoreUnreachable or not left:
                        raise
                    self.recorder.datastore.pool.check()
        raise AssertionError("unreachable")

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[Connection]:
        """A transaction that writes, or one that reads as of one moment."""
        self._rows("SELECT 1")  # a connection that broke since it was used is replaced by now
        with (
            translated(self.name),
            self.recorder.datastore.get_connection() as connection,
            connection.transaction(),
        ):
            if not write:
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection
