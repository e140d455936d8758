"""A database of somebody's own, reached by TLS: log and views go there, and to no other server."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ops.home import views_url
from projections.database import ViewDatabase
from tests.integration.cli import ok, run
from tests.tls import HOST, Authority, TlsDatabase, speaking_tls

SOON_S = 10.0


@pytest.fixture
def plain(make_database: Callable[[], str]) -> str:
    """The URL of an empty database, without TLS."""
    return make_database()


@pytest.fixture
def door(plain: str, tmp_path: Path) -> Iterator[TlsDatabase]:
    port = sa.make_url(plain).port
    assert port is not None
    with speaking_tls(port, tmp_path) as it:
        yield it


def by(plain: str, door: TlsDatabase, *, host: str = HOST, authority: Path | None = None) -> str:
    """The URL that an operator sets who trusts nobody but the server's authority."""
    url = sa.make_url(plain).set(host=host, port=door.port)
    asked = {"sslmode": "verify-full", "sslrootcert": str(authority or door.authority)}
    return url.update_query_dict(asked).render_as_string(hide_password=False)


def test_log_and_views_go_by_tls(
    tmp_path: Path, plain: str, door: TlsDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENEFITS_DATABASE_URL", by(plain, door))
    ok(tmp_path / "home", "init", "--store", "postgres")
    ok(tmp_path / "home", "project")
    with (
        closing(ViewDatabase(views_url(by(plain, door), "views"))) as database,
        database.read() as connection,
    ):
        driver: Any = connection.connection.driver_connection
        assert driver.pgconn.ssl_in_use
    assert ok(tmp_path / "home", "doctor", "--format", "json").json["ok"]


def test_a_server_that_is_not_the_one_asked_for_is_refused(
    tmp_path: Path, plain: str, door: TlsDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, other = tmp_path / "home", tmp_path / "other.pem"
    other.write_text(Authority("another authority").pem)
    monkeypatch.setenv("BENEFITS_DATABASE_URL", by(plain, door))
    ok(home, "init", "--store", "postgres")
    without = sa.make_url(plain).update_query_dict({"sslmode": "verify-full"})
    trusting = without.update_query_dict({"sslrootcert": str(door.authority)})
    for url, said in (
        (by(plain, door, authority=other), "certificate verify failed"),
        (by(plain, door, host="127.0.0.1"), "does not match host name"),
        (trusting.render_as_string(hide_password=False), "server does not support SSL"),
    ):
        monkeypatch.setenv("BENEFITS_DATABASE_URL", url)
        for command in ("events", "project"):
            began = time.monotonic()
            ended = run(home, command, "--lang", "en")
            assert (ended.status, "store-unreachable" in ended.err) == (4, True), ended.err
            assert said in ended.err
            assert time.monotonic() - began < SOON_S
            assert str(sa.make_url(plain).password) not in ended.err
