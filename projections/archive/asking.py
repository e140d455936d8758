"""Asking an archive by SQL: a DuckDB in memory, with views over the segments, that only reads.

The database may open the archive's segments and nothing else: no other file, no network, no
extension, and no setting can be changed after that. One SELECT is let in at a time, so that
nothing is written either (a COPY could name a segment). Memory, time and rows are bounded.
The views are the SQL files beside this module.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from projections.archive.database import connect, pattern_of, quoted, rows_of
from projections.archive.errors import ArchiveDamaged, ArchiveMissing, QueryRefused, QueryTooLong
from projections.archive.manifest import Manifest, read_manifest
from projections.archive.segments import damaged, digest_of, first_line

MEMORY = "2GB"
TIMEOUT_S = 60.0
ROWS = 1_000

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of a query; ``more`` says that the limit cut them off."""

    columns: Sequence[str]
    rows: list[Row]
    more: bool


@dataclass(frozen=True, slots=True)
class Described:
    """A view and its columns; ``about`` is Chinese and English around ``|``."""

    name: str
    about: str
    columns: Sequence[str]


class Archive:
    """An open archive. Close it, or use :func:`opened`."""

    def __init__(self, folder: Path) -> None:
        """Raises :class:`ArchiveMissing` without events, :class:`ArchiveDamaged`."""
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        if not self.manifest.segments:
            raise ArchiveMissing(path=str(folder))
        files = [folder.resolve() / s.file for s in self.manifest.segments]
        for segment in self.manifest.segments:
            if not (folder / segment.file).is_file():
                raise damaged(segment, segment.first, "no file")
        self._connection = connect()
        try:
            self._prepare(files)
        except duckdb.Error as error:
            self._connection.close()
            self._require_whole(error)
            raise ArchiveDamaged(segment="*", position="?", what=first_line(error)) from error

    def _prepare(self, files: Sequence[Path]) -> None:
        allowed = quoted([*map(str, files), *map(pattern_of, files)])
        run = self._connection.execute
        run(f"SET memory_limit = '{MEMORY}'; SET temp_directory = ''")
        run(f"SET allowed_paths = [{allowed}]; SET enable_external_access = false")
        run(f"CREATE VIEW archived AS SELECT * FROM {rows_of(files)}")
        for name, text in sql_files():
            try:
                run(text)
            except duckdb.Error as error:
                raise AssertionError(f"{name}: {error}") from error
        run("SET lock_configuration = true")

    def close(self) -> None:
        """Give back memory and files."""
        self._connection.close()

    def ask(
        self,
        query: str,
        parameters: Sequence[Any] = (),
        *,
        limit: int | None = ROWS,
        timeout_s: float = TIMEOUT_S,
    ) -> Answer:
        """One SELECT's answer.

        Raises :class:`QueryRefused` for anything else and for what DuckDB refuses,
        :class:`ArchiveDamaged` where that is because a segment is not what was archived,
        :class:`QueryTooLong`.
        """
        try:
            statements = self._connection.extract_statements(query)
            if len(statements) != 1:
                raise QueryRefused(reason=f"{len(statements)} statements; one is answered")
            if statements[0].type != duckdb.StatementType.SELECT:
                raise QueryRefused(reason=f"{statements[0].type.name}: only SELECT is answered")
            with self._bounded(timeout_s):
                found = self._connection.execute(statements[0], list(parameters))
                columns = [column[0] for column in found.description or ()]
                rows = found.fetchall() if limit is None else found.fetchmany(limit + 1)
        except duckdb.InterruptException as error:
            raise QueryTooLong(seconds=f"{timeout_s:g}") from error
        except duckdb.Error as error:
            self._require_whole(error)
            raise QueryRefused(reason=str(error).strip()) from error
        more = limit is not None and len(rows) > limit
        return Answer(columns, rows[:limit] if more else rows, more)

    def _require_whole(self, error: Exception) -> None:
        """DuckDB's errors don't tell a bad question from a bad file: the files' digests do.

        Raises :class:`ArchiveDamaged` for the first segment that has another one.
        """
        for segment in self.manifest.segments:
            if digest_of(self.folder / segment.file, segment) != (segment.sha256, segment.bytes):
                what = f"SHA-256 ({first_line(error)})"
                raise damaged(segment, segment.first, what) from error

    @contextmanager
    def _bounded(self, timeout_s: float) -> Iterator[None]:
        timer = threading.Timer(timeout_s, self._connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def views(self) -> list[Described]:
        """The documented views, by name."""
        found = self.ask(
            "SELECT v.view_name, v.comment, list(c.column_name ORDER BY c.column_index)"
            " FROM duckdb_views() v JOIN duckdb_columns() c"
            " ON c.table_name = v.view_name AND c.schema_name = v.schema_name"
            " WHERE v.comment IS NOT NULL GROUP BY ALL ORDER BY 1",
            limit=None,
        )
        return [Described(*row) for row in found.rows]


def sql_files() -> Iterator[tuple[str, str]]:
    """The SQL that makes the views, in order."""
    folder = resources.files("projections.archive") / "sql"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".sql"):
            yield file.name, file.read_text()


@contextmanager
def opened(folder: Path) -> Iterator[Archive]:
    """An archive to ask, closed at the end."""
    archive = Archive(folder)
    try:
        yield archive
    finally:
        archive.close()
