"""How events get into PostgreSQL: the eventsourcing library's recorder, taught what a ledger needs.

Adds that versions of streams that a decision only read are checked in the transaction that stores
its events, that the command's idempotency key is stored in that transaction too, and that many
events go in with one statement.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, cast

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.rows import dict_row, tuple_row

from ledger import codec
from ledger.store.connecting import APP, LOG_SCHEMA, parameters
from ledger.store.mapper import NewEvent
from ledger.store.store import Checks, Conflict, StoredRow, in_time

FEW = 500
"""Up to so many rows go in with one round trip; more are copied, faster from about here on."""

COLUMNS = "originator_id, originator_version, topic, state"
"""Of an event's row, as :class:`StoredRow` has them."""

_POOL_MAX = 10
_IDLE_IN_TRANSACTION_S = 300
_TYPES = ("text", "int8", "text", "bytea")

Connection = psycopg.Connection[Any]


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
        last = single(highest) or 0
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
    last.execute(LAST, prepare=True, binary=True)
    moved.execute(_MOVED, _versions(events, checks.expected), prepare=True)
    if checks.command is not None and single(used) is None:
        raise Conflict([])
    time = time_of(single(last))
    if streams := [stream for (stream,) in moved.fetchall()]:
        raise Conflict(streams)
    return in_time(events, time)


def _versions(
    events: Sequence[NewEvent], expected: Mapping[str, int]
) -> tuple[list[str], list[int], list[str], list[int]]:
    """For :data:`_MOVED`: the streams to write with their next versions, and those only read."""
    written = {e.originator_id: e.originator_version for e in reversed(events)}
    return list(written), list(written.values()), list(expected), list(expected.values())


LAST = "SELECT state FROM stored_events ORDER BY notification_id DESC LIMIT 1"

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
            f"INSERT INTO stored_events ({COLUMNS}) "
            "SELECT * FROM unnest(%b::text[], %b::int8[], %b::text[], %b::bytea[])",
            [list(column) for column in zip(*rows, strict=True)],
            prepare=True,
        )


def _copy(c: "psycopg.Cursor[Any]", rows: Sequence[StoredRow]) -> None:
    with c.copy(f"COPY stored_events ({COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row)


def single(c: "psycopg.Cursor[Any]") -> Any:
    """The only value of the only row; None for no row."""
    row = c.fetchone()
    return None if row is None else row[0]


def time_of(state: bytes | None) -> bytes:
    """The recorded time of an event's bytes; empty for none."""
    return b"" if state is None else codec.recorded(state)
