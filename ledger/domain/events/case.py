"""Events of a case: a complaint, a petition, a request for legal aid."""

from ledger.domain.events.envelope import EventData, Sealed
from ledger.domain.events.types import Quantity


class CaseEvent(EventData, frozen=True, kw_only=True):
    program: str


class CaseReceived(CaseEvent, frozen=True, kw_only=True):
    """``visitors`` counts those who came (a visit each); ``sealed`` holds what they said."""

    visitors: Quantity
    channel: str
    topic: str
    person: str | None = None
    sealed: Sealed | None = None


class CaseAssigned(CaseEvent, frozen=True, kw_only=True):
    """An officer takes the case."""

    handler: str


class CaseResolved(CaseEvent, frozen=True, kw_only=True):
    """The case has an outcome."""

    outcome: str
    document: str | None = None


class CaseReopened(CaseEvent, frozen=True, kw_only=True):
    """The outcome did not hold."""

    reason: str


class CaseClosed(CaseEvent, frozen=True, kw_only=True):
    """Nothing more is to be done."""
