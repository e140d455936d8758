"""The projector: brings views up to the log, rebuilds them beside the live ones, asks the past.

What is guaranteed: an event counts once in a view whatever is delivered twice or dies half-way,
because rows and position commit together and the stored position is checked in that very
transaction; several projectors on one database are safe, the slower one starts over from where
the faster one got to. A view whose code has another version than its rows is rebuilt before
anything else. Nothing here has side effects outside the view database.
"""

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import sqlalchemy as sa

from ledger.collector import collector_paused
from ledger.log.errors import FeedGap
from ledger.log.feed import Feed
from projections.asof import AsOf
from projections.database import ViewDatabase
from projections.digest import ViewDigest, digest_of
from projections.discards import Discarding, nothing_discarded
from projections.errors import ViewsShared, ViewUnknown
from projections.fold import Fold, Moved
from projections.generations import Generation
from projections.rebuild import Rebuilt, rebuild
from projections.scratch import Scratch
from projections.tables import Statements
from projections.view import View
from projections.views import ALL_VIEWS

Progress = Callable[[int, int], None]
"""Called with the position reached and the position to reach."""

BULK_FROM = 20_000
"""From a backlog of this many events on, the cycle collector is held back."""

FLUSH_EVENTS = 2_500_000
"""A flush at the latest after this many events: some seconds of work, all that a kill can cost."""


