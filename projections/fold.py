"""Views that are folded together in log order: one decode an event, one transaction a flush.

A :class:`Fold` holds some views, each at one generation, all at one position, with their rows in
memory. What it has folded and not flushed is lost with it and folded again: the stored position
says where.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from ledger.codec import decode, type_name
from ledger.domain.discard import Passed
from ledger.domain.errors import NotCanonical
from ledger.log.errors import FeedGap
from ledger.log.feed import Record
from projections.asof import AsOf, attribute
from projections.connecting import STORE_ERRORS
from projections.database import ViewDatabase
from projections.errors import ProjectionFailed
from projections.generations import Generation
from projections.view import View
from projections.view_rows import ViewRows, remaining


class Moved(Exception):
    """Another projector advanced, replaced or dropped these views: what is in memory is old."""


class Fold:
    """Views at one generation each. Not for use by two threads at once."""

    def __init__(
        self,
        database: ViewDatabase,
        views: Mapping[str, type[View]],
        members: Sequence[Generation],
        passed: Passed | None = None,
    ) -> None:
        """``passed`` are the positions that views pass over."""
        (self.position,) = {m.position for m in members}
        self.stored = self.position
        self.recorded = members[0].recorded
        self.members = tuple(members)
        self.live = all(m.live for m in members)
        self.finished = False
        self._passed = dict(passed or {})
        self._database = database
        self._rows = ViewRows(database, views, members, empty=self.position == 0)

    def apply(self, batch: Sequence[Record]) -> None:
        """Fold a batch. Records below the position were folded before and are passed over.

        Raises :class:`FeedGap` when a position is missing, :class:`ProjectionFailed` when
        an event cannot be folded. After any error this object is of no further use.
        """
        expected, raw = self.position, b""
        taken_in, passed = self._rows.taken_in, self._passed
        try:
            if not self._rows.complete:
                self._read_ahead(raw for position, raw in batch if position >= expected)
            for position, raw in batch:
                if position != expected:
                    if position < expected:
                        continue
                    raise FeedGap(expected=expected, found=position)
                expected += 1
                kind = type_name(raw)
                found = taken_in.get(kind)
                if found is None:
                    if kind in self._rows.unhandled:
                        continue
                    raise NotCanonical(reason="of no known type")
                read, handlers = found
                event = read(raw)
                if position in passed:
                    handlers = remaining(handlers, passed[position])
                for handler in handlers:
                    handler(position, event)
        except (FeedGap, *STORE_ERRORS):
            raise
        except Exception as error:
            named = type_name(raw).decode()
            raise ProjectionFailed(position=expected - 1, type=named, reason=repr(error)) from error
        if expected > self.position:
            self.recorded = attribute(raw, b'"time":"')
        self.position = expected

    def _read_ahead(self, batch: Iterable[bytes]) -> None:
        """Read the rows of what can be read; what can't is found where its position is known."""
        events = []
        for raw in batch:
            with suppress(NotCanonical):
                if type_name(raw) not in self._rows.unhandled:
                    events.append(decode(raw))
        self._rows.read_ahead(events)

    def apply_as_of(self, batch: Sequence[Record], bound: AsOf) -> None:
        """Fold what the bound lets in; sets ``finished`` at the first event recorded too late."""
        for position, raw in batch:
            if position < self.position:
                continue
            if position > self.position:
                raise FeedGap(expected=self.position, found=position)
            if bound.too_late(raw):
                self.finished = True
                return
            if bound.may_concern(raw):
                event = decode(raw)
                self.recorded = event.time
                if bound.admits(event):
                    handlers = self._rows.plan[type(event.data)]
                    for handler in remaining(handlers, self._passed.get(position, ())):
                        handler(position, event)
            self.position += 1

    def flush(self) -> None:
        """Write what was touched, and the position, in one transaction.

        Raises :class:`Moved`, with nothing written, when the stored position is not the one this
        fold started from.
        """
        if self.position != self.stored:
            self._rows.settle()
        # After settling, which may read: a reading transaction left open would keep a rebuild
        # elsewhere from dropping what it replaced.
        self.close()
        if self.position == self.stored:
            return
        database = self._database
        with database.write() as connection:
            if database.positions(connection, self.members) != {self.stored}:
                raise Moved
            self._rows.write(connection, first=self.stored == 0)
            if self.stored == 0:
                self._rows.index(connection)
            database.advance(connection, self.members, self.position, self.recorded)
        self._rows.clean()
        self.stored = self.position

    def close(self) -> None:
        """End the reading transaction, if one is open."""
        self._rows.close()
