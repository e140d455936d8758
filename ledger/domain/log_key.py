"""The keys of the log: one stream for the whole ledger, one event a key."""

from dataclasses import dataclass, field
from typing import Any

from ledger.domain.errors import AlreadyExists, InvalidValue
from ledger.domain.events.envelope import Event
from ledger.domain.events.log_key import LogKeyAdopted
from ledger.domain.stream import StreamKind, derived_id
from ledger.verify.note import LOG_SIGNATURE, NoteRefused, VerifierKey

LOG_KEYS_ID = derived_id("log-keys")
"""The one stream."""


@dataclass(slots=True)
class LogKeys:
    """State of the stream: the keys adopted so far, the one in use last."""

    id: str
    version: int = 0
    vkeys: list[str] = field(default_factory=list)

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The keys, the one in use last."""
        return tuple(map(VerifierKey.parse, self.vkeys))


def adopt(keys: LogKeys, vkey: str, *, origin: str) -> LogKeyAdopted:
    """A key that bears the log's name and was not adopted before, whatever its name then."""
    try:
        key = VerifierKey.parse(vkey)
    except NoteRefused as error:
        raise InvalidValue(field="vkey", value=str(error)) from None
    if key.algorithm != LOG_SIGNATURE or key.name != origin:
        raise InvalidValue(field="vkey", value=vkey)
    if key.public in {known.public for known in keys.verifiers}:
        raise AlreadyExists(what=key.id.hex())
    previous = keys.verifiers[-1].id.hex() if keys.vkeys else None
    return LogKeyAdopted(vkey=vkey, previous=previous)


def evolve(keys: LogKeys, event: Event[Any]) -> None:
    """Take the event into the state."""
    if isinstance(event.data, LogKeyAdopted):
        keys.vkeys.append(event.data.vkey)


LOG_KEYS = StreamKind("log-keys", LogKeys, evolve)
