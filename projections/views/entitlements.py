"""Who is entitled to what: one row an enrollment, with all that a pay run decides from.

A row mirrors the state of the enrollment's own stream at ``version``: a decision taken from the
row names that version, and the store refuses it when the stream has moved on. Objections raised
on a pay run about one of its lines belong to the run and are in the objections view.
"""

from datetime import date
from typing import Any

import msgspec

from ledger.domain.city_time import day_of
from ledger.domain.enrollment import (
    OPEN_ENDED,
    OVER,
    PENDING,
    amount_in,
    delivered_for,
    follows,
    is_of_a_time_before,
    with_amount,
)
from ledger.domain.events import Event, EventData
from ledger.domain.events import enrollment as en
from ledger.domain.grant import Standing
from ledger.domain.month import plus_months
from projections.rows import MONTH_BIT, Hex, RowSource, TableDef, months_in
from projections.view import View, on


class Entitlement(msgspec.Struct, gc=False):
    """One enrollment. Intervals are pairs of months, both included, ``9999-12`` while open.

    ``division`` is where the beneficiary belongs by the day of the last event, ``ahead`` where from
    a day that was still to come then. ``status`` is applied, assessed, noticed, notice-closed,
    approved, suspended, ended or rejected. ``granted`` holds the months granted and not reversed,
    ``periods`` the years (or ``once``) granted with their month, ``year_fen`` what stands granted
    by calendar year, ``overpaid`` what of a month a debt was found for, while the debt stands.
    ``term`` is the last month of the latest approval; ``amount_fen`` is set where its amount
    was decided individually, ``amounts`` has the first month and the amount of each from then on.
    """

    enrollment: str
    beneficiary: str
    program: str
    division: str
    version: int = 0
    status: str = "none"
    applied_on: str | None = None
    submitted_by: str | None = None
    kin: list[str] = []
    eligible: bool | None = None
    rule: str | None = None
    notice_from: str | None = None
    notice_until: str | None = None
    approved_on: str | None = None
    approved_by: str | None = None
    start_month: str | None = None
    end_month: str | None = None
    term: str = OPEN_ENDED
    end_reason: str | None = None
    approved: list[list[str]] = []
    suspended: list[list[str]] = []
    amount_fen: int | None = None
    amounts: list[list[str | int | None]] = []
    open_objections: int = 0
    objections: list[str] = []
    delivered: list[str] = []
    reviewed_on: str | None = None
    granted: Hex = 0
    periods: dict[str, str] = {}
    year_fen: dict[str, int] = {}
    overpaid: dict[str, int] = {}
    last_granted_month: str | None = None
    ahead: dict[str, str] = {}


ENTITLEMENTS = TableDef(
    "entitlements",
    Entitlement,
    ("enrollment",),
    (("beneficiary",), ("program", "status")),
    by="stream",
)


def active_in(row: Entitlement, month: str) -> bool:
    """Approved and not suspended in a month."""
    return any(a <= month <= b for a, b in row.approved) and not any(
        a <= month <= b for a, b in row.suspended
    )


def is_granted(row: Entitlement, period: str) -> bool:
    """Whether a period (``YYYY-MM``, ``YYYY`` or ``once``) is granted and the grant stands."""
    if len(period) == 7:
        return bool(row.granted & MONTH_BIT[period]) and period not in row.periods.values()
    return period in row.periods


def granted_months(row: Entitlement) -> list[str]:
    """The benefit months granted and not reversed, ascending."""
    return months_in(row.granted)


def payable_in(row: Entitlement, month: str, period: str | None = None) -> str | None:
    """Why the enrollment is not payable in a month, as a reason code; None when it is.

    ``period`` is what may be granted once only (the month itself unless the rule is by year or
    once). Whether an account, a delivery or a cap stands in the way is the pay run's to say.
    """
    active = active_in(row, month)
    if row.open_objections and not active:
        return "objection-open"
    if row.status == "ended" and not active:
        return "ended"
    if not active:
        if row.status not in ("approved", "suspended", "ended"):
            return "not-approved"
        if row.start_month is None or month < row.start_month:
            return "before-start"
        return "suspended" if row.status == "suspended" else "ended"
    return "already-granted" if is_granted(row, period or month) else None


def division_on(row: Entitlement, day: date) -> str:
    """The division that decides and pays on a day, as of now or later."""
    begun = [since for since in row.ahead if since <= day.isoformat()]
    return row.ahead[max(begun)] if begun else row.division


def standing(row: Entitlement, month: str, period: str, account: str | None, day: date) -> Standing:
    """What a pay run decides from, as of the stream version the row has seen."""
    return Standing(
        enrollment=row.enrollment,
        version=row.version,
        beneficiary=row.beneficiary,
        division=division_on(row, day),
        status=row.status,
        start_month=row.start_month or "",
        active=active_in(row, month),
        granted=is_granted(row, period),
        year_fen=row.year_fen.get(month[:4], 0),
        objections=row.open_objections > 0,
        delivered=delivered_for(row.delivered, period),
        amount_fen=amount_in(row.amounts, month),
        account=account,
    )


