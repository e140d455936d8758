"""What a worker that is behind reads next, and when it writes what it has folded."""

from collections.abc import Mapping
from typing import NamedTuple

from consumers.partitions import POLL_RECORDS

FLUSH_S = 1.0
"""A flush after so much time, when the worker is with the log."""
BACKLOG_FLUSH_S = 10.0
"""And while more waits than one poll takes: a row that several events change is written once. With
:data:`FLUSH_EVENTS`, the most that a crash costs."""
FLUSH_EVENTS = 500_000
"""A flush after so many events of all partitions."""
FLUSH_ROWS = 100_000
"""A flush when so many rows wait to be written: what is taken away from a worker is given up when
they are, and others wait for that."""
ROWS_IN_MEMORY = 150_000
"""Rows above which those that are stored are given up: some 200 MB."""
FAR = 100_000
"""Offsets behind from which on a partition is read alone."""


def read_alone(now: int | None, behind: Mapping[int, int]) -> int | None:
    """The partition to read next with all others left where they are; None to read all together.

    ``now`` is the one that is read alone so far, ``behind`` what each has left to read. The rows of
    a single partition have room in memory; those of all, months of a city's, are written, given up
    and read again for every month. A partition read alone stays so until it is nearly at its end.
    """
    if now is not None and behind.get(now, 0) > POLL_RECORDS:
        return now
    farthest = max(behind, key=behind.__getitem__, default=None)
    return farthest if farthest is not None and behind[farthest] > FAR else None


class Waiting(NamedTuple):
    """What a worker holds and has not written: how long it has, events folded, rows changed.

    ``near_s`` is for how long no more than one poll has been left to read.
    """

    seconds: float
    events: int
    rows: int
    near_s: float

    def is_due(self, flush_events: int, *, behind: int) -> bool:
        """Whether it is time to write it, with so many offsets left to read.

        The last poll of a backlog is a moment's work, and written with what is held already.
        """
        if self.seconds >= BACKLOG_FLUSH_S or self.events >= flush_events:
            return True
        soon = behind == 0 or self.near_s >= FLUSH_S
        return self.rows >= FLUSH_ROWS or (soon and self.seconds >= FLUSH_S)
