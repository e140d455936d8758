"""A pay run: one program and month, computed, noticed, approved, issued, and read back.

Three officers: who computes, who approves and who issues are different people. What is approved
is exactly what was noticed (the digest of the lines), and what is issued is never more than that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import msgspec

from ledger.domain.admission import check_notice
from ledger.domain.city_time import day_of
from ledger.domain.errors import InvalidValue, NotFound, OutOfOrder
from ledger.domain.events import enrollment as en
from ledger.domain.events import payrun as ev
from ledger.domain.events.envelope import Event, EventData
from ledger.domain.refusals import FourEyes, LinesChanged, NoticeRunning, ObjectionOpen
from ledger.domain.rules import Rule
from ledger.domain.stream import StreamKind, folding


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One payment of a run. ``version``: of the enrollment's stream, as decided upon.

    In the document of what was issued it is the version of the grant.
    """

    account: str | None = None
    amount_fen: int
    beneficiary: str
    division: str
    enrollment: str
    start_month: str
    version: int


class LeftOut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Someone who is not paid, and why (a code of ``words.REASONS``)."""

    beneficiary: str
    division: str
    enrollment: str | None = None
    reason: str


class BankLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The bank's word on one payment: a receipt, or the reason of its return."""

    enrollment: str
    receipt: str | None = None
    returned: str | None = None


class OpenedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person whose sealed data were opened for a run."""

    person: str


_LINES = msgspec.json.Encoder(order="sorted").encode_lines

L = TypeVar("L", Line, LeftOut, BankLine, OpenedPerson)


def to_document(lines: Sequence[Line | LeftOut | BankLine | OpenedPerson]) -> bytes:
    """One canonical JSON object a line, in the order given."""
    return _LINES(lines)


def read_document(document: bytes, kind: type[L]) -> list[L]:
    """The lines of a document; :class:`InvalidValue` when one is not of the kind."""
    try:
        return msgspec.json.Decoder(kind).decode_lines(document)
    except msgspec.DecodeError as error:
        raise InvalidValue(field="document", value=str(error)) from error


@dataclass(slots=True)
class PayRun:
    """State of a run's stream. ``upheld`` holds enrollments excluded by an upheld objection."""

    id: str
    version: int = 0
    status: str = "none"
    program: str = ""
    month: str = ""
    batch: int = 0
    fund: str = ""
    rule: date | None = None
    lines: str = ""
    count: int = 0
    total_fen: int = 0
    issued: str = ""
    computed_by: str = ""
    computed_on: date | None = None
    approved_by: str = ""
    notice_until: date | None = None
    objections: dict[str, str] = field(default_factory=dict)
    upheld: set[str] = field(default_factory=set)

    @property
    def computed(self) -> bool:
        """Whether its lines are made, and it wasn't cancelled."""
        return self.status in ("computed", "noticed", "approved", "issued", "settled")


def must_be(run: PayRun, step: str, *statuses: str) -> None:
    """Raise :class:`NotFound` for a run never opened, :class:`OutOfOrder` in another state."""
    if run.version == 0:
        raise NotFound(what=run.id)
    if run.status not in statuses:
        raise OutOfOrder(status=run.status, step=step)


def notice(run: PayRun, rule: Rule, *, start: date, until: date, place: str) -> EventData:
    """Put the computed lines on public notice for at least the rule's days."""
    must_be(run, "notice", "computed")
    check_notice(rule.notice_days, start, until, since=run.computed_on)
    return ev.PayRunNoticed(
        program=run.program,
        month=run.month,
        notice_from=start,
        notice_until=until,
        place=place,
        lines=run.lines,
    )


def objection(run: PayRun, *, objection: str, ground: str, enrollment: str) -> EventData:
    """An objection to one line, while the notice runs."""
    must_be(run, "object", "noticed")
    if objection in run.objections:
        raise OutOfOrder(status="objected", step=objection)
    return en.ObjectionRaised(
        program=run.program, objection=objection, ground=ground, enrollment=enrollment
    )


