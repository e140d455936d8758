"""The way into an enrollment: application, assessment, notice, objections, approval, and out.

All decisions are pure: they take the enrollment's state and values, and return events or raise an
error with a stable code. What is paid is decided in ``payment.py``.
"""

from collections.abc import Callable
from datetime import date

from ledger.domain.enrollment import PENDING, Enrollment
from ledger.domain.errors import NotFound, OutOfOrder
from ledger.domain.events import enrollment as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.money import Money, positive
from ledger.domain.month import Month, month_of
from ledger.domain.refusals import (
    AmountAboveCap,
    Excluded,
    FourEyes,
    KinMustRecuse,
    MonthAfterEnd,
    MonthBeforeEnrollment,
    NotEligible,
    NoticeRunning,
    NoticeTooEarly,
    NoticeTooShort,
    ObjectionOpen,
)
from ledger.domain.rules import Facts, Finding, Rule, evaluate


def submit(
    e: Enrollment, *, month: Month, now: Month, program: str, kin: list[str], documents: list[str]
) -> EventData:
    """An application in a month; a second one only after the first was rejected or has ended."""
    if not may_apply(e, month, now):
        raise OutOfOrder(status=e.status, step="submit")
    return ev.ApplicationSubmitted(program=program, kin=kin, documents=documents)


def may_apply(e: Enrollment, month: Month, now: Month) -> bool:
    """Whether an application in a month can be taken in now.

    What ends may be applied for anew from its last month on: two approvals never run beside each
    other. Of a time before what has ended there may be one that was found late.
    """
    over = e.status in ("none", "rejected", "ended")
    return not e.goes_on_after(now if over else month)


def assess(e: Enrollment, rule: Rule, facts: Facts) -> EventData:
    """Hold the facts against the rule; the outcome and its trace are the event.

    Anew where they were found wanting: what was known then may have been an error.
    """
    if e.status != "assessed" or e.eligible:
        _must_be(e, "assess", "applied")
    eligible, trace = evaluate(rule.eligibility, facts)
    zh, en = in_words(eligible, trace)
    return ev.EligibilityAssessed(
        program=e.program, eligible=eligible, rule=rule.valid_from, trace=trace, zh=zh, en=en
    )


def in_words(eligible: bool, trace: list[Finding]) -> tuple[str, str]:
    """The outcome of an assessment in Chinese and English."""
    if eligible:
        return "符合全部条件", "meets every condition"
    failed = [f for f in trace if not f.holds]
    zh, en = "、".join(f.zh for f in failed), ", ".join(f.en for f in failed)
    return f"不符合:{zh}", f"does not meet: {en}"


def publish_notice(e: Enrollment, rule: Rule, *, start: date, until: date, place: str) -> EventData:
    """A public notice of at least the rule's days (both the first and the last day count)."""
    _must_be(e, "notice", "assessed")
    if not e.eligible:
        raise NotEligible(reason="assessment")
    check_notice(rule.notice_days, start, until, since=e.assessed_on)
    return ev.NoticePublished(program=e.program, notice_from=start, notice_until=until, place=place)


def check_notice(days: int, start: date, until: date, *, since: date | None) -> None:
    """Raise :class:`NoticeTooShort` unless the notice spans at least ``days`` days.

    ``since`` is from when what is noticed holds: :class:`NoticeTooEarly` when the notice begins
    before, since nobody can have read it then.
    """
    if since is not None and start < since:
        raise NoticeTooEarly(since=since)
    if (until - start).days + 1 < days:
        raise NoticeTooShort(days=days)


def raise_objection(e: Enrollment, *, objection: str, ground: str) -> EventData:
    """Anyone may object while the notice runs."""
    _must_be(e, "object", "noticed")
    if objection in e.objections:
        raise OutOfOrder(status="objected", step=objection)
    return ev.ObjectionRaised(program=e.program, objection=objection, ground=ground)


def resolve_objection(
    e: Enrollment, *, objection: str, upheld: bool, reason: str
) -> list[EventData]:
    """Settle an objection; one that is upheld rejects the application."""
    if objection not in e.objections:
        raise NotFound(what=objection)
    resolved = ev.ObjectionResolved(
        program=e.program, objection=objection, upheld=upheld, reason=reason
    )
    return [resolved, *([reject(e, reason="objection-upheld")] if upheld else [])]


def close_notice(e: Enrollment, *, today: date) -> EventData:
    """After its last day, with no objection open."""
    _must_be(e, "close-notice", "noticed")
    assert e.notice_until is not None
    if today <= e.notice_until:
        raise NoticeRunning(until=e.notice_until)
    if e.objections:
        raise ObjectionOpen()
    return ev.NoticeClosed(program=e.program)


