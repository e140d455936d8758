"""What a worker remembers to have failed is parked when it comes again, and otherwise forgotten."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from consumers.adoption import adopt
from consumers.held_partition import HeldPartition
from ledger.domain.events import enrollment as en
from projections import places
from projections.database import ViewDatabase
from projections.partition import PartitionRecord, Unprocessable
from projections.places import Parked
from tests.brittle import Brittle, suspensions

RECORDS = [PartitionRecord(p, p, p - 1, raw) for p, raw in suspensions().records]
PAID = len(RECORDS) - 8
"""Where the last payments begin, one for each person."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[ViewDatabase]:
    """One partition of the brittle view."""
    opened = ViewDatabase(f"sqlite:///{tmp_path / 'views.db'}")
    adopt(opened, {Brittle.name: Brittle}, 1)
    yield opened
    opened.close()


def fold(database: ViewDatabase, end: int, *failed: Unprocessable) -> list[Parked]:
    """What a worker parks that has the partition up to ``end`` and remembers these failures."""
    held = HeldPartition(database, {Brittle.name: Brittle}, 0, {}, failed)
    try:
        held.apply(RECORDS[:end], end)
        return held.write().parked
    finally:
        held.close()


def failure(database: ViewDatabase) -> Unprocessable:
    """What an old program finds; it has written nothing."""
    with pytest.raises(Unprocessable) as failed:
        fold(database, PAID)
    return failed.value


def test_a_failure_that_comes_again_is_parked_with_its_reason(database: ViewDatabase) -> None:
    failed = failure(database)
    with pytest.raises(Unprocessable) as next_one:
        fold(database, PAID, failed)
    parked = fold(database, failed.record.offset + 1, failed)
    assert [(e.subject, e.position, e.reason) for e in parked] == [
        (failed.subject, failed.record.position, failed.reason)
    ]
    assert next_one.value.subject != failed.subject


def test_what_another_worker_took_in_meanwhile_stops_nobody(
    database: ViewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One with mended code had the partition, and gave it back; the failure is about the past."""
    failed = failure(database)
    monkeypatch.setattr(Brittle, "broken", ())
    assert fold(database, PAID) == []
    monkeypatch.setattr(Brittle, "broken", (en.EnrollmentSuspended,))
    assert fold(database, len(RECORDS), failed) == []
    with database.read() as connection:
        assert places.standstills(connection, database.live(connection).values()) == []
