"""Of two rebuilds of a view from Kafka the later one goes on, and the earlier one says why not."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from consumers import rebuild as rebuilding
from consumers.adoption import adopt
from consumers.connection import KafkaSettings
from consumers.partitions import PartitionBatch, PartitionReader, Start
from consumers.rebuild import Rebuild
from ledger.store.errors import StoreBusy
from projections.database import ViewDatabase
from projections.partition import PartitionRecord
from projections.rebuild import Rebuilt
from projections.view import View
from tests.brittle import Brittle, suspensions

KAFKA = KafkaSettings(("nowhere:1",))


def partitions() -> dict[int, list[PartitionRecord]]:
    """The people of the history in two partitions."""
    parts: dict[int, list[PartitionRecord]] = {0: [], 1: []}
    for position, raw in suspensions().records:
        part = parts[0 if any(b'"subject":"p%d"' % n in raw for n in range(3)) else 1]
        part.append(PartitionRecord(len(part), position, part[-1].position if part else -1, raw))
    return parts


PARTS = partitions()


class Reader:
    """Reads the partitions ten records at a time; something may happen when one is begun."""

    meanwhile: ClassVar[dict[int, Callable[[], object]]] = {}

    def __init__(self, *_: Any, **__: Any) -> None:
        self._partition = self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was opened."""

    def seek(self, starts: Mapping[int, Start]) -> None:
        ((self._partition, (self._at, _)),) = starts.items()

    def poll(self, _timeout_s: float) -> list[PartitionBatch]:
        if happens := self.meanwhile.pop(self._partition, None):
            happens()
        records = PARTS[self._partition][self._at : self._at + 10]
        self._at += len(records)
        return [PartitionBatch(self._partition, records, self._at)] if records else []


class Newer(Brittle):
    """The same view by mended code, of which the version tells."""

    version = 2


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ViewDatabase]:
    """The brittle view, which can take in everything, with nothing folded yet."""
    monkeypatch.setattr(rebuilding, PartitionReader.__name__, Reader)
    monkeypatch.setattr(rebuilding, "check_connection", lambda *_: None)
    ends = {p: len(records) for p, records in PARTS.items()}
    monkeypatch.setattr(rebuilding, "end_offsets", lambda *_: dict(ends))
    monkeypatch.setattr(Brittle, "broken", ())
    monkeypatch.setattr(Reader, "meanwhile", {})
    opened = ViewDatabase(f"sqlite:///{tmp_path / 'views.db'}")
    adopt(opened, {Brittle.name: Brittle}, len(PARTS))
    yield opened
    opened.close()


def rebuild(database: ViewDatabase, view: type[View] = Brittle) -> list[Rebuilt]:
    return Rebuild(KAFKA, database, [view]).run()


@pytest.mark.parametrize("partition", PARTS)
def test_one_that_another_took_over_says_so(database: ViewDatabase, partition: int) -> None:
    Reader.meanwhile[partition] = lambda: rebuild(database)
    with pytest.raises(StoreBusy, match="another rebuild took over"):
        rebuild(database)
    assert len(rebuild(database)) == 1


def test_one_whose_tables_are_gone_when_it_reads_them_says_so(
    database: ViewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has given back the memory of what it wrote."""
    monkeypatch.setattr(rebuilding, "FLUSH_ROWS", 1)
    monkeypatch.setattr(rebuilding, "ROWS_IN_MEMORY", 0)
    flushed = iter([False, False, True])

    def progress(_done: int, _total: int) -> None:
        if next(flushed, False):
            rebuild(database)

    with pytest.raises(StoreBusy, match="another rebuild took over"):
        Rebuild(KAFKA, database, [Brittle], progress=progress).run()


def test_one_that_slept_writes_nothing_into_what_mended_code_began(database: ViewDatabase) -> None:
    """That one died as soon as it had begun; what the older one folds is not of its version."""

    def die() -> None:
        raise KeyboardInterrupt

    def mended() -> None:
        Reader.meanwhile[0] = die
        with pytest.raises(KeyboardInterrupt):
            rebuild(database, Newer)

    Reader.meanwhile[1] = mended
    with pytest.raises(StoreBusy, match="another rebuild took over"):
        rebuild(database)
    with database.read() as connection:
        old, new = database.generations(connection)
    assert (old.live, old.version) == (True, Brittle.version)
    assert (new.live, new.version, new.position) == (False, Newer.version, 0)
