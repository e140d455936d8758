"""How a view database is connected to, and its errors in the ledger's words.

On PostgreSQL a reader sees one moment for as long as it looks, and writers of one schema wait for
each other; workers' transactions wait for nobody's disk. On SQLite the journal is WAL with
``synchronous=NORMAL``. Either way a power cut may take the last transactions as a whole, rows and
position together, and they are folded again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ledger.store.errors import StoreBusy, StoreDamaged, StoreDenied, StoreFull, StoreUnreachable
from ledger.store.failures import meaning
from projections.errors import ViewUnreadable

BUSY_TIMEOUT_S = 30
STANDING_S = 30
"""How long a shared transaction may stand still: it holds sums to which every worker adds, and the
worker may be frozen with its machine. The server ends it then, and the worker begins again.
"""


def engine_for(url: str, *, durable: bool) -> sa.Engine:
    """An engine whose transactions say by execution options what they are for: see
    :meth:`~projections.database.ViewDatabase.write` and ``share``."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, durable)
    engine = sa.create_engine(parsed, paramstyle="format", pool_pre_ping=True)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("write", False):
            connection.exec_driver_sql(_ONE_MOMENT)
        elif options.get("share", False):
            connection.exec_driver_sql(_beside())
        else:
            connection.exec_driver_sql(_ALONE)

    return engine


_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('views ' || current_schema(), 0))"
_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def _beside() -> str:
    return (
        f"SET LOCAL idle_in_transaction_session_timeout = '{STANDING_S}s'; "
        "SET LOCAL synchronous_commit = off"
    )


def _sqlite(parsed: sa.URL, durable: bool) -> sa.Engine:
    engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S})
    pragmas = (
        ("journal_mode=WAL", "synchronous=NORMAL")
        if durable
        else ("journal_mode=OFF", "synchronous=OFF")
    )

    # Some builds of SQLite overwrite with zeros whatever is deleted. Nothing personal stands in a
    # view unsealed, and dropping a generation would write all of it once more.
    settings = ("secure_delete=OFF", "temp_store=MEMORY", "cache_size=-65536")

    @sa.event.listens_for(engine, "connect")
    def _connected(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # the driver must not open transactions of its own
        for pragma in (*pragmas, *settings, "mmap_size=1073741824"):
            raw.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


STORE_ERRORS = (
    StoreFull,
    StoreDamaged,
    StoreBusy,
    StoreUnreachable,
    StoreDenied,
    ViewUnreadable,
)
"""What a database error can become."""


@contextmanager
def translated() -> Iterator[None]:
    """Database errors as the ledger's: full, damaged, busy, or a view that cannot be read."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise StoreBusy(reason=str(error)) from error
    except sa.exc.DBAPIError as error:
        raise (meaning(error.orig) or ViewUnreadable)(reason=str(error.orig)) from error
