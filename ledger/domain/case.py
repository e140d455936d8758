"""A case: a complaint, a petition or a request for legal aid, from receipt to closing.

received, assigned, resolved, closed, in this order; a case whose outcome did not hold is reopened
and needs an officer again. What people said is sealed; the state knows nothing of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.domain.errors import AlreadyExists, InvalidValue, NotFound, OutOfOrder
from ledger.domain.events import case as ev
from ledger.domain.events.envelope import Event, EventData, Sealed
from ledger.domain.stream import StreamKind, derived_id, folding


@dataclass(slots=True)
class Case:
    """State of a case's stream: received, assigned, resolved, reopened or closed."""

    id: str
    version: int = 0
    division: str = ""
    program: str = ""
    status: str = "none"
    handler: str = ""


def case_id(number: str) -> str:
    """The case's stream, from the number in the register of cases."""
    return derived_id("case", number)


# --- decisions


def must_be_new(c: Case) -> None:
    """Raise :class:`AlreadyExists` for a number that is taken."""
    if c.version:
        raise AlreadyExists(what=c.id)


def receive(
    c: Case,
    *,
    program: str,
    visitors: int,
    channel: str,
    topic: str,
    person: str | None,
    sealed: Sealed | None,
) -> EventData:
    """A case of at least one visitor."""
    must_be_new(c)
    if visitors < 1:
        raise InvalidValue(field="visitors", value=visitors)
    return ev.CaseReceived(
        program=program,
        visitors=visitors,
        channel=channel,
        topic=topic,
        person=person,
        sealed=sealed,
    )


def assign(c: Case, *, handler: str) -> EventData:
    """An officer takes the case, or takes it over from another."""
    _must_be(c, "assign", "received", "reopened", "assigned")
    if c.status == "assigned" and handler == c.handler:
        raise OutOfOrder(status=c.status, step="assign")
    return ev.CaseAssigned(program=c.program, handler=handler)


def resolve(c: Case, *, outcome: str, document: str | None) -> EventData:
    """The assigned officer has an outcome."""
    _must_be(c, "resolve", "assigned")
    return ev.CaseResolved(program=c.program, outcome=outcome, document=document)


def reopen(c: Case, *, reason: str) -> EventData:
    """The outcome did not hold, whether the case was closed since or not."""
    _must_be(c, "reopen", "resolved", "closed")
    return ev.CaseReopened(program=c.program, reason=reason)


def close(c: Case) -> EventData:
    """Nothing more is to be done."""
    _must_be(c, "close", "resolved")
    return ev.CaseClosed(program=c.program)


def _must_be(c: Case, step: str, *statuses: str) -> None:
    if c.version == 0:
        raise NotFound(what=c.id)
    if c.status not in statuses:
        raise OutOfOrder(status=c.status, step=step)


# --- the fold


def _received(c: Case, event: Event[ev.CaseReceived]) -> None:
    c.status, c.division, c.program = "received", event.division, event.data.program


def _assigned(c: Case, event: Event[ev.CaseAssigned]) -> None:
    c.status, c.handler = "assigned", event.data.handler


def _status(status: str) -> Callable[[Case, Event[Any]], None]:
    def fold(c: Case, event: Event[Any]) -> None:
        c.status = status

    return fold


_FOLD: dict[type[EventData], Callable[[Case, Event[Any]], None]] = {
    ev.CaseReceived: _received,
    ev.CaseAssigned: _assigned,
    ev.CaseResolved: _status("resolved"),
    ev.CaseReopened: _status("reopened"),
    ev.CaseClosed: _status("closed"),
}


evolve = folding(_FOLD)
"""Take an event into the state."""

CASE = StreamKind("case", Case, evolve)
