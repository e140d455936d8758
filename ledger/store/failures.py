"""What a failure of SQLite means to the ledger, by SQLite's own names for results.

The messages do not tell: "disk I/O error" is what a quota or a limit of file size gives, where a
full disk gives "database or disk is full", and also what a file gives that cannot be read.
"""

from ledger.domain.errors import LedgerError, StoreBusy, StoreDamaged, StoreFull

_UNWRITTEN = ("WRITE", "FSYNC", "DIR_FSYNC", "TRUNCATE", "SHMSIZE")
_MEANING: tuple[tuple[str, type[LedgerError]], ...] = (
    ("SQLITE_FULL", StoreFull),
    *((f"SQLITE_IOERR_{step}", StoreFull) for step in _UNWRITTEN),
    ("SQLITE_IOERR", StoreDamaged),
    ("SQLITE_CORRUPT", StoreDamaged),
    ("SQLITE_NOTADB", StoreDamaged),
    ("SQLITE_BUSY", StoreBusy),
    ("SQLITE_LOCKED", StoreBusy),
)


def meaning(error: BaseException | None) -> type[LedgerError] | None:
    """The ledger's error for a driver's one, or for what was raised from one; None: no failure."""
    name = getattr(error, "sqlite_errorname", None)
    if name is None:
        return meaning(error.__cause__) if error is not None and error.__cause__ else None
    return next((kind for prefix, kind in _MEANING if name.startswith(prefix)), None)
