"""The embedded event store: one SQLite file with events, commands and the log's order.

How events go in is in ``sqlite_recorder.py``. A failure of the disk or the file becomes an error
with a stable code, and nothing of the transaction remains.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import DatabaseError, InterfaceError, OperationalError

from ledger.store.errors import StoreBusy, StoreDamaged
from ledger.store.failures import meaning
from ledger.store.heads import Heads
from ledger.store.making import making
from ledger.store.mapper import BytesMapper, NewEvent
from ledger.store.order import Order
from ledger.store.sqlite_recorder import LAST, LedgerRecorder, time_of, version_of
from ledger.store.store import Checks, CommandRecord, Store, StoredRow

CACHE_KIB = 200_000
"""Page cache of a connection: the index over stream ids is read and written at random."""

PAGE_BYTES = 8_192
"""Twice SQLite's own: events of some 800 bytes fill such pages better, and fewer are written."""

CHECKPOINT_PAGES = 500  # as many bytes as SQLite's own
BULK_CHECKPOINT_PAGES = 32_000
"""How long the write-ahead log grows before its pages move into the database. In bulk a page of
that index is then written once for many transactions; a single event is stored sooner in a log
that stays as long as it is, since a file that grows costs the disk more."""

BULK_EVENTS = 500
"""From so many events on an append is in bulk."""
SINGLE_WRITES = 100
"""After so many writes in a row that were not, the ledger is back at single events."""


_EACH = "SELECT state FROM stored_events WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
_JOINED = f"SELECT count(*), CAST(group_concat(CAST(state AS TEXT), x'0a') AS BLOB) FROM ({_EACH})"
"""Many events as one value: canonical bytes hold no line break. The driver lets other threads run
while SQLite works on one row, and this is one: it is read while another batch is folded."""


class _StoreApplication(Application[str]):
    """The library's application: its wiring of factory, mapper and recorder is what we use."""

    name = "ledger"


def _create(path: Path) -> None:
    """A file whose pages have a size from here on; one that is there and not empty keeps its own.

    Whoever makes it, and is killed or has a rival, may have left it empty.
    """
    if path.exists() and path.stat().st_size:
        return
    with making(path.parent), closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")