class Projector:
    """Views in one database, fed from one log. Safe to share between threads."""

    def __init__(
        self,
        database_url: str,
        feed: Feed,
        views: Sequence[type[View]] = ALL_VIEWS,
        *,
        bound: AsOf | None = None,
        flush_events: int = FLUSH_EVENTS,
        discarded: Discarding = nothing_discarded,
    ) -> None:
        """``bound`` makes it a projector of the past: see :meth:`as_of`.

        ``discarded`` tells what views pass over; it is asked before a fold begins.
        """
        self.feed = feed
        self.views: Mapping[str, type[View]] = {view.name: view for view in views}
        self.database = ViewDatabase(database_url, durable=bound is None)
        self._homes = {t.name: (v, t) for v in views for t in v.tables}
        self._bound = bound
        self._flush_events = flush_events
        self._discarded = discarded
        self._fold: Fold | None = None
        self._finished = False
        self._lock = threading.RLock()

    # --- following the log

    def catch_up(self, progress: Progress | None = None) -> int:
        """Fold what is new; returns the position reached (the number of events folded).

        Raises :class:`FeedGap` when the log is shorter than what was folded from it.
        """
        with self._lock:
            if self.shared:
                return self.position()
            self._adopt(progress)
            while True:
                group, stop = self._next_group()
                if group[0].position >= stop or self._finished:
                    return group[0].position
                if self._fold is None or not _same(self._fold, group):
                    self._fold = Fold(self.database, self.views, group, self._discarded())
                try:
                    if not self._run(self._fold, stop, progress):
                        return self._fold.position
                except Moved:
                    self._fold = None

    def rebuild(
        self, progress: Progress | None = None, views: Sequence[str] | None = None
    ) -> list[Rebuilt]:
        """Build the views anew from position 0 beside the live ones, compare, and switch.

        The live rows serve until the switch, which is one transaction. Raises
        :class:`StoreBusy` when another rebuild took over, :class:`ViewsShared`.
        """
        with self._lock:
            if self.shared:
                raise ViewsShared()
            self.catch_up()
            self._fold = None  # its rows and those of the build would be in memory together
            return self._rebuild(list(views or self.views), progress)

    @property
    def shared(self) -> bool:
        """Whether workers feed the live views, by partitions; then nobody else folds into them."""
        with self.database.read() as connection:
            live = self.database.live(connection)
        return any(live[name].partitions is not None for name in self.views if name in live)

    def position(self) -> int:
        """How many events every view has folded (of the view that is furthest behind)."""
        with self.database.read() as connection:
            live = self.database.live(connection)
        return min((live[v].position if v in live else 0 for v in self.views), default=0)

    def digests(self) -> dict[str, ViewDigest]:
        """The content digest of each view as it stands, read from the database."""
        with self.database.read() as connection:
            live = self.database.live(connection)
            return {
                name: digest_of(self.database, connection, view, live[name])
                for name, view in self.views.items()
                if name in live
            }

    # --- reading

    def select(
        self,
        table: str,
        where: Mapping[str, Any] | None = None,
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[Any]:
        """Rows of a live table as the view's structs; ``where`` maps columns to a value or a list.

        Ordered by key unless ``order`` names other columns. Raises :class:`ViewUnknown`.
        """
        with self.connection() as connection:
            return self._select(connection, table, where, order, limit)

    def select_many(self, *queries: tuple[str, Mapping[str, Any] | None]) -> list[list[Any]]:
        """Several tables (each with its ``where``) at one and the same position."""
        with self.connection() as connection:
            return [self._select(connection, table, where) for table, where in queries]

    def rows(self, table: str) -> list[Any]:
        """Every row of a live table, by key."""
        return self.select(table)

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """One consistent look at the view database, for queries of one's own."""
        with self.database.read() as connection:
            yield connection

    def table(self, name: str) -> sa.Table:
        """The SQLAlchemy table behind a table's name, as live now."""
        with self.connection() as connection:
            return self.statements(connection, name).table

    def statements(self, connection: sa.Connection, table: str) -> Statements:
        """The table as live in this look, with its statements. Raises :class:`ViewUnknown`."""
        if table not in self._homes:
            raise ViewUnknown(name=table)
        view, definition = self._homes[table]
        live = self.database.live(connection)
        if view.name not in live:
            raise ViewUnknown(name=table)
        return self.database.statements(definition, live[view.name].generation)

    # --- the past

    def as_of(
        self,
        position: int | None = None,
        recorded: str | None = None,
        effective: date | None = None,
        subjects: Sequence[str] | None = None,
        *,
        views: Sequence[str] | None = None,
        database_url: str | None = None,
        progress: Progress | None = None,
        discarded: Discarding | None = None,
    ) -> "Projector":
        """The views as of a position, a recorded time or an effective date, in another database.

        Without ``database_url`` that is a temporary file, removed with the projector returned.
        ``discarded`` tells what they pass over, if not what is passed over now.
        """
        scratch = None
        if database_url is None:
            scratch = Scratch()
            database_url = scratch.url
        bound = AsOf(
            position, recorded, effective, None if subjects is None else frozenset(subjects)
        )
        chosen = [self.views[name] for name in views or self.views]
        passing = discarded or self._discarded
        past = Projector(database_url, self.feed, chosen, bound=bound, discarded=passing)
        if scratch is not None:
            weakref.finalize(past, scratch.remove)
        past.catch_up(progress)
        return past

    def advance_to(self, position: int, progress: Progress | None = None) -> None:
        """A projector of the past, as of a position, goes on to a later one."""
        assert self._bound is not None
        assert self._bound.position is not None
        assert position >= self._bound.position, position
        self._bound = AsOf(position)
        self.catch_up(progress)

    def close(self) -> None:
        """Give back every connection."""
        with self._lock:
            if self._fold is not None:
                self._fold.close()
            self._fold = None
            self.database.close()

    # --- inside

    def _adopt(self, progress: Progress | None) -> None:
        """See that every view has a live generation of the code's version."""
        with self.database.read() as connection:
            live = self.database.live(connection)
        if any(name not in live for name in self.views):
            with self.database.write() as connection:
                live = self.database.live(connection)
                for name, view in self.views.items():
                    if name not in live:
                        live[name] = self.database.create(
                            connection, name, view.version, view.tables, live=True
                        )
        stale = [name for name, view in self.views.items() if live[name].version != view.version]
        if stale:
            self._rebuild(stale, progress)

    def _next_group(self) -> tuple[list[Generation], int]:
        """The live views furthest behind, and how far they can go together."""
        with self.database.read() as connection:
            live = self.database.live(connection)
        mine = [live[name] for name in self.views]
        places = sorted({g.position for g in mine})
        if len(places) > 1:
            return [g for g in mine if g.position == places[0]], places[1]
        end = self.feed.end()
        if end < places[0]:
            raise FeedGap(expected=places[0], found=end)
        return mine, end if self._bound is None else self._bound.end(end)

    def _run(self, fold: Fold, stop: int, progress: Progress | None) -> bool:
        """Fold and flush up to ``stop``; False when the feed has no more to give for now."""
        bulk = stop - fold.position >= BULK_FROM
        try:
            with collector_paused(bulk):
                for batch in self.feed.read(fold.position, stop):
                    if self._bound is None or self._bound.by_position:
                        fold.apply(batch)
                    else:
                        fold.apply_as_of(batch, self._bound)
                    if fold.live and fold.position - fold.stored >= self._flush_events:
                        fold.flush()
                    if progress is not None:
                        progress(fold.position, stop)
                    if fold.finished:
                        break
                fold.flush()
        except BaseException:
            fold.close()
            self._fold = None
            raise
        self._finished = fold.finished
        return fold.position >= stop

    def _rebuild(self, names: Sequence[str], progress: Progress | None) -> list[Rebuilt]:
        """Build to where the live rows are, so that they compare; to the end if they cannot."""
        self._fold = None
        views = {name: self.views[name] for name in names}

        def run(fold: Fold) -> None:
            with self.database.read() as connection:
                live = self.database.live(connection).values()
            alike = [
                g.position for g in live if g.view in views and g.version == views[g.view].version
            ]
            self._run(fold, max(alike, default=self.feed.end()), progress)

        return rebuild(self.database, views, run, self._discarded())

    def _select(
        self,
        connection: sa.Connection,
        table: str,
        where: Mapping[str, Any] | None,
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[Any]:
        statements = self.statements(connection, table)
        columns = statements.table.c
        query = sa.select(statements.table).order_by(
            *(columns[name] for name in (*order, *statements.layout.table.key))
        )
        for name, value in (where or {}).items():
            listed = isinstance(value, (list, tuple, set, frozenset))
            query = query.where(columns[name].in_(value) if listed else columns[name] == value)
        return [statements.layout.row(v) for v in connection.execute(query.limit(limit))]


def _same(fold: Fold, group: Sequence[Generation]) -> bool:
    """Whether a fold in memory is what the database holds now."""
    return fold.stored == group[0].position and {(m.view, m.generation) for m in fold.members} == {
        (g.view, g.generation) for g in group
    }
