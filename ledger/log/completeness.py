"""The chains of all subjects as the log goes on, and the index over them at any position.

What they are and what they prove is in :mod:`ledger.verify.completeness`. An index may be kept in a
file, as its own leaves: whoever reads it back compares its root with the one that was sealed, so
that the file is trusted for nothing and may be thrown away.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import orjson

from ledger.codec import subject_of
from ledger.domain.errors import NotFound
from ledger.log.errors import FeedGap
from ledger.log.feed import Record
from ledger.log.tree import Growth, Tree
from ledger.store.errors import StoreFull
from ledger.verify.completeness import START, IndexProof, index_leaf, link
from ledger.verify.merkle import leaf_hash


class Chains:
    """The chain of every subject over the first ``position`` events of the log."""

    def __init__(self) -> None:
        self.position = 0
        self._chains: dict[bytes, tuple[int, bytes, int]] = {}

    @classmethod
    def from_index(cls, index: "SubjectIndex", position: int) -> "Chains":
        """As they were when an index was taken of them."""
        chains = cls()
        chains.position = position
        for leaf in index.leaves:
            said = orjson.loads(leaf)
            head = bytes.fromhex(said["head"])
            chains._chains[said["subject"].encode()] = said["events"], head, said["last"]
        return chains

    def take(self, batch: Sequence[Record]) -> None:
        """Take in the next events. Raises :class:`FeedGap` when one is missing."""
        chains, expected = self._chains, self.position
        for position, raw in batch:
            if position != expected:
                raise FeedGap(expected=expected, found=position)
            expected += 1
            subject = subject_of(raw)
            known = chains.get(subject)
            count, head = (known[0], known[1]) if known is not None else (0, START)
            chains[subject] = count + 1, link(head, position, leaf_hash(raw)), position
        self.position = expected

    def index(self) -> "SubjectIndex":
        """The index of the subjects so far. Raises :class:`NotFound` when there are none."""
        return SubjectIndex(
            index_leaf(subject.decode(), *self._chains[subject]) for subject in sorted(self._chains)
        )


class SubjectIndex:
    """The tree over the chains of all subjects at one position."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        """``leaves`` in ascending order of subjects. Raises :class:`NotFound` for none."""
        self.leaves = list(leaves)
        if not self.leaves:
            raise NotFound(what="subjects")
        growth = Growth(0, [])
        growth.extend([leaf_hash(leaf) for leaf in self.leaves])
        tiles = {(tile.level, tile.number): hashes for tile, hashes in growth.changed()}
        self._tree = Tree(_Tiles(tiles), len(self.leaves))
        self._subjects = [orjson.loads(leaf)["subject"].encode() for leaf in self.leaves]
        self.root = self._tree.root()

    def __len__(self) -> int:
        return len(self.leaves)

    def present(self, subject: str) -> IndexProof | None:
        """The subject's leaf with its proof, if it has one."""
        at = bisect_left(self._subjects, subject.encode())
        if at == len(self._subjects) or self._subjects[at] != subject.encode():
            return None
        return self._proof(at)

    def neighbors(self, subject: str) -> tuple[IndexProof | None, IndexProof | None]:
        """The leaves between which the subject's would be, which prove that it has none."""
        at = bisect_left(self._subjects, subject.encode())
        return (
            self._proof(at - 1) if at else None,
            self._proof(at) if at < len(self._subjects) else None,
        )

    def write(self, path: Path) -> None:
        """Keep the leaves in a file, whole or not at all. Raises :class:`StoreFull`."""
        partial = path.with_suffix(".partial")
        try:
            path.parent.mkdir(exist_ok=True)
            partial.write_bytes(b"".join(leaf + b"\n" for leaf in self.leaves))
            with suppress(FileNotFoundError):  # another process has kept the same leaves meanwhile
                partial.rename(path)
        except OSError as error:
            raise StoreFull(reason=error.strerror) from error

    @classmethod
    def read(cls, path: Path, root: bytes) -> "SubjectIndex | None":
        """The index that was kept, if it is there and has this root."""
        try:
            index = cls(path.read_bytes().splitlines())
        except (OSError, NotFound, orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return None
        return index if index.root == root else None

    def _proof(self, at: int) -> IndexProof:
        return IndexProof(at, self.leaves[at], tuple(self._tree.inclusion_proof(at)))


class _Tiles:
    """Tiles in memory."""

    def __init__(self, tiles: dict[tuple[int, int], bytes]) -> None:
        self._tiles = tiles

    def tile(self, level: int, number: int) -> bytes:
        return self._tiles[level, number]
