"""Verifying an archive: everything again from the bytes.

Of each segment the file's digest, every event's leaf hash, every column, the segment's Merkle root
and the log's up to its end. The first position that is wrong is named. An archive that is missing
or empty is an error, never a success. One batch is in memory at a time. Heads that were signed are
compared as their sizes are come to.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb

from ledger.collector import collector_paused
from ledger.log.feed import Feed
from ledger.verify.merkle import Frontier, leaf_hash
from projections.archive.columns import COMPUTED, NAMES, READ_BACK, TAKEN, TYPES, derived
from projections.archive.database import connected, rows_of
from projections.archive.errors import (
    ArchiveHeadDiffers,
    ArchiveMissing,
    ArchiveOfAnotherLog,
)
from projections.archive.manifest import Manifest, Segment, TreeHead, read_manifest, text_of
from projections.archive.segments import damaged, digest_of, first_line
from projections.archive.signed import Head, Signed, reached, require_signed

BATCH = 5_000
MEMORY = "1GB"
"""Of DuckDB, for one file: whoever made it may have made it to take all there is."""
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
    signed: Signed


def verify(
    folder: Path, progress: Progress | None = None, *, heads: Sequence[Head] = ()
) -> Verified:
    """``heads`` are those known to be signed. Raises :class:`ArchiveDamaged` with the first bad
    position, :class:`ArchiveHeadDiffers`, :class:`ArchiveMissing`."""
    manifest = read_manifest(folder)
    if not manifest.segments:
        raise ArchiveMissing(path=str(folder))
    tree, size = _Compared(heads), 0
    with collector_paused(True):
        for segment in manifest.segments:
            size += _verify_segment(folder, segment, tree, manifest.end, progress)
    return Verified(
        origin=manifest.origin,
        segments=len(manifest.segments),
        events=manifest.end,
        bytes=size,
        root=text_of(tree.frontier.root()),
        signed=tree.signed(),
    )


class _Compared:
    """The log's tree over what was read, with the heads that are still to be compared."""

    def __init__(self, heads: Sequence[Head]) -> None:
        self.frontier = Frontier()
        self._heads = heads
        self._ahead = sorted(heads, reverse=True)
        self._differing: ArchiveHeadDiffers | None = None

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Take in the next leaves; the first head that differs is kept until the end."""
        done, frontier = 0, self.frontier
        while self._ahead and self._ahead[-1].size <= frontier.size + len(leaves) - done:
            head = self._ahead.pop()
            stop = done + head.size - frontier.size
            frontier.extend(leaves[done:stop])
            done = stop
            try:
                require_signed(head, frontier.root())
            except ArchiveHeadDiffers as error:
                self._differing = self._differing or error
        frontier.extend(leaves[done:])

    def signed(self) -> Signed:
        """Damage inside the archive is told first. Raises :class:`ArchiveHeadDiffers`."""
        if self._differing is not None:
            raise self._differing
        return reached(self._heads, self.frontier.size)


def compare_with_log(
    folder: Path, feed: Feed, origin: str, progress: Progress | None = None
) -> Manifest:
    """Hash the log again and hold it to the archive's tree at the end of every segment.

    Raises :class:`ArchiveOfAnotherLog` for another origin, or the first segment in which they part.
    """
    manifest = read_manifest(folder)
    if manifest.origin != origin:
        raise ArchiveOfAnotherLog(what="origin", archive=manifest.origin, log=origin)
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
    folder: Path, segment: Segment, tree: _Compared, end: int, progress: Progress | None
) -> int:
    """Take the segment's events into the log's tree; returns the file's size."""
    path = folder / segment.file
    sound = digest_of(path, segment) == (segment.sha256, segment.bytes)
    within = Frontier()
    try:
        for rows in _rows(segment, path):
            if within.size > segment.count:
                break
            _verify_rows(segment, rows, segment.first + within.size)
            leaves = [row[-2] for row in rows]
            within.extend(leaves)
            tree.extend(leaves)
            if progress is not None:
                progress(tree.frontier.size, end)
    except duckdb.Error as error:
        # The file can't be read on from here; its rows come in batches.
        at = segment.first + within.size
        raise damaged(segment, at, first_line(error)) from error
    if within.size != segment.count:
        raise damaged(segment, segment.first + within.size, f"{segment.count} events expected")
    if text_of(within.root()) != segment.root:
        raise damaged(segment, segment.first, "the root over the segment's events")
    if TreeHead.of(tree.frontier) != segment.tree:
        raise damaged(segment, segment.first, "the root of the log up to the segment's end")
    if not sound:
        raise damaged(segment, segment.first, "the file's SHA-256, though every event is as said")
    return segment.bytes


def _rows(segment: Segment, path: Path) -> Iterator[list[Row]]:
    """A file's rows in its own order. Raises :class:`ArchiveDamaged` for other columns."""
    with connected() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = ''")
        found = connection.execute(f"DESCRIBE SELECT * FROM {rows_of([path])}").fetchall()
        if [column[:2] for column in found] != list(TYPES.items()):
            raise damaged(segment, segment.first, f"columns {_first_column(found)}")
        connection.execute(f"SELECT {READ_BACK} FROM {rows_of([path])}")
        while rows := connection.fetchmany(BATCH):
            yield rows


def _verify_rows(segment: Segment, rows: list[Row], first: int) -> None:
    """All at once, and one by one where something is wrong."""
    try:
        raws = [row[-1] for row in rows]
        expected = [
            (position, *derived(raw), leaf_hash(raw), raw)
            for position, raw in enumerate(raws, first)
            if raw is not None
        ]
    except ValueError:
        expected = []
    if rows != expected:
        _find_damage(segment, rows, first)


def _find_damage(segment: Segment, rows: list[Row], first: int) -> None:
    for position, row in enumerate(rows, first):
        raw: bytes | None = row[-1]
        if row[0] != position:
            raise damaged(segment, position, f"position {row[0]} stands here")
        if raw is None:
            raise damaged(segment, position, "no bytes, or more than an event has")
        if leaf_hash(raw) != row[-2]:
            raise damaged(segment, position, "the bytes do not have the leaf hash")
        try:
            expected = derived(raw)
        except ValueError as error:
            raise damaged(segment, position, f"not an event: {error}") from error
        if row[_DERIVED] != expected:
            raise damaged(segment, position, f"column {_first_other(row[_DERIVED], expected)}")
    raise AssertionError("rows that differ from what their bytes say differ somewhere")


def _first_other(found: Row, expected: Row) -> str:
    pairs = zip(NAMES[_DERIVED], found, expected, strict=True)
    return next(f"{name} is {f!r:.100}, not {e!r:.100}" for name, f, e in pairs if f != e)


def _first_column(found: Sequence[Row]) -> str:
    """The first that a segment does not have so, or lacks."""
    pairs = zip_longest((column[:2] for column in found), TYPES.items(), fillvalue=("-", "-"))
    return next(f"{f[0]:.100} {f[1]:.100}, not {e[0]} {e[1]}" for f, e in pairs if f != e)