def resolve(run: PayRun, *, objection: str, upheld: bool, reason: str) -> EventData:
    """Settle an objection; an upheld one keeps its line from being issued."""
    if objection not in run.objections:
        raise NotFound(what=objection)
    return en.ObjectionResolved(
        program=run.program,
        objection=objection,
        upheld=upheld,
        reason=reason,
        enrollment=run.objections[objection],
    )


def approve(run: PayRun, rule: Rule, *, actor: str, lines: str, today: date) -> EventData:
    """Approve exactly the noticed lines, after the notice, with no objection open.

    Where the rule asks for no notice, the computed lines are approved directly.
    """
    must_be(run, "approve", *(("noticed",) if rule.notice_days else ("computed", "noticed")))
    if run.objections:
        raise ObjectionOpen()
    if run.notice_until is not None and today <= run.notice_until:
        raise NoticeRunning(until=run.notice_until)
    if lines != run.lines:
        raise LinesChanged()
    if actor == run.computed_by:
        raise FourEyes(actor=actor)
    return ev.PayRunApproved(
        program=run.program,
        month=run.month,
        count=run.count,
        total_fen=run.total_fen,
        fund=run.fund,
        lines=run.lines,
    )


def check_issuer(run: PayRun, actor: str) -> None:
    """Only an approved run is issued, by an officer who neither computed nor approved it."""
    must_be(run, "issue", "approved")
    if actor in (run.computed_by, run.approved_by):
        raise FourEyes(actor=actor)


def cancel(run: PayRun, *, reason: str) -> EventData:
    """A run may be cancelled until it is issued."""
    must_be(run, "cancel", "opened", "computed", "noticed", "approved")
    return ev.PayRunCancelled(program=run.program, month=run.month, reason=reason)


# --- the fold


def _opened(run: PayRun, event: Event[ev.PayRunOpened]) -> None:
    d = event.data
    run.status, run.program, run.month = "opened", d.program, d.month
    run.batch, run.fund = d.batch, d.fund


def _computed(run: PayRun, event: Event[ev.PayRunComputed]) -> None:
    d = event.data
    run.status, run.computed_by, run.rule = "computed", event.actor, d.rule
    # The ledger made the lines: nobody saw them before they were recorded, whatever date was given.
    run.computed_on = max(event.effective, day_of(event.time))
    run.lines, run.count, run.total_fen = d.lines, d.count, d.total_fen


def _noticed(run: PayRun, event: Event[ev.PayRunNoticed]) -> None:
    run.status, run.notice_until = "noticed", event.data.notice_until


def _objected(run: PayRun, event: Event[en.ObjectionRaised]) -> None:
    run.objections[event.data.objection] = event.data.enrollment or ""


def _resolved(run: PayRun, event: Event[en.ObjectionResolved]) -> None:
    enrollment = run.objections.pop(event.data.objection)
    if event.data.upheld:
        run.upheld.add(enrollment)


def _approved(run: PayRun, event: Event[ev.PayRunApproved]) -> None:
    run.status, run.approved_by = "approved", event.actor


def _issued(run: PayRun, event: Event[ev.PayRunIssued]) -> None:
    run.status, run.issued = "issued", event.data.lines


def _to(status: str) -> Callable[[PayRun, Event[Any]], None]:
    def fold(run: PayRun, event: Event[Any]) -> None:
        run.status = status

    return fold


_FOLD: dict[type[EventData], Callable[[PayRun, Event[Any]], None]] = {
    ev.PayRunOpened: _opened,
    ev.PayRunComputed: _computed,
    ev.PayRunNoticed: _noticed,
    en.ObjectionRaised: _objected,
    en.ObjectionResolved: _resolved,
    ev.PayRunApproved: _approved,
    ev.PayRunIssued: _issued,
    ev.PayRunSettled: _to("settled"),
    ev.PayRunCancelled: _to("cancelled"),
}


evolve = folding(_FOLD)
"""Take an event into the state."""

PAYRUN = StreamKind("payrun", PayRun, evolve)
