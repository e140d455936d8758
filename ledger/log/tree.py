"""The Merkle tree of the log as it is kept: tiles of hashes, and the proofs made from them.

Tiles are those of C2SP tlog-tiles. Tile n of level l holds, side by side, the hashes of up to 256
complete subtrees of 256^l leaves each; the nodes between are computed when a proof needs them. A
tile at the right edge is partial. Whatever keeps tiles, proofs read a few of them for any size.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ledger.verify.merkle import HASH_BYTES, ProofRefused, node_hash, parents

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT


class Tile(NamedTuple):
    """Which tile, and how many hashes of it there are: fewer than 256 in a partial one."""

    level: int
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Its file below ``tile/``, as C2SP tlog-tiles names it."""
        return f"{self.level}/{tile_path(self.number, self.width)}"


def tile_path(number: int, width: int = TILE_WIDTH) -> str:
    """The end of a tile's path: three digits at a time, ``x`` before all but the last."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    partial = f".p/{width}" if width < TILE_WIDTH else ""
    return "/".join(reversed(groups)) + partial


def tiles_of(size: int, *, old_size: int = 0) -> Iterator[Tile]:
    """The tiles of a tree, partial ones too: those that one of ``old_size`` leaves has not."""
    level = 0
    while size > 0:  # a damaged store may say that there are fewer than none
        number = old_size // TILE_WIDTH
        while number * TILE_WIDTH < size:
            yield Tile(level, number, min(TILE_WIDTH, size - number * TILE_WIDTH))
            number += 1
        level, size, old_size = level + 1, size // TILE_WIDTH, old_size // TILE_WIDTH


class TileReader(Protocol):
    """Whoever keeps tiles."""

    def tile(self, level: int, number: int) -> bytes:
        """The hashes of a tile side by side, at least as many as were asked of this size.

        Raises :class:`~ledger.domain.errors.LedgerError` if there is none.
        """
        ...


def edge(tiles: TileReader, size: int) -> list[bytes]:
    """The hashes of the partial tile of each level of a tree, from level 0 up: see Growth."""
    found, level = [], 0
    while size:
        number, width = divmod(size, TILE_WIDTH)
        hashes = tiles.tile(level, number)[: width * HASH_BYTES] if width else b""
        if len(hashes) != width * HASH_BYTES:
            raise ProofRefused(f"tile {level}/{number} ends before hash {width}")
        found.append(hashes)
        size, level = number, level + 1
    return found


class Growth:
    """The tiles at the right edge of a tree, as leaves are added to it."""

    def __init__(self, size: int, edge: Sequence[bytes]) -> None:
        """``edge`` has the hashes of the partial tile of each level, from level 0 up."""
        self.size = size
        self._edge = [bytearray(hashes) for hashes in edge]
        self._numbers = [size >> (TILE_HEIGHT * (level + 1)) for level in range(len(edge))]
        self._full: list[tuple[Tile, bytes]] = []
        self._grown: set[int] = set()

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Take in the hashes of the next leaves."""
        done = 0
        while done < len(leaves):
            edge = self._level(0)
            room = TILE_WIDTH - len(edge) // HASH_BYTES
            part = leaves[done : done + room]
            edge += b"".join(part)
            done += len(part)
            self._close(0)
        self.size += len(leaves)

    def changed(self) -> list[tuple[Tile, bytes]]:
        """The tiles that are new or grew, with their hashes; empty ones are left out."""
        partial = [
            (Tile(level, self._numbers[level], len(edge) // HASH_BYTES), bytes(edge))
            for level, edge in enumerate(self._edge)
            if edge and level in self._grown
        ]
        return self._full + partial

    def _level(self, level: int) -> bytearray:
        """A level's edge, to be added to."""
        self._grown.add(level)
        if level == len(self._edge):
            self._edge.append(bytearray())
            self._numbers.append(0)
        return self._edge[level]

    def _close(self, level: int) -> None:
        """Put a full tile aside, and its root into the level above."""
        edge = self._edge[level]
        if len(edge) < TILE_WIDTH * HASH_BYTES:
            return
        hashes = bytes(edge)
        self._full.append((Tile(level, self._numbers[level]), hashes))
        self._numbers[level] += 1
        edge.clear()
        self._level(level + 1).extend(subtree_root(hashes))
        self._close(level + 1)


def subtree_root(hashes: bytes) -> bytes:
    """The root over hashes side by side, a power of two of them."""
    while len(hashes) > HASH_BYTES:
        hashes = parents(hashes)
    return hashes


class Tree:
    """The first ``size`` leaves of a log as a tree: its head and its proofs."""

    def __init__(self, tiles: TileReader, size: int) -> None:
        if size < 1:
            raise ProofRefused("an empty tree has no head and no proofs")
        self.size = size
        self._tiles = tiles
        self._read: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        """The head."""
        return self._range(0, self.size)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """RFC 6962, 2.1.1: the hashes that lead from a leaf to the head."""
        if not 0 <= index < self.size:
            raise ProofRefused(f"index {index} is outside a tree of {self.size} leaves")
        proof: list[bytes] = []
        first, end = 0, self.size
        while end - first > 1:
            middle = first + _split(end - first)
            if index < middle:
                proof.append(self._range(middle, end))
                end = middle
            else:
                proof.append(self._range(first, middle))
                first = middle
        return proof[::-1]

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """RFC 6962, 2.1.2: that the tree of ``old_size`` leaves is a prefix of this one."""
        if not 0 < old_size <= self.size:
            raise ProofRefused(f"sizes {old_size} and {self.size}: there is no such proof")
        proof: list[bytes] = []
        first, end = 0, self.size
        while old_size < end:
            middle = first + _split(end - first)
            if old_size <= middle:
                proof.append(self._range(middle, end))
                end = middle
            else:
                proof.append(self._range(first, middle))
                first = middle
        if first > 0:  # else the verifier has this subtree's hash: it is the old head
            proof.append(self._range(first, end))
        return proof[::-1]

    def subtree(self, first: int, end: int) -> bytes:
        """The root over leaves that are one of the subtrees into which this tree splits."""
        return self._range(first, end)

    def _range(self, first: int, end: int) -> bytes:
        """The root over leaves that are a subtree of this tree: complete, or at its right edge."""
        complete = []
        while first < end:
            level = _split(end - first + 1).bit_length() - 1
            complete.append(self._node(level, first >> level))
            first += 1 << level
        root = complete.pop()
        for left in reversed(complete):
            root = node_hash(left, root)
        return root

    def _node(self, level: int, index: int) -> bytes:
        """The root of a complete subtree of 2^level leaves."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        first, count = index << height, 1 << height
        number, offset = divmod(first, TILE_WIDTH)
        hashes = self._tile(tile_level, number)
        part = hashes[offset * HASH_BYTES : (offset + count) * HASH_BYTES]
        if len(part) != count * HASH_BYTES:
            raise ProofRefused(f"tile {tile_level}/{number} ends before hash {offset + count}")
        return subtree_root(part)

    def _tile(self, level: int, number: int) -> bytes:
        found = self._read.get((level, number))
        if found is None:
            found = self._read[level, number] = self._tiles.tile(level, number)
        return found


def _split(size: int) -> int:
    """The largest power of two below ``size``, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
