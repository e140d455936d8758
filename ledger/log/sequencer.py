"""The sequencer: gives every stored event its dense position 0, 1, 2, … in the log, and its leaf.

The store numbers events in commit order but may leave gaps (PostgreSQL's numbers are drawn by
transactions that are then rolled back); positions never do. The mapping is kept as runs of
consecutive numbers, so it is a few rows for any length of log. The events' bytes as stored are the
leaves of a Merkle tree, whose tiles are written in the transaction that gives the positions: a
sequencer that dies has done all or nothing of a step. The store's lock makes it one sequencer,
however many processes ask, and keeps writers out meanwhile, so that no event can come up later with
a number below one that has its position.
"""

from ledger.log.tree import TILE_WIDTH, Growth, edge
from ledger.store.errors import StoreDamaged
from ledger.store.order import Order, Run
from ledger.store.store import Store
from ledger.verify.merkle import HASH_BYTES, ProofRefused, leaf_hashes

STEP = 100_000
"""Events of one transaction at most: a long backlog neither fills memory nor shuts writers out."""

HASHED_AT_ONCE = 5_000
"""Events in memory while a step hashes them."""


class Sequencer:
    """Assigns positions, and finds the notification ids behind them."""

    def __init__(self, store: Store, *, step: int = STEP) -> None:
        self._store = store
        self._step = step

    def advance(self) -> int:
        """Give position and leaf to every event stored so far; the number of positions in all.

        A log whose positions were given before there was a tree gets its leaves first. Raises
        :class:`StoreDamaged` when events that have a position are missing, or hashes are.
        """
        with self._store.order() as order:
            last, highest = order.last(), order.highest()
            if highest == last.last_notification and leaves_in(order) == last.end:
                return last.end
        before = -1
        while True:
            with self._store.order(write=True) as order:
                end, number = self._advanced(order)
            if number >= highest:
                return end
            if number == before:
                raise self._damaged(f"event {highest} was found, and then none after {number}")
            before = number

    def runs(self) -> list[Run]:
        """All runs, in position order."""
        with self._store.order() as order:
            return order.runs()

    def _advanced(self, order: Order) -> tuple[int, int]:
        """Take one step; the number of leaves after it, and the last one's notification id."""
        last, highest, leaves = order.last(), order.highest(), leaves_in(order)
        if highest < last.last_notification:
            raise self._damaged(f"{last.last_notification} events were sequenced, {highest} found")
        if leaves > last.end:
            raise self._damaged(f"{leaves} leaves for {last.end} positions")
        if leaves < last.end:
            after = order.number_at(leaves - 1) or 0
            end = min(last.end, leaves + self._step)
        else:
            after = last.last_notification
            for run in _runs_after(order, last, self._step):
                order.put(run)
                last = run
            end = last.end
        return end, self._grow(order, leaves, end, after)

    def _grow(self, order: Order, size: int, end: int, after: int) -> int:
        """Hash the events from position ``size`` to ``end``; the last one's notification id."""
        try:
            growth = Growth(size, edge(_Tiles(order), size))
        except ProofRefused as error:
            raise self._damaged(str(error)) from error
        while growth.size < end:
            after, found = order.following(after, min(HASHED_AT_ONCE, end - growth.size))
            if not found:
                raise self._damaged(f"position {growth.size}")
            growth.extend(leaf_hashes(found))
        if end and after != order.number_at(end - 1):
            raise self._damaged(f"an event before position {end} is missing")
        for tile, hashes in growth.changed():
            order.put_tile(tile.level, tile.number, hashes)
        return after

    def _damaged(self, reason: str) -> StoreDamaged:
        return StoreDamaged(reason=f"{self._store.name}: {reason}")


def leaves_in(order: Order) -> int:
    """How many leaves the tiles hold, judged by the last of them."""
    number, length = order.last_tile()
    return number * TILE_WIDTH + length // HASH_BYTES


class _Tiles:
    """The tiles inside a transaction."""

    def __init__(self, order: Order) -> None:
        self._order = order

    def tile(self, level: int, number: int) -> bytes:
        return self._order.tile(level, number) or b""


def _runs_after(order: Order, last: Run, limit: int) -> list[Run]:
    """The runs to write: ``last`` lengthened, or new ones where numbers were skipped."""
    done = last.last_notification
    count, highest = order.ahead(done, limit)
    if not count:
        return []
    if count == highest - done:
        return [last._replace(length=last.length + count)]
    runs = [last] if last.length else []
    position = last.end
    for number in order.numbers(done, limit):
        current = runs[-1] if runs else None
        if current and number == current.last_notification + 1:
            runs[-1] = current._replace(length=current.length + 1)
        else:
            runs.append(Run(position, number, 1))
        position += 1
    return runs
