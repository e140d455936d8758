"""The tree of tiles against RFC 6962's own recursion, and the verifier against both."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.log.tree import TILE_WIDTH, Growth, Tile, Tree, edge, tile_path, tiles_of
from ledger.verify.merkle import (
    HASH_BYTES,
    Frontier,
    ProofRefused,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from tests import naive_tree


class Tiles:
    """Tiles in memory, grown step by step as a store's are."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], bytes] = {}
        self.size = 0

    def grow(self, entries: Sequence[bytes]) -> None:
        growth = Growth(self.size, self.edge())
        growth.extend([leaf_hash(e) for e in entries])
        for tile, hashes in growth.changed():
            assert len(hashes) == tile.width * HASH_BYTES
            self.kept[tile.level, tile.number] = hashes
        self.size = growth.size

    def edge(self) -> list[bytes]:
        edge, size, level = [], self.size, 0
        while size:
            index, width = divmod(size, TILE_WIDTH)
            edge.append(self.kept[level, index] if width else b"")
            size, level = index, level + 1
        return edge

    def tile(self, level: int, index: int) -> bytes:
        return self.kept[level, index]


def entries(size: int) -> list[bytes]:
    return [b"entry %d" % n for n in range(size)]


def grown(size: int, *steps: int) -> Tiles:
    tiles, all_entries = Tiles(), entries(size)
    cuts = [0, *sorted(s % (size + 1) for s in steps), size]
    for first, end in pairwise(cuts):
        tiles.grow(all_entries[first:end])
    return tiles


def test_every_size_to_130_proves_every_leaf_and_every_prefix() -> None:
    everything = entries(130)
    tiles = grown(130, 1, 2, 64, 65, 100)
    for size in range(1, 131):
        tree, root = Tree(tiles, size), naive_tree.head(everything[:size])
        assert tree.root() == root
        for index in range(size):
            proof = tree.inclusion_proof(index)
            assert proof == naive_tree.path(index, everything[:size])
            verify_inclusion(leaf_hash(everything[index]), index, size, proof, root)
        for old in range(1, size + 1):
            proof = tree.consistency_proof(old)
            assert proof == naive_tree.proof(old, everything[:size])
            verify_consistency(old, size, naive_tree.head(everything[:old]), root, proof)


@given(size=st.integers(131, 70_000), data=st.data())
@example(size=TILE_WIDTH, data=None)
@example(size=TILE_WIDTH * TILE_WIDTH, data=None)
@example(size=TILE_WIDTH * TILE_WIDTH + 1, data=None)
def test_larger_trees_however_they_grew(size: int, data: st.DataObject | None) -> None:
    draw = data.draw if data else lambda strategy: size // 2
    tiles = grown(size, draw(st.integers(0, size)), draw(st.integers(0, size)))
    frontier = Frontier()
    frontier.extend(leaf_hash(e) for e in entries(size))
    tree, root = Tree(tiles, size), frontier.root()
    assert tree.root() == root
    assert {Tile(*at, len(h) // HASH_BYTES) for at, h in tiles.kept.items()} == set(tiles_of(size))
    index = draw(st.integers(0, size - 1))
    verify_inclusion(leaf_hash(b"entry %d" % index), index, size, tree.inclusion_proof(index), root)
    old = max(1, draw(st.integers(1, size)))
    old_root = Tree(tiles, old).root()
    verify_consistency(old, size, old_root, root, tree.consistency_proof(old))


@given(size=st.integers(2, 300), data=st.data())
def test_a_proof_that_was_touched_proves_nothing(size: int, data: st.DataObject) -> None:
    tree, root = Tree(grown(size), size), naive_tree.head(entries(size))
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(index)
    touched = data.draw(_touched(proof))
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
    leaf = leaf_hash(b"entry %d" % index)
    for bad in ((leaf, index, touched), (leaf, other, proof), (leaf_hash(b"x"), index, proof)):
        with pytest.raises(ProofRefused):
            verify_inclusion(bad[0], bad[1], size, bad[2], root)
    old = data.draw(st.integers(1, size - 1))
    old_root = Tree(grown(size), old).root()
    consistency = tree.consistency_proof(old)
    with pytest.raises(ProofRefused):
        verify_consistency(old, size, old_root, root, data.draw(_touched(consistency)))
    with pytest.raises(ProofRefused):
        verify_consistency(old, size, leaf_hash(b"x"), root, consistency)


def _touched(proof: list[bytes]) -> st.SearchStrategy[list[bytes]]:
    """The proof with one bit turned, a step more, or a step less."""
    longer = st.just([*proof, bytes(HASH_BYTES)])
    if not proof:
        return longer
    at = st.integers(0, len(proof) - 1)
    turned = at.map(lambda i: [*proof[:i], _turned(proof[i]), *proof[i + 1 :]])
    return st.one_of(longer, turned, at.map(lambda i: proof[:i] + proof[i + 1 :]))


def _turned(h: bytes) -> bytes:
    return bytes([h[0] ^ 1]) + h[1:]


def test_empty_trees_are_refused() -> None:
    some = bytes(HASH_BYTES)
    for refused in (
        lambda: Tree(Tiles(), 0),
        lambda: Frontier().root(),
        lambda: verify_inclusion(some, 0, 0, [], some),
        lambda: verify_consistency(0, 1, some, some, []),
        lambda: verify_inclusion(some[1:], 0, 1, [], some[1:]),
        lambda: Frontier(3, [some]),
    ):
        with pytest.raises(ProofRefused):
            refused()


def test_paths_of_tiles_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "0/x001/x234/067"
    assert Tile(1, 5, 17).path == "1/005.p/17"
    assert tile_path(999) == "999"
    assert tile_path(1000, 1) == "x001/000.p/1"


def test_only_tiles_that_grew_are_written_again() -> None:
    tiles = grown(300)
    one = Growth(300, edge(tiles, 300))
    one.extend([leaf_hash(b"one more")])
    assert [tile for tile, _ in one.changed()] == [Tile(0, 1, 45)]
    full = Growth(511, edge(grown(511), 511))
    full.extend([leaf_hash(b"the last of a tile")])
    assert [tile for tile, _ in full.changed()] == [Tile(0, 1, 256), Tile(1, 0, 2)]
