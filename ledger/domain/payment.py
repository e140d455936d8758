"""Money in an enrollment: grants, the bank's results and arrears. Debts are in ``debts.py``.

A grant is decided once for each period of the rule. A pay run decides thousands of them from a
:class:`Standing`, which is what must be known of one enrollment; the same check serves the state
of a single stream, so a line of a run and a line decided anew obey one rule.
"""

from datetime import date
from functools import lru_cache

import msgspec

from ledger.domain.enrollment import Enrollment, Grant, period_of
from ledger.domain.errors import (
    AlreadyGranted,
    AmountAboveCap,
    MonthAfterEnd,
    MonthBeforeEnrollment,
    NoSuchGrant,
    NotEligible,
    OutOfOrder,
)
from ledger.domain.events import enrollment as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.money import Money, positive
from ledger.domain.month import first_day
from ledger.domain.rules import Rule

REASONS: dict[str, tuple[str, str]] = {
    "not-approved": ("尚未批准", "not approved yet"),
    "ended": ("已停止享受", "ended"),
    "suspended": ("暂停享受", "suspended"),
    "before-start": ("未到起始月", "before the start month"),
    "already-granted": ("本期已发放", "already granted for this period"),
    "objection-open": ("异议尚未处理", "an objection is open"),
    "no-account": ("没有收款账户", "no bank account"),
    "cap-reached": ("已达年度上限", "the yearly cap is reached"),
    "no-amount": ("尚未核定金额", "no amount was decided"),
    "not-delivered": ("服务尚未完成", "the service was not delivered yet"),
    "not-applied": ("符合条件但未申请", "eligible by the facts, has not applied"),
    "objection-upheld": ("异议成立", "an objection was upheld"),
    "moved-on": ("情况已变化", "the record moved on"),
}
"""Why a month is not paid: a stable code, in words in Chinese and English."""


STOP_WORDS = {
    "alive": ("死亡", "death"),
    "resident": ("迁出本市", "moved away"),
    "certified": ("残疾人证失效", "the certificate lapsed"),
    "in_custody": ("服刑", "custody"),
    "low_income": ("不再享受低保", "low income ended"),
    "grade": ("等级变更", "regraded"),
    "category": ("类别变更", "recategorized"),
}
"""In words, why a benefit stopped, by the fact that failed."""


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


def standing(e: Enrollment, rule: Rule, month: str, account: str | None) -> Standing:
    """The standing of a stream's state for one month."""
    year = month[:4]
    return Standing(
        enrollment=e.id,
        version=e.version,
        beneficiary=e.beneficiary,
        division=e.division,
        status=e.status,
        start_month=e.approved[-1].first if e.approved else "",
        active=e.active_in(month),
        granted=e.granted(period_of(rule, month)),
        year_fen=sum(
            g.amount_fen
            for g in e.grants.values()
            if g.month[:4] == year and g.status != "reversed"
        ),
        objections=bool(e.objections),
        delivered=e.delivered,
        amount_fen=e.amount_fen,
        account=account,
    )


def reason_left_out(s: Standing, rule: Rule, month: str, payee: str) -> str | None:
    """Why the month is not paid, as a code of :data:`REASONS`; None when it is to be paid."""
    if s.objections:
        return "objection-open"
    if s.status == "ended" and not s.active:
        return "ended"
    if s.status not in ("approved", "suspended", "ended"):
        return "not-approved"
    if not s.active:
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


# --- the bank's result


def find_grant(e: Enrollment, month: str, *statuses: str) -> Grant:
    """The grant of a month in one of the states; :class:`NoSuchGrant` otherwise."""
    found = e.grants.get(month)
    if found is None or found.status not in statuses:
        raise NoSuchGrant(month=month)
    return found


def must_be_single(e: Enrollment, month: str, step: str) -> None:
    """Raise :class:`OutOfOrder` for a line of a pay run whose result is yet to be read."""
    found = e.grants.get(month)
    if found is not None and found.awaits_run:
        raise OutOfOrder(status="in-pay-run", step=step)


def settle(e: Enrollment, *, month: str, receipt: str, insurer: bool) -> EventData:
    """The money arrived. A premium's settlement is the insurer's receipt."""
    g = find_grant(e, month, "in-transit")
    kind = ev.ContributionPaid if insurer else ev.PaymentSettled
    return kind(
        program=e.program,
        month=month,
        amount_fen=g.due_fen,
        fund=g.fund,
        payrun=g.payrun,
        receipt=receipt,
    )


def bounce(e: Enrollment, *, month: str, reason: str) -> EventData:
    """The money did not arrive, or came back after it had.

    What comes back of a debt is collected and no return: so of a month that is partly one less
    comes back. Raises :class:`OutOfOrder` for a month that is wholly one.
    """
    g = find_grant(e, month, "in-transit", "settled")
    if g.status == "settled" and not g.kept_fen:
        raise OutOfOrder(status="overpaid", step="return")
    return ev.PaymentReturned(
        program=e.program,
        month=month,
        amount_fen=g.due_fen if g.status == "in-transit" else min(g.due_fen, g.kept_fen),
        fund=g.fund,
        payrun=g.payrun,
        reason=reason,
        after_settlement=g.status == "settled",
    )


def instruct(e: Enrollment, *, month: str, account: str | None, reason: str) -> EventData:
    """Send a grant to the bank outside a run: arrears, or again after a return."""
    g = find_grant(e, month, "granted", "returned")
    if account is None:
        raise NotEligible(reason="no-account")
    return ev.PaymentInstructed(
        program=e.program,
        month=month,
        amount_fen=g.due_fen,
        fund=g.fund,
        account=account,
        reason=reason,
    )


def reverse(e: Enrollment, *, month: str, reason: str) -> EventData:
    """Take back a grant of which nothing is with the beneficiary or on its way, but for debts."""
    g = find_grant(e, month, "granted", "returned")
    if g.kept_fen:
        raise NoSuchGrant(month=month)
    return ev.GrantReversed(
        program=e.program,
        month=month,
        amount_fen=g.due_fen,
        fund=g.fund,
        grant=g.event,
        reason=reason,
    )


def grant_arrears(
    e: Enrollment, rule: Rule, *, month: str, fund: str, reason: str
) -> ev.ArrearsGranted:
    """A month that should have been paid and was not.

    Raises :class:`MonthBeforeEnrollment`, :class:`MonthAfterEnd` or :class:`AlreadyGranted`.
    """
    if not e.approved or month < e.approved[0].first:
        first = e.approved[0].first if e.approved else "?"
        raise MonthBeforeEnrollment(month=month, start_month=first)
    if not e.active_in(month):
        raise MonthAfterEnd(month=month, last_month=e.approved[-1].last)
    if e.granted(period_of(rule, month)):
        raise AlreadyGranted(period=period_of(rule, month))
    amount_fen = positive(e.amount_fen if e.amount_fen is not None else rule.rate_fen)
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


def span_of(months: list[str]) -> str:
    """The first month, and the last one if there are several, as words for a reader."""
    return months[0] if len(months) == 1 else f"{months[0]}-{months[-1]}"


def deciding_day(e: Enrollment, month: str) -> date:
    """The day whose facts decide a month: its first, or the day of an application within it.

    A fact that ends within a month therefore ends the benefit from the month after.
    """
    return e.applications.get(month) or first_day(month)
