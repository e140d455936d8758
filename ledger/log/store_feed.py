"""The store feed: the event store's own log, read in position order with no broker between."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ledger.log.feed import Record
from ledger.log.reading_ahead import read_ahead
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
        return read_ahead(self._batches(start, end if stop is None else min(stop, end)))

    def _batches(self, start: int, stop: int) -> Iterator[Callable[[], Sequence[Record]]]:
        """What reads each batch."""
        for run in self._sequencer.runs():
            until = min(stop, run.first_position + run.length)
            for position in range(max(start, run.first_position), until, self._batch_size):
                size = min(self._batch_size, until - position)
                yield partial(self._batch, run, position, size)

    def _batch(self, run: Run, position: int, size: int) -> list[Record]:
        first = run.first_notification + position - run.first_position
        states = self._store.states(first, first + size - 1)
        if len(states) != size:
            raise StoreDamaged(reason=f"{self._store.name}: position {position}")
        return list(enumerate(states, position))
