"""The sequencer: gives every stored event its dense position 0, 1, 2, … in the log.

The store numbers events in commit order but may leave gaps; positions never do. The mapping is
kept as runs of consecutive numbers, so it is a few rows for any length of log, and it is written
in one transaction: a sequencer that dies has assigned either all or nothing of a step. The
store's write lock makes it one sequencer, however many processes ask.
"""

import sqlite3
from typing import NamedTuple

from ledger.domain.errors import StoreDamaged
from ledger.store.sqlite import SQLiteStore


class Run(NamedTuple):
    """Consecutive notification ids that have consecutive positions."""

    first_position: int
    first_notification: int
    length: int


class Sequencer:
    """Assigns positions, and finds the notification ids behind them."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def advance(self) -> int:
        """Give a position to every event stored so far; the number of positions given in all.

        Raises :class:`StoreDamaged` when events that have a position are missing.
        """
        with self._store.reading() as c:
            last = _last_run(c)
            if _highest(c) == last.first_notification + last.length - 1:
                return last.first_position + last.length
        with self._store.writing() as c:
            c.execute("DELETE FROM sequence WHERE 0")  # takes the write lock before reading
            last = _last_run(c)
            done = last.first_notification + last.length - 1
            highest = _highest(c)
            if highest < done:
                raise StoreDamaged(
                    reason=f"{self._store.path.name}: {done} events were sequenced, {highest} found"
                )
            for run in _runs_after(c, last, highest):
                c.execute("INSERT OR REPLACE INTO sequence VALUES (?,?,?)", run)
                last = run
        return last.first_position + last.length

    def runs(self) -> list[Run]:
        """All runs, in position order."""
        with self._store.reading() as c:
            return [Run(*row) for row in c.execute("SELECT * FROM sequence ORDER BY 1")]


def _last_run(c: sqlite3.Cursor) -> Run:
    row = c.execute("SELECT * FROM sequence ORDER BY first_position DESC LIMIT 1").fetchone()
    return Run(*row) if row is not None else Run(0, 1, 0)


def _highest(c: sqlite3.Cursor) -> int:
    found = c.execute("SELECT MAX(rowid) FROM stored_events").fetchone()[0]
    return int(found or 0)


def _runs_after(c: sqlite3.Cursor, last: Run, highest: int) -> list[Run]:
    """The runs to write: ``last`` lengthened, or new ones where numbers were skipped."""
    done = last.first_notification + last.length - 1
    count = c.execute("SELECT COUNT(*) FROM stored_events WHERE rowid>?", (done,)).fetchone()[0]
    if count == highest - done:
        return [last._replace(length=last.length + count)]
    runs = [last] if last.length else []
    position = last.first_position + last.length
    for (number,) in c.execute("SELECT rowid FROM stored_events WHERE rowid>? ORDER BY 1", (done,)):
        current = runs[-1] if runs else None
        if current and number == current.first_notification + current.length:
            runs[-1] = current._replace(length=current.length + 1)
        else:
            runs.append(Run(position, number, 1))
        position += 1
    return runs
