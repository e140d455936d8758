"""Databases on the run's PostgreSQL, one for each test that asks for one."""

import uuid
from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from ledger.store.migrations import migrate
from ops.local.postgres_logins import SUPER_USER


@pytest.fixture(scope="session")
def make_database(postgres: Callable[..., str]) -> Callable[[], str]:
    """Gives the superuser's URL of a new, empty database."""

    def make() -> str:
        name = f"test-{uuid.uuid4().hex}"
        with psycopg.connect(postgres(SUPER_USER), autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return postgres(SUPER_USER, name)

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
