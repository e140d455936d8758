"""A client's batch that was not done with comes again; one that was does not."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import pytest

from consumers import client as reading
from consumers.client import (
    Checkpoint,
    DatabaseCheckpoints,
    EventBatch,
    EventClient,
    FromCheckpoint,
    FromPosition,
)
from consumers.connection import KafkaSettings
from consumers.errors import KafkaUnreachable
from consumers.partitions import PartitionBatch, PartitionReader, Start
from projections.partition import PartitionRecord
from tests.kafka_logs import told

KAFKA = KafkaSettings(("nowhere:1",))
RECORDS = [PartitionRecord(p, p, p - 1, raw) for p, raw in told(12).records]
ALL = list(range(len(RECORDS)))


class FourAtATime:
    """A reader of one partition that holds the records."""

    def __init__(self, _kafka: KafkaSettings, starts: Mapping[int, Start], *, topic: str) -> None:
        self.seek(starts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was opened."""

    def seek(self, starts: Mapping[int, Start]) -> None:
        self._at = {p: start.offset for p, start in starts.items()}

    def behind(self) -> dict[int, int]:
        return {p: len(RECORDS) - at for p, at in self._at.items()}

    def poll(self, _timeout_s: float, _max_records: int) -> list[PartitionBatch]:
        at = self._at.get(0, len(RECORDS))
        records = RECORDS[at : at + 4]
        self._at = {0: at + len(records)}
        return [PartitionBatch(0, records, self._at[0])] if records else []


class Alone:
    """A group of one member, which is given the partition once."""

    failed = False

    def __init__(self, *_: object) -> None:
        self._news: frozenset[int] | None = frozenset({0})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was opened."""

    def changed(self) -> frozenset[int] | None:
        news, self._news = self._news, None
        return news

    def settled(self) -> None:
        """Nobody waits."""


@pytest.fixture(autouse=True)
def _records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "check_connection", lambda *_: None)
    monkeypatch.setattr(reading, "end_offsets", lambda *_: {0: len(RECORDS)})
    monkeypatch.setattr(reading, PartitionReader.__name__, FourAtATime)
    monkeypatch.setattr(reading, "Membership", Alone)


class Target:
    """A downstream system whose handling of a batch fails as often as is said, once a batch."""

    def __init__(self, path: Path) -> None:
        self.connect: Callable[[], sqlite3.Connection] = lambda: sqlite3.connect(path)
        self.checkpoints = DatabaseCheckpoints(self.connect, "mine")
        self.failed: set[int] = set()
        with closing(self.connect()) as db:
            db.execute("CREATE TABLE seen (position INTEGER)")

    def take(self, batch: EventBatch, *, fails_before_commit: bool) -> None:
        first = batch.events[0].position
        with closing(self.connect()) as db:
            with db:
                db.executemany("INSERT INTO seen VALUES (?)", [(e.position,) for e in batch.events])
                self.checkpoints.save(db, batch)
                if fails_before_commit:
                    self._fail_once(first)
            self._fail_once(first)

    def _fail_once(self, first: int) -> None:
        if first not in self.failed:
            self.failed.add(first)
            raise ZeroDivisionError

    def seen(self) -> list[int]:
        with closing(self.connect()) as db:
            return [p for (p,) in db.execute("SELECT position FROM seen ORDER BY rowid")]


def read_all(client: EventClient, handle: Callable[[EventBatch], object]) -> None:
    """As a system that logs a failure and goes on with the same client."""
    while True:
        try:
            for batch in client.batches(until_end=True):
                handle(batch)
            return
        except ZeroDivisionError:
            continue


@pytest.mark.parametrize("group", [None, "reader.mine"])
@pytest.mark.parametrize("fails_before_commit", [True, False])
def test_a_stored_checkpoint_says_whether_a_failed_batch_comes_again(
    tmp_path: Path, group: str | None, fails_before_commit: bool
) -> None:
    """One that was rolled back does; one that was stored, and failed after that, does not."""
    target = Target(tmp_path / "target.sqlite")
    with EventClient(KAFKA, start=FromCheckpoint(target.checkpoints.load), group=group) as client:
        read_all(client, lambda b: target.take(b, fails_before_commit=fails_before_commit))
    assert target.failed == {0, 4, 8}
    assert target.seen() == ALL
    assert target.checkpoints.load() == client.checkpoint == Checkpoint({0: Start(12, 11)})


def test_what_was_never_stored_comes_again_from_where_it_began(tmp_path: Path) -> None:
    """Asked anew, a start at what comes next would be after the batch that failed."""

    class AtFour(FromPosition):
        def places(self, *_: Any) -> dict[int, Start]:
            return {0: begins.pop()}

    begins = [Start(4, 3)]
    target = Target(tmp_path / "target.sqlite")
    start = FromCheckpoint(target.checkpoints.load, otherwise=AtFour())
    with EventClient(KAFKA, start=start) as client:
        read_all(client, lambda b: target.take(b, fails_before_commit=True))
    assert target.seen() == ALL[4:]


@pytest.mark.parametrize("start", [FromPosition(0), FromCheckpoint(Checkpoint())])
def test_without_one_the_batch_that_failed_comes_again(
    start: FromPosition | FromCheckpoint,
) -> None:
    seen: list[int] = []
    failures = iter([4, 8])
    fails_at = next(failures)

    def handle(batch: EventBatch) -> None:
        nonlocal fails_at
        if batch.events[0].position == fails_at:
            fails_at = next(failures, -1)
            raise ZeroDivisionError
        seen.extend(e.position for e in batch.events)

    with EventClient(KAFKA, start=start) as client:
        read_all(client, handle)
    assert seen == ALL


def test_a_group_that_could_not_be_followed_is_followed_when_the_brokers_are_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group tells of a partition once; the brokers were away when its end was asked for."""
    answers: Iterator[bool] = iter([True, False])

    def end_offsets(*_: object) -> dict[int, int]:
        if not next(answers, True):
            raise KafkaUnreachable(brokers="nowhere:1", reason="away")
        return {0: len(RECORDS)}

    monkeypatch.setattr(reading, "end_offsets", end_offsets)
    monkeypatch.setattr(reading, "log_in", lambda *_, **__: None)
    target = Target(tmp_path / "target.sqlite")
    start = FromCheckpoint(target.checkpoints.load)
    with EventClient(KAFKA, start=start, group="reader.mine") as client:
        assert next(client.batches()).events[0].position == 0
        assert client.counts.interruptions == 1
