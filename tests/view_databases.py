"""Empty databases for views, of each kind that views are kept in."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from psycopg import sql

from ledger.store.connecting import PROJECTOR, connect
from ops.home import views_url
from projections.database import ViewDatabase

_WAIT_S = 60

Place = Callable[[], AbstractContextManager[str]]
"""Gives the URL of an empty view database for a while."""


@contextmanager
def in_a_file() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'views.db'}"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each kind of database; of a server's one, the schema is emptied for each example."""
    if request.param == "sqlite":
        return in_a_file
    url = request.getfixturevalue("new_ledger_url")()

    @contextmanager
    def in_a_server() -> Iterator[str]:
        with connect(url, role=PROJECTOR, schema="views") as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'views'"
            ).fetchall()
            if tables:
                names = sql.SQL(", ").join(sql.Identifier(table) for (table,) in tables)
                connection.execute(sql.SQL("DROP TABLE {}").format(names))
        yield views_url(url, "views")

    return in_a_server


def until_someone_waits(database: ViewDatabase) -> None:
    """Until a session waits for a lock in this database, which is PostgreSQL's."""
    waits = sa.text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    waiting = threading.Event()
    for _ in range(_WAIT_S * 20):
        with database.read() as connection:
            if connection.execute(waits).scalar_one():
                return
        waiting.wait(0.05)
    raise AssertionError("nobody waits")
