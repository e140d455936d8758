"""The database of a local PostgreSQL, and who logs in to it.

There is one database. What may be done in it is said by the store's own roles
(:mod:`ledger.store.connecting`), which every connection takes on; a login is a member of the roles
that its part of the system needs, and of no other.
"""

from collections.abc import Callable

from ledger.store.connecting import APP, AUDITOR, OWNER, PROJECTOR, ROLES, connect, translated
from ledger.store.migrations import create_login, make_roles
from ops.local.described import DATABASE

SUPER_USER = "postgres"
LOGINS = {
    # Makes the layout, for which it acts as the owner of each schema.
    "admin": (OWNER, APP, PROJECTOR),
    "ledger": (APP,),
    "projector": (PROJECTOR,),
    "reader": (AUDITOR,),
}
"""Each login with its roles."""


def establish(url: str, password: Callable[[str], str]) -> None:
    """Make what is missing; safe to repeat. ``url`` is the superuser's, of any database."""
    from psycopg import sql

    with translated("PostgreSQL"), connect(url) as connection:
        make_roles(connection)
        name = sql.Identifier(DATABASE)
        known = "SELECT 1 FROM pg_database WHERE datname=%s"
        if connection.execute(known, (DATABASE,)).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        for login, roles in LOGINS.items():
            create_login(url, login, password(login), *roles)
        everyone = sql.SQL(", ").join(map(sql.Identifier, ROLES))
        for granting in (
            "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
            # Rows arrive in bulk by way of temporary tables.
            "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {everyone}",
            "GRANT CREATE ON DATABASE {database} TO admin",
        ):
            connection.execute(sql.SQL(granting).format(database=name, everyone=everyone))
