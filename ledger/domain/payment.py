"""Money in an enrollment: grants, the bank's results, arrears, overpayments and recoveries.

A grant is decided once for each period of the rule. A pay run decides thousands of them from a
:class:`Standing`, which is what must be known of one enrollment; the same check serves the state
of a single stream, so a line of a run and a line decided anew obey one rule.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

import msgspec

from ledger.domain.enrollment import Enrollment, Grant, period_of
from ledger.domain.errors import (
    AboveGranted,
    AboveOwed,
    AlreadyGranted,
    AmountAboveCap,
    InvalidValue,
    MonthAfterEnd,
    MonthBeforeEnrollment,
    NoSuchGrant,
    NotEligible,
    NotFound,
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


# --- overpayments


def overpayment(
    e: Enrollment,
    *,
    months: list[str],
    reason: str,
    zh: str,
    en: str,
    parts: Mapping[str, int] = MappingProxyType({}),
) -> ev.OverpaymentFound:
    """Paid months that should not have been, as one debt naming each grant.

    ``parts`` says of some months how much of them was too much, in fen; else it is all that no
    debt was found for before. What of a whole month had been paid back and not yet been refunded is
    set off. Raises :class:`NoSuchGrant` for a month of which nothing is kept,
    :class:`AboveGranted` for a part above that, :class:`InvalidValue` for a part of no month.
    """
    grants = [find_grant(e, m, "settled", "returned") for m in months]
    if not grants or len({*months}) < len(months) or not all(g.kept_fen for g in grants):
        raise NoSuchGrant(month=", ".join(months))
    if strange := sorted(parts.keys() - {*months}):
        raise InvalidValue(field="parts", value=strange[0])
    lines = [_overpaid_month(g, parts.get(g.month)) for g in grants]
    whole = [g for g, x in zip(grants, lines, strict=True) if x.amount_fen == g.right_fen]
    return ev.OverpaymentFound(
        program=e.program,
        overpayment=f"{e.id}/{e.version + 1}",
        months=lines,
        amount_fen=sum(x.amount_fen for x in lines),
        offset_fen=sum(g.right_fen - g.kept_fen for g in whole),
        fund=grants[0].fund,
        reason=reason,
        zh=zh,
        en=en,
    )


def _overpaid_month(g: Grant, part_fen: int | None) -> ev.OverpaidMonth:
    fen = g.right_fen if part_fen is None else positive(part_fen)
    if fen > g.kept_fen and fen != g.right_fen:
        raise AboveGranted(month=g.month, amount=fen, granted=g.kept_fen)
    return ev.OverpaidMonth(month=g.month, amount_fen=fen, grant=g.event)


def after_stop(e: Enrollment, month: str) -> EventData | None:
    """What follows, once the bank's word is read, for a month stopped while it was with the bank.

    A debt for what reached the beneficiary, a reversal where nothing did; None if it wasn't
    stopped.
    """
    if e.active_in(month):
        return None
    if not e.grants[month].kept_fen:
        return reverse(e, month=month, reason=e.end_reason or "ended")
    reason = e.end_reason or "ended"
    zh, en = STOP_WORDS.get(reason, ("不再符合条件", "no longer eligible"))
    return overpayment(
        e,
        months=[month],
        reason=reason,
        zh=f"{zh}后多发1个月({month})",
        en=f"1 month overpaid after {en} ({month})",
    )


def cancel_overpayment(
    e: Enrollment, overpayment_id: str, months: list[str]
) -> ev.OverpaymentCancelled:
    """Months of a debt that were owed after all: what is owed of them goes first.

    Then what was collected is due again, in the order of the months, and only then is a waiver
    taken back: the beneficiary kept that money.
    """
    found = e.overpayments[overpayment_id]
    grants = [e.grants[m] for m in months]
    found_fen = {g.month: dict(g.debts)[overpayment_id] for g in grants}
    amount_fen = sum(found_fen.values())
    owed_fen = min(amount_fen, found.owed_fen)
    refund_fen = left_fen = min(amount_fen - owed_fen, found.collected_fen)
    lines = []
    for g in grants:
        back_fen = min(found_fen[g.month], left_fen)
        left_fen -= back_fen
        lines.append(
            ev.CancelledMonth(
                month=g.month,
                amount_fen=found_fen[g.month],
                grant=g.event,
                refund_fen=back_fen,
            )
        )
    span = span_of(months)
    return ev.OverpaymentCancelled(
        program=e.program,
        overpayment=overpayment_id,
        months=lines,
        amount_fen=amount_fen,
        owed_fen=owed_fen,
        refund_fen=refund_fen,
        fund=found.fund,
        reason="owed-after-all",
        zh=f"{len(months)}个月({span})应发,撤销多发认定",
        en=f"{len(months)} months ({span}) were owed after all",
    )


def span_of(months: list[str]) -> str:
    """The first month, and the last one if there are several, as words for a reader."""
    return months[0] if len(months) == 1 else f"{months[0]}-{months[-1]}"


def collect(
    e: Enrollment, *, overpayment_id: str, amount_fen: int, method: str, receipt: str
) -> EventData:
    """Money paid back; never more than is owed."""
    owed = _owed(e, overpayment_id, amount_fen)
    return ev.RecoveryCollected(
        program=e.program,
        overpayment=overpayment_id,
        amount_fen=amount_fen,
        fund=owed,
        method=method,
        receipt=receipt,
    )


def waive(
    e: Enrollment, *, overpayment_id: str, amount_fen: int, reason: str, document: str
) -> EventData:
    """A debt given up, with the document that allows it."""
    owed = _owed(e, overpayment_id, amount_fen)
    return ev.RecoveryWaived(
        program=e.program,
        overpayment=overpayment_id,
        amount_fen=amount_fen,
        fund=owed,
        reason=reason,
        document=document,
    )


def _owed(e: Enrollment, overpayment_id: str, amount_fen: int) -> str:
    """The fund of a debt that still covers the amount."""
    found = e.overpayments.get(overpayment_id)
    if found is None:
        raise NotFound(what=overpayment_id)
    if positive(amount_fen) > found.owed_fen:
        raise AboveOwed(amount=amount_fen, owed=found.owed_fen)
    return found.fund


def deciding_day(e: Enrollment, month: str) -> date:
    """The day whose facts decide a month: its first, or the day of an application within it.

    A fact that ends within a month therefore ends the benefit from the month after.
    """
    return e.applications.get(month) or first_day(month)
