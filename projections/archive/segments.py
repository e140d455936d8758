"""A segment's file beside what the manifest says of it."""

import hashlib
from pathlib import Path

from projections.archive.errors import ArchiveDamaged
from projections.archive.manifest import Segment


def digest_of(path: Path, segment: Segment) -> tuple[str, int]:
    """SHA-256 in hexadecimal, and bytes. Raises :class:`ArchiveDamaged` where it can't be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        raise damaged(segment, segment.first, error.strerror or "no file") from error


def damaged(segment: Segment, position: int, what: str) -> ArchiveDamaged:
    """The error that names a segment and its first bad position."""
    return ArchiveDamaged(segment=segment.file, position=position, what=what)


def first_line(error: Exception) -> str:
    """The first line of what DuckDB says."""
    return str(error).strip().splitlines()[0]
