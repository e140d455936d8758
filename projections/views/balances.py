"""What each beneficiary was granted, paid and owes in each program.

All amounts are fen and cumulative. A grant decided by a pay run is with the bank at once, since
the run instructs the bank for all of its grants together (``PayRunIssued``); arrears and payments
made again are instructed one by one. ``in_transit_fen`` is with the bank, ``payable_fen`` is still
due to the beneficiary (what is in transit included), ``owed_fen`` is due back from them. Debts
found wrongly are ``cancelled_fen``; what had been collected of them and went back, or is to go
back, is ``refunded_fen``. So owed is overpaid, less cancelled, recovered and waived, plus refunded.
"""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Balance(msgspec.Struct, gc=False):
    """A beneficiary in a program. ``returned_late_fen`` came back after it had been settled."""

    beneficiary: str
    program: str
    granted_fen: int = 0
    reversed_fen: int = 0
    instructed_fen: int = 0
    settled_fen: int = 0
    returned_fen: int = 0
    returned_late_fen: int = 0
    overpaid_fen: int = 0
    recovered_fen: int = 0
    waived_fen: int = 0
    cancelled_fen: int = 0
    refunded_fen: int = 0
    in_transit_fen: int = 0
    payable_fen: int = 0
    owed_fen: int = 0
    grants: int = 0
    settlements: int = 0
    returns: int = 0
    last_month: str | None = None
    last_settled_month: str | None = None


BALANCES = TableDef("balances", Balance, ("beneficiary", "program"), (("program",),))


class Balances(View):
    """See the module."""

    name = "balances"
    version = 2
    tables = (BALANCES,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(BALANCES)
        self._at_hand = self._rows.at_hand

    def _at(self, event: Event[Any]) -> Balance:
        key = (event.subject, event.data.program)
        row = self._at_hand(key) or self._rows.edit(key)
        return row or self._rows.add(key, Balance(*key))

    @on(en.SubsidyGranted)
    def granted(self, position: int, event: Event[en.SubsidyGranted]) -> None:
        row, d = self._at(event), event.data
        amount, month = d.amount_fen, d.month
        row.granted_fen += amount
        row.payable_fen += amount
        row.grants += 1
        if d.payrun:
            row.instructed_fen += amount
            row.in_transit_fen += amount
        if row.last_month is None or month > row.last_month:
            row.last_month = month

    @on(en.ArrearsGranted)
    def arrears(self, position: int, event: Event[en.ArrearsGranted]) -> None:
        row, d = self._at(event), event.data
        row.granted_fen += d.amount_fen
        row.payable_fen += d.amount_fen
        row.grants += 1
        if row.last_month is None or d.month > row.last_month:
            row.last_month = d.month

    @on(en.PaymentInstructed)
    def instructed(self, position: int, event: Event[en.PaymentInstructed]) -> None:
        row, amount = self._at(event), event.data.amount_fen
        row.instructed_fen += amount
        row.in_transit_fen += amount

    @on(en.PaymentSettled, en.ContributionPaid)
    def settled(
        self, position: int, event: Event[en.PaymentSettled] | Event[en.ContributionPaid]
    ) -> None:
        row, d = self._at(event), event.data
        amount, month = d.amount_fen, d.month
        row.settled_fen += amount
        row.in_transit_fen -= amount
        row.payable_fen -= amount
        row.settlements += 1
        if row.last_settled_month is None or month > row.last_settled_month:
            row.last_settled_month = month

    @on(en.PaymentReturned)
    def returned(self, position: int, event: Event[en.PaymentReturned]) -> None:
        row, amount = self._at(event), event.data.amount_fen
        row.returns += 1
        if event.data.after_settlement:
            row.returned_late_fen += amount
            row.payable_fen += amount
        else:
            row.returned_fen += amount
            row.in_transit_fen -= amount

    @on(en.GrantReversed)
    def reversed(self, position: int, event: Event[en.GrantReversed]) -> None:
        row, amount = self._at(event), event.data.amount_fen
        row.reversed_fen += amount
        row.payable_fen -= amount

    @on(en.OverpaymentFound)
    def overpaid(self, position: int, event: Event[en.OverpaymentFound]) -> None:
        row, d = self._at(event), event.data
        row.overpaid_fen += d.amount_fen
        row.owed_fen += d.amount_fen - d.offset_fen
        row.refunded_fen -= d.offset_fen
        row.payable_fen -= d.offset_fen

    @on(en.OverpaymentCancelled)
    def cancelled(self, position: int, event: Event[en.OverpaymentCancelled]) -> None:
        row, d = self._at(event), event.data
        row.cancelled_fen += d.amount_fen
        row.owed_fen -= d.owed_fen
        row.refunded_fen += d.refund_fen
        row.payable_fen += d.refund_fen
        row.waived_fen -= en.waived_of(d)

    @on(en.RecoveryCollected)
    def recovered(self, position: int, event: Event[en.RecoveryCollected]) -> None:
        row, amount = self._at(event), event.data.amount_fen
        row.recovered_fen += amount
        row.owed_fen -= amount

    @on(en.RecoveryWaived)
    def waived(self, position: int, event: Event[en.RecoveryWaived]) -> None:
        row, amount = self._at(event), event.data.amount_fen
        row.waived_fen += amount
        row.owed_fen -= amount
