"""What views pass over: one stream for the whole ledger, so that whoever folds reads it at once.

A discard says of one event, by its position, that one view does without it. It is final: a view
that could process the event after all is repaired by new events, as any wrong decision is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.domain.errors import AlreadyExists, InvalidValue
from ledger.domain.events.discard import ParkedEventDiscarded
from ledger.domain.events.envelope import Event
from ledger.domain.stream import StreamKind, derived_id

DISCARDS_ID = derived_id("discards")
"""The one stream."""

Passed = Mapping[int, frozenset[str]]
"""Positions, and the views that pass over the event there."""


@dataclass(slots=True)
class Discards:
    """State of the stream: the ids of the events passed over, by view and position."""

    id: str
    version: int = 0
    events: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def passed(self) -> Passed:
        """The views that pass over the event, by its position."""
        found: dict[int, frozenset[str]] = {}
        for view, position in self.events:
            found[position] = found.get(position, frozenset()) | {view}
        return found


def discard(
    d: Discards, *, view: str, position: int, event: str, reason: str
) -> ParkedEventDiscarded:
    """Once for a view and a position, and with a reason that is one."""
    if not reason.strip():
        raise InvalidValue(field="reason", value=reason or "-")
    if (view, position) in d.events:
        raise AlreadyExists(what=f"{view} {position}")
    return ParkedEventDiscarded(view=view, position=position, event=event, reason=reason)


def evolve(d: Discards, event: Event[Any]) -> None:
    """Take the event into the state."""
    if isinstance(event.data, ParkedEventDiscarded):
        d.events[event.data.view, event.data.position] = event.data.event


DISCARDS = StreamKind("discards", Discards, evolve)
