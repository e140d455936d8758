"""Verifying an archive: everything again from the bytes.

Of each segment the file's digest, every event's leaf hash, every column, the segment's Merkle root
and the log's up to its end. The first position that is wrong is named. An archive that is missing
or empty is an error, never a success. One batch is in memory at a time.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ledger.collector import collector_paused
from ledger.log.feed import Feed
from ledger.verify.merkle import Frontier, leaf_hash
from projections.archive.columns import COMPUTED, NAMES, READ_BACK, TAKEN, derived
from projections.archive.database import connected
from projections.archive.errors import ArchiveDamaged, ArchiveMissing, ArchiveOfAnotherLog
from projections.archive.manifest import Manifest, Segment, TreeHead, read_manifest, text_of

BATCH = 5_000
_DERIVED = slice(1, len(COMPUTED) + len(TAKEN) + 1)

Progress = Callable[[int, int], None]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found whole: all of it."""

    origin: str
    segments: int
    events: int
    bytes: int
    root: str


def verify(folder: Path, progress: Progress | None = None) -> Verified:
    """Raises :class:`ArchiveDamaged` with the first bad position, :class:`ArchiveMissing`."""
    manifest = read_manifest(folder)
    if not manifest.segments:
        raise ArchiveMissing(path=str(folder))
    frontier, size = Frontier(), 0
    with collector_paused(True):
        for segment in manifest.segments:
            size += _verify_segment(folder, segment, frontier, manifest.end, progress)
    return Verified(
        origin=manifest.origin,
        segments=len(manifest.segments),
        events=manifest.end,
        bytes=size,
        root=text_of(frontier.root()),
    )


def compare_with_log(folder: Path, feed: Feed, progress: Progress | None = None) -> Manifest:
    """Hash the log again and hold it to the archive's tree at the end of every segment.

    Raises :class:`ArchiveOfAnotherLog` for the first segment in which they part.
    """
    manifest = read_manifest(folder)
    end = feed.end()
    if end < manifest.end:
        raise ArchiveOfAnotherLog(what="length", archive=manifest.end, log=end)
    frontier = Frontier()
    for segment in manifest.segments:
        for batch in feed.read(segment.first, segment.last + 1):
            frontier.extend(leaf_hash(raw) for _, raw in batch)
            if progress is not None:
                progress(frontier.size, manifest.end)
        if (root := text_of(frontier.root())) != segment.tree.root:
            raise ArchiveOfAnotherLog(what=segment.file, archive=segment.tree.root, log=root)
    return manifest


def _verify_segment(
    folder: Path, segment: Segment, frontier: Frontier, end: int, progress: Progress | None
) -> int:
    """Take the segment's events into the log's tree; returns the file's size."""
    path = folder / segment.file
    sound = _digest(path, segment) == (segment.sha256, segment.bytes)
    within = Frontier()
    try:
        for rows in _rows(path):
            _verify_rows(segment, rows, segment.first + within.size)
            leaves = [row[-2] for row in rows]
            within.extend(leaves)
            frontier.extend(leaves)
            if progress is not None:
                progress(frontier.size, end)
    except duckdb.Error as error:
        # The file can't be read on from here; its rows come in batches.
        at = segment.first + within.size
        raise _damaged(segment, at, str(error).splitlines()[0]) from error
    if within.size != segment.count:
        raise _damaged(segment, segment.first + within.size, f"{segment.count} events expected")
    if text_of(within.root()) != segment.root:
        raise _damaged(segment, segment.first, "the root over the segment's events")
    if TreeHead.of(frontier) != segment.tree:
        raise _damaged(segment, segment.first, "the root of the log up to the segment's end")
    if not sound:
        raise _damaged(segment, segment.first, "the file's SHA-256, though every event is as said")
    return segment.bytes


def _digest(path: Path, segment: Segment) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        raise _damaged(segment, segment.first, error.strerror or "no file") from error


def _rows(path: Path) -> Iterator[list[Row]]:
    """A file's rows in its own order."""
    with connected() as connection:
        connection.execute(f"SELECT {READ_BACK} FROM read_parquet(?)", [str(path)])
        while rows := connection.fetchmany(BATCH):
            yield rows


def _verify_rows(segment: Segment, rows: list[Row], first: int) -> None:
    """All at once, and one by one where something is wrong."""
    try:
        raws = [row[-1] for row in rows]
        expected = [
            (position, *derived(raw), leaf_hash(raw), raw)
            for position, raw in enumerate(raws, first)
        ]
    except ValueError:
        expected = []
    if rows != expected:
        _find_damage(segment, rows, first)


def _find_damage(segment: Segment, rows: list[Row], first: int) -> None:
    for position, row in enumerate(rows, first):
        raw: bytes = row[-1]
        if row[0] != position:
            raise _damaged(segment, position, f"position {row[0]} stands here")
        if leaf_hash(raw) != row[-2]:
            raise _damaged(segment, position, "the bytes do not have the leaf hash")
        try:
            expected = derived(raw)
        except ValueError as error:
            raise _damaged(segment, position, f"not an event: {error}") from error
        if row[_DERIVED] != expected:
            raise _damaged(segment, position, f"column {_first_other(row[_DERIVED], expected)}")
    raise AssertionError("rows that differ from what their bytes say differ somewhere")


def _first_other(found: Row, expected: Row) -> str:
    pairs = zip(NAMES[_DERIVED], found, expected, strict=True)
    return next(f"{name} is {f!r}, not {e!r}" for name, f, e in pairs if f != e)


def _damaged(segment: Segment, position: int, what: str) -> ArchiveDamaged:
    return ArchiveDamaged(segment=segment.file, position=position, what=what)
