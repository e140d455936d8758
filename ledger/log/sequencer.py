"""The sequencer: gives every stored event its dense position 0, 1, 2, … in the log.

The store numbers events in commit order but may leave gaps (PostgreSQL's numbers are drawn by
transactions that are then rolled back); positions never do. The mapping is kept as runs of
consecutive numbers, so it is a few rows for any length of log, and it is written in one
transaction: a sequencer that dies has assigned either all or nothing of a step. The store's lock
makes it one sequencer, however many processes ask, and keeps writers out meanwhile, so that no
event can come up later with a number below one that has its position.
"""

from ledger.domain.errors import StoreDamaged
from ledger.store.order import Order, Run
from ledger.store.store import Store


class Sequencer:
    """Assigns positions, and finds the notification ids behind them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def advance(self) -> int:
        """Give a position to every event stored so far; the number of positions given in all.

        Raises :class:`StoreDamaged` when events that have a position are missing.
        """
        with self._store.order() as order:
            last = order.last()
            if order.highest() == last.last_notification:
                return last.end
        with self._store.order(write=True) as order:
            last = order.last()
            highest = order.highest()
            if highest < last.last_notification:
                raise StoreDamaged(
                    reason=f"{self._store.name}: {last.last_notification} events were sequenced, "
                    f"{highest} found"
                )
            for run in _runs_after(order, last, highest):
                order.put(run)
                last = run
        return last.end

    def runs(self) -> list[Run]:
        """All runs, in position order."""
        with self._store.order() as order:
            return order.runs()


def _runs_after(order: Order, last: Run, highest: int) -> list[Run]:
    """The runs to write: ``last`` lengthened, or new ones where numbers were skipped."""
    done = last.last_notification
    count = order.count(done)
    if count == highest - done:
        return [last._replace(length=last.length + count)]
    runs = [last] if last.length else []
    position = last.end
    for number in order.numbers(done):
        current = runs[-1] if runs else None
        if current and number == current.last_notification + 1:
            runs[-1] = current._replace(length=current.length + 1)
        else:
            runs.append(Run(position, number, 1))
        position += 1
    return runs
