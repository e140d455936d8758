"""The months granted in an enrollment, what became of their money, and what is owed back of it.

The state and its fold, a part of the enrollment's in ``enrollment.py``. The decisions are in
``grant.py``, ``payment.py`` and ``overpayment.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ledger.domain.events import enrollment as ev
from ledger.domain.events.envelope import Event, EventData


@dataclass(slots=True)
class Grant:
    """A month granted. ``status``: granted, in-transit, settled, returned or reversed.

    ``due_fen`` is what its next payment carries, or its last one did: the whole amount, unless a
    part of it had been paid back or came back and is due again. ``debts`` are the overpayments that
    it is a month of, each with what it found of it, in fen: never more together than was granted.
    ``awaits_run``: the bank's word on it comes with the result of its pay run.
    """

    month: str
    period: str
    amount_fen: int
    fund: str
    event: str
    status: str
    due_fen: int
    payrun: str | None = None
    debts: tuple[tuple[str, int], ...] = ()
    awaits_run: bool = False

    @property
    def held_fen(self) -> int:
        """What of it has reached the beneficiary and is not due again."""
        match self.status:
            case "settled":
                return self.amount_fen
            case "reversed":
                return 0
            case _:
                return self.amount_fen - self.due_fen

    @property
    def right_fen(self) -> int:
        """What of it no overpayment was found for."""
        return self.amount_fen - sum(fen for _, fen in self.debts)

    @property
    def kept_fen(self) -> int:
        """What of that has reached the beneficiary and is not due again."""
        return max(0, self.held_fen - self.amount_fen + self.right_fen)

    @property
    def may_be_owed_after_all(self) -> bool:
        """Whether a debt of it can be taken back: not before the bank's word is read, and not once
        it is reversed, since then the month is granted anew and what was kept of it is still owed.
        """
        return self.status not in ("in-transit", "reversed")


@dataclass(slots=True)
class Overpayment:
    """What is owed back: found, less what was collected and waived.

    ``decided``: an officer found it in months that are payable, so that no fact takes it back.
    """

    amount_fen: int
    fund: str
    owed_fen: int
    collected_fen: int = 0
    decided: bool = False


class Holder(Protocol):
    """What of an enrollment's state is money; see :class:`~ledger.domain.enrollment.Enrollment`."""

    grants: dict[str, Grant]
    overpayments: dict[str, Overpayment]

    def active_in(self, month: str) -> bool: ...


# --- the fold


def _granted(e: Holder, event: Event[ev.SubsidyGranted]) -> None:
    d = event.data
    # A run instructs the bank for all its grants at once (PayRunIssued).
    e.grants[d.month] = Grant(
        d.month,
        d.period,
        d.amount_fen,
        d.fund,
        event.id,
        "in-transit",
        d.amount_fen,
        d.payrun,
        awaits_run=True,
    )


def _arrears(e: Holder, event: Event[ev.ArrearsGranted]) -> None:
    d = event.data
    e.grants[d.month] = Grant(
        d.month, d.period, d.amount_fen, d.fund, event.id, "granted", d.amount_fen
    )


def _status(status: str) -> Callable[[Holder, Event[Any]], None]:
    def fold(e: Holder, event: Event[Any]) -> None:
        grant = e.grants[event.data.month]
        grant.status, grant.awaits_run = status, False

    return fold


def _returned(e: Holder, event: Event[ev.PaymentReturned]) -> None:
    """What came back is due again: after settlement, less what of it is owed back anyway."""
    grant = e.grants[event.data.month]
    grant.status, grant.awaits_run = "returned", False
    grant.due_fen = event.data.amount_fen


def _overpaid(e: Holder, event: Event[ev.OverpaymentFound]) -> None:
    d = event.data
    e.overpayments[d.overpayment] = Overpayment(
        d.amount_fen,
        d.fund,
        d.amount_fen - d.offset_fen,
        collected_fen=d.offset_fen,
        decided=all(e.active_in(each.month) for each in d.months),
    )
    for each in d.months:
        grant = e.grants[each.month]
        grant.debts = (*grant.debts, (d.overpayment, each.amount_fen))
        if not grant.right_fen:  # what was due of it is set off
            grant.status, grant.due_fen = "settled", grant.amount_fen


def _cancelled(e: Holder, event: Event[ev.OverpaymentCancelled]) -> None:
    """The grants stand again; what had been paid back of them is as good as returned."""
    d = event.data
    debt = e.overpayments[d.overpayment]
    debt.amount_fen -= d.amount_fen
    debt.owed_fen -= d.owed_fen
    debt.collected_fen -= d.refund_fen
    for each in d.months:
        grant = e.grants[each.month]
        grant.debts = tuple(x for x in grant.debts if x[0] != d.overpayment)
        if each.refund_fen:
            due_fen = grant.due_fen if grant.status == "returned" else 0
            grant.status, grant.due_fen = "returned", due_fen + each.refund_fen


def _collected(e: Holder, event: Event[ev.RecoveryCollected]) -> None:
    debt = e.overpayments[event.data.overpayment]
    debt.owed_fen -= event.data.amount_fen
    debt.collected_fen += event.data.amount_fen


def _waived(e: Holder, event: Event[ev.RecoveryWaived]) -> None:
    e.overpayments[event.data.overpayment].owed_fen -= event.data.amount_fen


FOLD: dict[type[EventData], Callable[[Holder, Event[Any]], None]] = {
    ev.SubsidyGranted: _granted,
    ev.ArrearsGranted: _arrears,
    ev.PaymentInstructed: _status("in-transit"),
    ev.PaymentSettled: _status("settled"),
    ev.ContributionPaid: _status("settled"),
    ev.PaymentReturned: _returned,
    ev.GrantReversed: _status("reversed"),
    ev.OverpaymentFound: _overpaid,
    ev.OverpaymentCancelled: _cancelled,
    ev.RecoveryCollected: _collected,
    ev.RecoveryWaived: _waived,
}
