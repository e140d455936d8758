"""Where a downstream system begins to read: at a position, a recorded time, or its checkpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from consumers.checkpoints import Checkpoint
from consumers.connection import KafkaSettings
from consumers.errors import StartInvalid
from consumers.offsets import offsets_after, offsets_of
from consumers.partitions import Start
from ledger.codec import recorded
from ledger.randomness import rfc3339


class StartFrom(Protocol):
    """A way to begin."""

    def places(self, kafka: KafkaSettings, topic: str, ends: Mapping[int, int]) -> dict[int, Start]:
        """Where to read each of these partitions from; ``ends`` holds their ends now."""
        ...


@dataclass(frozen=True, slots=True)
class FromPosition:
    """At this position of the log: every event at or after it, in all partitions. 0 is all.

    A position that is not there yet begins with what comes next.
    """

    position: int = 0

    def places(self, kafka: KafkaSettings, topic: str, ends: Mapping[int, int]) -> dict[int, Start]:
        if self.position <= 0:
            return {p: Start() for p in ends}
        offsets = offsets_of(kafka, self.position, ends, topic)
        return {p: Start(offset, None) for p, offset in offsets.items()}


@dataclass(frozen=True, slots=True)
class FromTime:
    """At the first event that the ledger recorded at this time or later.

    It is the recorded time that counts, not the day from which an event holds: what concerns last
    year may be recorded today. A later time than the last event's begins with what comes next.
    """

    time: datetime

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise StartInvalid(reason=f"{self.time}: no time zone")

    def places(self, kafka: KafkaSettings, topic: str, ends: Mapping[int, int]) -> dict[int, Start]:
        since = rfc3339(self.time).encode()
        offsets = offsets_after(kafka, lambda r: recorded(r.value) < since, ends, topic)
        return {p: Start(offset, None) for p, offset in offsets.items()}


@dataclass(frozen=True, slots=True)
class FromCheckpoint:
    """Where a checkpoint says; partitions that it does not hold begin ``otherwise``.

    ``checkpoint`` is a value, or where to ask for it: a group's member asks whenever it is given a
    partition that another may have moved on.
    """

    checkpoint: Checkpoint | Callable[[], Checkpoint]
    otherwise: StartFrom = FromPosition()

    def places(self, kafka: KafkaSettings, topic: str, ends: Mapping[int, int]) -> dict[int, Start]:
        stored = self.loaded().places
        new = {p: end for p, end in ends.items() if p not in stored}
        begun = self.otherwise.places(kafka, topic, new) if new else {}
        return {**begun, **{p: start for p, start in stored.items() if p in ends}}

    @property
    def asked(self) -> bool:
        """Whether it is asked for anew, each time that it matters."""
        return callable(self.checkpoint)

    def loaded(self) -> Checkpoint:
        """The checkpoint as it is now."""
        return self.checkpoint() if callable(self.checkpoint) else self.checkpoint
