"""The Merkle tree of RFC 6962: its hashes, and RFC 9162's algorithms that check a proof.

A leaf is SHA-256 of ``0x00`` and the event's bytes, a node that of ``0x01`` and its two children.
A tree of n leaves splits at the largest power of two below n. Hashes are 32 bytes, sizes count
leaves. Trees of size zero prove nothing and are refused.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from struct import Struct

HASH_BYTES = 32

# Of many hashes, each begins as a copy of one that has taken in its first byte: cheaper than anew.
_LEAF, _NODE = sha256(b"\x00"), sha256(b"\x01")
_PAIRS = Struct(f"{2 * HASH_BYTES}s")


class ProofRefused(Exception):
    """A proof does not prove what it is for; the text says at which step it fails."""


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962, 2.1: the hash of one entry."""
    return sha256(b"\x00" + data).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """As :func:`leaf_hash`, of many: a whole log is hashed here."""
    hashes = []
    for data in entries:
        hashing = _LEAF.copy()
        hashing.update(data)
        hashes.append(hashing.digest())
    return hashes


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962, 2.1: the hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def parents(hashes: bytes) -> bytes:
    """The nodes above hashes that lie side by side, an even number of them; side by side again."""
    nodes = []
    for (pair,) in _PAIRS.iter_unpack(hashes):
        hashing = _NODE.copy()
        hashing.update(pair)
        nodes.append(hashing.digest())
    return b"".join(nodes)


class Frontier:
    """The tree as it grows: the roots of its complete subtrees, the largest first."""

    def __init__(self, size: int = 0, roots: Sequence[bytes] = ()) -> None:
        """``roots`` has one hash for each bit set in ``size``. Raises :class:`ProofRefused`."""
        if size < 0 or len(roots) != size.bit_count():
            raise ProofRefused(f"{len(roots)} subtrees are not those of {size} leaves")
        self.size = size
        self._roots = list(roots)

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, the largest first: with the size, all of it."""
        return tuple(self._roots)

    def append(self, leaf: bytes) -> None:
        """Take in the hash of the next leaf."""
        roots, size = self._roots, self.size
        while size & 1:
            leaf = sha256(b"\x01" + roots.pop() + leaf).digest()
            size >>= 1
        roots.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Take in the hashes of the next leaves."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """The head of the tree as it is now. Raises :class:`ProofRefused` for an empty one."""
        if not self._roots:
            raise ProofRefused("an empty tree has no head to compare")
        root, *larger = reversed(self._roots)
        for left in larger:
            root = node_hash(left, root)
        return root


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """RFC 9162, 2.1.3.2: the leaf with this hash is at ``index`` of the tree with this head.

    Raises :class:`ProofRefused`.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"index {index} is outside a tree of {size} leaves")
    _require_hashes([leaf, *proof, root])
    node, last = index, size - 1
    found = leaf
    for step in proof:
        if last == 0:
            raise ProofRefused("the inclusion proof is too long")
        if node & 1 or node == last:
            found = node_hash(step, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, step)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the inclusion proof is too short")
    if found != root:
        raise ProofRefused(f"the inclusion proof of index {index} leads to another head")


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """RFC 9162, 2.1.4.2: the tree with the old head is a prefix of the one with the new head.

    Raises :class:`ProofRefused`.
    """
    if not 0 < old_size <= new_size:
        raise ProofRefused(f"sizes {old_size} and {new_size}: there is no such proof")
    _require_hashes([old_root, new_root, *proof])
    if old_size == new_size:
        if proof:
            raise ProofRefused("a tree is its own prefix: the proof must be empty")
        if old_root != new_root:
            raise ProofRefused(f"two heads of the same {old_size} leaves")
        return
    # The subtree to start from, which is the whole old tree where its size is a power of two.
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        raise ProofRefused("the consistency proof is empty")
    old_found, new_found = _heads(old_size, new_size, path)
    if old_found != old_root:
        raise ProofRefused(f"the proof leads to another old head of {old_size} leaves")
    if new_found != new_root:
        raise ProofRefused(f"the proof leads to another new head of {new_size} leaves")


def _heads(old_size: int, new_size: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The two heads that a consistency proof leads to."""
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old, new = path[0], path[0]
    for step in path[1:]:
        if last == 0:
            raise ProofRefused("the consistency proof is too long")
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the consistency proof is too short")
    return old, new


def _require_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(h) != HASH_BYTES for h in hashes):
        raise ProofRefused("a hash is not 32 bytes long")
