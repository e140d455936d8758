"""A partition in a worker's hands: a fold for each place at which views stand in it.

Usually that is one. After a rebuild, or when a subject was tried again in one view, views stand at
several places for a while: each takes the records that it lacks, until they meet.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from consumers.partitions import Start
from ledger.domain.discard import Passed
from projections import places
from projections.database import ViewDatabase
from projections.generations import Generation
from projections.partition import PartitionFold, PartitionRecord, Unprocessable
from projections.places import Parked, Place
from projections.view import View


class Written(NamedTuple):
    """What was parked by writing a partition, how many events were new, and the seconds."""

    parked: list[Parked]
    events: int
    seconds: float


class HeldPartition:
    """One partition, taken up from what is stored. Not for two threads."""

    def __init__(
        self,
        database: ViewDatabase,
        views: Mapping[str, type[View]],
        number: int,
        passed: Passed,
        failed: Sequence[Unprocessable] = (),
    ) -> None:
        """From what is stored; of ``failed``, what comes again is to be parked then.

        ``passed`` are the positions that views pass over; none of them waits in this partition.
        """
        with database.read() as connection:
            live = database.live(connection)
            members = [live[name] for name in views]
            stand = places.places(connection, members)
            still = places.standstills(connection, members, partition=number)
        parked: dict[str, dict[str, int]] = {}
        for s in still:
            parked.setdefault(s.subject, {})[s.view] = s.position
        at = {m.view: stand[m.view, m.generation][number] for m in members}
        # Another worker may have taken in or parked what failed here, and gone on.
        again = [f for f in failed if f.record.offset >= at[f.view].next_offset]
        again = [f for f in again if f.view not in passed.get(f.record.position, ())]
        for f in again:
            since = parked.setdefault(f.subject, {})
            since[f.view] = min(since.get(f.view, f.record.position), f.record.position)
        reasons = {(f.view, f.record.position): f.reason for f in again}
        self.number = number
        self._database = database
        self.waiting = 0
        self.folds: list[PartitionFold] = []
        by_place: dict[Place, list[Generation]] = {}
        epochs: dict[str, int] = {}
        for member in members:
            place = at[member.view]
            epochs[member.view] = place.epoch
            by_place.setdefault(replace(place, epoch=0), []).append(member)
        for place in sorted(by_place, key=lambda p: p.next_offset):
            fold = PartitionFold(
                database,
                views,
                by_place[place],
                number,
                place,
                epochs=epochs,
                parked=parked,
                reasons=reasons,
                passed=passed,
            )
            self.folds.append(fold)

    @property
    def start(self) -> Start:
        """Where to read on: at the place furthest behind."""
        place = min((fold.place for fold in self.folds), key=lambda p: p.next_offset)
        return Start(place.next_offset, place.position)

    def apply(self, records: Sequence[PartitionRecord], next_offset: int) -> None:
        for fold in self.folds:
            if next_offset > fold.place.next_offset:
                self.waiting += fold.apply(records, next_offset)

    def write(self, *, forget: bool = False) -> Written:
        """Write what was folded; ``forget`` gives up the rows in memory then."""
        events, start = self.waiting, time.monotonic()
        self.waiting = 0
        parked = [event for fold in self.folds for event in fold.flush()]
        if forget:
            self.forget()
        return Written(parked, events, time.monotonic() - start)

    @property
    def dirty(self) -> int:
        """How many rows wait to be written."""
        return sum(fold.dirty for fold in self.folds)

    def is_live(self) -> bool:
        """Whether the views' live generations are still those that are folded into here."""
        with self._database.read() as connection:
            live = self._database.live(connection)
        return all(
            live[member.view].generation == member.generation
            for fold in self.folds
            for member in fold.members
        )

    @property
    def unwritten(self) -> bool:
        """Whether it is read further than is stored."""
        return any(fold.place != fold.stored for fold in self.folds)

    @property
    def scattered(self) -> bool:
        """Whether there are several folds, and they have come to one place."""
        return len(self.folds) > 1 and len({fold.place for fold in self.folds}) == 1

    @property
    def news(self) -> bool:
        """Whether an officer's discard was met that is to be carried out."""
        return any(fold.news for fold in self.folds)

    def left(self, end: int) -> dict[str, int]:
        """For each view, the offsets between what it has stored and ``end``."""
        return {
            member.view: max(0, end - fold.stored.next_offset)
            for fold in self.folds
            for member in fold.members
        }

    def forget(self) -> None:
        for fold in self.folds:
            fold.forget()

    def close(self) -> None:
        for fold in self.folds:
            fold.close()

    def __len__(self) -> int:
        return sum(len(fold) for fold in self.folds)
