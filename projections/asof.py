"""As of: which events a question about the past lets in.

Three bounds in any combination, and a filter by subject. ``position`` is a count of events (the
end, excluded); ``recorded`` what the ledger had learned by that time; ``effective`` what held in
the world by that date, whenever it was learned. Recorded times never fall as positions rise, so
the first later event ends the reading; effective dates do, so every event is looked at.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.codec import TYPE_OF, type_name
from ledger.domain.events import Event, fund, program
from ledger.domain.events.program import ProgramAdopted, ProgramClosed, RuleSet, TargetSet

REFERENCE = (ProgramAdopted, RuleSet, ProgramClosed, TargetSet, program.PilotDesignated)
"""Events that every question needs, whoever it is about: programs and their rules."""

_ALWAYS = frozenset(TYPE_OF[kind].encode() for kind in (*REFERENCE, fund.FundOpened))


@dataclass(frozen=True, slots=True)
class AsOf:
    """The bounds; None is no bound. ``subjects`` are ids of persons, households and so on."""

    position: int | None = None
    recorded: str | None = None
    effective: date | None = None
    subjects: frozenset[str] | None = None

    @property
    def by_position(self) -> bool:
        """Whether everything before an end is let in."""
        return self.recorded is None and self.effective is None and self.subjects is None

    def end(self, log_end: int) -> int:
        """Where reading ends at the latest."""
        return log_end if self.position is None else min(self.position, log_end)

    def too_late(self, raw: bytes) -> bool:
        """Whether this event and all after it were recorded after the bound."""
        return self.recorded is not None and attribute(raw, b'"time":"') > self.recorded

    def may_concern(self, raw: bytes) -> bool:
        """Whether the event is let in by its subject, or is one that every question needs."""
        return (
            self.subjects is None
            or attribute(raw, b'"subject":"') in self.subjects
            or type_name(raw) in _ALWAYS
        )

    def admits(self, event: Event[Any]) -> bool:
        """Whether the event held by the effective bound."""
        return self.effective is None or event.effective <= self.effective


def attribute(raw: bytes, key: bytes) -> str:
    """An envelope attribute that sorts after ``data``, read without decoding.

    In canonical bytes it is the last place where its key is spelled so; ids and times hold nothing
    that JSON would escape.
    """
    start = raw.rindex(key) + len(key)
    return raw[start : raw.index(b'"', start)].decode()
