"""Explanations: whether a beneficiary is paid for a month, by which rule, and why.

It is decided by the domain's own rules, so that it cannot disagree with what was paid. Pure:
records and facts are passed in, and personal data is never opened.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ledger.codec import decode
from ledger.domain.enrollment import ENROLLMENT, Enrollment, period_of
from ledger.domain.events import enrollment as en
from ledger.domain.grant import OUTLIVED, reason_left_out
from ledger.domain.grant import standing as standing_of
from ledger.domain.granted import Grant
from ledger.domain.month import first_day, last_day
from ledger.domain.overpayment import STOP_WORDS
from ledger.domain.program import PROGRAM, Program, find_rule
from ledger.domain.rules import Facts, Finding, Rule, evaluate
from ledger.domain.words import REASONS
from ledger.log.feed import Record
from projections.explain import Entry, entry

Causes = Callable[[str], Record | None]
"""The event of an id."""


class EntitlementExplanation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a beneficiary is paid for a month, by which rule, and why.

    ``outcome`` is settled, in-transit, granted, returned, payable (not yet granted) or not-paid;
    ``reason`` a stable code where it is not settled. ``trace`` has the last findings on the facts.
    """

    beneficiary: str
    program: str
    month: str
    outcome: str
    zh: str
    en: str
    reason: str | None = None
    amount_fen: int = 0
    overpaid_fen: int = 0
    status: str = "none"
    rule: Rule | None = None
    rule_position: int | None = None
    trace: list[Finding] = []
    left_out: list[dict[str, str]] = []
    positions: list[int] = []
    events: list[Entry] = []


OUTCOMES: dict[str, tuple[str, str]] = {
    "settled": ("已到账", "settled"),
    "in-transit": ("已发放,银行处理中", "granted, with the bank"),
    "granted": ("已核定,待付款", "granted, not yet instructed"),
    "returned": ("已退回,待重新付款", "came back, to be paid again"),
    "payable": ("应享受,尚未发放", "payable, not granted yet"),
    "not-paid": ("不发放", "not paid"),
}


def explain_entitlement(
    enrollment: Iterable[Record],
    program: Iterable[Record],
    *,
    beneficiary: str,
    code: str,
    month: str,
    account: str | None,
    facts: Facts,
    left_out: list[dict[str, str]],
    causes: Causes,
) -> EntitlementExplanation:
    """Fold both streams and decide the month anew.

    ``facts`` are those on the month's first day, ``left_out`` what pay runs of the month said.
    Listed are the events of the enrollment, and of ``causes`` those of other streams that some of
    them followed from: the death that ended it, the relief that reached back to the month.
    """
    prog, rule_position = _program(program, month)
    rule = find_rule(prog, last_day(month)) or find_rule(prog, first_day(month))
    e, entries, trace = _enrollment(enrollment, month, causes)
    if not trace and rule is not None:
        trace = evaluate(rule.eligibility, facts)[1]
    outcome, reason, grant = _outcome(e, prog, rule, month=month, account=account, trace=trace)
    if outcome == "payable" and rule is not None and (gone := _outlived(e, rule, month, facts)):
        outcome, reason = "not-paid", gone
    zh, en_text = OUTCOMES[outcome]
    if reason is not None:
        why = _words(reason, e)
        zh, en_text = f"{zh}:{why[0]}", f"{en_text}: {why[1]}"
    amount = grant.amount_fen if grant is not None else 0
    return EntitlementExplanation(
        beneficiary=beneficiary,
        program=code,
        month=month,
        outcome=outcome,
        zh=zh,
        en=en_text,
        reason=reason,
        amount_fen=amount,
        overpaid_fen=grant.amount_fen - grant.right_fen if grant is not None else 0,
        status=e.status,
        rule=rule,
        rule_position=rule_position if rule is not None else None,
        trace=trace,
        left_out=left_out,
        positions=[x.position for x in entries],
        events=entries,
    )


def _program(records: Iterable[Record], month: str) -> tuple[Program, int | None]:
    """The program, and the position of the rule that holds at the month's end."""
    program, found = PROGRAM.new(""), None
    for position, raw in records:
        event = decode(raw)
        PROGRAM.evolve(program, event)
        program.version += 1
        rule = getattr(event.data, "rule", None)
        if rule is not None and rule.valid_from <= last_day(month):
            found = position
    return program, found


def _enrollment(
    records: Iterable[Record], month: str, causes: Causes
) -> tuple[Enrollment, list[Entry], list[Finding]]:
    """The state, the events that bear on the month and why they came, and the last trace."""
    e, listed = ENROLLMENT.new(""), dict[int, Entry]()
    trace: list[Finding] = []
    debts: set[str] = set()
    for position, raw in records:
        event = decode(raw)
        ENROLLMENT.evolve(e, event)
        e.version += 1
        d = event.data
        if isinstance(d, en.EligibilityAssessed | en.EligibilityReviewed):
            trace = list(d.trace)
        if isinstance(d, en.OverpaymentFound) and any(m.month == month for m in d.months):
            debts.add(d.overpayment)
        if _bears_on(d, month, debts):
            listed[position] = entry(position, event)
            cause = causes(event.causationid) if event.causationid is not None else None
            if cause is not None:
                listed[cause[0]] = entry(cause[0], decode(cause[1]))
    return e, [listed[position] for position in sorted(listed)], trace


def _bears_on(d: Any, month: str, debts: set[str]) -> bool:
    debt = getattr(d, "overpayment", None)
    if debt is not None:
        return debt in debts
    paid_for = getattr(d, "month", None)
    return paid_for is None or paid_for == month or getattr(d, "period", None) == month[:4]


def _outcome(
    e: Enrollment,
    program: Program,
    rule: Rule | None,
    *,
    month: str,
    account: str | None,
    trace: list[Finding],
) -> tuple[str, str | None, Grant | None]:
    if e.version == 0:
        met = bool(trace) and all(f.holds for f in trace)
        return "not-paid", "not-applied" if met else "not-eligible", None
    if rule is None:
        return "not-paid", "no-rule", None
    period = period_of(rule, month)
    grants = [g for g in e.grants.values() if g.month == month or g.period == period]
    standing = [g for g in grants if g.status != "reversed"]
    if standing:
        return standing[-1].status, None, standing[-1]
    now = standing_of(e, rule, month, account)
    reason = reason_left_out(now, rule, month, program.payee)
    return ("payable" if reason is None else "not-paid"), reason, None


def _outlived(e: Enrollment, rule: Rule, month: str, facts: Facts) -> str | None:
    """The reason by which a run leaves a month out though no event stopped it; else None."""
    if rule.period != "month" or month in e.applications:
        return None
    failing = {f.fact for f in evaluate(rule.eligibility, facts)[1] if not f.holds}
    return next((why for fact, why in OUTLIVED.items() if fact in failing), None)


_MORE_REASONS = {
    "not-eligible": ("不符合条件且未申请", "does not meet the conditions and has not applied"),
    "no-rule": ("该月没有有效规则", "no rule was in force in the month"),
}


def _words(reason: str, e: Enrollment) -> tuple[str, str]:
    zh, en_text = REASONS.get(reason) or _MORE_REASONS.get(reason) or (reason, reason)
    why = STOP_WORDS.get(e.end_reason)
    if reason in ("ended", "suspended") and e.end_reason:
        why = why or (e.end_reason, e.end_reason)
        return f"{zh}({why[0]})", f"{en_text} ({why[1]})"
    return zh, en_text
