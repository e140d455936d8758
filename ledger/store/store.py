"""What the ledger needs of an event store, whichever database keeps it.

One conformance test (``tests/store_conformance.py``) holds every store to it. The claims that
matter: an append is stored as a whole or not at all; a version that was read and has moved is a
:class:`Conflict`; a key is used once; recorded time never falls in the order of the log.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from ledger import codec
from ledger.domain.city_time import day_of
from ledger.store.errors import StaleVersion
from ledger.store.heads import Heads
from ledger.store.mapper import NewEvent
from ledger.store.order import Order


class CommandRecord(NamedTuple):
    """A command that was carried out: its key, a keyed digest of its content, its result."""

    key: str
    digest: str
    result: bytes


class StoredRow(NamedTuple):
    """An event as stored; ``topic`` is its type's full name, ``state`` its canonical bytes."""

    stream: str
    version: int
    topic: str
    state: bytes


class Checks(NamedTuple):
    """What an append tests and stores beside its events; a recorder given none tests nothing."""

    expected: Mapping[str, int]
    command: CommandRecord | None


class Conflict(StaleVersion):
    """Some streams moved on since they were read; ``streams`` names them.

    Of no streams: another process used the command's key, or recorded on a later day.
    """

    def __init__(self, streams: Sequence[str]) -> None:
        self.streams = list(streams)
        super().__init__(stream=self.streams[0] if self.streams else "?")


class Store(Protocol):
    """Events by stream, commands by key, and the order of the log. Safe for several processes.

    Every method raises StoreBusy, StoreDamaged, StoreFull, and for a server StoreUnreachable and
    StoreDenied.
    """

    @property
    def name(self) -> str:
        """What messages call this store: never an address or a password."""
        ...

    def append(
        self,
        events: Sequence[NewEvent],
        *,
        expected: Mapping[str, int] | None = None,
        command: CommandRecord | None = None,
    ) -> None:
        """Store all or nothing, durably.

        ``expected`` gives the version of each stream that was read but not written (0: absent).
        Recorded times never fall: see :func:`in_time`. Raises :class:`Conflict` when a stream or
        the day moved on, or the key was used.
        """
        ...

    def stream(self, stream_id: str, *, after: int = 0) -> list[bytes]:
        """The bytes of a stream's events after a version, in order."""
        ...

    def numbered(self, stream_id: str) -> list[tuple[int, bytes]]:
        """The notification ids and bytes of a stream's events, in order of versions."""
        ...

    def existing(self, stream_ids: Sequence[str]) -> set[str]:
        """Which of the streams have events."""
        ...

    def version(self, stream_id: str) -> int:
        """The version of a stream's last event; 0 if there is none."""
        ...

    def last_time(self) -> str:
        """The recorded time of the last event; empty if there is none."""
        ...

    def command(self, key: str) -> CommandRecord | None:
        """What a command of this key did, if there was one."""
        ...

    def command_keys(self) -> set[str]:
        """Every key used so far."""
        ...

    def order(self, *, write: bool = False) -> AbstractContextManager[Order]:
        """The log's order in one transaction, consistent for as long as it is open.

        With ``write`` no event can be stored while it is open and none is on its way, so that
        whoever numbers events passes over none; what was put is stored at the end, all or nothing.
        """
        ...

    def heads(self, *, write: bool = False) -> AbstractContextManager[Heads]:
        """The signed heads of the log in one transaction.

        With ``write`` nobody else adds to them while it is open, so that whoever signs signs on
        top of the last; what was put is stored at the end, durably, all or nothing.
        """
        ...

    def states(self, first: int, last: int) -> list[bytes]:
        """The bytes of the events with notification ids from ``first`` to ``last``, in order."""
        ...

    def scan(self) -> Iterator[StoredRow]:
        """Every event in the order of notification ids, at one moment, not all in memory."""
        ...

    def streams(self) -> tuple[int, list[str]]:
        """How many streams there are, and up to three whose versions are not 1, 2, 3, …."""
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...


def in_time(events: Sequence[NewEvent], last: bytes) -> list[StoredRow]:
    """The rows to store, recorded no earlier than ``last``, the time of the last stored event.

    Whoever decides first may come to the lock second, so a decision that is behind by its own
    length is recorded at the time of the event before it. Decisions rest on the city's day of
    recording: one that is behind by a day is a :class:`Conflict` of no stream, to be taken anew.
    """
    rows = [StoredRow(stream, version, e.type, raw) for stream, version, raw, e in events]
    latest = last.decode()
    behind = {e.event.time for e in events if e.event.time < latest}
    if any(day_of(time) < day_of(latest) for time in behind):
        raise Conflict([])
    if not behind:
        return rows
    return [
        row._replace(state=codec.restamped(row.state, max(codec.recorded(row.state), last)))
        for row in rows
    ]
