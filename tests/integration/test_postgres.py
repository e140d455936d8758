"""The event store on PostgreSQL: who may do what, how its tables come about, and what happens when
the server, the connection or the disk is gone in the middle of something.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.domain.errors import InvalidValue, LedgerError
from ledger.log.merkle_log import Log
from ledger.log.sequencer import Sequencer
from ledger.log.store_feed import StoreFeed
from ledger.store import migrations as mg
from ledger.store.connecting import APP, AUDITOR, OWNER, PROJECTOR, connect
from ledger.store.errors import (
    MigrationChanged,
    StoreBusy,
    StoreDenied,
    StoreNewer,
    StoreOutdated,
    StoreUnreachable,
)
from ledger.store.postgres import PostgresStore
from ledger.store.store import CommandRecord, Conflict
from ops.home import views_url
from projections.database import ViewDatabase
from tests.cutting import CuttingRelay, Moment, cutting_relay
from tests.store_conformance import KEY, NOON, at, bytes_of, people


@pytest.fixture
def store(ledger_url: str) -> Iterator[PostgresStore]:
    it = PostgresStore(ledger_url)
    yield it
    it.close()


def as_role(url: str, role: str | None) -> Any:
    return connect(url, role=role, schema="ledger")


# --- rights

UPDATE = "UPDATE stored_events SET state = ''"
DELETE = "DELETE FROM stored_events"
TRUNCATE = "TRUNCATE stored_events"
FORGET = "DELETE FROM commands"
RENUMBER = "UPDATE sequence SET first_position = 7"
SHORTEN = "UPDATE sequence SET length = length - 1"
UNSEQUENCE = "DELETE FROM sequence"
REHASH = "UPDATE tiles SET hashes = decode(repeat('00', 64), 'hex')"
CUT = "UPDATE tiles SET hashes = substr(hashes, 1, 32)"
MOVE = "UPDATE tiles SET number = 1"
UNHASH = "DELETE FROM tiles"
RESIGN = "UPDATE heads SET note = ''"
UNSIGN = "DELETE FROM heads"
UNCOSIGN = "TRUNCATE cosignatures"
RESTAMP = "UPDATE timestamps SET response = ''"
CHANGES = (
    *(UPDATE, DELETE, TRUNCATE, FORGET, RENUMBER, SHORTEN, UNSEQUENCE),
    *(REHASH, CUT, MOVE, UNHASH),
    *(RESIGN, UNSIGN, UNCOSIGN, RESTAMP),
)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", [None, OWNER, APP, PROJECTOR, AUDITOR])
def test_nobody_changes_what_is_stored(
    store: PostgresStore, ledger_url: str, role: str | None, change: str
) -> None:
    """None is the server's superuser: what grants don't keep from it the trigger does."""
    store.append(people("p1", "p2"), command=KEY)
    Sequencer(store).advance()
    before, root = bytes_of(store), Log(store).tree().root()
    with as_role(ledger_url, role) as connection, pytest.raises(psycopg.Error) as error:
        connection.execute(change)
    assert error.value.sqlstate == "42501"
    assert (bytes_of(store), store.command("key")) == (before, KEY)
    assert Sequencer(store).runs() == [(0, 1, 2)]
    assert Log(store).tree().root() == root


def test_replication_mode_does_not_switch_the_trigger_off(
    store: PostgresStore, ledger_url: str
) -> None:
    store.append(people("p1"))
    with as_role(ledger_url, None) as connection:
        connection.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.Error) as error:
            connection.execute(DELETE)
    assert error.value.sqlstate == "42501"


INSERT = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
    "VALUES ('s', 1, 't', '')"
)
NUMBERED = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state, notification_id) "
    "OVERRIDING SYSTEM VALUE VALUES ('s', 1, 't', '', 99)"
)
KEYED = "INSERT INTO commands VALUES ('k', 'd', '')"
SEQUENCE = "INSERT INTO sequence VALUES (0, 1, 1)"
TILE = "INSERT INTO tiles VALUES (0, 0, decode(repeat('00', 32), 'hex'))"
READ_TILES = "SELECT * FROM tiles"
SIGN = "INSERT INTO heads VALUES (1, '', '')"
READ_HEADS = "SELECT * FROM heads, cosignatures, timestamps"
READ = "SELECT * FROM stored_events"
READ_KEYS = "SELECT * FROM commands"
LOCK = "SELECT lock_events()"
DISARM = "ALTER TABLE stored_events DISABLE TRIGGER refuse_change"
DROP = "DROP TABLE stored_events"
VIEW = "CREATE TABLE views.v (a int)"
DECISION = "CREATE TABLE decisions.d (a int)"
MAY = {
    APP: {
        INSERT,
        KEYED,
        SEQUENCE,
        TILE,
        SIGN,
        READ,
        READ_KEYS,
        READ_TILES,
        READ_HEADS,
        LOCK,
        DECISION,
    },
    PROJECTOR: {READ, READ_TILES, READ_HEADS, VIEW},
    AUDITOR: {READ, READ_KEYS, READ_TILES, READ_HEADS},
}
STATEMENTS = {
    "insert": INSERT,
    "choose a number": NUMBERED,
    "use a key": KEYED,
    "sequence": SEQUENCE,
    "hash": TILE,
    "read hashes": READ_TILES,
    "sign": SIGN,
    "read heads": READ_HEADS,
    "read": READ,
    "read keys": READ_KEYS,
    "lock": LOCK,
    "disarm": DISARM,
    "drop": DROP,
    "make a view": VIEW,
    "make a view to decide from": DECISION,
}


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("role", MAY)
def test_a_role_may_do_what_it_needs_and_no_more(
    ledger_url: str, role: str, statement: str
) -> None:
    text = STATEMENTS[statement]
    with as_role(ledger_url, role) as connection, connection.transaction(force_rollback=True):
        if text in MAY[role]:
            connection.execute(text)
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(text)


def test_an_auditor_reads_views_and_a_projector_what_is_decided_from(ledger_url: str) -> None:
    for role, table in ((PROJECTOR, "views.v"), (APP, "decisions.d")):
        with as_role(ledger_url, role) as connection:
            connection.execute(f"CREATE TABLE {table} AS SELECT 1 AS a")
    for role, table in ((AUDITOR, "views.v"), (AUDITOR, "decisions.d"), (APP, "views.v")):
        with as_role(ledger_url, role) as connection:
            assert connection.execute(f"SELECT a FROM {table}").fetchall() == [(1,)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"DELETE FROM {table}")


def test_a_login_has_the_rights_of_its_one_role(ledger_url: str) -> None:
    """Its name and password may be anything; whoever is no member of a role cannot take it on."""
    login, password = 'o\'fficer "x"; --', "p'a\\ss\"w%rd"
    mg.create_login(ledger_url, login, "first", APP)
    mg.create_login(ledger_url, login, password, APP)
    url = make_conninfo(ledger_url, user=login, password=password)
    store = PostgresStore(url)
    store.append(people("p1"))
    assert store.version("p1") == 1
    store.close()
    with pytest.raises(StoreDenied), mg.translated("x"):
        connect(url, role=PROJECTOR)
    with pytest.raises(StoreDenied):
        mg.migrate(url)
    with pytest.raises(StoreDenied) as error:
        PostgresStore(make_conninfo(url, password="first"))
    assert "first" not in error.value.message("zh") + error.value.message("en")
    with connect(ledger_url) as admin:
        admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(login)))


def test_what_is_no_database_url_is_not_repeated() -> None:
    for text in ("postgresql://u:secret@[::1", "secret"):
        with pytest.raises(InvalidValue) as error:
            PostgresStore(text)
        assert "secret" not in str(error.value)


# --- migrations


def test_a_new_database_gets_every_migration_once(make_database: Callable[[], str]) -> None:
    url = make_database()
    with pytest.raises(StoreOutdated):
        PostgresStore(url)
    assert mg.migrate(url) == len(mg.migrations())
    assert mg.migrate(url) == 0
    PostgresStore(url).close()


def test_processes_that_migrate_at_once_do_it_once(make_database: Callable[[], str]) -> None:
    url = make_database()
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(mg.migrate, [url] * 4)) == [0, 0, 0, len(mg.migrations())]


def test_a_database_of_a_newer_version_is_refused(ledger_url: str) -> None:
    with as_role(ledger_url, OWNER) as connection:
        connection.execute("INSERT INTO migrations VALUES (9000, '9000_later.sql', 'd')")
    for opening in (PostgresStore, mg.migrate):
        with pytest.raises(StoreNewer) as error:
            opening(ledger_url)
        assert (error.value.code, error.value.exit_code) == ("store-newer", 4)
        assert error.value.fields["found"] == 9000


def test_a_migration_that_reads_otherwise_than_it_did_is_refused(ledger_url: str) -> None:
    with as_role(ledger_url, OWNER) as connection:
        connection.execute("UPDATE migrations SET digest = 'another' WHERE number = 1")
    for opening in (PostgresStore, mg.migrate):
        with pytest.raises(MigrationChanged):
            opening(ledger_url)


def test_a_migration_that_fails_leaves_nothing(
    make_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database()
    broken = mg.Migration(2, "0002_broken.sql", "CREATE TABLE t (a int); SELECT 1/0", "d")
    sound = mg.migrations()
    monkeypatch.setattr(mg, "migrations", lambda: [*sound, broken])
    with pytest.raises(psycopg.errors.DivisionByZero):
        mg.migrate(url)
    with connect(url) as connection:
        assert connection.execute("SELECT to_regclass('ledger.migrations')").fetchone() == (None,)


def test_a_log_is_claimed_by_another_home_only_while_it_is_empty(
    store: PostgresStore, ledger_url: str
) -> None:
    assert mg.claim(ledger_url, "first") == "first"
    assert mg.claim(ledger_url, "second") == "second"
    store.append(people("p1"))
    assert mg.claim(ledger_url, "third") == "second"


# --- numbers and who commits first


def test_no_event_is_passed_over_that_was_numbered_before_and_commits_after(
    store: PostgresStore, ledger_url: str
) -> None:
    """A writer holds the lowest number and hesitates; another writes; the first one rolls back.

    Without the lock the second event would get position 0 while the number before it is open.
    """
    holding, finish = threading.Event(), threading.Event()

    def hesitating() -> None:
        with as_role(ledger_url, APP) as connection, connection.transaction(force_rollback=True):
            connection.execute(LOCK)
            connection.execute(INSERT)
            holding.set()
            assert finish.wait(30)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(hesitating)
        assert holding.wait(30)
        second = pool.submit(store.append, at(people("p1"), NOON))
        with pytest.raises(TimeoutError):
            second.result(timeout=0.3)
        assert Sequencer(store).advance() == 0
        finish.set()
        for done in (first, second):
            done.result(timeout=30)
    assert Sequencer(store).advance() == 1
    (run,) = Sequencer(store).runs()
    assert (run.first_position, run.length) == (0, 1)
    assert run.first_notification > 1, "the number that was rolled back is left out"


def test_the_sequencer_waits_even_for_a_writer_that_took_no_lock(
    store: PostgresStore, ledger_url: str
) -> None:
    store.append(at(people("p1"), NOON))
    with ThreadPoolExecutor(1) as pool:
        with as_role(ledger_url, APP) as connection, connection.transaction():
            connection.execute(INSERT)
            sequencing = pool.submit(Sequencer(store).advance)
            with pytest.raises(TimeoutError):
                sequencing.result(timeout=0.3)
        assert sequencing.result(timeout=30) == 2


def test_a_lock_that_is_not_to_be_had_is_told(ledger_url: str) -> None:
    store = PostgresStore(ledger_url, lock_timeout_s=1)
    with as_role(ledger_url, APP) as connection, connection.transaction():
        connection.execute(LOCK)
        with pytest.raises(StoreBusy) as error:
            store.append(people("p1"), command=KEY)
    assert error.value.exit_code == 4
    store.append(people("p1"), command=KEY)
    store.close()


# --- lost connections


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
