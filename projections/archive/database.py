"""Connections to DuckDB in memory, silent: the library draws a progress bar on standard output."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


def connect() -> duckdb.DuckDBPyConnection:
    """A database of its own, that prints nothing and installs nothing."""
    connection = duckdb.connect()
    connection.execute(
        "SET enable_progress_bar = false; SET autoinstall_known_extensions = false;"
        " SET autoload_known_extensions = false"
    )
    return connection


@contextmanager
def connected() -> Iterator[duckdb.DuckDBPyConnection]:
    """The same, closed at the end."""
    connection = connect()
    try:
        yield connection
    finally:
        connection.close()
