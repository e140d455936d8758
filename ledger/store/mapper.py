"""The library's mapper, replaced: an event's stored state *is* its canonical bytes.

Nothing is transcoded, compressed or encrypted on the way to the store, so the bytes that the
decision made are the bytes that a feed, an archive and a Merkle leaf see.
"""

from typing import Any, NamedTuple

from eventsourcing.persistence import Mapper, StoredEvent

from ledger import codec
from ledger.domain.events.envelope import Event


class NewEvent(NamedTuple):
    """An event that was decided and encoded and is about to be stored.

    It has the attributes of the library's ``StoredEvent``, so a recorder takes it as it is.
    """

    originator_id: str
    originator_version: int
    state: bytes
    event: Event[Any]

    @property
    def topic(self) -> str:
        """The event type's full name."""
        return self.event.type


class BytesMapper(Mapper[str]):
    """Passes bytes through; the topic is the event type's full name."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        return StoredEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            domain_event.topic,
            domain_event.state,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        return codec.decode(stored_event.state)
