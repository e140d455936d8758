"""Double entry: the postings of an event, by one pure function over events.

Accounts follow the plain-text-accounting convention (a root, then names joined by colons). Debits
are positive, credits negative, and the postings of every event sum to zero. Two kinds of account:
money and goods (``Assets``, ``Liabilities``, ``Income``, ``Expenses``), and the budget's memo
accounts (``Budget``), which record what is set aside before anything moves.

What a program has disbursed, net of returns and recoveries, is what its postings took out of
``Assets:Cash`` and ``Assets:Goods``: only postings that name a program count.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import payrun as pr
from ledger.domain.events.envelope import Event, EventData


class Posting(NamedTuple):
    """One leg. ``program`` is None where money enters a fund for no program in particular."""

    account: str
    fund: str | None
    program: str | None
    division: str
    amount_fen: int


CASH = "Assets:Cash"
GOODS = "Assets:Goods"
RECEIVABLE = "Assets:Receivable"
PAYABLE = "Liabilities:Payable"
IN_TRANSIT = "Liabilities:InTransit"
APPROPRIATION = "Income:Appropriation"
DONATION = "Income:Donation"
IN_KIND = "Income:InKind"
EXPENSE = "Expenses:Benefits"
WAIVED = "Expenses:Waived"
COMMITTED = "Budget:Committed"
RESERVE = "Budget:Reserve"

ACCOUNTS = (
    CASH,
    GOODS,
    RECEIVABLE,
    PAYABLE,
    IN_TRANSIT,
    APPROPRIATION,
    DONATION,
    IN_KIND,
    EXPENSE,
    WAIVED,
    COMMITTED,
    RESERVE,
)
DISBURSING = frozenset((CASH, GOODS))
"""Accounts whose credits, where a program is named, are what the program disbursed."""

Postings = tuple[Posting, ...]


def postings(event: Event[Any]) -> Postings:
    """The event's postings, summing to zero; empty for an event that moves no money."""
    rule = _RULES.get(type(event.data))
    return rule(event) if rule is not None else ()


def _move(debit: str, credit: str) -> Callable[[Event[Any]], Postings]:
    """A rule for an event of one amount, with ``fund`` and ``program`` in its data."""

    def rule(event: Event[Any]) -> Postings:
        d = event.data
        return (
            Posting(debit, d.fund, d.program, event.division, d.amount_fen),
            Posting(credit, d.fund, d.program, event.division, -d.amount_fen),
        )

    return rule


def _arrears(event: Event[en.ArrearsGranted]) -> Postings:
    """As a grant; the commitment that was made for it alone is used up."""
    d = event.data
    return (
        Posting(EXPENSE, d.fund, d.program, event.division, d.amount_fen),
        Posting(PAYABLE, d.fund, d.program, event.division, -d.amount_fen),
        Posting(COMMITTED, d.fund, d.program, event.division, -d.amount_fen),
        Posting(RESERVE, d.fund, d.program, event.division, d.amount_fen),
    )


def _found(event: Event[en.OverpaymentFound]) -> Postings:
    """The expense goes; what was still due for these months meets a part of the debt."""
    d = event.data
    owed_fen = d.amount_fen - d.offset_fen
    return _legs(event, {RECEIVABLE: owed_fen, PAYABLE: d.offset_fen, EXPENSE: -d.amount_fen})


def _cancelled(event: Event[en.OverpaymentCancelled]) -> Postings:
    """The expense comes back; what had been paid back is payable again."""
    d = event.data
    return _legs(
        event,
        {
            EXPENSE: d.amount_fen,
            RECEIVABLE: -d.owed_fen,
            PAYABLE: -d.refund_fen,
            WAIVED: -en.waived_of(d),
        },
    )


def _legs(event: Event[Any], amounts_fen: dict[str, int]) -> Postings:
    """A posting for each account whose amount isn't zero."""
    d = event.data
    return tuple(
        Posting(account, d.fund, d.program, event.division, fen)
        for account, fen in amounts_fen.items()
        if fen
    )


def _returned(event: Event[en.PaymentReturned]) -> Postings:
    return (_REFUND if event.data.after_settlement else _NOT_ARRIVED)(event)


