"""Building views anew from Kafka beside live workers, comparing, and switching.

The new generation is folded from the first offset on in tables of its own while workers go on with
the live one. At the end the workers are held for as long as it takes to bring the new one to
exactly where the live one stands, to compare the digests and to switch: one transaction. Workers
find their places gone then, and take up the new generation's. The old one's tables are dropped
after it: a build of minutes is not lost to a worker that reads them.
"""

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from consumers.connection import KafkaSettings, check_connection
from consumers.errors import KafkaUnreachable
from consumers.offsets import end_offsets
from consumers.partitions import PartitionReader, Start
from consumers.topics import EVENTS
from consumers.waiting import FLUSH_ROWS, ROWS_IN_MEMORY
from ledger.codec import type_name
from ledger.collector import collector_paused
from ledger.domain.discard import Passed
from ledger.store.errors import StoreBusy
from projections import places
from projections.database import ViewDatabase
from projections.digest import digest_of
from projections.discards import Discarding, nothing_discarded
from projections.errors import ProjectionFailed, ViewUnreadable
from projections.fold import Moved
from projections.generations import Generation
from projections.partition import PartitionFold, Unprocessable
from projections.places import Place
from projections.rebuild import Rebuilt
from projections.view import View

_POLL_S = 0.5
_QUIET_POLLS = 240
"""Polls without a record before the topic counts as stalled: two minutes."""

_TAKEN_OVER = "another rebuild took over"

Progress = Callable[[int, int], None]
"""Called with the offsets read and the offsets to read."""


class Rebuild:
    """One rebuild of some views. Not for two threads."""

    def __init__(
        self,
        kafka: KafkaSettings,
        database: ViewDatabase,
        views: Sequence[type[View]],
        *,
        topic: str = EVENTS,
        progress: Progress | None = None,
        discarded: Discarding = nothing_discarded,
    ) -> None:
        """``discarded`` tells what views pass over, from the log's own stream."""
        self._kafka = kafka
        self._database = database
        self._views: Mapping[str, type[View]] = {view.name: view for view in views}
        self._topic = topic
        self._progress = progress
        self._discarded = discarded
        self._passed: Passed = {}
        self._folds: dict[int, PartitionFold] = {}

    def run(self) -> list[Rebuilt]:
        """Build, compare and switch.

        Raises :class:`StoreBusy` when another rebuild took over or an event was discarded
        meanwhile, :class:`ProjectionFailed` for an event that a view cannot process, and what
        reading the topic and writing the database raise. The live views stay then.
        """
        check_connection(self._kafka, [self._topic])
        ends = end_offsets(self._kafka, self._topic)
        members = self._begin(len(ends))
        self._passed = self._discarded()
        self._folds = {
            p: PartitionFold(self._database, self._views, members, p, Place(), passed=self._passed)
            for p in ends
        }
        with (
            PartitionReader(self._kafka, {}, topic=self._topic) as reader,
            collector_paused(),
        ):
            try:
                self._fold_to(reader, ends)
                return self._switch(reader, members)
            except Moved as error:
                raise StoreBusy(reason=_TAKEN_OVER) from error
            except ViewUnreadable as error:
                with self._database.read() as connection:
                    if self._are_there(connection, members):
                        raise
                raise StoreBusy(reason=_TAKEN_OVER) from error
            except Unprocessable as failed:
                raise ProjectionFailed(
                    position=failed.record.position,
                    type=type_name(failed.record.value).decode(errors="replace"),
                    reason=f"{failed.view}: {failed.reason}",
                ) from failed
            finally:
                for fold in self._folds.values():
                    fold.close()

    def _begin(self, partitions: int) -> list[Generation]:
        """New generations beside the live ones; what earlier rebuilds left is dropped."""
        with self._database.write() as connection:
            for old in self._database.generations(connection):
                if old.view in self._views and not old.live:
                    self._database.drop(connection, old)
            return [
                self._database.create(
                    connection, v.name, v.version, v.tables, live=False, partitions=partitions
                )
                for v in self._views.values()
            ]

    def _fold_to(self, reader: PartitionReader, ends: Mapping[int, int]) -> None:
        """Fold every partition up to an offset and no further, one after the other.

        A row of one is in memory until it is written, most of them once.
        """
        total = sum(ends.values())
        reached = {p: fold.place.next_offset for p, fold in self._folds.items()}
        for partition, end in ends.items():
            fold, quiet = self._folds[partition], 0
            reader.seek({partition: Start(fold.place.next_offset, fold.place.position)})
            while fold.place.next_offset < end:
                try:
                    batches = reader.poll(_POLL_S)
                except KafkaUnreachable:
                    batches = []
                quiet = 0 if batches else quiet + 1
                if quiet > _QUIET_POLLS:
                    waited_s = quiet * _POLL_S
                    raise StoreBusy(reason=f"{self._topic}: nothing came for {waited_s:.0f} s")
                for batch in batches:
                    records = [r for r in batch.records if r.offset < end]
                    fold.apply(records, min(batch.next_offset, end))
                if fold.dirty >= FLUSH_ROWS:
                    fold.flush()
                    if len(fold) > ROWS_IN_MEMORY:
                        fold.forget()
                if self._progress is not None:
                    reached[partition] = fold.place.next_offset
                    self._progress(min(sum(reached.values()), total), total)
            fold.flush()
            fold.forget()

    def _switch(self, reader: PartitionReader, members: Sequence[Generation]) -> list[Rebuilt]:
        """Hold the workers, come to where they are, compare, and take their generation's place."""
        database = self._database
        with database.write() as connection:
            live = database.live(connection)
            replaced = [live[view] for view in self._views if view in live]
            self._fold_to(reader, self._hold(connection, replaced))
            if self._discarded() != self._passed:
                raise StoreBusy(reason="an event was discarded meanwhile")
            if not self._are_there(connection, members):
                raise StoreBusy(reason=_TAKEN_OVER)
            compared = [self._compared(connection, m, live.get(m.view)) for m in members]
            for old in replaced:
                database.retire(connection, old)
            for member, result in zip(members, compared, strict=True):
                database.make_live(connection, member)
                database.keep_digest(connection, member, result.after.digest)
        database.clear(replaced)
        return compared

    def _are_there(self, connection: sa.Connection, members: Sequence[Generation]) -> bool:
        """Whether no other rebuild has dropped these."""
        stored = {(g.view, g.generation) for g in self._database.generations(connection)}
        return all((m.view, m.generation) in stored for m in members)

    def _hold(self, connection: sa.Connection, replaced: Sequence[Generation]) -> dict[int, int]:
        """Where the workers stand in each partition, and there they stay until the switch."""
        ends = {p: fold.place.next_offset for p, fold in self._folds.items()}
        for old in replaced:
            for partition in range(min(old.partitions or 0, len(ends))):
                for place in places.hold(connection, [old], partition):
                    if place is not None:
                        ends[partition] = max(ends[partition], place.next_offset)
        return ends

    def _compared(
        self, connection: sa.Connection, member: Generation, old: Generation | None
    ) -> Rebuilt:
        """The built generation's digest, beside the live one's if that is as far.

        It is not while it has events that wait.
        """
        cls = self._views[member.view]
        now = {(g.view, g.generation): g for g in self._database.generations(connection)}
        built, before = now[member.view, member.generation], None
        if old is not None and old.version == cls.version:
            held = now[old.view, old.generation]
            waiting = places.standstills(connection, [old])
            if held.position == built.position and not waiting:
                before = digest_of(self._database, connection, cls, held)
        return Rebuilt(member.view, before, digest_of(self._database, connection, cls, built))
