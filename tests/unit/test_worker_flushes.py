"""What a worker reads and when it writes: soon with the log, later with a backlog, never too much
at once."""

import pytest

from consumers.partitions import POLL_RECORDS
from consumers.waiting import (
    BACKLOG_FLUSH_S,
    FAR,
    FLUSH_EVENTS,
    FLUSH_ROWS,
    FLUSH_S,
    Waiting,
    read_alone,
)

BACKLOG = POLL_RECORDS + 1


LONG = 60.0


@pytest.mark.parametrize(
    ("waiting", "behind", "due"),
    [
        (Waiting(FLUSH_S, 1, 1, LONG), 0, True),
        (Waiting(FLUSH_S - 0.1, 1, 1, LONG), 0, False),
        (Waiting(FLUSH_S, 1, 1, LONG), POLL_RECORDS, True),
        (Waiting(FLUSH_S, 1, 1, 0), BACKLOG, False),
        (Waiting(BACKLOG_FLUSH_S - 0.1, FLUSH_EVENTS - 1, FLUSH_ROWS - 1, 0), BACKLOG, False),
        (Waiting(BACKLOG_FLUSH_S, 1, 1, 0), BACKLOG, True),
        (Waiting(0, FLUSH_EVENTS, 1, 0), BACKLOG, True),
        (Waiting(0, 1, FLUSH_ROWS, 0), BACKLOG, True),
    ],
)
def test_a_backlog_is_written_less_often(waiting: Waiting, behind: int, due: bool) -> None:
    assert waiting.is_due(FLUSH_EVENTS, behind=behind) is due


@pytest.mark.parametrize(
    ("near_s", "behind", "due"),
    [(0, POLL_RECORDS, False), (0, 0, True), (FLUSH_S - 0.1, 1, False), (FLUSH_S, 1, True)],
)
def test_the_end_of_a_backlog_is_written_with_it(near_s: float, behind: int, due: bool) -> None:
    waiting = Waiting(BACKLOG_FLUSH_S - 0.1, 1, 1, near_s)
    assert waiting.is_due(FLUSH_EVENTS, behind=behind) is due


@pytest.mark.parametrize(
    ("now", "behind", "alone"),
    [
        (None, {}, None),
        (None, {0: FAR, 1: 0}, None),
        (None, {0: FAR + 1, 1: FAR + 2, 2: 0}, 1),
        (0, {0: POLL_RECORDS + 1, 1: FAR + 2}, 0),
        (0, {0: POLL_RECORDS, 1: FAR + 2}, 1),
        (0, {0: POLL_RECORDS, 1: FAR}, None),
        (0, {1: FAR + 2}, 1),
        (0, {}, None),
    ],
)
def test_far_behind_one_partition_is_read_at_a_time(
    now: int | None, behind: dict[int, int], alone: int | None
) -> None:
    assert read_alone(now, behind) == alone
