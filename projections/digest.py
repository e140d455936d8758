"""The content digest of a view: equal content, equal digest, whatever way it was come by.

SHA-256 over, for each table of the view in its order, a line with the table's name and then every
row by ascending key, each as canonical JSON of its stored values and a newline. Batch sizes,
generations and the kind of database leave no trace in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import orjson
import sqlalchemy as sa

from projections.database import ViewDatabase
from projections.generations import Generation
from projections.tables import Statements
from projections.view import View

_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class ViewDigest:
    """A view's content at a position: how many rows, and their digest in hexadecimal."""

    view: str
    position: int
    rows: int
    digest: str


def digest_of(
    database: ViewDatabase, connection: sa.Connection, view: type[View], at: Generation
) -> ViewDigest:
    """The digest of one generation, read from the database."""
    total, state = 0, sha256()
    for table in view.tables:
        statements = database.statements(table, at.generation)
        state.update(f"{table.name}\n".encode())
        for count, lines in _lines(database, connection, statements):
            state.update(lines)
            total += count
    return ViewDigest(view.name, at.position, total, state.hexdigest())


def _lines(
    database: ViewDatabase, connection: sa.Connection, at: Statements
) -> Iterator[tuple[int, bytes]]:
    """A table's canonical lines by ascending key, some at a time, with their number."""
    if at.pages is None:
        cursor = database.scan(connection, at.scan)
        while chunk := cursor.fetchmany(_CHUNK):
            yield len(chunk), at.layout.lines(chunk)
        cursor.close()
        return
    first, after = at.pages
    statement, last = first, ()
    while True:
        page = connection.exec_driver_sql(statement, (*last, _CHUNK))
        count, lines = page.one()
        if count:
            yield count, lines + b"\n"
        if count < _CHUNK:
            return
        row = orjson.loads(lines[lines.rfind(b"\n") + 1 :])
        statement, last = after, tuple(row[: len(at.layout.table.key)])
