"""Stores on PostgreSQL, and statements to send there by oneself."""

from collections.abc import Iterator
from typing import Any

import pytest

from ledger.store.connecting import connect
from ledger.store.postgres import PostgresStore


@pytest.fixture
def store(ledger_url: str) -> Iterator[PostgresStore]:
    it = PostgresStore(ledger_url)
    yield it
    it.close()


def as_role(url: str, role: str | None) -> Any:
    return connect(url, role=role, schema="ledger")


INSERT = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
    "VALUES ('s', 1, 't', '')"
)
LOCK = "SELECT lock_events()"
