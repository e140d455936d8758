"""What a failure of SQLite or PostgreSQL means to the ledger, by their own names for results.

The messages do not tell: "disk I/O error" is what a quota or a limit of file size gives SQLite,
where a full disk gives "database or disk is full", and also what a file gives that cannot be read.
PostgreSQL's messages are in the server's language; where it refuses a connection there is nothing
else.
"""

from ledger.domain.errors import LedgerError
from ledger.store.errors import StoreBusy, StoreDamaged, StoreDenied, StoreFull, StoreUnreachable

_UNWRITTEN = ("WRITE", "FSYNC", "DIR_FSYNC", "TRUNCATE", "SHMSIZE")
_SQLITE: tuple[tuple[str, type[LedgerError]], ...] = (
    ("SQLITE_FULL", StoreFull),
    *((f"SQLITE_IOERR_{step}", StoreFull) for step in _UNWRITTEN),
    ("SQLITE_IOERR", StoreDamaged),
    ("SQLITE_CORRUPT", StoreDamaged),
    ("SQLITE_NOTADB", StoreDamaged),
    ("SQLITE_READONLY", StoreDenied),  # the file or its folder, of another user or mounted so
    ("SQLITE_PERM", StoreDenied),
    ("SQLITE_BUSY", StoreBusy),
    ("SQLITE_LOCKED", StoreBusy),
    ("SQLITE_PROTOCOL", StoreBusy),  # who opened or closed the file last holds it locked for long
)
_SQLSTATES: tuple[tuple[str, type[LedgerError]], ...] = (
    ("53100", StoreFull),  # disk full
    ("53", StoreBusy),  # too many connections, out of memory
    ("55P03", StoreBusy),  # a lock was not to be had in time
    ("40", StoreBusy),  # a deadlock, or a transaction that must be tried again
    ("57014", StoreBusy),  # canceled by a time limit
    ("57P", StoreUnreachable),  # shutting down, starting up, or ended by an administrator
    ("08", StoreUnreachable),
    ("25P03", StoreUnreachable),  # the transaction stood still for too long
    ("3D000", StoreUnreachable),  # no such database
    ("42501", StoreDenied),
    ("25006", StoreDenied),  # a server that may only be read from
    ("28", StoreDenied),  # login refused
    ("22023", StoreDenied),  # a role to take on that does not exist
    ("XX", StoreDamaged),
    ("58", StoreDamaged),
)
_AFTER_LOGIN: tuple[tuple[str, type[LedgerError]], ...] = (
    # no connection left: of a role, of a database, of the server, or but those for its superusers
    ("too many connections for ", StoreBusy),
    ("连接太多了", StoreBusy),
    ("too many clients already", StoreBusy),
    ("已经有太多的客户", StoreBusy),
    ("remaining connection slots are reserved", StoreBusy),
    ("已保留的连接位置", StoreBusy),
    # the server stops, or starts again after a crash; the first is the client library's own word
    ("server closed the connection unexpectedly", StoreUnreachable),
    ("terminating connection due to ", StoreUnreachable),
    ("中断联接", StoreUnreachable),
    ("the database system is ", StoreUnreachable),
    ("数据库系统", StoreUnreachable),
)
"""What a server refuses with that took the password and has no code for the driver: the two
languages that it may be set to here. Of another language it is a refusal of the login."""

_LENGTHENING = ("mdextend", "mdzeroextend")
"""Functions of the server that make a table's file longer: a quota, or a limit of file size, has no
code of its own there, and "internal error" would be damage."""


def meaning(error: BaseException | None) -> type[LedgerError] | None:
    """The ledger's error for a driver's one, or for what was raised from one; None: no failure."""
    if error is None:
        return None
    name = getattr(error, "sqlite_errorname", None)
    if name is not None:
        return _first(_SQLITE, name)
    if hasattr(error, "sqlstate"):
        if error.sqlstate is not None:
            if error.sqlstate == "XX000" and _failed_in(error) in _LENGTHENING:
                return StoreFull
            return _first(_SQLSTATES, error.sqlstate)
        # A refusal to connect has no code; but the server had come to asking for a password.
        attempt = getattr(error, "pgconn", None)
        if attempt is not None and (attempt.used_password or attempt.needs_password):
            said = str(error)
            return next((kind for text, kind in _AFTER_LOGIN if text in said), StoreDenied)
        # What no server answered, the client found: there is no connection, or it broke. Told by
        # name, so that a ledger in SQLite imports no driver for a server.
        if {"OperationalError", "InterfaceError"} & {kind.__name__ for kind in type(error).__mro__}:
            return StoreUnreachable
    return meaning(error.__cause__)


def _failed_in(error: BaseException) -> str | None:
    """The server's function that found the failure, which unlike its message has no language."""
    return getattr(getattr(error, "diag", None), "source_function", None)


def _first(
    meanings: tuple[tuple[str, type[LedgerError]], ...], name: str
) -> type[LedgerError] | None:
    return next((kind for prefix, kind in meanings if name.startswith(prefix)), None)
