"""The content digest of a view: equal content, equal digest, whatever way it was come by.

SHA-256 over, for each table of the view in its order, a line with the table's name and then every
row by ascending key, each as canonical JSON of its stored values and a newline. Batch sizes,
generations and the kind of database leave no trace in it.
"""

from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa

from projections.database import Generation, ViewDatabase
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
        cursor = database.scan(connection, statements.scan)
        while chunk := cursor.fetchmany(_CHUNK):
            state.update(statements.layout.lines(chunk))
            total += len(chunk)
        cursor.close()
    return ViewDigest(view.name, at.position, total, state.hexdigest())
