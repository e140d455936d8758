"""The order of the log as a store keeps it: runs of consecutive notification ids, and hash tiles.

Tiles are those of the Merkle tree over the events in that order (:mod:`ledger.log.tree`); here they
are bytes under two numbers. The tables and statements are the same in every store; only the name of
the column of notification ids and the mark of a parameter differ.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol


class Run(NamedTuple):
    """Consecutive notification ids that have consecutive positions."""

    first_position: int
    first_notification: int
    length: int

    @property
    def last_notification(self) -> int:
        """0 for the run of an empty log."""
        return self.first_notification + self.length - 1

    @property
    def end(self) -> int:
        """The position after its last one."""
        return self.first_position + self.length


class Cursor(Protocol):
    """What is used of a driver's cursor."""

    def execute(self, statement: Any, parameters: Any = ..., /) -> Any: ...


class Order:
    """Reads and writes the order inside a transaction that a store opened."""

    def __init__(self, cursor: Cursor, *, number: str, mark: str, as_bytes: str = "{}") -> None:
        """``as_bytes`` has a column of bytes read as such, where a store takes anything for them:
        what somebody put there is then found by its hash, and does not stop the reading."""
        self._cursor, self._number, self._mark = cursor, number, mark
        self._state, self._hashes = as_bytes.format("state"), as_bytes.format("hashes")

    def runs(self) -> list[Run]:
        """All runs, in position order."""
        return [Run(*row) for row in self._all(f"SELECT {_COLUMNS} FROM sequence ORDER BY 1")]

    def last(self) -> Run:
        """The last run; an empty one before the first event."""
        rows = self._all(f"SELECT {_COLUMNS} FROM sequence ORDER BY 1 DESC LIMIT 1")
        return Run(*rows[0]) if rows else Run(0, 1, 0)

    def highest(self) -> int:
        """The highest notification id; 0 if there is no event."""
        return int(self._all(f"SELECT MAX({self._number}) FROM stored_events")[0][0] or 0)

    def count(self) -> int:
        """How many events there are."""
        return int(self._all("SELECT COUNT(*) FROM stored_events")[0][0])

    def ahead(self, after: int, limit: int) -> tuple[int, int]:
        """How many of the next ``limit`` events after a notification id there are, and the highest
        notification id among them (``after`` if there are none)."""
        count, highest = self._all(
            f"SELECT COUNT(*), MAX(n) FROM ({self._next('')} LIMIT {self._mark}) AS ahead",
            (after, limit),
        )[0]
        return int(count), int(highest or after)

    def numbers(self, after: int, limit: int) -> Iterable[int]:
        """The notification ids of the next ``limit`` events after one, ascending."""
        found = self._all(f"{self._next('')} LIMIT {self._mark}", (after, limit))
        return (number for (number,) in found)

    def states(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Notification ids and bytes of the next ``limit`` events after one, ascending."""
        return self._all(f"{self._next(f', {self._state}')} LIMIT {self._mark}", (after, limit))

    def number_at(self, position: int) -> int | None:
        """The notification id of the event at a position; None if no event has it."""
        rows = self._all(
            f"SELECT {_COLUMNS} FROM sequence WHERE first_position<={self._mark} "
            "ORDER BY 1 DESC LIMIT 1",
            (position,),
        )
        run = Run(*rows[0]) if rows else Run(0, 1, 0)
        inside = 0 <= position < run.end
        return run.first_notification + position - run.first_position if inside else None

    def put(self, run: Run) -> None:
        """Store a run, or the greater length of one that is there."""
        marks = ",".join([self._mark] * len(run))
        self._cursor.execute(
            f"INSERT INTO sequence ({_COLUMNS}) VALUES ({marks}) "
            "ON CONFLICT (first_position) DO UPDATE SET length = excluded.length",
            tuple(run),
        )

    # --- tiles

    def last_tile(self) -> tuple[int, int]:
        """Number and bytes of the last tile of level 0; twice 0 if there is none."""
        rows = self._all(
            f"SELECT number, LENGTH({self._hashes}) FROM tiles WHERE level=0 "
            "ORDER BY number DESC LIMIT 1"
        )
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes of a tile, side by side; None if it is not there."""
        m = self._mark
        rows = self._all(
            f"SELECT {self._hashes} FROM tiles WHERE level={m} AND number={m}", (level, number)
        )
        return bytes(rows[0][0]) if rows else None

    def tile_numbers(self) -> list[tuple[int, int, int]]:
        """Level, number and bytes of every tile, in order."""
        return self._all(
            f"SELECT level, number, LENGTH({self._hashes}) FROM tiles ORDER BY level, number"
        )

    def put_tile(self, level: int, number: int, hashes: bytes) -> None:
        """Store a tile, or the longer one in place of the one that is there."""
        marks = ",".join([self._mark] * 3)
        self._cursor.execute(
            f"INSERT INTO tiles (level, number, hashes) VALUES ({marks}) "
            "ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes",
            (level, number, hashes),
        )

    def _next(self, more: str) -> str:
        n = self._number
        return f"SELECT {n} AS n{more} FROM stored_events WHERE {n}>{self._mark} ORDER BY {n}"

    def _all(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        found: list[Any] = self._cursor.execute(statement, parameters).fetchall()
        return found


_COLUMNS = "first_position, first_notification, length"
