"""When a worker writes what it has folded."""

from typing import NamedTuple

from consumers.partitions import POLL_RECORDS

FLUSH_S = 1.0
"""A flush after so much time, when the worker is with the log."""
BACKLOG_FLUSH_S = 10.0
"""And while more waits than one poll takes: a row that several events change is written once. With
:data:`FLUSH_EVENTS`, the most that a crash costs."""
FLUSH_EVENTS = 250_000
"""A flush after so many events of all partitions."""
FLUSH_ROWS = 60_000
"""A flush when so many rows wait to be written: what is taken away from a worker is given up when
they are, and others wait for that."""


class Waiting(NamedTuple):
    """What a worker holds and has not written: how long it has, events folded, rows changed."""

    seconds: float
    events: int
    rows: int

    def is_due(self, flush_events: int, *, behind: int) -> bool:
        """Whether it is time to write it, with so many offsets left to read."""
        due_s = BACKLOG_FLUSH_S if behind > POLL_RECORDS else FLUSH_S
        return self.seconds >= due_s or self.events >= flush_events or self.rows >= FLUSH_ROWS
