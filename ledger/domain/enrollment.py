"""An enrollment: one beneficiary in one program, from application to the last recovery.

This module holds the state and its fold; those of the months granted are in ``granted.py``, of
what was received in ``received.py``. The decisions are apart: the way in and out in
``admission.py``, money in ``grant.py``, ``payment.py`` and ``overpayment.py``, deliveries in
``delivery.py``, and what late knowledge changes in ``reconsider.py``.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ledger.domain import granted, received
from ledger.domain.city_time import day_of
from ledger.domain.events import enrollment as ev
from ledger.domain.events.envelope import Event, EventData
from ledger.domain.granted import Grant, Overpayment
from ledger.domain.month import month_of, plus_months
from ledger.domain.received import Received
from ledger.domain.rules import Rule
from ledger.domain.stream import StreamKind, folding

PENDING = frozenset({"applied", "assessed", "noticed", "notice-closed"})
"""Statuses of an application that is being decided."""

OVER = PENDING | {"ended", "rejected"}
"""Statuses in which a fact about earlier months changes nothing of what is to come."""

OPEN_ENDED = "9999-12"
"""Sorts after every month: the last month of what has not ended."""


@dataclass(slots=True)
class Interval:
    """Months from ``first`` to ``last``, both included; ``OPEN_ENDED`` while it goes on."""

    first: str
    last: str = OPEN_ENDED

    def __contains__(self, month: str) -> bool:
        return self.first <= month <= self.last


@dataclass(slots=True)
class Enrollment:
    """State of an enrollment's stream. ``grants`` by benefit month, ``delivered`` the years of it.

    ``division`` is where the beneficiary belongs by the day of the last event, ``ahead`` where from
    a day that was still to come then. ``applications`` are the days of approved applications by
    their month, of months that were not held already: one that is pending, or was rejected, decides
    no month.
    ``amounts`` are those decided individually, from which month on; see :func:`amount_in`.
    ``term`` is the last month of the latest approval, ``withheld`` the months that an officer's
    decision stopped or an application left out: no fact gives those back.
    """

    id: str
    version: int = 0
    beneficiary: str = ""
    program: str = ""
    division: str = ""
    ahead: dict[date, str] = field(default_factory=dict)
    status: str = "none"
    applied_on: date | None = None
    applications: dict[str, date] = field(default_factory=dict)
    submitted_by: str = ""
    kin: tuple[str, ...] = ()
    eligible: bool = False
    rule: date | None = None
    assessed_on: date | None = None
    notice_until: date | None = None
    objections: set[str] = field(default_factory=set)
    approved: list[Interval] = field(default_factory=list)
    suspended: list[Interval] = field(default_factory=list)
    withheld: list[Interval] = field(default_factory=list)
    term: str = OPEN_ENDED
    end_reason: str = ""
    amounts: list[tuple[str, int | None]] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)
    overpayments: dict[str, Overpayment] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)
    received: Received | None = None

    def active_in(self, month: str) -> bool:
        """Approved and not suspended in a month."""
        return any(month in i for i in self.approved) and not any(
            month in i for i in self.suspended
        )

    def division_on(self, day: date) -> str:
        """The division that decides and pays on a day, as of now or later."""
        begun = [since for since in self.ahead if since <= day]
        return self.ahead[max(begun)] if begun else self.division

    @property
    def first_month(self) -> str:
        """The first month of all approvals, empty without any."""
        return min((i.first for i in self.approved), default="")

    @property
    def last_granted(self) -> str:
        """The last month whose grant stands, empty without any."""
        return max((m for m, g in self.grants.items() if g.status != "reversed"), default="")

    def goes_on_after(self, month: str) -> bool:
        """Whether something is applied for, or payable or only suspended in a later month."""
        return self.status in PENDING or _go_on(self.approved, month)

    def granted(self, period: str) -> bool:
        """Whether the period is granted and the grant stands."""
        return any(g.period == period and g.status != "reversed" for g in self.grants.values())


def amount_in(amounts: Iterable[Sequence[Any]], month: str) -> int | None:
    """The amount decided for a month, in fen: by the last approval that begins with it or before.

    None where it is the rule's.
    """
    begun = [fen for first, fen in amounts if first <= month]
    return begun[-1] if begun else None


def with_amount(
    amounts: Iterable[Sequence[Any]], first: str, after: str | None, fen: int | None
) -> list[tuple[str, int | None]]:
    """The amounts, by their first months, where one is decided from a month on: for good, or until
    before ``after``, from which on they stay as they were."""
    kept = [(start, each) for start, each in amounts if start < first]
    if after is None:
        return [*kept, (first, fen)]
    later = [(start, each) for start, each in amounts if start > after]
    return [*kept, (first, fen), (after, amount_in(amounts, after)), *later]


def is_of_a_time_before(last: str, others: Iterable[str]) -> bool:
    """Whether an approval up to ``last`` ends before another does, and so was found late."""
    return any(last < other for other in others)


def period_of(rule: Rule, month: str) -> str:
    """What may be granted once only: the month, the year, or ``once``."""
    match rule.period:
        case "month":
            return month
        case "year":
            return month[:4]
        case _:
            return "once"


def delivered_for(years: Collection[str], period: str) -> bool:
    """Whether a service was delivered for a period, by the years of its deliveries."""
    return period in years if len(period) == len("2017") else bool(years)


# --- the fold


def _submitted(e: Enrollment, event: Event[ev.ApplicationSubmitted]) -> None:
    e.beneficiary, e.program, e.division = event.subject, event.data.program, event.division
    e.status, e.applied_on, e.submitted_by = "applied", event.effective, event.actor
    e.kin = tuple(event.data.kin)
    e.notice_until = None
    e.objections.clear()


def _assessed(e: Enrollment, event: Event[ev.EligibilityAssessed]) -> None:
    e.status, e.eligible, e.rule = "assessed", event.data.eligible, event.data.rule
    e.assessed_on = event.effective


def _reviewed(e: Enrollment, event: Event[ev.EligibilityReviewed]) -> None:
    if event.effective > day_of(event.time):
        e.ahead[event.effective] = event.division
        return
    e.division = event.division
    e.ahead = {since: there for since, there in e.ahead.items() if since > event.effective}
    if e.status not in PENDING:  # an application is held to the facts of its own day
        e.eligible = event.data.eligible


def _noticed(e: Enrollment, event: Event[ev.NoticePublished]) -> None:
    e.status, e.notice_until = "noticed", event.data.notice_until


def _notice_closed(e: Enrollment, event: Event[ev.NoticeClosed]) -> None:
    e.status = "notice-closed"


def _objected(e: Enrollment, event: Event[ev.ObjectionRaised]) -> None:
    e.objections.add(event.data.objection)


def _objection_resolved(e: Enrollment, event: Event[ev.ObjectionResolved]) -> None:
    e.objections.discard(event.data.objection)


def _approved(e: Enrollment, event: Event[ev.EnrollmentApproved]) -> None:
    d = event.data
    e.status, e.rule, e.end_reason = "approved", d.rule, ""
    if e.applied_on is not None and not e.active_in(month := month_of(e.applied_on)):
        e.applications[month] = e.applied_on  # a month already held stays decided by its own day
    new = Interval(d.start_month, d.end_month or OPEN_ENDED)
    if is_of_a_time_before(new.last, [i.last for i in e.approved]):
        _insert(e, new, d.amount_fen)
        return
    e.amounts = with_amount(e.amounts, new.first, None, d.amount_fen)
    _cut(e.withheld, d.start_month)
    if e.approved:
        e.withheld.append(
            Interval(plus_months(e.approved[-1].last, 1), plus_months(d.start_month, -1))
        )
    e.term = new.last
    e.approved.append(new)


def _insert(e: Enrollment, new: Interval, amount_fen: int | None) -> None:
    """An approval that was found late adds its own months and leaves the later ones as they are:
    what was decided of them, their term and their amount."""
    after = plus_months(new.last, 1)
    e.amounts = with_amount(e.amounts, new.first, after, amount_fen)
    rest = [Interval(after, i.last) for i in e.withheld if i.last >= after > i.first]
    rest += [i for i in e.withheld if i.first >= after]
    _cut(e.withheld, new.first)
    e.withheld += rest
    if not any(after in i for i in e.approved):
        following = min(i.first for i in e.approved if i.first > new.last)
        e.withheld.append(Interval(after, plus_months(following, -1)))
    e.approved = sorted([*e.approved, new], key=lambda i: i.first)


def _rejected(e: Enrollment, event: Event[ev.EnrollmentRejected]) -> None:
    e.status = "rejected"
    e.objections.clear()


def _suspended(e: Enrollment, event: Event[ev.EnrollmentSuspended]) -> None:
    """Nothing is payable from a month on, whatever was decided of later months before."""
    if not (e.status in OVER and follows(event)):
        e.status, e.end_reason = "suspended", event.data.reason
    _cut(e.suspended, event.data.from_month)
    e.suspended.append(Interval(event.data.from_month))
    if not follows(event):
        e.withheld.append(Interval(event.data.from_month))


def _resumed(e: Enrollment, event: Event[ev.EnrollmentResumed]) -> None:
    """Payable from a month on, to the end of the term: takes back suspensions and an end.

    A new application is still decided where what is restored ends with its month or before; where
    it goes on, nothing is left to apply for.
    """
    month, before = event.data.from_month, e.status
    _cut(e.suspended, month)
    if not follows(event):
        _cut(e.withheld, month)
    kept = [i for i in e.approved if i.first <= month]
    if kept and month > kept[-1].last:
        if month == plus_months(kept[-1].last, 1):
            kept[-1].last = e.term
        else:
            kept.append(Interval(month, e.term))
        e.approved = kept
    runs = bool(e.approved) and e.approved[-1].last == e.term
    assert before not in PENDING or e.applied_on is not None, event.id
    needed = e.applied_on is not None and not _go_on(e.approved, month_of(e.applied_on))
    pending = before in PENDING and follows(event) and needed
    if not pending and (runs or not (before in OVER and follows(event))):
        e.status, e.end_reason = "approved", ""


def _ended(e: Enrollment, event: Event[ev.EnrollmentEnded]) -> None:
    if not (e.status in PENDING and follows(event)):
        e.status, e.end_reason = "ended", event.data.reason
    last = event.data.last_month
    e.approved = [i for i in e.approved if i.first <= last] or e.approved[:1]
    for interval in e.approved:  # an approval may have begun while an earlier one ran
        interval.last = min(interval.last, last)
    if not follows(event):
        e.withheld.append(Interval(plus_months(last, 1)))


def follows(event: Event[Any]) -> bool:
    """Whether it follows from a fact, which it names as its cause; else an officer decided it."""
    return event.causationid is not None


def _go_on(approved: list[Interval], month: str) -> bool:
    """Whether one of them goes on after a month."""
    return any(i.last > month for i in approved)


def _cut(intervals: list[Interval], month: str) -> None:
    """Take away a month and all that come after it."""
    before = plus_months(month, -1)
    intervals[:] = [Interval(i.first, min(i.last, before)) for i in intervals if i.first < month]


def _delivered(e: Enrollment, event: Event[ev.ServiceDelivered]) -> None:
    e.delivered.add(f"{event.effective.year}")


def _received(e: Enrollment, event: Event[Any]) -> None:
    if e.received is None:
        e.received = Received()
    received.FOLD[type(event.data)](e.received, event)


_FOLD: dict[type[EventData], Callable[[Enrollment, Event[Any]], None]] = {
    ev.ApplicationSubmitted: _submitted,
    ev.EligibilityAssessed: _assessed,
    ev.EligibilityReviewed: _reviewed,
    ev.NoticePublished: _noticed,
    ev.NoticeClosed: _notice_closed,
    ev.ObjectionRaised: _objected,
    ev.ObjectionResolved: _objection_resolved,
    ev.EnrollmentApproved: _approved,
    ev.EnrollmentRejected: _rejected,
    ev.EnrollmentSuspended: _suspended,
    ev.EnrollmentResumed: _resumed,
    ev.EnrollmentEnded: _ended,
    **granted.FOLD,
    ev.ServiceDelivered: _delivered,
    **dict.fromkeys(received.FOLD, _received),
}


evolve = folding(_FOLD)
"""Take an event into the state."""

ENROLLMENT = StreamKind("enrollment", Enrollment, evolve)
