"""PostgreSQL's event store, when the server or the connection goes in the middle of something."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.domain.errors import LedgerError
from ledger.log.store_feed import StoreFeed
from ledger.store import migrations as mg
from ledger.store.connecting import OWNER, PROJECTOR, connect
from ledger.store.errors import StoreBusy, StoreDenied, StoreUnreachable
from ledger.store.postgres import PostgresStore
from ledger.store.store import CommandRecord, Conflict
from ops.home import views_url
from projections.database import ViewDatabase
from tests.cutting import CuttingRelay, Moment, cutting_relay
from tests.postgres_stores import as_role, store
from tests.store_conformance import KEY, NOON, at, bytes_of, people

__all__ = ["store"]


def end_sessions(url: str) -> int:
    """Terminate every session of the database, as a restart of the server does; how many."""
    with connect(url) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    return len(ended)


def test_reading_and_writing_go_on_after_every_session_was_ended(
    store: PostgresStore, ledger_url: str
) -> None:
    store.append(people("p1"))
    feed = StoreFeed(store)
    doings: list[Callable[[], object]] = [
        lambda: store.stream("p1"),
        feed.end,
        lambda: list(feed.read(0)),
        lambda: list(store.scan()),
        lambda: store.append(at(people("p2"), NOON), command=KEY),
    ]
    for do in doings:
        assert end_sessions(ledger_url)
        do()
    assert feed.end() == 2


@pytest.fixture
def relay(ledger_url: str) -> Iterator[CuttingRelay]:
    with cutting_relay(int(conninfo_to_dict(ledger_url)["port"])) as it:
        yield it


@pytest.fixture
def beyond(ledger_url: str, relay: CuttingRelay) -> Iterator[PostgresStore]:
    """A store whose connections can be cut."""
    it = PostgresStore(make_conninfo(ledger_url, port=relay.port))
    yield it
    it.close()


@pytest.mark.parametrize(("count", "command"), [(1, KEY), (1, None), (700, KEY), (700, None)])
@pytest.mark.parametrize(
    "cuts",
    [
        ("after the commit",),
        ("before the commit",),
        ("before the commit", "after the commit"),
        ("before the commit", "before the commit"),
    ],
)
def test_an_append_whose_connection_breaks_is_stored_once_and_said_so(
    store: PostgresStore,
    beyond: PostgresStore,
    relay: CuttingRelay,
    cuts: tuple[Moment, ...],
    *,
    count: int,
    command: CommandRecord | None,
) -> None:
    events = people(*(f"p{n}" for n in range(count)))
    relay.cuts.extend(cuts)
    beyond.append(events, command=command)
    assert relay.cut == len(cuts)
    assert bytes_of(store) == [e.state for e in events]
    assert store.command("key") == command


def test_a_conflict_stays_one_when_the_connection_breaks_before_it_is_found(
    store: PostgresStore, beyond: PostgresStore, relay: CuttingRelay
) -> None:
    """What was not stored, and lost its stream meanwhile, is not taken for stored."""
    relay.cuts.append("before the commit")
    insert = beyond.recorder.insert_events

    def overtaken(*given: Any, **rest: Any) -> Any:
        if relay.cut == 1:
            store.append(at(people("p1"), NOON))
        return insert(*given, **rest)

    beyond.recorder.insert_events = overtaken  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        beyond.append(people("p1"), command=KEY)
    assert store.command("key") is None


def test_a_connection_that_breaks_every_time_is_told(
    store: PostgresStore, beyond: PostgresStore, relay: CuttingRelay
) -> None:
    relay.cuts.extend(["before the commit"] * 10)
    with pytest.raises(StoreUnreachable) as error:
        beyond.append(people("p1"), command=KEY)
    assert (error.value.code, error.value.exit_code) == ("store-unreachable", 4)
    assert bytes_of(store) == []


def test_a_server_that_is_not_there_is_told_without_its_password(ledger_url: str) -> None:
    with cutting_relay(1) as nothing:
        port = nothing.port
    gone = make_conninfo(ledger_url, port=port, password="secret-word")
    for opening in (PostgresStore, mg.migrate):
        with pytest.raises(StoreUnreachable) as error:
            opening(gone)
        assert "secret-word" not in str(error.value)


def test_a_role_at_its_limit_of_connections_is_a_database_in_use(ledger_url: str) -> None:
    """Not one that refuses: workers and the relay wait for it."""
    mg.create_login(ledger_url, "limited", "secret-word", PROJECTOR)
    url = sa.make_url(ledger_url).set(username="limited", password="secret-word")
    limited = url.render_as_string(hide_password=False)
    with connect(ledger_url) as admin:
        admin.execute("ALTER ROLE limited CONNECTION LIMIT 1")
    with connect(limited):
        with pytest.raises(StoreBusy):
            PostgresStore(limited)
        with pytest.raises(StoreBusy):
            ViewDatabase(views_url(limited, "views"))
    with connect(ledger_url) as admin:
        admin.execute("DROP ROLE limited")


@contextmanager
def refusing(said: bytes) -> Iterator[int]:
    """The port of a server that asks for a password, says this and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            taken, _ = server.accept()
            with taken:
                taken.recv(1_024)
                taken.sendall(b"R" + struct.pack("!II", 8, 3))
                taken.recv(1_024)
                taken.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(30)


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        ("", "", StoreUnreachable),
        ("53300", 'too many connections for role "x"', StoreBusy),
        ("53300", 'too many connections for database "x"', StoreBusy),
        ("53300", '由角色"x"发起的连接太多了', StoreBusy),
        ("53300", '到数据库 "x"的连接太多了', StoreBusy),
        ("53300", "sorry, too many clients already", StoreBusy),
        ("53300", "对不起, 已经有太多的客户", StoreBusy),
        ("53300", 'remaining connection slots are reserved for roles with "x"', StoreBusy),
        ("53300", "已保留的连接位置为执行非复制请求的超级用户预留", StoreBusy),
        ("57P01", "terminating connection due to administrator command", StoreUnreachable),
        ("57P01", "由于管理员命令中断联接", StoreUnreachable),
        ("57P03", "the database system is shutting down", StoreUnreachable),
        ("57P03", "数据库系统停止中", StoreUnreachable),
        ("28P01", 'password authentication failed for user "x"', StoreDenied),
        ("42501", 'permission denied for database "x"', StoreDenied),
        ("42501", 'permission denied to set role "x"', StoreDenied),
    ],
)
def test_a_connection_refused_after_the_password_is_told_by_what_the_server_says(
    code: str, said: str, kind: type[LedgerError]
) -> None:
    """The driver has no code for it."""
    fields = f"SFATAL\0VFATAL\0C{code}\0M{said}\0\0".encode()
    with refusing(b"E" + struct.pack("!I", 4 + len(fields)) + fields if said else b"") as port:
        url = f"postgresql://x:secret-word@127.0.0.1:{port}/x?sslmode=disable&gssencmode=disable"
        with pytest.raises(kind):
            PostgresStore(url)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("RAISE EXCEPTION 'x' USING ERRCODE = 'disk_full'", "store-full"),
        ("RAISE EXCEPTION 'x' USING ERRCODE = 'too_many_connections'", "store-busy"),
        ("RAISE EXCEPTION 'x' USING ERRCODE = 'deadlock_detected'", "store-busy"),
        ("RAISE EXCEPTION 'x' USING ERRCODE = 'data_corrupted'", "store-damaged"),
        ("RAISE EXCEPTION 'x' USING ERRCODE = 'io_error'", "store-damaged"),
        ("RAISE EXCEPTION 'x' USING ERRCODE = 'admin_shutdown'", "store-unreachable"),
    ],
)
def test_what_the_server_says_has_a_stable_code(
    store: PostgresStore, ledger_url: str, statement: str, kind: str
) -> None:
    with as_role(ledger_url, OWNER) as owner:
        owner.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {statement}; END $$"
        )
        owner.execute(
            "CREATE TRIGGER fail BEFORE INSERT ON stored_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION fail()"
        )
    for count in (1, 700):
        with pytest.raises(LedgerError) as error:
            store.append(people(*(f"p{n}" for n in range(count))), command=KEY)
        assert error.value.code == kind
    assert (bytes_of(store), store.command("key")) == ([], None)
