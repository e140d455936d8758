"""The event store on a PostgreSQL server: see :class:`~ledger.store.store.Store`.

Adds to the library's recorder what a ledger needs: versions of streams that a decision only read
are checked in the transaction that stores its events; the command's idempotency key is stored in
that transaction too; many events go in with one statement. A connection that broke is opened anew,
and an append that broke off before its outcome was known is resolved under the lock, by its key.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import count
from typing import Any, TypeVar, cast

import psycopg
from eventsourcing.persistence import PersistenceError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.rows import dict_row, tuple_row

from ledger import codec
from ledger.store.connecting import APP, LOG_SCHEMA, connect, parameters, translated
from ledger.store.errors import StoreUnreachable
from ledger.store.failures import meaning
from ledger.store.heads import Heads
from ledger.store.mapper import NewEvent
from ledger.store.migrations import require_current
from ledger.store.order import Order
from ledger.store.store import (
    Checks,
    CommandRecord,
    Conflict,
    Store,
    StoredRow,
    in_time,
)

FEW = 500
"""Up to so many rows go in with one round trip; more are copied, faster from about here on."""

ATTEMPTS = 3
"""How often something is tried whose connection broke."""

_POOL_MAX = 10
_IDLE_IN_TRANSACTION_S = 300
_SCAN_ROWS = 5_000
_SIGNING = int.from_bytes(hashlib.sha256(b"benefits-ledger heads").digest()[:8], signed=True)
"""The number of the advisory lock of whoever signs; any will do that no other program takes."""
_COLUMNS = "originator_id, originator_version, topic, state"
_TYPES = ("text", "int8", "text", "bytea")

Connection = psycopg.Connection[Any]
R = TypeVar("R")


class LedgerDatastore(PostgresDatastore):
    """The library's pool of connections, each in the writer's role; broken ones are replaced."""

    def __init__(self, url: str, *, patience_s: float, lock_timeout_s: int) -> None:
        super().__init__(
            dbname="",
            host="",
            port="",
            user="",
            password="",
            connect_timeout=patience_s,
            idle_in_transaction_session_timeout=_IDLE_IN_TRANSACTION_S,
            pool_size=1,
            max_overflow=_POOL_MAX - 1,
            schema=LOG_SCHEMA,
            originator_id_type="text",
        )
        # The library knows five of the driver's parameters; ours also name role and time limits.
        self.pool.kwargs = {
            **parameters(url, role=APP, schema=LOG_SCHEMA, lock_timeout_s=lock_timeout_s),
            "row_factory": dict_row,
        }


class LedgerRecorder(PostgresApplicationRecorder):
    """The library's recorder with read checks, idempotency keys and set-wise insertion.

    It never repeats an insertion by itself: whether the first one was stored is to be found out.
    """

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, checks: Checks | None = None, **_: Any
    ) -> Sequence[int]:
        """Insert events; with ``checks`` see :meth:`~ledger.store.store.Store.append`."""
        few = len(stored_events) <= FEW
        with (
            self.datastore.get_connection() as connection,
            connection.pipeline() if few else nullcontext(),
            connection.transaction(),
            connection.cursor(row_factory=tuple_row) as c,
        ):
            c.execute("SELECT lock_events()", prepare=True)
            self._notify_channel(cast(Any, c))
            if checks is None:
                rows = [StoredRow(*_columns(s)) for s in stored_events]
            else:
                rows = _checked(connection, cast(Sequence[NewEvent], stored_events), checks)
            (_insert if few else _copy)(c, rows)
            highest = connection.cursor(row_factory=tuple_row)
            highest.execute("SELECT MAX(notification_id) FROM stored_events", prepare=True)
        last = _single(highest) or 0
        return list(range(last - len(rows) + 1, last + 1))


def _columns(s: StoredEvent) -> tuple[Any, ...]:
    return s.originator_id, s.originator_version, s.topic, s.state


def _checked(connection: Connection, events: Sequence[NewEvent], checks: Checks) -> list[StoredRow]:
    """Store the command's key and give the rows to store, under the lock; or :class:`Conflict`.

    Every question is sent before the first answer is awaited.
    """
    asked = [connection.cursor(row_factory=tuple_row) for _ in range(3)]
    used, last, moved = asked
    if checks.command is not None:
        used.execute(
            "INSERT INTO commands (key, digest, result) VALUES (%s,%s,%s) "
            "ON CONFLICT (key) DO NOTHING RETURNING true",
            checks.command,
            prepare=True,
        )
    last.execute(_LAST, prepare=True, binary=True)
    moved.execute(_MOVED, _versions(events, checks.expected), prepare=True)
    if checks.command is not None and _single(used) is None:
        raise Conflict([])
    time = _time_of(_single(last))
    if streams := [stream for (stream,) in moved.fetchall()]:
        raise Conflict(streams)
    return in_time(events, time)


def _versions(
    events: Sequence[NewEvent], expected: Mapping[str, int]
) -> tuple[list[str], list[int], list[str], list[int]]:
    """For :data:`_MOVED`: the streams to write with their next versions, and those only read."""
    written = {e.originator_id: e.originator_version for e in reversed(events)}
    return list(written), list(written.values()), list(expected), list(expected.values())


_LAST = "SELECT state FROM stored_events ORDER BY notification_id DESC LIMIT 1"

_MOVED = """
SELECT stream FROM unnest(%b::text[], %b::int8[]) AS written (stream, version)
WHERE EXISTS (
    SELECT FROM stored_events WHERE originator_id = stream AND originator_version = version
)
UNION ALL
SELECT stream FROM unnest(%b::text[], %b::int8[]) AS read (stream, version)
WHERE version <> COALESCE(
    (SELECT MAX(originator_version) FROM stored_events WHERE originator_id = stream), 0
)
"""


def _insert(c: "psycopg.Cursor[Any]", rows: Sequence[StoredRow]) -> None:
    if rows:
        c.execute(
            f"INSERT INTO stored_events ({_COLUMNS}) "
            "SELECT * FROM unnest(%b::text[], %b::int8[], %b::text[], %b::bytea[])",
            [list(column) for column in zip(*rows, strict=True)],
            prepare=True,
        )


def _copy(c: "psycopg.Cursor[Any]", rows: Sequence[StoredRow]) -> None:
    with c.copy(f"COPY stored_events ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row)


def _single(c: "psycopg.Cursor[Any]") -> Any:
    """The only value of the only row; None for no row."""
    row = c.fetchone()
    return None if row is None else row[0]


def _time_of(state: bytes | None) -> bytes:
    """The recorded time of an event's bytes; empty for none."""
    return b"" if state is None else codec.recorded(state)


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
        rows = self._rows(_LAST)
        return _time_of(rows[0][0] if rows else None).decode()

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
            c.execute(f"SELECT {_COLUMNS} FROM stored_events ORDER BY notification_id", binary=True)
            yield from map(StoredRow._make, c)

    def streams(self) -> tuple[int, list[str]]:
        with (
            self._transaction() as connection,
            connection.cursor(row_factory=tuple_row) as c,
        ):
            c.execute("SELECT COUNT(DISTINCT originator_id) FROM stored_events")
            number = _single(c)
            c.execute(
                "SELECT originator_id FROM stored_events GROUP BY originator_id "
                "HAVING MIN(originator_version) != 1 OR MAX(originator_version) != COUNT(*) LIMIT 3"
            )
            return number, [stream for (stream,) in c]

    def close(self) -> None:
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