def approve(
    e: Enrollment,
    rule: Rule,
    *,
    actor: str,
    start_month: Month | None = None,
    end_month: Month | None = None,
    amount_fen: int | None = None,
) -> EventData:
    """Approve what was assessed and, where the rule wants it, noticed.

    Counted from the month of application unless a later month is given. An amount is set here
    only where the rule has no rate, and at most its cap. Raises :class:`FourEyes` for the officer
    who submitted, :class:`KinMustRecuse` for declared kin.
    """
    _must_be(e, "approve", "notice-closed" if rule.notice_days else "assessed")
    if not e.eligible:
        raise NotEligible(reason="assessment")
    if actor == e.submitted_by:
        raise FourEyes(actor=actor)
    if actor in e.kin:
        raise KinMustRecuse(actor=actor)
    assert e.applied_on is not None
    earliest = month_of(e.applied_on)
    start = start_month or earliest
    if start < earliest:
        raise MonthBeforeEnrollment(month=start, start_month=earliest)
    if end_month is not None and end_month < start:
        raise MonthAfterEnd(month=start, last_month=end_month)
    _check_individual_amount(rule, amount_fen)
    shown = amount_fen if amount_fen is not None else rule.rate_fen
    return ev.EnrollmentApproved(
        program=e.program,
        rule=rule.valid_from,
        start_month=start,
        end_month=end_month,
        amount_fen=amount_fen,
        zh=f"自{start}起" + (f",标准{Money(shown)}元" if shown else ""),
        en=f"from {start}" + (f", {Money(shown)} yuan" if shown else ""),
    )


def _check_individual_amount(rule: Rule, amount_fen: int | None) -> None:
    if amount_fen is None:
        return
    positive(amount_fen)
    limit = rule.cap_fen if rule.cap_fen is not None else rule.rate_fen
    if limit is None or amount_fen > limit:
        raise AmountAboveCap(amount=amount_fen, cap=limit or 0)


def reject(e: Enrollment, *, reason: str, zh: str = "", en: str = "") -> EventData:
    """Refuse an application that is not yet approved."""
    _must_be(e, "reject", "applied", "assessed", "noticed", "notice-closed")
    return ev.EnrollmentRejected(
        program=e.program, reason=reason, zh=zh or "不予批准", en=en or "not approved"
    )


def check_exclusions(rule: Rule, facts: Facts, held: Callable[[str], bool]) -> None:
    """Raise :class:`Excluded` when an allowance or a program that is held bars this rule.

    ``held`` tells whether the beneficiary is active in another program of ours. Under higher-of,
    an allowance by others bars ours only where it is at least as high.
    """
    for x in rule.exclusions:
        if is_excluded(x.other, x.mode, rule, facts, held):
            raise Excluded(other=x.other)


def is_excluded(
    other: str, mode: str, rule: Rule, facts: Facts, held: Callable[[str], bool]
) -> bool:
    """One exclusion, on the facts of a day."""
    if other == "extreme-poverty-support":
        return bool(facts.get("extreme_poverty"))
    if other in facts:
        monthly_fen = int(facts[other] or 0)
        if mode == "higher-of":
            return monthly_fen > 0 and monthly_fen >= (rule.rate_fen or 0)
        return monthly_fen > 0
    return held(other)


def suspend(e: Enrollment, *, from_month: Month, reason: str) -> EventData:
    """Not payable from a month on, until resumed. An application that is pending is decided first:
    the enrollment has one standing, and the suspension would take the application's place.
    """
    if e.status in PENDING or not e.active_in(from_month):
        raise OutOfOrder(status=e.status, step="suspend")
    return ev.EnrollmentSuspended(program=e.program, from_month=from_month, reason=reason)


def resume(e: Enrollment, *, from_month: Month, reason: str) -> EventData:
    """Payable again from a month on, after a suspension or an end.

    One that goes on already may be resumed from an earlier month, which had been left out.
    """
    if e.status not in ("approved", "suspended", "ended") or e.active_in(from_month):
        raise OutOfOrder(status=e.status, step="resume")
    if from_month < e.first_month:
        raise MonthBeforeEnrollment(month=from_month, start_month=e.first_month)
    if from_month > e.term:
        raise MonthAfterEnd(month=from_month, last_month=e.term)
    return ev.EnrollmentResumed(program=e.program, from_month=from_month, reason=reason)


def end(e: Enrollment, *, last_month: Month, reason: str, zh: str = "", en: str = "") -> EventData:
    """The last payable month is set; grants after it are for ``corrections``."""
    if e.status not in ("approved", "suspended"):
        raise OutOfOrder(status=e.status, step="end")
    return ev.EnrollmentEnded(
        program=e.program,
        last_month=last_month,
        reason=reason,
        zh=zh or "停止享受",
        en=en or "ended",
    )


def must_be_active(e: Enrollment, step: str) -> None:
    """Raise :class:`OutOfOrder` unless approved and neither suspended nor ended."""
    _must_be(e, step, "approved")


def _must_be(e: Enrollment, step: str, *statuses: str) -> None:
    if e.status not in statuses:
        raise OutOfOrder(status=e.status, step=step)
