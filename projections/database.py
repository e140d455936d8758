"""The view database: its transactions, and its table of generations.

One row of ``view_generations`` a view and generation says how far that generation has come; it is
written in the transaction that writes the rows, so that position and content never part. Exactly
one generation of a view is live; others are being built beside it, or are to be dropped: those that
a switch has replaced, and those that a build left that died.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import sqlalchemy as sa

from ledger.store.errors import StoreBusy, StoreFull, StoreUnreachable
from ledger.store.failures import meaning
from projections import places
from projections.connecting import engine_for, translated
from projections.errors import ViewUnreadable
from projections.generations import (
    EVERY,
    GENERATIONS,
    NUMBERS,
    Generation,
    among,
    as_stored,
    fields_of,
    is_one,
)
from projections.rows import TableDef
from projections.tables import Statements, Values, statements_for

T = TypeVar("T")

BULK_ROWS = 100
"""Rows of a table from which a server takes them in bulk."""

_RETIRED = -1
"""The position of a generation that has none any more: nobody has come to it."""

STATEMENT_ROWS = 20_000
"""Rows a statement: enough for speed, little memory."""


class ViewDatabase:
    """A database of views, by its SQLAlchemy URL."""

    def __init__(self, url: str, *, durable: bool = True) -> None:
        """``durable`` False is for a database that is thrown away: no journal, no syncs."""
        self.engine = engine_for(url, durable=durable)
        parsed = self.engine.url
        self._within_thread = parsed.get_backend_name() == "sqlite" and not parsed.database
        self._writer = self.engine.execution_options(write=True)
        self._sharer = self.engine.execution_options(write=True, share=True)
        with self.write() as connection:
            GENERATIONS.metadata.create_all(connection)
            places.create_tables(connection)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent look at the database."""
        with translated(), self.engine.connect() as connection:
            yield connection

    def looks(self, *asked: Callable[[sa.Connection], T]) -> list[T]:
        """What each finds in a consistent look of its own; all at once, where the database works
        and threads wait. One in memory is its thread's own: there one looks after the other."""

        def look(ask: Callable[[sa.Connection], T]) -> T:
            with self.read() as connection:
                return ask(connection)

        if self._within_thread:
            return [look(ask) for ask in asked]
        with ThreadPoolExecutor(len(asked), thread_name_prefix="look") as threads:
            return list(threads.map(look, asked))

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that no other writer overlaps with; all or nothing."""
        with translated(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def share(self) -> Iterator[sa.Connection]:
        """One transaction beside those of other workers: each holds rows of its own, or adds.

        On SQLite, which has one writer at a time, it is :meth:`write`.
        """
        with translated(), self._sharer.begin() as connection:
            yield connection

    def statements(self, table: TableDef[Any], generation: int) -> Statements:
        """The table of a generation, with its statements in this database's words."""
        return statements_for(table, generation, self.engine.dialect)

    def generations(self, connection: sa.Connection) -> list[Generation]:
        """Every generation, oldest first. One question: between two one of them may be dropped."""
        return [as_stored(*row) for row in connection.execute(EVERY)]

    def live(self, connection: sa.Connection) -> dict[str, Generation]:
        """The live generation of each view."""
        return {g.view: g for g in self.generations(connection) if g.live}

    def create(
        self,
        connection: sa.Connection,
        view: str,
        version: int,
        tables: Sequence[TableDef[Any]],
        *,
        live: bool,
        partitions: int | None = None,
    ) -> Generation:
        """A new, empty generation with its tables.

        One that ``partitions`` feed has its indexes at once, since no worker is the first.
        """
        number = 1 + self._highest(connection, view)
        names = []
        for table in tables:
            at = self.statements(table, number)
            connection.exec_driver_sql(at.create)
            names.append(at.table.name)
            for index in at.indexes if partitions else ():
                connection.exec_driver_sql(index)
        made = Generation(
            view, number, version, live, 0, None, " ".join(names), partitions=partitions
        )
        connection.execute(sa.insert(GENERATIONS).values(fields_of(made)))
        if partitions:
            places.create_places(connection, made, partitions)
        return made

    def drop(self, connection: sa.Connection, generation: Generation) -> None:
        """Remove a generation and its tables."""
        for name in generation.tables.split():
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
        dropped = self._dropped(connection, generation.view)
        values = {"view": generation.view, "dropped": max(dropped, generation.generation)}
        connection.execute(sa.delete(NUMBERS).where(NUMBERS.c.view == generation.view))
        connection.execute(sa.insert(NUMBERS).values(values))
        connection.execute(sa.delete(GENERATIONS).where(is_one(generation)))
        places.drop_places(connection, generation.view, generation.generation)

    def _dropped(self, connection: sa.Connection, view: str) -> int:
        query = sa.select(NUMBERS.c.dropped).where(NUMBERS.c.view == view)
        return connection.scalar(query) or 0

    def _highest(self, connection: sa.Connection, view: str) -> int:
        """The highest number that a generation of the view has or had."""
        query = sa.select(sa.func.max(GENERATIONS.c.generation)).where(GENERATIONS.c.view == view)
        return max(connection.scalar(query) or 0, self._dropped(connection, view))

    def retire(self, connection: sa.Connection, generation: Generation) -> None:
        """Serve a generation no longer: who folds into it finds its place gone, or another one."""
        values = {"live": False, "position": _RETIRED}
        connection.execute(sa.update(GENERATIONS).where(is_one(generation)).values(values))
        places.drop_places(connection, generation.view, generation.generation)

    def clear(self, retired: Sequence[Generation]) -> None:
        """Drop what was retired, or leave it to the next build where that cannot be done now.

        A table a transaction: readers hold tables in an order of their own, and who waits for one
        while holding another may wait in a circle with them.
        """
        with suppress(StoreBusy, StoreFull, StoreUnreachable):
            for generation in retired:
                for name in generation.tables.split():
                    with self.write() as connection:
                        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
                with self.write() as connection:
                    self.drop(connection, generation)

    def make_live(self, connection: sa.Connection, generation: Generation) -> None:
        """Serve this generation from now on; its view has no other live one."""
        connection.execute(sa.update(GENERATIONS).where(is_one(generation)).values(live=True))

    def positions(
        self, connection: sa.Connection, members: Sequence[Generation]
    ) -> set[int | None]:
        """The stored positions of these generations, held against writers; None: one is gone."""
        query = sa.select(GENERATIONS.c.position).where(among(members)).with_for_update()
        found: list[int] = list(connection.execute(query).scalars())
        missing = {None} if len(found) < len(members) else set[None]()
        return {*found, *missing}

    def advance(
        self,
        connection: sa.Connection,
        members: Sequence[Generation],
        position: int,
        recorded: str | None,
    ) -> None:
        """Store how far these generations have come."""
        connection.execute(
            sa.update(GENERATIONS)
            .where(among(members))
            .values(position=position, recorded=recorded)
        )

    def keep_digest(self, connection: sa.Connection, generation: Generation, digest: str) -> None:
        """Remember a content digest and the position it was taken at."""
        connection.execute(
            sa.update(GENERATIONS)
            .where(is_one(generation), GENERATIONS.c.position == generation.position)
            .values(digest=digest, digest_position=generation.position)
        )

    def put(
        self, connection: sa.Connection, at: Statements, values: Sequence[Values], *, new: bool
    ) -> None:
        """Write rows, by ascending key; ``new`` ones are none of them there yet."""
        if at.bulk is None or len(values) < BULK_ROWS:
            for start in range(0, len(values), STATEMENT_ROWS):
                chunk = list(values[start : start + STATEMENT_ROWS])
                connection.exec_driver_sql(at.insert if new else at.upsert, chunk)
            return
        if new:
            _copy(connection, at.bulk.copy_new, values)
            return
        connection.exec_driver_sql(at.bulk.stage)
        _copy(connection, at.bulk.copy, values)
        connection.exec_driver_sql(at.bulk.merge)

    def scan(self, connection: sa.Connection, statement: str) -> Any:
        """A driver's cursor over a whole table, in the connection's transaction, row by row."""
        raw = connection.connection
        named = {"name": "scan"} if self.engine.dialect.name == "postgresql" else {}
        cursor = raw.cursor(**named)  # psycopg leaves the rows of a named one with the server
        cursor.execute(statement)
        return cursor

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def _copy(connection: sa.Connection, statement: str, values: Sequence[Values]) -> None:
    """Copy rows into a table past SQLAlchemy, which wraps no error here: told as those it does."""
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in values:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        raise (meaning(error) or ViewUnreadable)(reason=str(error)) from error
