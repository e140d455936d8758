"""The signed heads of the log as a store keeps them: what was signed stays, in the order of sizes.

Notes and signature lines are bytes here; what they mean is known to :mod:`ledger.log.signer`. The
tables and statements are the same in every store; only the mark of a parameter differs.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ledger.store.order import Cursor

MAX_SIZE = 2**63 - 1

SQLITE_TABLES = (
    "CREATE TABLE IF NOT EXISTS heads "
    "(size INTEGER PRIMARY KEY, note BLOB NOT NULL, signed TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS cosignatures (size INTEGER NOT NULL, key TEXT NOT NULL, "
    "line BLOB NOT NULL, PRIMARY KEY (size, key)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS timestamps (size INTEGER PRIMARY KEY, response BLOB NOT NULL)",
)


class SignedHead(NamedTuple):
    """A head of the log as it was signed, in seconds of RFC 3339, and who cosigned since."""

    size: int
    note: bytes
    """With the log's own signatures only."""
    signed: str
    cosignatures: tuple[bytes, ...] = ()
    """Signature lines, one a witness, in the order of their keys."""

    @property
    def cosigned(self) -> bytes:
        """The note with every signature."""
        return self.note + b"".join(self.cosignatures)


class Heads:
    """Reads and adds to signed heads inside a transaction that a store opened."""

    def __init__(self, cursor: Cursor, *, mark: str) -> None:
        self._cursor, self._mark = cursor, mark

    def last(self) -> SignedHead | None:
        """The greatest head; None before the first."""
        found = self._heads("ORDER BY size DESC LIMIT 1")
        return found[0] if found else None

    def at(self, size: int) -> SignedHead | None:
        """The head of that size, if it was signed."""
        found = self._heads(f"WHERE size={self._mark}", size)
        return found[0] if found else None

    def after(self, size: int, limit: int) -> list[SignedHead]:
        """The next heads that are greater than ``size``, ascending."""
        where = f"WHERE size>{self._mark} ORDER BY size LIMIT {self._mark}"
        return self._heads(where, size, limit)

    def newest(self, limit: int, *, within: int = MAX_SIZE) -> list[SignedHead]:
        """The greatest heads of at most ``within`` events, ascending."""
        where = f"WHERE size<={self._mark} ORDER BY size DESC LIMIT {self._mark}"
        return self._heads(where, within, limit)[::-1]

    def cosigned_by(self, key: str) -> int:
        """The size of the greatest head that a key cosigned; 0 if there is none."""
        found = self._all(f"SELECT MAX(size) FROM cosignatures WHERE key={self._mark}", key)
        return int(found[0][0] or 0)

    def put(self, head: SignedHead) -> None:
        """Add a head; the store refuses a second one of its size."""
        m = self._mark
        self._cursor.execute(
            f"INSERT INTO heads (size, note, signed) VALUES ({m},{m},{m})",
            (head.size, head.note, head.signed),
        )

    def put_cosignature(self, size: int, key: str, line: bytes) -> None:
        """Add a signature line; a second one of the same key for a head is left out."""
        m = self._mark
        self._cursor.execute(
            f"INSERT INTO cosignatures (size, key, line) VALUES ({m},{m},{m}) "
            "ON CONFLICT (size, key) DO NOTHING",
            (size, key, line),
        )

    def timestamp(self, size: int) -> bytes | None:
        """The time stamp of a head, RFC 3161; None if it has none."""
        found = self._all(f"SELECT response FROM timestamps WHERE size={self._mark}", size)
        return bytes(found[0][0]) if found else None

    def put_timestamp(self, size: int, response: bytes) -> None:
        """Add the time stamp of a head; a second one is left out."""
        m = self._mark
        self._cursor.execute(
            f"INSERT INTO timestamps (size, response) VALUES ({m},{m}) "
            "ON CONFLICT (size) DO NOTHING",
            (size, response),
        )

    def _heads(self, where: str, *parameters: Any) -> list[SignedHead]:
        rows = self._all(f"SELECT size, note, signed FROM heads {where}", *parameters)
        return [
            SignedHead(int(size), bytes(note), signed, self._lines(size))
            for size, note, signed in rows
        ]

    def _lines(self, size: int) -> tuple[bytes, ...]:
        reading = f"SELECT line FROM cosignatures WHERE size={self._mark} ORDER BY key"
        return tuple(bytes(line) for (line,) in self._all(reading, size))

    def _all(self, statement: str, *parameters: Any) -> Sequence[Any]:
        return list(self._cursor.execute(statement, parameters).fetchall())
