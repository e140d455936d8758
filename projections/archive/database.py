"""Connections to DuckDB in memory, and how it is told which files to read.

The connections are silent: the library draws a progress bar on standard output.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb


def connect() -> duckdb.DuckDBPyConnection:
    """A database of its own, that prints nothing and installs nothing."""
    connection = duckdb.connect()
    connection.execute(
        "SET enable_progress_bar = false; SET autoinstall_known_extensions = false;"
        " SET autoload_known_extensions = false"
    )
    return connection


def rows_of(files: Sequence[Path]) -> str:
    """SQL for the rows of these segments, by what is in the files and not by how they are named.

    DuckDB takes a path for a pattern, so that a folder ``ar[1]`` would be read from ``ar1``, and a
    folder ``program=x`` for a column that stands before the one in the file.
    """
    listed = quoted([pattern_of(file) for file in files])
    return f"read_parquet([{listed}], hive_partitioning = false)"


def pattern_of(file: Path) -> str:
    """The pattern that only this file has."""
    return re.sub(r"[\[*?]", r"[\g<0>]", str(file))


def quoted(texts: Sequence[str]) -> str:
    """Literals of SQL, with commas between them."""
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


@contextmanager
def connected() -> Iterator[duckdb.DuckDBPyConnection]:
    """The same, closed at the end."""
    connection = connect()
    try:
        yield connection
    finally:
        connection.close()
