"""Views that are folded together: one decode an event, one transaction a flush.

A :class:`Fold` holds some views, each at one generation, all at one position, with their rows in
memory. It reads rows it lacks by key, or everything at once when much is to come. What it has
folded and not flushed is lost with it and folded again: the stored position says where.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ledger.codec import decode, type_name
from ledger.domain.errors import ProjectionFailed, ProjectionGap
from ledger.domain.events import EVENT_TYPES, EventData
from ledger.log.feed import Record
from projections.asof import AsOf
from projections.database import STORE_ERRORS, Generation, ViewDatabase, translated
from projections.rows import Key, R, Rows, TableDef
from projections.tables import Statements
from projections.view import Handler, View

_CHUNK = 20_000
"""Rows a statement: enough for speed, little memory."""


class Moved(Exception):
    """Another projector advanced, replaced or dropped these views: what is in memory is old."""


class Fold:
    """Views at one generation each. Not for use by two threads at once."""

    def __init__(
        self,
        database: ViewDatabase,
        views: Mapping[str, type[View]],
        members: Sequence[Generation],
    ) -> None:
        (self.position,) = {m.position for m in members}
        self.stored = self.position
        self.recorded = members[0].recorded
        self.members = tuple(members)
        self.live = all(m.live for m in members)
        self.finished = False
        self._database = database
        self._reader: sa.Connection | None = None
        self._tables: dict[str, tuple[Rows[Any], Statements]] = {}
        self._views: list[View] = []
        plan: dict[type[EventData], list[Handler]] = {kind: [] for kind in EVENT_TYPES.values()}
        for member in members:
            cls = views[member.view]
            view = cls(self._take(cls, member.generation))
            self._views.append(view)
            for kind, handler in view.handlers().items():
                plan[kind].append(handler)
        self._plan = {kind: tuple(handlers) for kind, handlers in plan.items()}

    @property
    def dirty(self) -> int:
        """Rows that wait to be written."""
        return sum(rows.dirty for rows, _ in self._tables.values())

    def warm(self) -> None:
        """Read every table whole, so that no row is asked for one by one."""
        with self._database.read() as connection:
            for rows, at in self._tables.values():
                if not rows.complete:
                    layout = at.layout
                    stored = connection.exec_driver_sql(at.scan)
                    rows.fill((layout.key(values), layout.row(values)) for values in stored)

    def apply(self, batch: Iterable[Record]) -> None:
        """Fold a batch. Records below the position were folded before and are passed over.

        Raises :class:`ProjectionGap` when a position is missing, :class:`ProjectionFailed` when
        an event cannot be folded. After any error this object is of no further use.
        """
        expected, plan, event, raw = self.position, self._plan, None, b""
        try:
            for position, raw in batch:
                if position != expected:
                    if position < expected:
                        continue
                    raise ProjectionGap(expected=expected, found=position)
                event = decode(raw)
                for handler in plan[type(event.data)]:
                    handler(position, event)
                expected += 1
        except (ProjectionGap, *STORE_ERRORS):
            raise
        except Exception as error:
            kind = type_name(raw).decode()
            raise ProjectionFailed(position=expected, type=kind, reason=repr(error)) from error
        self.position = expected
        if event is not None:
            self.recorded = event.time

    def apply_as_of(self, batch: Iterable[Record], bound: AsOf) -> None:
        """Fold what the bound lets in; sets ``finished`` at the first event recorded too late."""
        for position, raw in batch:
            if position < self.position:
                continue
            if position > self.position:
                raise ProjectionGap(expected=self.position, found=position)
            if bound.too_late(raw):
                self.finished = True
                return
            if bound.may_concern(raw):
                event = decode(raw)
                self.recorded = event.time
                if bound.admits(event):
                    for handler in self._plan[type(event.data)]:
                        handler(position, event)
            self.position += 1

    def flush(self) -> None:
        """Write what was touched, and the position, in one transaction.

        Raises :class:`Moved`, with nothing written, when the stored position is not the one this
        fold started from.
        """
        if self.position != self.stored:
            for view in self._views:
                view.settle()
        # After settling, which may read: a reading transaction left open would keep a rebuild
        # elsewhere from dropping what it replaced.
        self.close()
        if self.position == self.stored:
            return
        database = self._database
        with database.write() as connection:
            if database.positions(connection, self.members) != {self.stored}:
                raise Moved
            for rows, at in self._tables.values():
                self._store(connection, rows, at)
            database.advance(connection, self.members, self.position, self.recorded)
        for rows, _ in self._tables.values():
            rows.clean()
        self.stored = self.position

    def _store(self, connection: sa.Connection, rows: Rows[Any], at: Statements) -> None:
        """Write a table's touched rows; its very first ones find it empty and without indexes."""
        first = self.stored == 0
        statement = at.insert if first else at.upsert
        touched = rows.touched()
        for start in range(0, len(touched), _CHUNK):
            values = at.layout.values(touched[start : start + _CHUNK])
            connection.exec_driver_sql(statement, values)
        if first:
            for index in at.indexes:
                connection.exec_driver_sql(index)

    def close(self) -> None:
        """End the reading transaction, if one is open."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _take(self, cls: type[View], generation: int) -> "_Source":
        """The rows of a view's tables at a generation."""
        found: dict[str, Rows[Any]] = {}
        for table in cls.tables:
            at = self._database.statements(table, generation)
            rows = Rows(table, None if self.position == 0 else self._fetcher(at))
            found[table.name] = rows
            self._tables[table.name] = (rows, at)
        return _Source(found)

    def _fetcher(self, at: Statements) -> Callable[[Key], Any]:
        """Reads one row by key, on one connection for as long as a batch lasts."""
        layout, single = at.layout, len(at.layout.table.key) == 1

        def fetch(key: Key) -> Any:
            with translated():
                if self._reader is None:
                    self._reader = self._database.engine.connect()
                found = self._reader.exec_driver_sql(at.fetch, (key,) if single else key).first()
            return None if found is None else layout.row(found)

        return fetch


class _Source:
    """The rows a view may use."""

    def __init__(self, rows: dict[str, Rows[Any]]) -> None:
        self._rows = rows

    def of(self, table: TableDef[R]) -> Rows[R]:
        return self._rows[table.name]
