"""A finding of an audit as the ledger knows it: whether an officer dismissed or converted it.

Findings themselves are computed from the log and stored nowhere. Each has a stream of its own,
whose id follows from what was found, so that a decision on it is met again by every later audit.
"""

import re
from dataclasses import dataclass
from typing import Any

from ledger.domain.errors import InvalidValue, OutOfOrder
from ledger.domain.events import finding as ev
from ledger.domain.events.envelope import Event
from ledger.domain.stream import StreamKind, derived_id

MOST_POSITIONS = 5_000
"""Of a finding that thousands of events prove, as many as an event of 65,535 bytes holds."""


@dataclass(slots=True)
class FindingState:
    """State of the stream: open (nothing was decided), dismissed or converted."""

    id: str
    version: int = 0
    status: str = "open"


def finding_id(code: str, subject: str, key: str) -> str:
    """The id of what a check found of a subject; ``key`` tells its findings of one code apart."""
    return derived_id("finding", code, subject, key)


def is_finding_id(text: str) -> bool:
    """Whether a text has the form of a finding's id: which findings there are, only audits know."""
    return re.fullmatch("finding-[0-9a-f]{32}", text) is not None


def dismiss(
    f: FindingState, *, code: str, reason: str, positions: list[int]
) -> ev.FindingDismissed:
    """With a reason that is one, while nothing else was decided."""
    if not reason.strip():
        raise InvalidValue(field="reason", value=reason or "-")
    _must_be_open(f, "dismiss")
    return ev.FindingDismissed(
        finding=f.id, code=code, reason=reason, positions=positions[:MOST_POSITIONS]
    )


def convert(
    f: FindingState, *, code: str, overpayment: str, positions: list[int]
) -> ev.FindingConverted:
    """Into the debt of that id, while nothing else was decided."""
    _must_be_open(f, "convert")
    return ev.FindingConverted(
        finding=f.id,
        code=code,
        overpayment=overpayment,
        positions=positions[:MOST_POSITIONS],
    )


def is_about(event: Event[Any], subject: str) -> bool:
    """Whether an event can prove something of a subject: a stream's, an officer, account or fund.

    It is the event's subject, who decided it, or the account or fund that it names.
    """
    d = event.data
    named = (getattr(d, "account", None), f"fund-{getattr(d, 'fund', None)}")
    return subject in (event.subject, event.actor, *named)


def _must_be_open(f: FindingState, step: str) -> None:
    if f.status != "open":
        raise OutOfOrder(status=f.status, step=step)


def evolve(f: FindingState, event: Event[Any]) -> None:
    """Take the event into the state."""
    match event.data:
        case ev.FindingDismissed():
            f.status = "dismissed"
        case ev.FindingConverted():
            f.status = "converted"


FINDING = StreamKind("finding", FindingState, evolve)
