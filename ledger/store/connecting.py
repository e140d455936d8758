"""How a PostgreSQL server is reached: the URL taken apart, the role put on, failures told.

Every connection of ours takes on one of four roles as it is opened and has that role's rights and
no more, whatever its login may do besides. A login that is no member of the role is turned away.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from eventsourcing.persistence import PersistenceError
from psycopg.conninfo import conninfo_to_dict

from ledger.domain.errors import InvalidValue
from ledger.store.failures import meaning

OWNER = "benefits_owner"
"""Owns the log's tables and changes their layout."""
APP = "benefits_app"
"""Adds to the log, and owns the views that pay runs are decided from."""
PROJECTOR = "benefits_projector"
"""Reads the log and owns the views."""
AUDITOR = "benefits_auditor"
"""Reads everything and writes nothing."""
ROLES = (OWNER, APP, PROJECTOR, AUDITOR)

LOG_SCHEMA = "ledger"
VIEWS_SCHEMA = "views"
DECISIONS_SCHEMA = "decisions"
SCHEMAS = {LOG_SCHEMA: OWNER, VIEWS_SCHEMA: PROJECTOR, DECISIONS_SCHEMA: APP}
"""Each schema and its owner."""

_CONNECT_TIMEOUT_S = 10
_PATIENCE = {
    # A server or a network that is gone without a word is noticed within a minute.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


def parameters(
    url: str, *, role: str | None = None, schema: str | None = None, lock_timeout_s: int = 30
) -> dict[str, Any]:
    """The driver's connection parameters for a ``postgresql://`` URL.

    Raises :class:`InvalidValue` for what is no such URL, without repeating it.
    """
    try:
        found = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise InvalidValue(field="database_url", value="…") from None
    options = [str(found.pop("options", "")), f"-c lock_timeout={lock_timeout_s}s"]
    if role is not None:
        options.append(f"-c role={role}")
    if schema is not None:
        options.append(f"-c search_path={schema}")
    return {
        "connect_timeout": _CONNECT_TIMEOUT_S,
        **_PATIENCE,
        **found,
        "options": " ".join(options).strip(),
    }


def connect(url: str, **rest: Any) -> "psycopg.Connection[Any]":
    """One connection in auto-commit mode; ``rest`` is as for :func:`parameters`."""
    return psycopg.connect(**parameters(url, **rest), autocommit=True)


@contextmanager
def translated(name: str) -> Iterator[None]:
    """The driver's and the library's failures as the ledger's own errors."""
    try:
        yield
    except (psycopg.Error, PersistenceError) as error:
        kind = meaning(error)
        if kind is None:
            raise
        raise kind(reason=f"{name}: {' '.join(str(error).split())}") from error
