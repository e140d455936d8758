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
from typing import Any, NamedTuple, cast

from eventsourcing.application import Application
from eventsourcing.persistence import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    StoredEvent,
)
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from ledger import codec
from ledger.domain.errors import StaleVersion, StoreBusy, StoreDamaged
from ledger.store.failures import meaning
from ledger.store.mapper import BytesMapper, NewEvent

CACHE_KIB = 200_000
"""Page cache of a connection: the index over stream ids is read and written at random."""

CHECKPOINT_PAGES = 16_000
"""How long the write-ahead log grows before its pages move into the database: a page of that index
is then written once for many transactions."""


_DAY = len("2017-01-01")


class CommandRecord(NamedTuple):
    """A command that was carried out: its key, a keyed digest of its content, its result."""

    key: str
    digest: str
    result: bytes


class Conflict(StaleVersion):
    """Some streams moved on since they were read; ``streams`` names them.

    Of no streams: another process used the command's key, or recorded on a later day.
    """

    def __init__(self, streams: Sequence[str]) -> None:
        self.streams = list(streams)
        super().__init__(stream=self.streams[0] if self.streams else "?")


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
        ]

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        *,
        expected: Mapping[str, int] | None = None,
        command: CommandRecord | None = None,
        **_: Any,
    ) -> Sequence[int]:
        c.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        c.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        # The first write takes the lock, so that nothing read below can move any more.
        c.execute("DELETE FROM commands WHERE 0")
        if command is not None:
            try:
                c.execute("INSERT INTO commands VALUES (?,?,?)", command)
            except sqlite3.IntegrityError as error:  # the key was used since it was looked for
                raise Conflict([]) from error
        rows = _in_time(
            c, [(s.originator_id, s.originator_version, s.topic, s.state) for s in stored_events]
        )
        try:
            c.executemany(self.insert_events_statement, rows)
        except sqlite3.IntegrityError as error:
            raise Conflict(_moved(c, rows)) from error
        moved = [s for s, v in (expected or {}).items() if _version(c, s) != v]
        if moved:
            raise Conflict(moved)
        c.execute("SELECT MAX(rowid) FROM stored_events")
        last = c.fetchone()[0] or 0
        return range(last - len(rows) + 1, last + 1)


Row = tuple[Any, int, str, bytes]


def _in_time(c: SQLiteCursor, rows: list[Row]) -> list[Row]:
    """The rows, recorded no earlier than the last stored event.

    Whoever decides first may come to the lock second, so a decision that is behind by its own
    length is recorded at the time of the event before it. Decisions rest on the day of recording:
    one that is behind by a day is a :class:`Conflict` of no stream, to be taken anew.
    """
    c.execute(_LAST)
    last = _time_of(c.fetchone())
    behind = [row for row in rows if codec.recorded(row[3]) < last]
    if not behind:
        return rows
    if any(codec.recorded(row[3])[:_DAY] < last[:_DAY] for row in behind):
        raise Conflict([])
    return [
        (stream, version, topic, codec.restamped(raw, max(codec.recorded(raw), last)))
        for stream, version, topic, raw in rows
    ]


_LAST = "SELECT state FROM stored_events ORDER BY rowid DESC LIMIT 1"


def _time_of(row: Any) -> bytes:
    """The recorded time of a row with an event's bytes; empty for no row."""
    return codec.recorded(row[0]) if row is not None else b""


def _version(c: SQLiteCursor, stream: str) -> int:
    c.execute("SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?", (stream,))
    return c.fetchone()[0] or 0


def _moved(c: SQLiteCursor, rows: Sequence[Row]) -> list[str]:
    """The streams whose next version is taken, judged by the first row of each.

    The failed statement may have left a part of its rows in the open transaction, so only what
    was there before it counts: the version stored with other bytes than ours.
    """
    first: dict[str, tuple[int, bytes]] = {}
    for stream, version, _, state in rows:
        first.setdefault(stream, (version, state))
    moved = []
    for stream, (version, state) in first.items():
        c.execute(
            "SELECT state FROM stored_events WHERE originator_id=? AND originator_version=?",
            (stream, version),
        )
        found = c.fetchone()
        if found is not None and found[0] != state:
            moved.append(stream)
    return moved


class _StoreApplication(Application[str]):
    """The library's application: its wiring of factory, mapper and recorder is what we use."""

    name = "ledger"


class SQLiteStore:
    """Events by stream, commands by key. One file; safe for several processes."""

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
        self.mapper = self._app.mapper
        # Single streams are read through a connection that stays in auto-commit mode: a decision
        # reads many of them, and what they hold is checked again when its events are stored.
        self._reader = sqlite3.connect(
            path, isolation_level=None, timeout=lock_timeout_s, check_same_thread=False
        )

    def append(
        self,
        events: Sequence[NewEvent],
        *,
        expected: Mapping[str, int] | None = None,
        command: CommandRecord | None = None,
    ) -> None:
        """Store all or nothing, durably.

        ``expected`` gives the version of each stream that was read but not written (0: absent).
        Recorded times never fall: see :func:`_in_time`. Raises :class:`Conflict` when a stream
        or the day moved on, StoreFull, StoreBusy, StoreDamaged.
        """
        with translated(self.path):
            self.recorder.insert_events(
                cast(Sequence[StoredEvent], events),
                expected=expected,
                command=command,
            )

    def stream(self, stream_id: str, *, after: int = 0) -> list[bytes]:
        """The bytes of a stream's events after a version, in order."""
        with translated(self.path):
            found = self._reader.execute(
                "SELECT state FROM stored_events WHERE originator_id=? AND originator_version>? "
                "ORDER BY originator_version",
                (stream_id, after),
            )
            return [row[0] for row in found]

    def existing(self, stream_ids: Sequence[str]) -> set[str]:
        """Which of the streams have events."""
        marks = ",".join("?" * len(stream_ids))
        with translated(self.path):
            found = self._reader.execute(
                "SELECT originator_id FROM stored_events "
                f"WHERE originator_id IN ({marks}) AND originator_version=1",
                stream_ids,
            )
            return {row[0] for row in found}

    def version(self, stream_id: str) -> int:
        """The version of a stream's last event; 0 if there is none."""
        with translated(self.path):
            found = self._reader.execute(
                "SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?",
                (stream_id,),
            )
            return found.fetchone()[0] or 0

    def last_time(self) -> str:
        """The recorded time of the last event; empty if there is none."""
        with translated(self.path):
            return _time_of(self._reader.execute(_LAST).fetchone()).decode()

    def command(self, key: str) -> CommandRecord | None:
        """What a command of this key did, if there was one."""
        with translated(self.path):
            row = self._reader.execute("SELECT * FROM commands WHERE key=?", (key,)).fetchone()
        return CommandRecord(*row) if row is not None else None

    def command_keys(self) -> set[str]:
        """Every key used so far."""
        with self.reading() as c:
            return {row[0] for row in c.execute("SELECT key FROM commands")}

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        """A consistent read transaction."""
        with translated(self.path), self.recorder.datastore.transaction(commit=False) as c:
            yield c.sqlite_cursor

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        """A write transaction for the log's own tables."""
        with translated(self.path), self.recorder.datastore.transaction(commit=True) as c:
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
