"""Writing an archive: the log's events, from where the archive ends, into sealed segments.

A segment of full size never changes; the last, shorter one is written anew under another name
when the log has grown. Each file is durable under its name before the manifest names it, and the
manifest is replaced in one step: whatever dies, the archive is what the manifest says. Memory
holds one batch; DuckDB seals one segment while the next is staged.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import msgspec

from ledger.log.feed import Feed
from ledger.store.errors import NO_ROOM, StoreFull
from ledger.verify.merkle import Frontier, ProofRefused, leaf_hash
from projections.archive.columns import select
from projections.archive.database import connected, pattern_of, quoted, rows_of
from projections.archive.errors import (
    ArchiveBusy,
    ArchiveDamaged,
    ArchiveFailed,
    ArchiveMissing,
    ArchiveOfAnotherLog,
)
from projections.archive.manifest import (
    FILE,
    FORMAT,
    Manifest,
    Segment,
    TreeHead,
    name_of,
    put_in_place,
    read_manifest,
    text_of,
    write_manifest,
)

SEGMENT_SIZE = 250_000
"""Events of a full segment: some 26 MB on disk."""
ROW_GROUP = 32_768
"""Rows that are compressed together; a question for few positions reads no more than one of it."""
MEMORY = "1GB"
"""What DuckDB may take while it seals."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Staged:
    """A segment's rows in a text file, and what the manifest will say of it."""

    file: Path
    first: int
    count: int
    root: bytes
    tree: TreeHead


