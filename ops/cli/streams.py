"""Single streams of the log with their positions, without reading the whole of it."""

from ledger.domain.errors import NotFound
from ledger.log.feed import Record
from ledger.log.sequencer import Sequencer
from ledger.store.order import Run
from ops.home import Home


class Streams:
    """Looks streams up in a home's store; what is not sequenced yet is sequenced first."""

    def __init__(self, home: Home) -> None:
        self._store = home.store
        sequencer = Sequencer(home.store)
        sequencer.advance()
        self._runs = sequencer.runs()

    def records(self, stream: str) -> list[Record]:
        """Positions and bytes of a stream's events, in order; empty for one that is not there."""
        rows = self._store.numbered(stream)
        return [
            (position, raw) for number, raw in rows if (position := self._at(number)) is not None
        ]

    def existing(self, stream: str) -> list[Record]:
        """As :meth:`records`; NotFound for a stream that is not there."""
        found = self.records(stream)
        if not found:
            raise NotFound(what=stream)
        return found

    def event(self, event_id: str) -> Record | None:
        """The event of an id with its position; None where there is none."""
        stream, _, version = event_id.rpartition("/")
        return dict(enumerate(self.records(stream), start=1)).get(int(version))

    def _at(self, number: int) -> int | None:
        """The position of a notification id."""
        for run in self._runs:
            if run.first_notification <= number <= run.last_notification:
                return _position(run, number)
        return None


def _position(run: Run, number: int) -> int:
    return run.first_position + number - run.first_notification
