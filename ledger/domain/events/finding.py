"""Events of an audit finding: what an officer made of it."""

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import Code, Count


class FindingDismissed(EventData, frozen=True, kw_only=True):
    """Looked into, and nothing is to be done; ``positions`` are the events that were looked at."""

    finding: str
    code: Code
    reason: str
    positions: list[Count]


class FindingConverted(EventData, frozen=True, kw_only=True):
    """Made into a debt; ``overpayment`` is the id of the event that found it."""

    finding: str
    code: Code
    overpayment: str
    positions: list[Count]