def extend(
    folder: Path,
    feed: Feed,
    origin: str,
    *,
    segment_size: int | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Bring the archive up to the log's end, making it where there is none.

    ``segment_size`` is said once, when the archive is made. Raises :class:`ArchiveOfAnotherLog`
    where the log does not continue what is archived, :class:`ArchiveBusy`,
    :class:`ArchiveDamaged`, :class:`ArchiveFailed`, :class:`StoreFull`.
    """
    try:
        with _held(folder):
            manifest = _found(folder, origin, segment_size)
            _sweep(folder, manifest)
            end = feed.end()
            if end < manifest.end:
                raise ArchiveOfAnotherLog(what="length", archive=manifest.end, log=end)
            _require_same_log(folder, feed, manifest)
            grown = manifest
            for grown in _grown(folder, feed, manifest, end, progress):
                write_manifest(folder, grown)
            _sweep(folder, grown)
            return grown
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StoreFull(reason=error.strerror) from error
        raise ArchiveFailed(reason=str(error)) from error
    except duckdb.Error as error:
        raise ArchiveFailed(reason=str(error)) from error


SEGMENTS = "events-*.parquet"
LEFT = ("stage-*.partial", f"{SEGMENTS}.partial", f"{FILE}.partial")
"""What a writer that died may leave; other files of the folder are somebody else's."""


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """The folder, for one writer at a time; the system lets go when the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ArchiveBusy(path=str(folder)) from error
        yield


def _found(folder: Path, origin: str, segment_size: int | None) -> Manifest:
    try:
        manifest = read_manifest(folder)
    except ArchiveMissing:
        if len(found := list(folder.glob(SEGMENTS))) > 1:  # a writer that died leaves one at most
            what = f"not there, beside {len(found)} segments"
            raise ArchiveDamaged(segment=FILE, position=0, what=what) from None
        size = segment_size or SEGMENT_SIZE
        return Manifest(format=FORMAT, origin=origin, segment_size=size, segments=[])
    if manifest.origin != origin:
        raise ArchiveOfAnotherLog(what="origin", archive=manifest.origin, log=origin)
    if segment_size not in (None, manifest.segment_size):
        raise ArchiveOfAnotherLog(
            what="segment size", archive=manifest.segment_size, log=segment_size
        )
    return manifest


def _sweep(folder: Path, manifest: Manifest) -> None:
    """Remove what a writer that died left, and the short segment that a longer one replaced."""
    named = {segment.file for segment in manifest.segments}
    for left in LEFT:
        for path in folder.glob(left):
            path.unlink()
    for path in folder.glob(SEGMENTS):
        if path.name not in named:
            path.unlink()
    shutil.rmtree(folder / "staging.tmp", ignore_errors=True)


def _require_same_log(folder: Path, feed: Feed, manifest: Manifest) -> None:
    """The log's event at the end of the archive is the archived one, byte for byte."""
    if not manifest.segments:
        return
    last = manifest.segments[-1]
    path = folder / last.file
    if not path.exists():
        raise ArchiveDamaged(segment=last.file, position=last.first, what="no file")
    try:
        with connected() as connection:
            found = connection.execute(
                f"SELECT leaf_hash FROM {rows_of([path])} WHERE position = ?", [last.last]
            ).fetchone()
    except duckdb.Error as error:
        what = str(error).partition("\n")[0]
        raise ArchiveDamaged(segment=last.file, position=last.first, what=what) from error
    archived = found[0] if found else b""
    ((_, raw),) = next(iter(feed.read(last.last, last.last + 1)))
    if (log := leaf_hash(raw)) != archived:
        raise ArchiveOfAnotherLog(
            what=f"position {last.last}", archive=archived.hex(), log=log.hex()
        )


def _grown(
    folder: Path, feed: Feed, manifest: Manifest, end: int, progress: Progress | None
) -> Iterator[Manifest]:
    """The manifest after each segment that was added, whose file is in place by then."""
    if end == manifest.end:
        return
    size = manifest.segment_size
    kept = [segment for segment in manifest.segments if segment.count == size]
    short = manifest.segments[-1].tree if len(kept) < len(manifest.segments) else None
    try:
        frontier = kept[-1].tree.frontier() if kept else Frontier()
    except (ProofRefused, ValueError) as error:
        raise ArchiveDamaged(
            segment=FILE, position=kept[-1].last if kept else 0, what=str(error)
        ) from error
    waiting: Future[Segment] | None = None
    with ThreadPoolExecutor(1) as sealer:
        while frontier.size < end:
            count = min(size, end - frontier.size)
            staged = _stage(folder, feed, frontier, count, short=short, progress=progress)
            if waiting is not None:
                kept = [*kept, waiting.result()]
                yield msgspec.structs.replace(manifest, segments=kept)
            waiting = sealer.submit(_seal, folder, staged)
        if waiting is not None:
            kept = [*kept, waiting.result()]
            yield msgspec.structs.replace(manifest, segments=kept)


def _stage(
    folder: Path,
    feed: Feed,
    frontier: Frontier,
    count: int,
    *,
    short: TreeHead | None,
    progress: Progress | None,
) -> Staged:
    """Write the next events as lines for DuckDB, and take their hashes into the tree.

    ``short`` is the tree at the end of a segment that this one replaces: the log must still have
    the same one there.
    """
    first = frontier.size
    within = Frontier()
    path = folder / f"stage-{first}.partial"
    end = first + count
    with path.open("wb") as out:
        for batch in feed.read(first, end):
            leaves = [leaf_hash(raw) for _, raw in batch]
            if short is not None and frontier.size < short.size <= frontier.size + len(leaves):
                _require_short(frontier, leaves, short)
            frontier.extend(leaves)
            within.extend(leaves)
            out.write(
                b"".join(
                    [
                        b"%d\x1f%b\x1f%b\n" % (position, leaf.hex().encode(), raw)
                        for (position, raw), leaf in zip(batch, leaves, strict=True)
                    ]
                )
            )
            if progress is not None:
                progress(frontier.size, end)
    return Staged(path, first, count, within.root(), TreeHead.of(frontier))


def _require_short(frontier: Frontier, leaves: list[bytes], short: TreeHead) -> None:
    there = Frontier(frontier.size, frontier.roots)
    there.extend(leaves[: short.size - frontier.size])
    if (root := text_of(there.root())) != short.root:
        raise ArchiveOfAnotherLog(what=f"tree of {short.size}", archive=short.root, log=root)


_LINES = (
    "read_csv(?, columns = {'position': 'BIGINT', 'leaf': 'VARCHAR', 'raw': 'VARCHAR'},"
    " delim = chr(31), quote = '', escape = '', header = false, auto_detect = false,"
    " nullstr = chr(30), max_line_size = 200000)"
)
"""Canonical JSON holds no control character, so none of these can be in an event."""


def _seal(folder: Path, staged: Staged) -> Segment:
    """Turn staged lines into a segment that is durable under its name."""
    name = name_of(staged.first, staged.first + staged.count - 1)
    partial, final = folder / f"{name}.partial", folder / name
    with connected() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute(f"SET temp_directory = {quoted([str(folder / 'staging.tmp')])}")
        connection.execute(
            f"COPY ({select(_LINES)}) TO {quoted([str(partial)])}"
            f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})",
            [pattern_of(staged.file)],
        )
    staged.file.unlink()
    partial.chmod(0o444)
    with partial.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    put_in_place(partial, final)
    return Segment(
        file=name,
        first=staged.first,
        last=staged.first + staged.count - 1,
        count=staged.count,
        bytes=size,
        sha256=digest,
        root=text_of(staged.root),
        tree=staged.tree,
    )
