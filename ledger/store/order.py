"""The order of the log as a store keeps it: runs of consecutive notification ids.

The tables and statements are the same in every store; only the name of the column of notification
ids and the mark of a parameter differ.
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

    def __init__(self, cursor: Cursor, *, number: str, mark: str) -> None:
        self._cursor, self._number, self._mark = cursor, number, mark

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

    def count(self, after: int = 0) -> int:
        """How many events have a higher notification id than ``after``."""
        counting = f"SELECT COUNT(*) FROM stored_events WHERE {self._number}>{self._mark}"
        return int(self._all(counting, (after,))[0][0])

    def numbers(self, after: int) -> Iterable[int]:
        """The notification ids higher than ``after``, ascending."""
        n = self._number
        found = self._all(
            f"SELECT {n} FROM stored_events WHERE {n}>{self._mark} ORDER BY {n}", (after,)
        )
        return (number for (number,) in found)

    def put(self, run: Run) -> None:
        """Store a run, or the greater length of one that is there."""
        marks = ",".join([self._mark] * len(run))
        self._cursor.execute(
            f"INSERT INTO sequence ({_COLUMNS}) VALUES ({marks}) "
            "ON CONFLICT (first_position) DO UPDATE SET length = excluded.length",
            tuple(run),
        )

    def _all(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return list(self._cursor.execute(statement, parameters).fetchall())


_COLUMNS = "first_position, first_notification, length"
