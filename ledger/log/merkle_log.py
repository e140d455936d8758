"""The log as something to prove from: its size, its entries, its Merkle tree and the proofs.

The tree's leaves are the events' bytes at their positions; its tiles are those that the sequencer
wrote. Asking for the size sequences what is new. A tree of any size from 1 up to that can be had:
what was once the head stays provable.
"""

from collections.abc import Iterator, Sequence

from ledger.log.errors import OutsideLog
from ledger.log.feed import Record
from ledger.log.proofs import Consistency, Inclusion
from ledger.log.sequencer import Sequencer
from ledger.log.store_feed import StoreFeed
from ledger.log.tree import Tree
from ledger.store.errors import StoreDamaged
from ledger.store.store import Store
from ledger.verify.merkle import leaf_hash


class StoreTiles:
    """A :class:`~ledger.log.tree.TileReader` of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tile(self, level: int, number: int) -> bytes:
        """Raises :class:`StoreDamaged` for a tile that is not there."""
        with self._store.order() as order:
            hashes = order.tile(level, number)
        if hashes is None:
            raise StoreDamaged(reason=f"{self._store.name}: tile {level}/{number}")
        return hashes


class Log:
    """The log of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sequencer = Sequencer(store)
        self.tiles = StoreTiles(store)

    def size(self) -> int:
        """The number of events in the log now. Raises :class:`StoreDamaged`."""
        return self._sequencer.advance()

    def tree(self, size: int | None = None) -> Tree:
        """The tree of the first ``size`` events (None: all of now). Raises :class:`OutsideLog`."""
        end = self.size()
        asked = end if size is None else size
        if not 0 < asked <= end:
            raise OutsideLog(asked=asked, size=end)
        return Tree(self.tiles, asked)

    def entry(self, position: int) -> bytes:
        """The bytes of the event at a position. Raises :class:`OutsideLog`."""
        end = self.size()
        with self._store.order() as order:
            number = order.number_at(position)
        if number is None:
            raise OutsideLog(asked=position, size=end)
        found = self._store.states(number, number)
        if len(found) != 1:
            raise StoreDamaged(reason=f"{self._store.name}: position {position}")
        return found[0]

    def entries(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
        """Batches of (position, bytes) from ``start`` up to but excluding ``stop``."""
        return StoreFeed(self._store).read(start, stop)

    def inclusion(self, position: int, size: int | None = None) -> Inclusion:
        """The proof that the event at a position is in the log of that size.

        Raises :class:`OutsideLog`. The leaf is hashed from the event's bytes, the rest comes from
        tiles: over an event that was changed the proof does not verify.
        """
        tree = self.tree(size)
        if not 0 <= position < tree.size:
            raise OutsideLog(asked=position, size=tree.size)
        leaf = leaf_hash(self.entry(position))
        return Inclusion(position, tree.size, leaf, tree.root(), tree.inclusion_proof(position))

    def consistency(self, old: int, new: int | None = None) -> Consistency:
        """The proof that the log of ``new`` events begins with that of ``old``.

        Raises :class:`OutsideLog`.
        """
        tree = self.tree(new)
        if not 0 < old <= tree.size:
            raise OutsideLog(asked=old, size=tree.size)
        before = Tree(self.tiles, old).root()
        return Consistency(old, tree.size, before, tree.root(), tree.consistency_proof(old))
