"""What a witness remembers: the logs it knows by their keys, and the greatest head of each.

One SQLite file with full durability. Looking at the head that is held and replacing it is one
transaction under the file's write lock, whatever number of threads or processes serve; a
cosignature is handed out only after it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ledger.verify.note import VerifierKey
from ops.witness.errors import WitnessDamaged

LOCK_TIMEOUT_S = 10.0

_TABLES = (
    "CREATE TABLE IF NOT EXISTS keys (origin TEXT NOT NULL, vkey TEXT NOT NULL, "
    "PRIMARY KEY (origin, vkey)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS heads (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, "
    "root BLOB NOT NULL, note BLOB NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID",
)


class Held(NamedTuple):
    """The greatest head of a log that was cosigned, with its note and cosignature."""

    origin: str
    size: int
    root: bytes
    note: bytes
    time: int
    """Of the cosignature, in seconds since 1970."""


class Memory:
    """The file. Every use opens a connection of its own, so threads may share this object."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def create(self) -> None:
        """Make the tables."""
        with self._connected(create=True) as db:
            db.execute("PRAGMA journal_mode=WAL")
            for table in _TABLES:
                db.execute(table)

    def trust(self, key: VerifierKey) -> None:
        """Know a log, whose origin is the key's name, by one more key."""
        with self._connected() as db:
            db.execute("INSERT OR IGNORE INTO keys VALUES (?,?)", (key.name, str(key)))

    def distrust(self, key: VerifierKey) -> bool:
        """Forget a key; the head that is held stays. False if it was not known."""
        with self._connected() as db:
            found = db.execute("DELETE FROM keys WHERE origin=? AND vkey=?", (key.name, str(key)))
            return found.rowcount > 0

    def known_keys(self, origin: str | None = None) -> list[VerifierKey]:
        """The keys of a log, or of all."""
        asked = "" if origin is None else "WHERE origin=?"
        with self._connected() as db:
            rows = db.execute(
                f"SELECT vkey FROM keys {asked} ORDER BY origin, vkey",
                () if origin is None else (origin,),
            ).fetchall()
        return [VerifierKey.parse(vkey) for (vkey,) in rows]

    def heads(self) -> list[Held]:
        """What is held of every log."""
        with self._connected() as db:
            found = db.execute("SELECT * FROM heads ORDER BY origin").fetchall()
        return [Held(*row) for row in found]

    @contextmanager
    def replacing(self, origin: str) -> Iterator["Replacing"]:
        """The head that is held, under the write lock until what replaces it is durable."""
        with self._connected() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield Replacing(db, origin)
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextmanager
    def _connected(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        mode = "rwc" if create else "rw"
        try:
            db = sqlite3.connect(
                f"{self._file.absolute().as_uri()}?mode={mode}",
                uri=True,
                isolation_level=None,
                timeout=LOCK_TIMEOUT_S,
            )
            try:
                db.execute("PRAGMA synchronous=FULL")
                yield db
            finally:
                db.close()
        except sqlite3.Error as error:
            raise WitnessDamaged(reason=f"{self._file.name}: {error}") from error


class Replacing:
    """One look at a log's head inside the transaction that may replace it."""

    def __init__(self, db: sqlite3.Connection, origin: str) -> None:
        self._db, self._origin = db, origin

    def held(self) -> Held | None:
        """What is held; None of a log of which nothing was cosigned."""
        asked = "SELECT * FROM heads WHERE origin=?"
        row = self._db.execute(asked, (self._origin,)).fetchone()
        return Held(*row) if row else None

    def put(self, head: Held) -> None:
        """Hold this one from the transaction's end on."""
        self._db.execute("INSERT OR REPLACE INTO heads VALUES (?,?,?,?,?)", head)
