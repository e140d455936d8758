"""When a worker writes: soon with the log, later with a backlog, and never too much at once."""

import pytest

from consumers.partitions import POLL_RECORDS
from consumers.waiting import BACKLOG_FLUSH_S, FLUSH_EVENTS, FLUSH_ROWS, FLUSH_S, Waiting

BACKLOG = POLL_RECORDS + 1


@pytest.mark.parametrize(
    ("seconds", "events", "rows", "behind", "due"),
    [
        (FLUSH_S, 1, 1, 0, True),
        (FLUSH_S - 0.1, 1, 1, 0, False),
        (FLUSH_S, 1, 1, POLL_RECORDS, True),
        (FLUSH_S, 1, 1, BACKLOG, False),
        (BACKLOG_FLUSH_S - 0.1, FLUSH_EVENTS - 1, FLUSH_ROWS - 1, BACKLOG, False),
        (BACKLOG_FLUSH_S, 1, 1, BACKLOG, True),
        (0, FLUSH_EVENTS, 1, BACKLOG, True),
        (0, 1, FLUSH_ROWS, BACKLOG, True),
    ],
)
def test_a_backlog_is_written_less_often(
    seconds: float, events: int, rows: int, behind: int, due: bool
) -> None:
    assert Waiting(seconds, events, rows).is_due(FLUSH_EVENTS, behind=behind) is due
