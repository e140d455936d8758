"""Overpayments of an enrollment: what was paid and should not have been, and what is recovered.

A debt is of months, or of what was too much of a month; of one grant no more is ever found than was
granted (:class:`~ledger.domain.enrollment.Grant`). It shrinks by what is collected, waived, or
found to have been owed after all; never below nothing. Recoveries are of a debt as a whole.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ledger.domain.enrollment import Enrollment
from ledger.domain.errors import InvalidValue, NotFound, OutOfOrder
from ledger.domain.events import enrollment as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.granted import Grant
from ledger.domain.money import positive
from ledger.domain.month import span_of
from ledger.domain.payment import find_grant, reverse
from ledger.domain.refusals import AboveGranted, AboveOwed, NoSuchGrant

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
    e: Enrollment,
    overpayment_id: str,
    months: list[str],
    *,
    reason: str = "owed-after-all",
    document: str | None = None,
) -> ev.OverpaymentCancelled:
    """Months of a debt that were owed after all: what is owed of them goes first.

    ``document`` is what an officer's decision rests on. Then what was collected is due again, in
    the order of the months, and only then is a waiver taken back: the beneficiary kept that money.
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
    under = f"({document})" if document is not None else ""
    return ev.OverpaymentCancelled(
        program=e.program,
        overpayment=overpayment_id,
        months=lines,
        amount_fen=amount_fen,
        owed_fen=owed_fen,
        refund_fen=refund_fen,
        fund=found.fund,
        reason=reason,
        zh=f"{len(months)}个月({span})应发,撤销多发认定{under}",
        en=f"{len(months)} months ({span}) were owed after all{under and ' ' + under}",
    )


def still_owed_after_all(e: Enrollment, overpayment_id: str) -> list[str]:
    """The months of a debt that are payable, so that an officer may take it back for them.

    Raises :class:`NotFound` for no debt, :class:`OutOfOrder` where none of its months is payable:
    a debt that a stop made goes with the stop.
    """
    if overpayment_id not in e.overpayments:
        raise NotFound(what=overpayment_id)
    months = [
        m
        for m, g in sorted(e.grants.items())
        if overpayment_id in dict(g.debts) and g.may_be_owed_after_all and e.active_in(m)
    ]
    if not months:
        raise OutOfOrder(status="not-payable", step="cancel-overpayment")
    return months


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
