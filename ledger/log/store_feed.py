"""The store feed: the event store's own log, read in position order with no broker between."""

from collections.abc import Iterator, Sequence

from ledger.log.feed import Record
from ledger.log.sequencer import Sequencer
from ledger.store.errors import StoreDamaged
from ledger.store.order import Run
from ledger.store.store import Store


class StoreFeed:
    """A :class:`~ledger.log.feed.Feed` over one store. Asking for its end sequences what is new."""

    def __init__(self, store: Store, *, batch_size: int = 5_000) -> None:
        self._store = store
        self._sequencer = Sequencer(store)
        self._batch_size = batch_size

    def end(self) -> int:
        return self._sequencer.advance()

    def read(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
        """Batches of records; raises :class:`StoreDamaged` where a sequenced event is missing."""
        end = self.end()
        stop = end if stop is None else min(stop, end)
        for run in self._sequencer.runs():
            position = max(start, run.first_position)
            until = min(stop, run.first_position + run.length)
            while position < until:
                size = min(self._batch_size, until - position)
                batch = self._batch(run, position, size)
                if len(batch) != size:
                    raise StoreDamaged(reason=f"{self._store.name}: position {position}")
                yield batch
                position += size

    def _batch(self, run: Run, position: int, size: int) -> list[Record]:
        first = run.first_notification + position - run.first_position
        states = self._store.states(first, first + size - 1)
        return list(enumerate(states, position))
