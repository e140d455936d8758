"""The layout of the log's tables in PostgreSQL: numbered steps, each applied once.

``0001_log.sql`` and so on are applied in order by :func:`migrate`, all in one transaction under an
advisory lock, as the owner's role; each is recorded with the digest of its text. A file that was
released is never edited: a change is a new file.
"""

import hashlib
from importlib.resources import files
from typing import Any, NamedTuple

from psycopg import sql

from ledger.store.connecting import (
    APP,
    AUDITOR,
    LOG_SCHEMA,
    OWNER,
    PROJECTOR,
    ROLES,
    SCHEMAS,
    VIEWS_SCHEMA,
    connect,
    translated,
)
from ledger.store.errors import MigrationChanged, StoreNewer, StoreOutdated

_LOCK = int.from_bytes(hashlib.sha256(b"benefits-ledger migrations").digest()[:8], signed=True)
"""The advisory lock's number; any will do that no other program takes."""


class Migration(NamedTuple):
    """A step: its number, its file's name, its statements and their SHA-256 in hexadecimal."""

    number: int
    name: str
    statements: str
    digest: str


def migrations() -> list[Migration]:
    """Every step this version knows, in order."""
    found = []
    for file in files(__name__).iterdir():
        if file.name.endswith(".sql"):
            text = file.read_text("utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()
            found.append(Migration(int(file.name[:4]), file.name, text, digest))
    found.sort()
    assert [m.number for m in found] == list(range(1, len(found) + 1))
    return found


def migrate(url: str) -> int:
    """Make roles and schemas that are missing and apply the steps that are; how many were applied.

    Harmless to repeat, and beside another process that does the same. The login must be a member
    of the owner's role, and able to make roles where they are missing. Raises
    :class:`StoreNewer`, :class:`MigrationChanged`, StoreDenied, StoreUnreachable.
    """
    with translated("PostgreSQL"), connect(url) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        make_roles(connection)
        _become_member(connection, OWNER)
        _make_schemas(connection)
        connection.execute(
            sql.SQL("SET LOCAL ROLE {}; SET LOCAL search_path = {}").format(
                sql.Identifier(OWNER), sql.Identifier(LOG_SCHEMA)
            )
        )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, "
            "name text NOT NULL, digest text NOT NULL, applied timestamptz NOT NULL DEFAULT now())"
        )
        left = migrations()[_applied(connection) :]
        for step in left:
            connection.execute(step.statements.encode())
            connection.execute(
                "INSERT INTO migrations (number, name, digest) VALUES (%s,%s,%s)",
                (step.number, step.name, step.digest),
            )
        return len(left)


def require_current(connection: Any) -> None:
    """Raises :class:`StoreOutdated` or :class:`StoreNewer` unless every step was applied."""
    there = connection.execute("SELECT to_regclass(%s)", (f"{LOG_SCHEMA}.migrations",)).fetchone()[
        0
    ]
    found, known = _applied(connection) if there else 0, len(migrations())
    if found < known:
        raise StoreOutdated(found=found, known=known)


def claim(url: str, home: str) -> str:
    """The id of the home whose log this is; ``home`` from now on, if nothing was stored yet."""
    with (
        translated("PostgreSQL"),
        connect(url, role=OWNER, schema=LOG_SCHEMA) as connection,
        connection.transaction(),
    ):
        connection.execute("SELECT lock_events()")
        connection.execute(
            "INSERT INTO home (id) SELECT %s WHERE NOT EXISTS (SELECT FROM stored_events) "
            "ON CONFLICT (single) DO UPDATE SET id = excluded.id",
            (home,),
        )
        row = connection.execute("SELECT id FROM home").fetchone()
        return str(row[0]) if row is not None else ""


def create_login(url: str, login: str, password: str, *roles: str) -> None:
    """Make a login that is a member of these roles, or give one that is there this password.

    ``url`` is an administrator's. What is sent is the verifier that the server keeps
    (SCRAM), so that no log of statements can show the password.
    """
    assert set(roles) <= set(ROLES), roles
    with translated("PostgreSQL"), connect(url) as connection, connection.transaction():
        verifier = connection.pgconn.encrypt_password(
            password.encode(), login.encode(), b"scram-sha-256"
        ).decode()
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname=%s", (login,)).fetchone()
        name = sql.Identifier(login)
        verb = sql.SQL("ALTER" if known else "CREATE")
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, name, sql.Literal(verifier))
        )
        granted = sql.SQL(", ").join(map(sql.Identifier, roles))
        connection.execute(sql.SQL("GRANT {} TO {}").format(granted, name))


def _applied(connection: Any) -> int:
    """How many steps the database has; each must be the one that we know by its number."""
    rows = connection.execute(
        sql.SQL("SELECT number, digest FROM {}.migrations ORDER BY number").format(
            sql.Identifier(LOG_SCHEMA)
        )
    ).fetchall()
    known = migrations()
    if len(rows) > len(known):
        raise StoreNewer(found=rows[-1][0], known=len(known))
    for (number, digest), step in zip(rows, known, strict=False):
        if (number, digest) != (step.number, step.digest):
            raise MigrationChanged(number=number)
    return len(rows)


def make_roles(connection: Any) -> None:
    """The four roles, without login, where they are missing."""
    for role in ROLES:
        name = sql.Identifier(role)
        # Another database of the same server may be made ready at the same moment.
        connection.execute(
            sql.SQL(
                "DO $$ BEGIN "
                "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN "
                "CREATE ROLE {} NOLOGIN; END IF; "
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; "
                "END $$"
            ).format(sql.Literal(role), name)
        )


def _become_member(connection: Any, role: str) -> None:
    member = connection.execute("SELECT pg_has_role(current_user, %s, 'SET')", (role,)).fetchone()[
        0
    ]
    if not member:
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))


def _make_schemas(connection: Any) -> None:
    """The three schemas, and who may read what their owners will make there."""
    for schema, owner in SCHEMAS.items():
        there = connection.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname=%s", (schema,)
        ).fetchone()
        if there:
            continue
        _become_member(connection, owner)
        connection.execute(
            sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(
                sql.Identifier(schema), sql.Identifier(owner)
            )
        )
        if schema == LOG_SCHEMA:
            continue
        readers = sql.SQL(", ").join(
            map(sql.Identifier, (APP, AUDITOR) if schema == VIEWS_SCHEMA else (PROJECTOR, AUDITOR))
        )
        for granting in (
            "GRANT USAGE ON SCHEMA {schema} TO {readers}",
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} "
            "GRANT SELECT ON TABLES TO {readers}",
        ):
            connection.execute(
                sql.SQL(granting).format(
                    schema=sql.Identifier(schema), owner=sql.Identifier(owner), readers=readers
                )
            )