class SQLiteStore(Store):
    """A :class:`~ledger.store.store.Store` in one file; safe for several processes."""

    def __init__(self, path: Path, *, lock_timeout_s: int = 30) -> None:
        with translated(path):
            _create(path)
            self._app = _StoreApplication(
                env={
                    "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                    "SQLITE_DBNAME": f"file:{path}",
                    "SQLITE_LOCK_TIMEOUT": str(lock_timeout_s),
                    "ORIGINATOR_ID_TYPE": "text",
                    "MAPPER_TOPIC": "ledger.store.mapper:BytesMapper",
                    "APPLICATION_RECORDER_TOPIC": "ledger.store.sqlite_recorder:LedgerRecorder",
                }
            )
        assert isinstance(self._app.mapper, BytesMapper)
        assert isinstance(self._app.recorder, LedgerRecorder)
        self.path = path
        self.recorder = self._app.recorder
        # Decisions read single streams and store their events through one connection, whose pages
        # in memory stay good from one to the next. It reads in auto-commit mode: a decision reads
        # many streams, and what they hold is checked again when its events are stored.
        self._connection = sqlite3.connect(
            path, isolation_level=None, timeout=lock_timeout_s, check_same_thread=False
        )
        self._lock = threading.RLock()
        self._batch = threading.Lock()  # held while one is read: it may be read ahead in a thread
        self._connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        # Some builds of SQLite overwrite with zeros what is deleted or moved within a page. Here
        # nothing is deleted: what is forgotten is forgotten by its key.
        self._connection.execute("PRAGMA secure_delete=OFF")
        self._checkpoint_pages, self._since_bulk = 0, SINGLE_WRITES  # the first write says it

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
        with self._writing(len(events)) as c:
            self.recorder.insert_checked(c, events, Checks(expected or {}, command))

    def stream(self, stream_id: str, *, after: int = 0) -> list[bytes]:
        found = self._all(
            "SELECT state FROM stored_events WHERE originator_id=? AND originator_version>? "
            "ORDER BY originator_version",
            (stream_id, after),
        )
        return [row[0] for row in found]

    def numbered(self, stream_id: str) -> list[tuple[int, bytes]]:
        return self._all(
            "SELECT rowid, state FROM stored_events WHERE originator_id=? "
            "ORDER BY originator_version",
            (stream_id,),
        )

    def existing(self, stream_ids: Sequence[str]) -> set[str]:
        marks = ",".join("?" * len(stream_ids))
        found = self._all(
            "SELECT originator_id FROM stored_events "
            f"WHERE originator_id IN ({marks}) AND originator_version=1",
            stream_ids,
        )
        return {row[0] for row in found}

    def version(self, stream_id: str) -> int:
        with translated(self.path), self._lock:
            return version_of(self._connection.cursor(), stream_id)

    def last_time(self) -> str:
        return time_of(next(iter(self._all(LAST)), None)).decode()

    def command(self, key: str) -> CommandRecord | None:
        rows = self._all("SELECT * FROM commands WHERE key=?", (key,))
        return CommandRecord(*rows[0]) if rows else None

    def _all(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with translated(self.path), self._lock:
            return self._connection.execute(statement, parameters).fetchall()

    def command_keys(self) -> set[str]:
        with self._reading() as c:
            return {row[0] for row in c.execute("SELECT key FROM commands")}

    @contextmanager
    def order(self, *, write: bool = False) -> Iterator[Order]:
        with self._writing() if write else self._reading() as c:
            yield Order(c, number="rowid", mark="?", as_bytes="CAST({} AS BLOB)")

    @contextmanager
    def heads(self, *, write: bool = False) -> Iterator[Heads]:
        with self._writing() if write else self._reading() as c:
            yield Heads(c, mark="?")

    def states(self, first: int, last: int) -> list[bytes]:
        with self._batch, self._reading() as c:
            count, joined = c.execute(_JOINED, (first, last)).fetchone()
            found: list[bytes] = [] if joined is None else joined.split(b"\n")
            if len(found) != count:  # not canonical: somebody else wrote it
                found = [state for (state,) in c.execute(_EACH, (first, last))]
            return found

    def scan(self) -> Iterator[StoredRow]:
        with self._reading() as c:
            c.execute(
                "SELECT originator_id, originator_version, topic, state "
                "FROM stored_events ORDER BY rowid"
            )
            yield from map(StoredRow._make, c)

    def streams(self) -> tuple[int, list[str]]:
        with self._reading() as c:
            (count,) = c.execute(
                "SELECT COUNT(DISTINCT originator_id) FROM stored_events"
            ).fetchone()
            broken = c.execute(
                "SELECT originator_id FROM stored_events GROUP BY originator_id "
                "HAVING MIN(originator_version) != 1 OR MAX(originator_version) != COUNT(*) LIMIT 3"
            ).fetchall()
        return count, [stream for (stream,) in broken]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        """One moment of the database, on a connection of its own: it may take long."""
        with translated(self.path), self.recorder.datastore.transaction(commit=False) as c:
            c.sqlite_cursor.row_factory = None
            yield c.sqlite_cursor

    @contextmanager
    def _writing(self, events: int = 0) -> Iterator[sqlite3.Cursor]:
        """One transaction that has the write lock from its beginning; all or nothing.

        Whatever is written is written on the connection of decisions: another's writing would make
        its pages in memory worthless.
        """
        with translated(self.path), self._lock:
            self._checkpoint_for(events)
            c = self._connection.cursor()
            c.execute("BEGIN IMMEDIATE")
            try:
                yield c
                c.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk may have ended it
                    c.execute("ROLLBACK")
                raise

    def _checkpoint_for(self, events: int) -> None:
        """Let the write-ahead log be long from an append in bulk on, until few have come since."""
        self._since_bulk = 0 if events >= BULK_EVENTS else self._since_bulk + 1
        bulk = self._since_bulk < SINGLE_WRITES
        pages = BULK_CHECKPOINT_PAGES if bulk else CHECKPOINT_PAGES
        if pages != self._checkpoint_pages:
            self._connection.execute(f"PRAGMA wal_autocheckpoint={pages}")
            self._checkpoint_pages = pages

    def close(self) -> None:
        """Waits for a batch that is being read: SQLite must not lose a connection in use."""
        with self._batch:
            self._connection.close()
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
