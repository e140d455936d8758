"""The event store on PostgreSQL: which role may do what, and that nobody changes what is stored."""

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ledger.domain.errors import InvalidValue
from ledger.log.merkle_log import Log
from ledger.log.sequencer import Sequencer
from ledger.store import migrations as mg
from ledger.store.connecting import APP, AUDITOR, OWNER, PROJECTOR, connect
from ledger.store.errors import StoreDenied
from ledger.store.postgres import PostgresStore
from tests.postgres_stores import INSERT, LOCK, as_role, store
from tests.store_conformance import KEY, bytes_of, people

__all__ = ["store"]


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
