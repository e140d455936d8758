"""What views could not process: listed, looked at, tried again, and let go where it was discarded.

The views' database is the truth about what waits. Whoever folds waiting events does it in one
transaction that holds the partition's place and gives the view's rows a new epoch, so that the
partition's worker, whose memory is old then, writes nothing and takes the partition up anew.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sqlalchemy as sa

from consumers.errors import ParkedBehind, ViewsOutdated
from ledger.domain.discard import Passed
from ledger.domain.errors import NotFound
from ledger.randomness import rfc3339, system_clock
from ledger.store.errors import StoreBusy
from projections import places
from projections.database import ViewDatabase
from projections.discards import Discarding, nothing_discarded
from projections.errors import ViewUnknown
from projections.generations import Generation
from projections.places import PARKED, Parked, Standstill
from projections.refold import refold
from projections.view import View

_REBUILT_TIMES = 3
"""Rebuilds met in a row before giving up: each takes minutes."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A subject that stands still in a view: the event that failed, how many wait with it."""

    event: Parked
    count: int


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a subject's parked events: taken in, passed over, still waiting.

    ``position`` and ``reason`` are those of the event that stopped it again; None where none did.
    """

    view: str
    subject: str
    folded: int
    passed_over: int
    left: int
    position: int | None = None
    reason: str | None = None


class DeadLetters:
    """The parked events of the live views in one database."""

    def __init__(
        self,
        database: ViewDatabase,
        views: Mapping[str, type[View]],
        discarded: Discarding = nothing_discarded,
    ) -> None:
        """``discarded`` tells what views pass over, from the log's own stream."""
        self._database = database
        self._views = views
        self._discarded = discarded

    def waiting(
        self, *, view: str | None = None, subject: str | None = None, limit: int = 1_000
    ) -> list[Waiting]:
        """The subjects that stand still, by the position at which they do; at most ``limit``."""
        with self._database.read() as connection:
            still = places.standing(self._database.live(connection).values())
            same = sa.and_(*(PARKED.c[n] == still.c[n] for n in ("view", "generation", "position")))
            query = sa.select(PARKED, still.c.waiting).join(still, same)
            for column, wanted in ((PARKED.c.view, view), (PARKED.c.subject, subject)):
                if wanted is not None:
                    query = query.where(column == wanted)
            order = (PARKED.c.position, PARKED.c.view)
            rows = connection.execute(query.order_by(*order).limit(limit))
            return [Waiting(_parked(row), row.waiting) for row in rows]

    def event(self, view: str, position: int) -> Parked:
        """The parked event of a view at a position. Raises :class:`NotFound`."""
        with self._database.read() as connection:
            return self._event(connection, view, position)

    @contextmanager
    def held(self, view: str, position: int) -> Iterator[Parked]:
        """The event that failed, which cannot be folded by anyone for as long as this lasts.

        Raises :class:`NotFound`, :class:`ParkedBehind` for one that only waits behind another.
        """
        with self._database.share() as connection:
            partition = self._event(connection, view, position).partition
            live = self._live(connection, view)
            places.hold(connection, [live], partition)
            event = self._event(connection, view, position)
            first, *_ = places.parked(connection, [live], subject=event.subject)
            if first.position != position:
                raise ParkedBehind(position=position, first=first.position)
            yield event

    def retry(self, view: str, subject: str | None = None) -> list[Retried]:
        """Fold what waits in a view, of one subject or of all, with the view's present code.

        A transaction a subject. The first event that fails again stays, with those after it.
        Raises :class:`ViewUnknown`, :class:`NotFound` for a subject of which nothing waits,
        :class:`~consumers.errors.ViewsOutdated`, :class:`StoreBusy`.
        """
        with self._database.read() as connection:
            live = self._live(connection, view)
            found = places.standstills(connection, [live], subject=subject)
        if subject is not None and not found:
            raise NotFound(what=f"{view} {subject}")
        return self._again(found)

    def release(self, partition: int, passed: Passed) -> list[Retried]:
        """Fold what waits behind events of a partition that officers have discarded."""
        if not passed:
            return []
        with self._database.read() as connection:
            live = self._database.live(connection)
            members = [live[view] for view in self._views if view in live]
            found = places.standstills(connection, members, partition=partition)
        return self._again(s for s in found if s.view in passed.get(s.position, ()))

    def _again(self, due: Iterable[Standstill]) -> list[Retried]:
        return [self._one(s.view, s.subject, s.partition) for s in due]

    def _one(self, view: str, subject: str, partition: int) -> Retried:
        """One subject's events, in the generation that is live when its place is held."""
        for _ in range(_REBUILT_TIMES):
            told = self._try(view, subject, partition)
            if told is not None:
                return told
        raise StoreBusy(reason=f"{view}: rebuilt again and again")

    def _try(self, view: str, subject: str, partition: int) -> Retried | None:
        """One transaction; None when a rebuild took the generation's place meanwhile."""
        with self._database.share() as connection:
            live = self._live(connection, view)
            if places.hold(connection, [live], partition) == [None]:
                return None
            events = places.parked(connection, [live], subject=subject)
            # Asked for only now: a discard is decided while its partition is held.
            passed = self._discarded()
            made = refold(self._database, self._views[view], live, events, passed)
            gone, left = events[: made.done], events[made.done :]
            made.rows.write(connection, first=False)
            places.unpark(connection, gone)
            if gone:
                places.change(connection, live, partition)
            told = Retried(view, subject, made.done - made.passed_over, made.passed_over, len(left))
            if made.reason is None:
                return told
            now = rfc3339(system_clock())
            places.fail_again(connection, replace(left[0], reason=made.reason, parked_at=now))
            return replace(told, position=left[0].position, reason=made.reason)

    def _live(self, connection: sa.Connection, view: str) -> Generation:
        live = self._database.live(connection).get(view)
        if live is None or view not in self._views:
            raise ViewUnknown(name=view)
        if live.version != (known := self._views[view].version):
            raise ViewsOutdated(view=view, found=live.version, known=known)
        return live

    def _event(self, connection: sa.Connection, view: str, position: int) -> Parked:
        live = self._live(connection, view)
        query = sa.select(PARKED).where(
            PARKED.c.view == view,
            PARKED.c.generation == live.generation,
            PARKED.c.position == position,
        )
        row = connection.execute(query).first()
        if row is None:
            raise NotFound(what=f"{view} {position}")
        return _parked(row)


def _parked(row: sa.Row[tuple[object, ...]]) -> Parked:
    return Parked(**{name: getattr(row, name) for name in Parked.__slots__})
