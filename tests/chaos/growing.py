"""A log that grows slice by slice, in a file that several processes may read meanwhile."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from ledger.log.feed import Record

_BATCH = 500


class GrowingLog:
    """A :class:`~ledger.log.feed.Feed` over a file of its own; :meth:`append` makes it longer."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: sqlite3.Connection | None = None

    def create(self) -> "GrowingLog":
        # Kept open: the last to close the file and the first to open it lock all others out, and a
        # reader that is frozen just then would do so for as long as it is.
        self._kept = self._connected()
        with self._kept as c:
            c.execute("PRAGMA journal_mode=WAL")
            c.execute("CREATE TABLE records (position INTEGER PRIMARY KEY, raw BLOB NOT NULL)")
        return self

    def append(self, records: Sequence[Record]) -> None:
        with closing(self._connected()) as c, c:
            c.executemany("INSERT INTO records VALUES (?, ?)", records)

    def end(self) -> int:
        with closing(self._connected()) as c:
            (end,) = c.execute("SELECT coalesce(max(position) + 1, 0) FROM records").fetchone()
        return int(end)

    def read(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
        stop = self.end() if stop is None else stop
        query = "SELECT position, raw FROM records WHERE position >= ? AND position < ?"
        for first in range(start, stop, _BATCH):
            with closing(self._connected()) as c:
                rows = c.execute(f"{query} ORDER BY 1", (first, min(first + _BATCH, stop)))
                if batch := rows.fetchall():
                    yield batch

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=30)