_FOLDED = {
    en.ApplicationSubmitted,
    en.EligibilityAssessed,
    en.EligibilityReviewed,
    en.NoticePublished,
    en.NoticeClosed,
    en.ObjectionRaised,
    en.ObjectionResolved,
    en.EnrollmentApproved,
    en.EnrollmentRejected,
    en.EnrollmentSuspended,
    en.EnrollmentResumed,
    en.EnrollmentEnded,
    en.SubsidyGranted,
    en.ArrearsGranted,
    en.GrantReversed,
    en.OverpaymentFound,
    en.OverpaymentCancelled,
    en.ServiceDelivered,
}
_OTHERS = [
    kind
    for kind in vars(en).values()
    if isinstance(kind, type)
    and issubclass(kind, en.EnrollmentEvent)
    and kind is not en.EnrollmentEvent
    and kind not in _FOLDED
]
"""Events that change nothing here but the stream's version."""


class Entitlements(View):
    """See the module."""

    name = "entitlements"
    version = 7
    tables = (ENTITLEMENTS,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(ENTITLEMENTS)
        self._at_hand = self._rows.at_hand

    def _at(self, event: Event[Any]) -> Entitlement:
        """The row of the event's stream, at the event's version."""
        stream, _, version = event.id.rpartition("/")
        row = self._at_hand(stream) or self._rows.edit(stream)
        if row is None:
            row = self._rows.add(
                stream,
                Entitlement(stream, event.subject, event.data.program, event.division),
            )
        row.version = int(version)
        return row

    @on(en.ApplicationSubmitted)
    def submitted(self, position: int, event: Event[en.ApplicationSubmitted]) -> None:
        row = self._at(event)
        row.beneficiary, row.division = event.subject, event.division
        row.status, row.applied_on = "applied", event.effective.isoformat()
        row.submitted_by, row.kin = event.actor, event.data.kin
        row.notice_from = row.notice_until = None
        _objections(row, [])

    @on(en.EligibilityAssessed)
    def assessed(self, position: int, event: Event[en.EligibilityAssessed]) -> None:
        row = self._at(event)
        row.status, row.eligible = "assessed", event.data.eligible
        row.rule = event.data.rule.isoformat()

    @on(en.EligibilityReviewed)
    def reviewed(self, position: int, event: Event[en.EligibilityReviewed]) -> None:
        row, since = self._at(event), event.effective.isoformat()
        if event.effective > day_of(event.time):
            row.ahead = {**row.ahead, since: event.division}
            return
        row.division = event.division
        if row.ahead:
            row.ahead = {day: there for day, there in row.ahead.items() if day > since}
        if row.status not in PENDING:
            row.eligible = event.data.eligible
        row.reviewed_on = since

    @on(en.NoticePublished)
    def noticed(self, position: int, event: Event[en.NoticePublished]) -> None:
        row = self._at(event)
        row.status = "noticed"
        row.notice_from = event.data.notice_from.isoformat()
        row.notice_until = event.data.notice_until.isoformat()

    @on(en.NoticeClosed)
    def notice_closed(self, position: int, event: Event[en.NoticeClosed]) -> None:
        self._at(event).status = "notice-closed"

    @on(en.ObjectionRaised)
    def objected(self, position: int, event: Event[en.ObjectionRaised]) -> None:
        if event.data.enrollment is None:
            row = self._at(event)
            _objections(row, sorted({*row.objections, event.data.objection}))

    @on(en.ObjectionResolved)
    def objection_resolved(self, position: int, event: Event[en.ObjectionResolved]) -> None:
        if event.data.enrollment is None:
            row = self._at(event)
            _objections(row, [o for o in row.objections if o != event.data.objection])

    @on(en.EnrollmentApproved)
    def approved(self, position: int, event: Event[en.EnrollmentApproved]) -> None:
        row, d = self._at(event), event.data
        row.status, row.rule, row.end_reason = "approved", d.rule.isoformat(), None
        row.approved_on, row.approved_by = event.effective.isoformat(), event.actor
        row.amount_fen, last = d.amount_fen, d.end_month or OPEN_ENDED
        found_late = is_of_a_time_before(last, (until for _, until in row.approved))
        if row.amounts or d.amount_fen is not None:
            after = plus_months(last, 1) if found_late else None
            amounts = with_amount(row.amounts, d.start_month, after, d.amount_fen)
            row.amounts = [[first, fen] for first, fen in amounts]
        row.approved = [*row.approved, [d.start_month, last]]
        if found_late:
            row.approved.sort(key=lambda interval: interval[0])
        else:
            row.term = last
        row.start_month, last = row.approved[-1]
        row.end_month = last if last != OPEN_ENDED else None

    @on(en.EnrollmentRejected)
    def rejected(self, position: int, event: Event[en.EnrollmentRejected]) -> None:
        row = self._at(event)
        row.status, row.end_reason = "rejected", event.data.reason
        _objections(row, [])

    @on(en.EnrollmentSuspended)
    def suspended(self, position: int, event: Event[en.EnrollmentSuspended]) -> None:
        row = self._at(event)
        if not (row.status in OVER and follows(event)):
            row.status, row.end_reason = "suspended", event.data.reason
        month = event.data.from_month
        row.suspended = [*_cut(row.suspended, month), [month, OPEN_ENDED]]

    @on(en.EnrollmentResumed)
    def resumed(self, position: int, event: Event[en.EnrollmentResumed]) -> None:
        """Takes back suspensions from the month on, and an end, to the end of the term."""
        row, month = self._at(event), event.data.from_month
        row.suspended = _cut(row.suspended, month)
        kept = [[first, last] for first, last in row.approved if first <= month]
        if kept and month > kept[-1][1]:
            if month == plus_months(kept[-1][1], 1):
                kept[-1][1] = row.term
            else:
                kept.append([month, row.term])
            row.approved, row.start_month = kept, kept[-1][0]
        last = row.approved[-1][1] if row.approved else ""
        applied_in = (row.applied_on or "")[:7]
        needed = not any(until > applied_in for _, until in row.approved)
        pending = row.status in PENDING and follows(event) and needed
        if pending or not (row.status in OVER and follows(event)) or last == row.term:
            row.end_month = last if last != OPEN_ENDED else None
            if not pending:  # else a new application is being decided
                row.status, row.end_reason = "approved", None

    @on(en.EnrollmentEnded)
    def ended(self, position: int, event: Event[en.EnrollmentEnded]) -> None:
        row, last = self._at(event), event.data.last_month
        row.end_month = last
        if not (row.status in PENDING and follows(event)):
            row.status, row.end_reason = "ended", event.data.reason
        if row.approved:
            kept = [i for i in row.approved if i[0] <= last] or row.approved[:1]
            row.approved = [[first, min(until, last)] for first, until in kept]
            row.start_month = kept[-1][0]

    @on(en.SubsidyGranted, en.ArrearsGranted)
    def granted(
        self, position: int, event: Event[en.SubsidyGranted] | Event[en.ArrearsGranted]
    ) -> None:
        row, d = self._at(event), event.data
        month = d.month
        row.granted |= MONTH_BIT[month]
        if d.period != month:
            row.periods = {**row.periods, d.period: month}
        year, of_year = month[:4], row.year_fen
        of_year[year] = of_year.get(year, 0) + d.amount_fen
        if row.last_granted_month is None or month > row.last_granted_month:
            row.last_granted_month = month

    @on(en.OverpaymentFound)
    def overpaid(self, position: int, event: Event[en.OverpaymentFound]) -> None:
        row = self._at(event)
        for each in event.data.months:
            row.overpaid = _plus(row.overpaid, each.month, each.amount_fen)

    @on(en.OverpaymentCancelled)
    def cancelled(self, position: int, event: Event[en.OverpaymentCancelled]) -> None:
        row = self._at(event)
        for each in event.data.months:
            row.overpaid = _plus(row.overpaid, each.month, -each.amount_fen)

    @on(en.GrantReversed)
    def reversed(self, position: int, event: Event[en.GrantReversed]) -> None:
        """The whole grant goes: what the reversal says, and what a debt was found for before."""
        row, month = self._at(event), event.data.month
        row.granted &= ~MONTH_BIT[month]
        row.periods = {period: m for period, m in row.periods.items() if m != month}
        year = month[:4]
        debt_fen = row.overpaid.get(month, 0)
        row.overpaid = _plus(row.overpaid, month, -debt_fen)
        row.year_fen[year] = row.year_fen.get(year, 0) - event.data.amount_fen - debt_fen
        left = months_in(row.granted)
        row.last_granted_month = left[-1] if left else None

    @on(en.ServiceDelivered)
    def delivered(self, position: int, event: Event[en.ServiceDelivered]) -> None:
        row, year = self._at(event), f"{event.effective.year}"
        row.delivered = sorted({*row.delivered, year})

    @on(*_OTHERS)
    def seen(self, position: int, event: Event[EventData]) -> None:
        self._at(event)


def _cut(intervals: list[list[str]], month: str) -> list[list[str]]:
    """Without a month and all that come after it."""
    before = plus_months(month, -1)
    return [[first, min(last, before)] for first, last in intervals if first < month]


def _plus(overpaid: dict[str, int], month: str, fen: int) -> dict[str, int]:
    """With so much more, or less, of a month; a month of which nothing is left is gone."""
    changed = {**overpaid, month: overpaid.get(month, 0) + fen}
    return {m: left for m, left in changed.items() if left}


def _objections(row: Entitlement, open_ones: list[str]) -> None:
    row.objections, row.open_objections = open_ones, len(open_ones)
