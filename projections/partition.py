"""One partition of the log, folded into views that other workers fold other partitions into.

A partition holds some of the subjects, each with all of its events in order. A row belongs to one
subject, so only this partition's worker writes it, or it is a sum, to which any worker adds: the
views come out as one fold of the whole log leaves them. Rows, the partition's place and what was
parked are one transaction. An event that a view cannot take in stops that view for that subject,
and for no one else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ledger.codec import decode, type_name
from ledger.domain.discard import Passed
from ledger.domain.errors import LedgerError, NotCanonical
from ledger.domain.events import Event
from ledger.domain.events.discard import ParkedEventDiscarded
from ledger.log.errors import FeedGap
from ledger.randomness import rfc3339, system_clock
from projections.asof import attribute
from projections.connecting import STORE_ERRORS
from projections.database import ViewDatabase
from projections.errors import ViewHoldsDiscarded
from projections.fold import Moved
from projections.generations import Generation
from projections.places import Parked, Place, hold, move, park
from projections.view import Handler, View
from projections.view_rows import ViewRows, remaining, view_of

REASON_CHARACTERS = 1_000


class PartitionRecord(NamedTuple):
    """An event as one partition holds it.

    ``previous`` is the position of the event before it in the partition, -1 for the first.
    """

    offset: int
    position: int
    previous: int
    value: bytes


class Unprocessable(Exception):
    """A view cannot take in an event; what the fold holds in memory is of no further use."""

    def __init__(self, view: str, record: PartitionRecord, subject: str, reason: str) -> None:
        super().__init__(view, record.position, subject, reason)
        self.view = view
        self.record = record
        self.subject = subject
        self.reason = reason


class PartitionFold:
    """Views at one generation each, all at one place of one partition. Not for two threads."""

    def __init__(
        self,
        database: ViewDatabase,
        views: Mapping[str, type[View]],
        members: Sequence[Generation],
        partition: int,
        place: Place,
        *,
        epochs: Mapping[str, int] | None = None,
        parked: Mapping[str, Mapping[str, int]] | None = None,
        reasons: Mapping[tuple[str, int], str] | None = None,
        passed: Passed | None = None,
    ) -> None:
        """``epochs`` are the epochs of views' rows; all that is not named, and ``place``, is at 0.

        ``parked`` are subjects that stand still: in which view, and from which position on.
        ``reasons`` tells by view and position why an event that comes is the first to be parked.
        ``passed`` are the positions that views pass over.
        """
        self.members = tuple(members)
        self.partition = partition
        self.stored = self.place = place
        self._database = database
        self._generation = {m.view: m.generation for m in members}
        self._epochs = [(epochs or {}).get(m.view, 0) for m in members]
        self._passed = dict(passed or {})
        self.news = False
        """Whether a discard was met that was not known: what waits is to be looked at again."""
        self._parked = dict(parked or {})
        self._reasons = dict(reasons or {})
        self._waiting: list[Parked] = []
        self._rows = ViewRows(database, views, members, empty=place.count == 0)
        self._readers = {kind: read for kind, (read, _) in self._rows.taken_in.items()}
        # Where nothing stands still and nothing is passed over, most events need no second look.
        self._plain = {} if self._parked or self._passed else dict(self._rows.plan)
        self._plain.pop(ParkedEventDiscarded, None)

    def __len__(self) -> int:
        """How many rows are in memory."""
        return len(self._rows)

    @property
    def dirty(self) -> int:
        """How many rows wait to be written."""
        return self._rows.dirty

    def apply(self, records: Sequence[PartitionRecord], next_offset: int) -> int:
        """Fold what has not been folded; ``next_offset`` is where to read on. How many were new.

        Raises :class:`FeedGap` when a record does not follow the one before it,
        :class:`Unprocessable`. After any error this object is of no further use. No reading
        transaction stays open: each takes a connection, and there may be many partitions.
        """
        fresh = [r for r in records if r.offset >= self.place.next_offset]
        events: Iterable[Event[Any] | None] = self._events(fresh)
        if not self._rows.complete:
            events = list(events)
            self._rows.read_ahead(e for e in events if e is not None)
        last, recorded, plain = self.place.position, self.place.recorded, self._plain
        for record, event in zip(fresh, events, strict=True):
            _, position, previous, _ = record
            if previous != last or position <= last:
                raise FeedGap(expected=f"after {last}", found=position)
            last = position
            if event is None:
                subject = _subject(record)
                self._wait(self._stopped(subject, record), record, subject)
                continue
            recorded = event.time
            handlers = plain.get(type(event.data))
            if handlers is None:
                self._look(record, event)
            else:
                self._fold(record, event, handlers)
        if next_offset > self.place.next_offset:
            self.place = replace(
                self.place,
                next_offset=next_offset,
                position=last,
                count=self.place.count + len(fresh),
                recorded=recorded,
            )
        self.close()
        return len(fresh)

    def flush(self) -> list[Parked]:
        """Write rows, place and what was parked in one transaction; what was parked by it.

        Raises :class:`~projections.fold.Moved`, with nothing written, when the stored place is not
        the one this fold started from: someone else has the partition, or has changed its rows.
        """
        if self.place == self.stored:
            self.close()
            return []
        self._rows.settle()
        self.close()
        with self._database.share() as connection:
            mine = [replace(self.stored, epoch=epoch) for epoch in self._epochs]
            if hold(connection, self.members, self.partition) != mine:
                raise Moved
            self._rows.write(connection, first=self.stored.count == 0)
            park(connection, self._waiting)
            move(connection, self.members, self.partition, self.place)
        self._rows.clean()
        self.stored = self.place
        waiting, self._waiting = self._waiting, []
        return waiting

    def forget(self) -> None:
        """Give back the memory of rows that are stored."""
        self._rows.forget()

    def close(self) -> None:
        """End the reading transaction, if one is open."""
        self._rows.close()

    def _events(self, records: Iterable[PartitionRecord]) -> Iterator[Event[Any] | None]:
        """Each record's event, or None: see :meth:`_decoded`."""
        readers = self._readers
        for record in records:
            raw = record.value
            try:
                event: Event[Any] | None = readers[type_name(raw)](raw)
            except (KeyError, ValueError):  # no view here takes it in, or it cannot be read
                event = self._decoded(record)
            yield event

    def _decoded(self, record: PartitionRecord) -> Event[Any] | None:
        """The event, or None where its bytes can't be read and all views are stopped for it."""
        try:
            return decode(record.value)
        except NotCanonical as error:
            subject = _subject(record)
            done_without = self._passed.get(record.position, frozenset())
            for view in self._generation:
                if view not in self._stopped(subject, record) | done_without:
                    raise Unprocessable(view, record, subject, why(error)) from error
            return None

    def _look(self, record: PartitionRecord, event: Event[Any]) -> None:
        """Fold an event that may have to wait, to be passed over in a view, or is a discard."""
        stopped = self._stopped(event.subject, record) if self._parked else None
        if stopped:
            self._wait(stopped, record, event.subject)
        if isinstance(event.data, ParkedEventDiscarded):
            self._discard(event.data, event.subject)
        handlers = self._rows.plan[type(event.data)]
        position = record.position
        if stopped or position in self._passed:
            without = (stopped or set()) | self._passed.get(position, frozenset())
            handlers = remaining(handlers, without)
        self._fold(record, event, handlers)

    def _fold(
        self, record: PartitionRecord, event: Event[Any], handlers: Iterable[Handler]
    ) -> None:
        for handler in handlers:
            try:
                handler(record.position, event)
            except STORE_ERRORS:
                raise
            except Exception as error:
                view = view_of(handler)
                raise Unprocessable(view, record, event.subject, why(error)) from error

    def _discard(self, decided: ParkedEventDiscarded, subject: str) -> None:
        """An officer has decided that a view passes over an event, which comes before this one.

        Raises :class:`ViewHoldsDiscarded` where the view has taken that event in.
        """
        if decided.view not in self._generation:
            return
        if decided.view in self._passed.get(decided.position, ()):
            return
        since = self._parked.get(subject, {}).get(decided.view)
        if since is None or since > decided.position:
            raise ViewHoldsDiscarded(view=decided.view, position=decided.position)
        self.news = True

    def _stopped(self, subject: str, record: PartitionRecord) -> set[str]:
        """The views in which the subject stands still at this record."""
        since = self._parked.get(subject, {})
        return {view for view, position in since.items() if record.position >= position}

    def _wait(self, views: Iterable[str], record: PartitionRecord, subject: str) -> None:
        """Put the event behind what its subject waits for in these views."""
        now, done_without = rfc3339(system_clock()), self._passed.get(record.position, ())
        for view in sorted(views):
            if view in self._generation and view not in done_without:
                self._waiting.append(
                    Parked(
                        view,
                        self._generation[view],
                        self.partition,
                        record.position,
                        record.offset,
                        record.previous,
                        subject,
                        self._reasons.get((view, record.position)),
                        record.value,
                        now,
                    )
                )


def why(error: Exception) -> str:
    """An error as a reason to park, of bounded length."""
    said = error.message("en") if isinstance(error, LedgerError) else repr(error)
    return said[:REASON_CHARACTERS]


def _subject(record: PartitionRecord) -> str:
    return attribute(record.value, b'"subject":"')
