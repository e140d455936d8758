"""Events as a downstream system gets them, and which of them it asked for."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import orjson

from consumers.checkpoints import Checkpoint, Places
from consumers.errors import EventTypeUnknown
from ledger.codec import TYPE_OF, division_of, type_name
from ledger.domain.division import covers, is_division_code
from ledger.domain.errors import UnknownDivision
from ledger.domain.events import Event, EventData


class ReceivedEvent(NamedTuple):
    """An event as it came. ``raw`` are the log's own bytes: hash, archive and pass on these."""

    partition: int
    offset: int
    position: int
    raw: bytes
    event: Event[Any] | None
    """Typed; None for a type, or a version of one, that is newer than this program."""

    @property
    def type(self) -> str:
        """The full name, as ``benefits.PaymentSettled.v1``."""
        return type_name(self.raw).decode()

    @property
    def id(self) -> str:
        """Unique in the log, the same for ever."""
        return self.event.id if self.event is not None else str(self.document()["id"])

    def document(self) -> dict[str, Any]:
        """The CloudEvents object as plain Python, whatever its type."""
        parsed: dict[str, Any] = orjson.loads(self.raw)
        return parsed


class EventBatch(NamedTuple):
    """Events of some partitions, in order within each, and where that leaves the reader."""

    events: list[ReceivedEvent]
    checkpoint: Checkpoint
    """Of all partitions that the client has, after this batch."""
    before: Places
    after: Places
    """Where the batch's partitions were and are: what :class:`DatabaseCheckpoints` stores."""


@dataclass(slots=True)
class ReadCounts:
    """What a client has done since it was made."""

    batches: int = 0
    events: int = 0
    """Handed to the caller, those of unknown types too."""
    unknown: int = 0
    """Of types that this program does not know."""
    filtered: int = 0
    """Read and passed over, being of other types or divisions."""
    value_bytes: int = 0
    """Of all values read."""
    behind: dict[int, int] = field(default_factory=dict)
    """Offsets that each partition has left to read, as the brokers' last answer has it."""
    last_recorded: str | None = None
    """The recorded time of the latest event handed over."""
    interruptions: int = 0
    """Times that the brokers were away and were waited for."""
    interrupted_by: str | None = None
    """What the last of them was."""

    def as_dict(self) -> dict[str, Any]:
        """For logs and JSON."""
        return asdict(self)


class Selection:
    """Which events a client wants. Raises :class:`EventTypeUnknown`, :class:`UnknownDivision`."""

    def __init__(
        self,
        types: Collection[type[EventData] | str] | None,
        divisions: Collection[str] | None,
    ) -> None:
        """``types`` are classes of events, or full names; None: all.

        ``divisions`` are GB/T 2260 codes, each with all below it; None: all.
        """
        self._types = None if types is None else frozenset(_full_name(one) for one in types)
        for code in divisions or ():
            if not is_division_code(code):
                raise UnknownDivision(division=code)
        self._divisions = None if divisions is None else tuple(divisions)
        self._held: dict[bytes, bool] = {}

    def holds(self, value: bytes, name: bytes) -> bool:
        """Whether an event is wanted, by its bytes and its type's full name."""
        if self._types is not None and name not in self._types:
            return False
        return self._divisions is None or self._covered(division_of(value), self._divisions)

    def _covered(self, code: bytes, divisions: Collection[str]) -> bool:
        held = self._held.get(code)
        if held is None:
            held = any(covers(one, code.decode()) for one in divisions)
            self._held[code] = held
        return held


def _full_name(kind: type[EventData] | str) -> bytes:
    """A type's name as the log has it; a name that is given may be of a newer version."""
    if not isinstance(kind, str):
        return TYPE_OF[kind].encode()
    parts = kind.split(".")
    if len(parts) != 3 or parts[0] != "benefits" or not parts[2].startswith("v"):
        raise EventTypeUnknown(type=kind)
    return kind.encode()