def _issued(event: Event[pr.PayRunIssued]) -> Postings:
    """The whole run goes to the bank, and its commitment is used up."""
    d = event.data
    legs: list[Posting] = []
    for division, amount in sorted(d.by_division.items()):
        legs.append(Posting(PAYABLE, d.fund, d.program, division, amount))
        legs.append(Posting(IN_TRANSIT, d.fund, d.program, division, -amount))
    if d.total_fen:
        legs.append(Posting(COMMITTED, d.fund, d.program, event.division, -d.total_fen))
        legs.append(Posting(RESERVE, d.fund, d.program, event.division, d.total_fen))
    return tuple(legs)


def _committed(event: Event[fu.FundsCommitted]) -> Postings:
    d = event.data
    return (
        Posting(COMMITTED, d.fund, d.program, event.division, d.amount_fen),
        Posting(RESERVE, d.fund, d.program, event.division, -d.amount_fen),
    )


def _released(event: Event[fu.CommitmentReleased]) -> Postings:
    """What a reversed grant gives back was taken off the memo accounts when it was granted."""
    d = event.data
    if d.reason == fu.GRANT_REVERSED:
        return ()
    return (
        Posting(COMMITTED, d.fund, d.program, event.division, -d.amount_fen),
        Posting(RESERVE, d.fund, d.program, event.division, d.amount_fen),
    )


def _appropriated(event: Event[fu.FundsAppropriated]) -> Postings:
    d = event.data
    return (
        Posting(CASH, d.fund, None, event.division, d.amount_fen),
        Posting(APPROPRIATION, d.fund, None, event.division, -d.amount_fen),
    )


def _donated(event: Event[fu.DonationReceived]) -> Postings:
    d = event.data
    return (
        Posting(CASH if d.form == "cash" else GOODS, d.fund, None, event.division, d.amount_fen),
        Posting(DONATION, d.fund, None, event.division, -d.amount_fen),
    )


def _goods(event: Event[en.GoodsDistributed] | Event[en.DeviceFitted]) -> Postings:
    """Donated goods leave the store, and the commitment that held them is used up."""
    d = event.data
    if d.fund is None or not d.value_fen:
        return ()
    return (
        Posting(EXPENSE, d.fund, d.program, event.division, d.value_fen),
        Posting(GOODS, d.fund, d.program, event.division, -d.value_fen),
        Posting(COMMITTED, d.fund, d.program, event.division, -d.value_fen),
        Posting(RESERVE, d.fund, d.program, event.division, d.value_fen),
    )


def _pass(event: Event[en.PassIssued] | Event[en.PassRecharged]) -> Postings:
    """A travel pass costs no fund anything: its value is an expense met by income in kind."""
    d = event.data
    if not d.value_fen:
        return ()
    return (
        Posting(EXPENSE, None, d.program, event.division, d.value_fen),
        Posting(IN_KIND, None, d.program, event.division, -d.value_fen),
    )


_NOT_ARRIVED = _move(IN_TRANSIT, PAYABLE)
_REFUND = _move(CASH, PAYABLE)

_RULES: dict[type[EventData], Callable[[Event[Any]], Postings]] = {
    fu.FundsAppropriated: _appropriated,
    fu.FundsCommitted: _committed,
    fu.CommitmentReleased: _released,
    fu.DonationReceived: _donated,
    pr.PayRunIssued: _issued,
    en.SubsidyGranted: _move(EXPENSE, PAYABLE),
    en.ArrearsGranted: _arrears,
    en.PaymentInstructed: _move(PAYABLE, IN_TRANSIT),
    en.PaymentSettled: _move(IN_TRANSIT, CASH),
    en.ContributionPaid: _move(IN_TRANSIT, CASH),
    en.PaymentReturned: _returned,
    en.GrantReversed: _move(PAYABLE, EXPENSE),
    en.OverpaymentFound: _found,
    en.OverpaymentCancelled: _cancelled,
    en.RecoveryCollected: _move(CASH, RECEIVABLE),
    en.RecoveryWaived: _move(WAIVED, RECEIVABLE),
    en.DeviceFitted: _goods,
    en.GoodsDistributed: _goods,
    en.PassIssued: _pass,
    en.PassRecharged: _pass,
}

MOVING = frozenset(_RULES)
"""Types of data whose events may move money."""
