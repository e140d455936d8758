"""Payments of an enrollment's grants: sent to the bank, arrived, returned, or reversed unpaid."""

from ledger.domain.enrollment import Enrollment
from ledger.domain.errors import OutOfOrder
from ledger.domain.events import enrollment as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.granted import Grant
from ledger.domain.refusals import NoSuchGrant, NotEligible


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
