"""A PostgreSQL server for tests, with a database of its own for each test that asks for one."""

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from ledger.store.migrations import migrate
from ops.local.described import LocalPostgres, database_url, read_description
from ops.local.postgres import LocalDatabase
from ops.local.postgres_roles import SUPER_USER


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[str], str]]:
    """The superuser's URL of a database by its name."""
    home = Path(tempfile.mkdtemp(prefix="benefits-postgres-"))
    home.chmod(0o755)  # as root, PostgreSQL's own user must pass
    server = LocalDatabase(home)
    server.up()
    known = read_description(server.folder, LocalPostgres)
    assert known is not None
    yield lambda name: database_url(server.folder, known, SUPER_USER, name).get_secret_value()
    server.down()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def make_database(postgres_server: Callable[[str], str]) -> Callable[[], str]:
    """Gives the superuser's URL of a new, empty database."""

    def make() -> str:
        name = f"test-{uuid.uuid4().hex}"
        with psycopg.connect(postgres_server("postgres"), autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return postgres_server(name)

    return make


@pytest.fixture(scope="session")
def new_ledger_url(make_database: Callable[[], str]) -> Callable[[], str]:
    """Gives the superuser's URL of a new database with the log's tables in it."""

    def make() -> str:
        url = make_database()
        migrate(url)
        return url

    return make


@pytest.fixture
def ledger_url(new_ledger_url: Callable[[], str]) -> str:
    """The superuser's URL of a database with the log's tables in it, for one test."""
    return new_ledger_url()
