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

HASHED_AT_ONCE = 500
"""Events in memory while a step hashes them: few enough to be hashed where they were read to."""


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
        try:
            growth = Growth(leaves, edge(_Tiles(order), leaves))
        except ProofRefused as error:
            raise self._damaged(str(error)) from error
        if leaves < last.end:
            after = self._made_up(order, growth, last.end)
        else:
            after = self._lengthened(order, growth, last)
        for tile, hashes in growth.changed():
            order.put_tile(tile.level, tile.number, hashes)
        return growth.size, after

    def _made_up(self, order: Order, growth: Growth, end: int) -> int:
        """Hash events that have positions, before ``end``; the last one's notification id."""
        end = min(end, growth.size + self._step)
        after = _hashed(order, growth, order.number_at(growth.size - 1) or 0, end)
        if growth.size < end:
            raise self._damaged(f"position {growth.size}")
        if after != order.number_at(end - 1):
            raise self._damaged(f"an event before position {end} is missing")
        return after

    def _lengthened(self, order: Order, growth: Growth, newest: Run) -> int:
        """Give the next events their positions and hash them; the last one's notification id."""
        after = _hashed(order, growth, newest.last_notification, growth.size + self._step)
        for run in _runs_with(order, newest, after, growth.size - newest.end):
            order.put(run)
        return after

    def _damaged(self, reason: str) -> StoreDamaged:
        return StoreDamaged(reason=f"{self._store.name}: {reason}")


def _hashed(order: Order, growth: Growth, after: int, end: int) -> int:
    """Take in the events after a notification id, up to ``end`` leaves in all or as many as there
    are; the last one's notification id."""
    while growth.size < end:
        found = order.states(after, min(HASHED_AT_ONCE, end - growth.size))
        if not found:
            break
        growth.extend(leaf_hashes([state for _, state in found]))
        after = found[-1][0]
    return after


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


def _runs_with(order: Order, run: Run, last: int, count: int) -> list[Run]:
    """The runs to write for the next ``count`` events, of which the last has this notification id:
    ``run`` lengthened, or new ones where numbers were skipped."""
    done = run.last_notification
    if last - done == count:
        return [run._replace(length=run.length + count)]
    runs = [run] if run.length else []
    position = run.end
    for number in order.numbers(done, count):
        current = runs[-1] if runs else None
        if current and number == current.last_notification + 1:
            runs[-1] = current._replace(length=current.length + 1)
        else:
            runs.append(Run(position, number, 1))
        position += 1
    return runs
