"""Whether one period of an enrollment is to be paid, how much, and the grant that says so.

A grant is decided once for each period of the rule. A pay run decides thousands of them from a
:class:`Standing`, which is what must be known of one enrollment; the same check serves the state
of a single stream, so a line of a run and a line decided anew obey one rule.
"""

from datetime import date
from functools import lru_cache

import msgspec

from ledger.domain.enrollment import Enrollment, amount_in, delivered_for, period_of
from ledger.domain.events import enrollment as ev
from ledger.domain.money import Money
from ledger.domain.month import first_day
from ledger.domain.refusals import (
    AlreadyGranted,
    AmountAboveCap,
    MonthAfterEnd,
    MonthBeforeEnrollment,
    NotEligible,
)
from ledger.domain.rules import Rule

OUTLIVED = {"certified": "certificate-expired", "age": "age"}
"""Facts that change as time passes, with no event, and the reason why a month is not paid then."""


class Standing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a pay run must know of one enrollment, as of the stream version ``version``.

    ``granted`` says whether the run's period is granted already, ``year_fen`` what stands granted
    in the calendar year; ``amount_fen`` is set where the amount was decided individually.
    """

    enrollment: str
    version: int
    beneficiary: str
    division: str
    status: str
    start_month: str
    active: bool
    granted: bool
    year_fen: int
    objections: bool
    delivered: bool
    amount_fen: int | None
    account: str | None


def standing(
    e: Enrollment, rule: Rule, month: str, account: str | None, day: date | None = None
) -> Standing:
    """The standing of a stream's state for one month, in the division of ``day``.

    The day is the month's first unless given.
    """
    year, period = month[:4], period_of(rule, month)
    return Standing(
        enrollment=e.id,
        version=e.version,
        beneficiary=e.beneficiary,
        division=e.division_on(day or first_day(month)),
        status=e.status,
        start_month=e.approved[-1].first if e.approved else "",
        active=e.active_in(month),
        granted=e.granted(period),
        year_fen=sum(
            g.amount_fen
            for g in e.grants.values()
            if g.month[:4] == year and g.status != "reversed"
        ),
        objections=bool(e.objections),
        delivered=delivered_for(e.delivered, period),
        amount_fen=amount_in(e.amounts, month),
        account=account,
    )


def reason_left_out(s: Standing, rule: Rule, month: str, payee: str) -> str | None:
    """Why the month is not paid, a code of ``ledger.domain.words.REASONS``; None if it is payable.

    A month of an earlier approval is paid whatever becomes of a new application.
    """
    if s.objections and not s.active:
        return "objection-open"
    if s.status == "ended" and not s.active:
        return "ended"
    if not s.active:
        if s.status not in ("approved", "suspended", "ended"):
            return "not-approved"
        if month < s.start_month:
            return "before-start"
        return "suspended" if s.status == "suspended" else "ended"
    if s.granted:
        return "already-granted"
    if payee == "provider" and not s.delivered:
        return "not-delivered"
    if payee == "beneficiary" and s.account is None:
        return "no-account"
    if s.amount_fen is None and rule.rate_fen is None:
        return "no-amount"
    if amount_for(s, rule) <= 0:
        return "cap-reached"
    return None


def amount_for(s: Standing, rule: Rule) -> int:
    """The amount of one period in fen: the rule's rate or the decided amount, under the cap.

    A cap bounds the calendar year, so the last payment of a year may be smaller, or nothing.
    """
    wanted = s.amount_fen if s.amount_fen is not None else rule.rate_fen or 0
    if rule.cap_fen is None:
        return wanted
    return max(0, min(wanted, rule.cap_fen - s.year_fen))


def grant(
    s: Standing, rule: Rule, *, program: str, month: str, fund: str, payrun: str, payee: str
) -> ev.SubsidyGranted:
    """The grant of one period, with the facts it stands on.

    Raises :class:`MonthBeforeEnrollment`, :class:`MonthAfterEnd`, :class:`AlreadyGranted`,
    :class:`AmountAboveCap`, or :class:`NotEligible` with the reason's code.
    """
    match reason_left_out(s, rule, month, payee):
        case None:
            pass
        case "before-start":
            raise MonthBeforeEnrollment(month=month, start_month=s.start_month)
        case "ended":
            raise MonthAfterEnd(month=month, last_month="?")
        case "already-granted":
            raise AlreadyGranted(period=period_of(rule, month))
        case "cap-reached":
            raise AmountAboveCap(amount=s.amount_fen or rule.rate_fen, cap=rule.cap_fen)
        case reason:
            raise NotEligible(reason=reason)
    amount_fen = amount_for(s, rule)
    zh, en = _in_words(s.start_month, amount_fen)
    return ev.SubsidyGranted(
        program=program,
        month=month,
        period=period_of(rule, month),
        amount_fen=amount_fen,
        fund=fund,
        rule=rule.valid_from,
        payrun=payrun,
        account=s.account if payee == "beneficiary" else None,
        facts={"start_month": s.start_month},
        zh=zh,
        en=en,
    )


@lru_cache(maxsize=4096)
def _in_words(start_month: str, amount_fen: int) -> tuple[str, str]:
    """The outcome of a grant; thousands of a run share their words."""
    amount = Money(amount_fen)
    return (
        f"自{start_month}起享受,本期{amount}元",
        f"payable from {start_month}: {amount} yuan",
    )


def grant_arrears(
    e: Enrollment, rule: Rule, *, month: str, fund: str, reason: str
) -> ev.ArrearsGranted:
    """A month that should have been paid and was not, at the amount that a run would have paid.

    Raises :class:`MonthBeforeEnrollment`, :class:`MonthAfterEnd`, :class:`AlreadyGranted`,
    :class:`AmountAboveCap` where the year's cap is reached, :class:`NotEligible` without an amount.
    """
    if not e.approved or month < e.first_month:
        raise MonthBeforeEnrollment(month=month, start_month=e.first_month or "?")
    if not e.active_in(month):
        raise MonthAfterEnd(month=month, last_month=e.approved[-1].last)
    if e.granted(period_of(rule, month)):
        raise AlreadyGranted(period=period_of(rule, month))
    s = standing(e, rule, month, None)
    if s.amount_fen is None and rule.rate_fen is None:
        raise NotEligible(reason="no-amount")
    amount_fen = amount_for(s, rule)
    if amount_fen <= 0:
        raise AmountAboveCap(amount=s.amount_fen or rule.rate_fen, cap=rule.cap_fen)
    return ev.ArrearsGranted(
        program=e.program,
        month=month,
        period=period_of(rule, month),
        amount_fen=amount_fen,
        fund=fund,
        rule=rule.valid_from,
        reason=reason,
        zh=f"补发{month}",
        en=f"arrears for {month}",
    )


def of_a_later_year(rule: Rule, since: str, month: str) -> bool:
    """Whether a yearly benefit is paid for a year after that of a month: the one from which it was
    approved, or that of the application.

    The day of application decides its own year; the facts as they are known decide those after.
    """
    return rule.period == "year" and since[:4] < month[:4]


def applied_for(e: Enrollment, month: str) -> date:
    """The day of the application that a month rests on: the last approved one by then."""
    days = [day for applied, day in e.applications.items() if applied <= month]
    found = max(days, default=e.applied_on)
    assert found is not None, f"{e.id} was never applied for"
    return found


def paying_day(month: str, today: date) -> date:
    """The day whose division pays a month: the present one, or the month's first if it is to come.

    Who moved is paid where they live now, and a run made ahead pays where they will live.
    """
    return max(today, first_day(month))


def deciding_day(e: Enrollment, month: str) -> date:
    """The day whose facts decide a month: its first, or the day of an application within it.

    A fact that ends within a month therefore ends the benefit from the month after.
    """
    return e.applications.get(month) or first_day(month)
