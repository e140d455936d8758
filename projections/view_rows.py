"""The rows of some views at one generation each: read ahead, folded into, written.

This is what every way of folding has in common, whether the whole log in order or one partition
of it: which handler takes which event, which rows an event will ask for, and how rows touched
become statements. Where a fold stands, and what it does when someone else was faster, is not its
business.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from ledger.codec import TYPE_OF, decoder_of
from ledger.domain.events import EVENT_TYPES, Event, EventData
from projections.connecting import translated
from projections.database import ViewDatabase
from projections.generations import Generation
from projections.rows import Key, R, Rows, TableDef
from projections.tables import Statements
from projections.view import Handler, View

_AHEAD = 5_000
"""First key fields a query when reading ahead."""


class ViewRows:
    """Views with their rows in memory. Not for use by two threads at once."""

    def __init__(
        self,
        database: ViewDatabase,
        views: Mapping[str, type[View]],
        members: Sequence[Generation],
        *,
        empty: bool,
    ) -> None:
        """``empty`` says that nothing has been stored at these generations yet."""
        self._database = database
        self._reader = _Reader(database)
        self._tables: dict[str, tuple[Rows[Any], Statements]] = {}
        self._views: list[View] = []
        plan: dict[type[EventData], list[Handler]] = {kind: [] for kind in EVENT_TYPES.values()}
        ahead: dict[type[EventData], list[Rows[Any]]] = {kind: [] for kind in EVENT_TYPES.values()}
        for member in members:
            cls = views[member.view]
            mine = self._take(cls, member.generation, empty)
            view = cls(_Source(mine))
            self._views.append(view)
            for kind, handler in view.handlers().items():
                plan[kind].append(handler)
                ahead[kind] += [r for r in mine.values() if r.table.by and not r.table.sums]
        self.plan: dict[type[EventData], tuple[Handler, ...]] = {
            kind: tuple(handlers) for kind, handlers in plan.items()
        }
        self.taken_in = {
            TYPE_OF[kind].encode(): (decoder_of(kind), handlers)
            for kind, handlers in self.plan.items()
            if handlers
        }
        """An event type's full name to what reads its bytes and to its folds."""
        self.unhandled = frozenset(
            TYPE_OF[kind].encode() for kind, handlers in plan.items() if not handlers
        )
        """Types of events that no view here takes in: nobody need decode them."""
        self._ahead = {kind: tuple(rows) for kind, rows in ahead.items()}
        self.complete = empty

    def __len__(self) -> int:
        """How many rows are in memory."""
        return sum(len(rows) for rows, _ in self._tables.values())

    @property
    def dirty(self) -> int:
        """How many rows wait to be written."""
        return sum(rows.dirty for rows, _ in self._tables.values())

    def read_ahead(self, events: Iterable[Event[Any]]) -> None:
        """Read what these events will ask for, a table at a time rather than row by row."""
        if self.complete:
            return
        wanted: dict[str, set[str]] = {}
        for event in events:
            for rows in self._ahead[type(event.data)]:
                first = event.subject if rows.table.by == "subject" else event.stream
                wanted.setdefault(rows.table.name, set()).add(first)
        for name, firsts in wanted.items():
            rows, at = self._tables[name]
            unknown = rows.unknown(firsts)
            for start in range(0, len(unknown), _AHEAD):
                chunk = unknown[start : start + _AHEAD]
                rows.fill(chunk, self._reader.stored(at, chunk))

    def settle(self) -> None:
        """Bring sums held aside into rows. It may read; after it, nothing does until the write."""
        for view in self._views:
            view.settle()

    def write(self, connection: sa.Connection, *, first: bool) -> None:
        """Write every touched row; of the very ``first`` ones none is stored yet, but for sums.

        Sums come last: other workers add to the same rows and wait for no longer than they must.
        """
        for rows, at in sorted(self._tables.values(), key=lambda t: bool(t[0].table.sums)):
            if touched := rows.touched():
                new = first and not rows.table.sums
                self._database.put(connection, at, at.layout.values(touched), new=new)

    def index(self, connection: sa.Connection) -> None:
        """Make the tables' indexes, which they get after their first rows."""
        for _, at in self._tables.values():
            for index in at.indexes:
                connection.exec_driver_sql(index)

    def clean(self) -> None:
        """What was written is committed."""
        for rows, _ in self._tables.values():
            rows.clean()

    def forget(self) -> None:
        """Give back the memory of rows that are stored; none may be waiting to be written."""
        assert not self.dirty
        self.complete = False
        for rows, _ in self._tables.values():
            rows.forget()

    def close(self) -> None:
        """End the reading transaction, if one is open."""
        self._reader.close()

    def _take(self, cls: type[View], generation: int, empty: bool) -> dict[str, Rows[Any]]:
        """The rows of a view's tables at a generation."""
        found: dict[str, Rows[Any]] = {}
        for table in cls.tables:
            at = self._database.statements(table, generation)
            rows = Rows(table, self._reader.fetcher(at), empty=empty)
            found[table.name] = rows
            self._tables[table.name] = (rows, at)
        return found


class _Reader:
    """Stored rows, on one connection for as long as a batch lasts.

    It knows nothing of the rows in memory that ask it: they form no cycle, and go with whoever
    holds them while the cycle collector is held back.
    """

    def __init__(self, database: ViewDatabase) -> None:
        self._database = database
        self._open: sa.Connection | None = None

    def stored(self, at: Statements, firsts: Sequence[str]) -> list[tuple[Key, Any]]:
        """The stored rows under some first key fields."""
        layout = at.layout
        with translated():
            found = self._connection().exec_driver_sql(at.ahead, (at.these(firsts),))
            return [(layout.key(values), layout.row(values)) for values in found]

    def fetcher(self, at: Statements) -> Callable[[Key], Any]:
        """Reads one row by key."""
        layout, single = at.layout, len(at.layout.table.key) == 1

        def fetch(key: Key) -> Any:
            with translated():
                found = self._connection().exec_driver_sql(at.fetch, (key,) if single else key)
                values = found.first()
            return None if values is None else layout.row(values)

        return fetch

    def close(self) -> None:
        """End the reading transaction, if one is open."""
        connection, self._open = self._open, None
        if connection is None:
            return
        # If the server is gone, so is the transaction, and it only read: whoever asks for the next
        # row, or writes, is told.
        with suppress(sa.exc.DBAPIError):
            connection.close()

    def _connection(self) -> sa.Connection:
        if self._open is None:
            self._open = self._database.engine.connect()
        return self._open


def remaining(handlers: Iterable[Handler], without: Container[str]) -> tuple[Handler, ...]:
    """The folds that are not of these views."""
    return tuple(handler for handler in handlers if view_of(handler) not in without)


def view_of(handler: Handler) -> str:
    """The name of the view that a fold belongs to."""
    name: str = handler.__self__.name  # type: ignore[attr-defined]
    return name


class _Source:
    """The rows a view may use."""

    def __init__(self, rows: dict[str, Rows[Any]]) -> None:
        self._rows = rows

    def of(self, table: TableDef[R]) -> Rows[R]:
        return self._rows[table.name]
