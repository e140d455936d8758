"""Archives for tests: of a small log, and with rows changed behind the manifest."""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from projections.archive.database import quoted, rows_of
from projections.archive.manifest import FILE, read_manifest, write_manifest
from projections.archive.writing import extend
from tests.histories import History, ListFeed, history

ORIGIN = "urn:benefits-ledger:220200"
SIZE = 10
"""Events of a full segment here."""


def told(persons: int = 7) -> History:
    """Some events a person: an enrollment, a grant and its payment."""
    made = history()
    for n in range(persons):
        person = f"p{n}"
        made.enrolled(person).granted(person, "2017-02").settled(person, "2017-02")
    return made


def archived(folder: Path, length: int | None = None) -> Path:
    """The first ``length`` events in segments of ten, added to what the folder has."""
    if length is None and not (folder / FILE).exists():
        return Path(shutil.copytree(_whole(), folder, dirs_exist_ok=True))
    extend(folder, ListFeed(told().records[:length]), ORIGIN, segment_size=SIZE)
    return folder


@cache
def _whole() -> Path:
    """Made once a process: DuckDB takes a while to start."""
    folder = Path(tempfile.mkdtemp(prefix="benefits-ledger-archive-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    extend(folder, told().feed(), ORIGIN, segment_size=SIZE)
    return folder


def changed(
    folder: Path, index: int, change: Callable[[list[dict[str, Any]]], Any], *, columns: str = "*"
) -> None:
    """Rewrite a segment's rows, and let the manifest state the new file's digest.

    ``columns`` is what SQL selects of them.
    """
    manifest = read_manifest(folder)
    segment = manifest.segments[index]
    path, fresh = folder / segment.file, folder / "fresh"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows AS SELECT * FROM {rows_of([path])}")
        found = connection.execute("SELECT * FROM rows")
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        change(rows)
        connection.execute("DELETE FROM rows")
        marks = ", ".join("?" for _ in names)
        for row in rows:
            connection.execute(f"INSERT INTO rows VALUES ({marks})", list(row.values()))
        connection.execute(
            f"COPY (SELECT {columns} FROM rows) TO {quoted([str(fresh)])} (FORMAT parquet)"
        )
    fresh.replace(path)
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    segments = list(manifest.segments)
    segments[index] = msgspec.structs.replace(segment, sha256=digest, bytes=len(raw))
    write_manifest(folder, msgspec.structs.replace(manifest, segments=segments))


LENGTH = len(told().records)
