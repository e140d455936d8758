"""Where a downstream system is in the log, and how it keeps that with its own results.

A :class:`Checkpoint` is a value: per partition the offset to read next and the last position that
was read. Whoever stores it in the transaction of their rows counts every event once, whatever dies
when; :class:`DatabaseCheckpoints` does so in any database that Python reaches by DB-API or
SQLAlchemy. Not to be taken for the signed checkpoints of the log itself.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
import sqlalchemy as sa

from consumers.errors import CheckpointInvalid, CheckpointMoved
from consumers.partitions import Start

Places = Mapping[int, Start]
"""Partition to where it is read on."""

_MARKS = {"qmark": "?", "format": "%s", "pyformat": "%s", "numeric": ":{}", "named": ":{}"}
"""How a driver marks a parameter, by its module's ``paramstyle``."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where each partition is read on. A partition that is absent has not been read."""

    places: Places = field(default_factory=dict)

    def encoded(self) -> str:
        """JSON: ``{"0":[next offset,last position or null],…}``, the same for equal values."""
        rows = {str(p): list(start) for p, start in sorted(self.places.items())}
        return orjson.dumps(rows).decode()

    @classmethod
    def decoded(cls, text: str) -> "Checkpoint":
        """From :meth:`encoded`. Raises :class:`CheckpointInvalid`."""
        try:
            rows = orjson.loads(text)
            places = {int(p): Start(offset, last) for p, (offset, last) in rows.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise CheckpointInvalid(reason=str(error)) from error
        for partition, (offset, last) in places.items():
            whole = type(offset) is int and (last is None or type(last) is int)
            if not whole or partition < 0 or offset < 0:
                raise CheckpointInvalid(reason=f"partition {partition}")
        return cls(places)

    def moved_on(self, places: Places) -> "Checkpoint":
        """The same with these partitions' places in place of their own."""
        return Checkpoint({**self.places, **places})


class Moves(Protocol):
    """What moves a checkpoint on: a batch, from ``before`` to ``after`` in its partitions."""

    @property
    def before(self) -> Places: ...

    @property
    def after(self) -> Places: ...


class DatabaseCheckpoints:
    """The checkpoint of one consumer, as rows of a table in the consumer's own database.

    ``connect`` opens a connection of DB-API or of SQLAlchemy (``engine.connect``): it is used for
    making the table and for :meth:`load`, and closed again. :meth:`save` works in the transaction
    of the connection that it is given and never commits. A row moves on only from where the batch
    began, so that a second process that believes to have the partition writes nothing.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        consumer: str,
        *,
        table: str = "benefits_checkpoints",
    ) -> None:
        """``consumer`` names whose checkpoint it is; the table is made where it is not there.

        Raises :class:`CheckpointInvalid` for a table's name that is no plain SQL identifier.
        """
        if not _NAME.fullmatch(table):
            raise CheckpointInvalid(reason=table)
        self._connect = connect
        self._consumer = consumer
        self._table = table
        with self._opened() as connection:
            _run(
                connection,
                f"CREATE TABLE IF NOT EXISTS {table} (consumer VARCHAR(200) NOT NULL, "
                "partition_number INTEGER NOT NULL, next_offset BIGINT NOT NULL, "
                "last_position BIGINT, PRIMARY KEY (consumer, partition_number))",
            )
            connection.commit()

    def load(self) -> Checkpoint:
        """What is stored now; empty when nothing was ever saved."""
        with self._opened() as connection:
            rows = _run(
                connection,
                f"SELECT partition_number, next_offset, last_position FROM {self._table} "
                "WHERE consumer = {}",
                self._consumer,
            ).fetchall()
            connection.rollback()
        return Checkpoint({int(p): Start(offset, last) for p, offset, last in rows})

    def save(self, connection: Any, batch: Moves) -> None:
        """Move on by this batch, in the transaction that is open on ``connection``.

        Raises :class:`CheckpointMoved` when the stored place is not the one that the batch began
        at: roll back, for the batch is someone else's or has been counted already.
        """
        for partition, after in batch.after.items():
            before = batch.before[partition]
            moved = _run(
                connection,
                f"UPDATE {self._table} SET next_offset = {{}}, last_position = {{}} "
                "WHERE consumer = {} AND partition_number = {} AND next_offset = {}",
                after.offset,
                after.last,
                self._consumer,
                partition,
                before.offset,
            ).rowcount
            if moved == 0:
                moved = self._first(connection, partition, after)
            if moved != 1:
                raise CheckpointMoved(
                    consumer=self._consumer, partition=partition, offset=before.offset
                )

    def _first(self, connection: Any, partition: int, after: Start) -> int:
        """The partition's first row; 0 where there is one. Two at once end in the database's own
        error of a repeated key, which rolls back as well."""
        stored = _run(
            connection,
            f"SELECT next_offset FROM {self._table} "
            "WHERE consumer = {} AND partition_number = {}",
            self._consumer,
            partition,
        ).fetchone()
        if stored is not None:
            return 0
        _run(
            connection,
            f"INSERT INTO {self._table} "
            "(consumer, partition_number, next_offset, last_position) VALUES ({}, {}, {}, {})",
            self._consumer,
            partition,
            after.offset,
            after.last,
        )
        return 1

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()


def _run(connection: Any, statement: str, *values: object) -> Any:
    """Execute a statement whose parameters are written ``{}``; its cursor or result."""
    if isinstance(connection, sa.Connection):
        names = [f"v{i}" for i in range(len(values))]
        text = sa.text(statement.format(*(f":{name}" for name in names)))
        return connection.execute(text, dict(zip(names, values, strict=True)))
    driver = sys.modules[type(connection).__module__.partition(".")[0]]
    mark = _MARKS[getattr(driver, "paramstyle", "qmark")]
    marks = [mark.format(n) for n in range(1, len(values) + 1)]
    cursor = connection.cursor()
    cursor.execute(statement.format(*marks), values)
    return cursor
