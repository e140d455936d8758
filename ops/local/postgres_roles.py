"""The roles and databases of a local PostgreSQL.

``owner`` owns both databases and makes their tables. ``ledger`` (the write side), ``projector``
and ``reader`` may log in, each to the databases it needs, and may do there what the tables' owner
grants: nothing at first. Only ``projector`` may make tables, in ``views``.
"""

from collections.abc import Callable

SUPER_USER = "postgres"
OWNER = "owner"
ROLES = (OWNER, "ledger", "projector", "reader")
LEDGER_DATABASE, VIEWS_DATABASE = "ledger", "views"
_MAY_CONNECT = {
    LEDGER_DATABASE: ("ledger", "projector", "reader"),
    VIEWS_DATABASE: ("ledger", "projector", "reader"),
}


def establish(url: str, password: Callable[[str], str]) -> None:
    """Make what is missing; safe to repeat. ``url`` is the superuser's.

    Passwords are sent as the SCRAM verifiers that the server stores, never in clear, so that no
    log of statements can show one.
    """
    import psycopg
    from psycopg import sql

    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role in ROLES:
            if role in known:
                continue
            verifier = connection.pgconn.encrypt_password(
                password(role).encode(), role.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(verifier)
                )
            )
        there = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for database, roles in _MAY_CONNECT.items():
            name = sql.Identifier(database)
            if database not in there:
                owner = sql.Identifier(OWNER)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
            for role in roles:
                who = sql.Identifier(role)
                connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, who))
    with psycopg.connect(url, dbname=VIEWS_DATABASE, autocommit=True, connect_timeout=10) as views:
        views.execute("GRANT CREATE ON SCHEMA public TO projector")
