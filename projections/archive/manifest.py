"""The manifest: which segments an archive has, and what binds each to the log.

``manifest.json`` is replaced as a whole and is the last thing written: what it does not name is
not part of the archive. ``sha256`` is hexadecimal, as ``sha256sum`` prints it; Merkle roots are
base64, as a checkpoint prints them. Positions count from 0, ``last`` is included.
"""

import base64
import os
from pathlib import Path

import msgspec

from ledger.verify.merkle import Frontier, ProofRefused
from projections.archive.errors import ArchiveDamaged, ArchiveMissing

FORMAT = "benefits-ledger-archive/1"
FILE = "manifest.json"


class TreeHead(msgspec.Struct, frozen=True, kw_only=True):
    """The log's RFC 6962 tree up to a segment's end.

    ``subtrees`` are the roots of its complete subtrees, the largest first: with them the next
    segment goes on without hashing what is archived again.
    """

    size: int
    root: str
    subtrees: list[str]

    @classmethod
    def of(cls, frontier: Frontier) -> "TreeHead":
        return cls(
            size=frontier.size,
            root=text_of(frontier.root()),
            subtrees=[text_of(root) for root in frontier.roots],
        )

    def frontier(self) -> Frontier:
        """The tree, to go on from. Raises :class:`ProofRefused` where the root isn't theirs."""
        frontier = Frontier(self.size, [base64.b64decode(root) for root in self.subtrees])
        if text_of(frontier.root()) != self.root:
            raise ProofRefused("the subtrees do not lead to the root")
        return frontier


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One file. ``root`` is the RFC 6962 root over its events alone, ``bytes`` the file's size."""

    file: str
    first: int
    last: int
    count: int
    bytes: int
    sha256: str
    root: str
    tree: TreeHead


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """``origin`` names the log; a segment of fewer than ``segment_size`` events is the last."""

    format: str
    origin: str
    segment_size: int
    segments: list[Segment]

    @property
    def end(self) -> int:
        """The number of events archived."""
        return self.segments[-1].last + 1 if self.segments else 0


def text_of(root: bytes) -> str:
    """A Merkle root as a checkpoint prints it."""
    return base64.b64encode(root).decode()


def read_manifest(folder: Path) -> Manifest:
    """Raises :class:`ArchiveMissing` where there is none, :class:`ArchiveDamaged`."""
    try:
        raw = (folder / FILE).read_bytes()
    except PermissionError as error:
        raise ArchiveDamaged(segment=FILE, position="?", what=error.strerror) from error
    except OSError as error:  # not there, no folder, or a name that nothing can have
        raise ArchiveMissing(path=str(folder)) from error
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        raise ArchiveDamaged(segment=FILE, position="?", what=str(error)) from error
    _require_order(manifest)
    return manifest


def _require_order(manifest: Manifest) -> None:
    """Segments follow each other without a gap, all but the last are full, names are plain."""
    if manifest.format != FORMAT or manifest.segment_size < 1:
        raise ArchiveDamaged(segment=FILE, position="?", what=f"format {manifest.format}")
    expected = 0
    for index, s in enumerate(manifest.segments):
        whole = s.count == manifest.segment_size or s is manifest.segments[-1]
        counted = 0 < s.count <= manifest.segment_size and s.last == s.first + s.count - 1
        if s.first != expected or not whole or not counted or s.tree.size != s.last + 1:
            what = f"segment {index} does not follow the one before"
            raise ArchiveDamaged(segment=s.file, position=expected, what=what)
        if s.file != name_of(s.first, s.last):
            raise ArchiveDamaged(segment=s.file, position=s.first, what="the file's name")
        expected = s.last + 1


def name_of(first: int, last: int) -> str:
    """The file of a segment, by its first and last position."""
    return f"events-{first:012d}-{last:012d}.parquet"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Durably, and whole or not at all."""
    partial = folder / f"{FILE}.partial"
    with partial.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    put_in_place(partial, folder / FILE)


def put_in_place(partial: Path, name: Path) -> None:
    """Make the file durable, then give it its name, durably too."""
    for path, flags in ((partial, os.O_RDONLY), (name.parent, os.O_RDONLY | os.O_DIRECTORY)):
        descriptor = os.open(path, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if path is partial:
            partial.rename(name)
