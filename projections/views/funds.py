"""Funds and the trial balance: double entry over the whole log, by the one postings function.

Postings are linear in the amount: of two grants with the same fund, program and division, the
postings sum to those of one grant of both amounts. The two kinds of event that make up most of a
log are therefore summed first and posted once a flush (:meth:`Funds.settle`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger.domain import postings as acc
from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import payrun as pr
from ledger.domain.postings import postings
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Fund(msgspec.Struct, gc=False):
    """One fund by what was decided about it, in fen.

    ``available_`` is what a new commitment may take: what came in, less commitments, plus what
    these gave back. What it holds and spent is in the trial balance: see :func:`standing_of`.
    """

    fund: str
    stream: str = ""
    version: int = 0
    zh: str = ""
    en: str = ""
    source: str = ""
    earmark: list[str] = []
    appropriated_fen: int = 0
    donated_cash_fen: int = 0
    donated_goods_fen: int = 0
    commitments_fen: int = 0
    released_fen: int = 0
    available_cash_fen: int = 0
    available_goods_fen: int = 0


class TrialBalance(msgspec.Struct, gc=False):
    """One account of a fund, program and division; an empty text stands for none of them.

    ``balance_fen`` is debits less credits; over the whole table it sums to zero.
    """

    account: str
    fund: str
    program: str
    division: str
    debit_fen: int = 0
    credit_fen: int = 0
    balance_fen: int = 0


FUNDS = TableDef("funds", Fund, ("fund",), by=None)
TRIAL_BALANCE = TableDef(
    "trial_balance",
    TrialBalance,
    ("account", "fund", "program", "division"),
    (("program",),),
    sums=("debit_fen", "credit_fen", "balance_fen"),
)


@dataclass(frozen=True, slots=True)
class FundStanding:
    """What a fund holds by its postings, in fen.

    ``committed_fen`` is set aside and not yet used, ``spent_`` what left for programs net of what
    came back, ``held_`` what the fund still has.
    """

    committed_fen: int
    spent_cash_fen: int
    spent_goods_fen: int
    held_cash_fen: int
    held_goods_fen: int


def standing_of(fund: str, accounts: Iterable[TrialBalance]) -> FundStanding:
    """A fund's standing from the rows of the trial balance."""
    mine = [a for a in accounts if a.fund == fund]

    def balance(account: str, *, of_programs: bool = False) -> int:
        return sum(
            a.balance_fen for a in mine if a.account == account and (a.program or not of_programs)
        )

    return FundStanding(
        committed_fen=balance(acc.COMMITTED),
        spent_cash_fen=-balance(acc.CASH, of_programs=True),
        spent_goods_fen=-balance(acc.GOODS, of_programs=True),
        held_cash_fen=balance(acc.CASH),
        held_goods_fen=balance(acc.GOODS),
    )


class _Sum:
    """Events whose postings differ in the amount only: one of them, and the sum."""

    __slots__ = ("amount_fen", "event")

    def __init__(self, event: Event[Any]) -> None:
        self.event = event
        self.amount_fen = 0


class Funds(View):
    """See the module."""

    name = "funds"
    version = 2
    tables = (FUNDS, TRIAL_BALANCE)

    def __init__(self, rows: RowSource) -> None:
        self._funds = rows.of(FUNDS)
        self._accounts = rows.of(TRIAL_BALANCE)
        self._sums: dict[tuple[type, str, str, str], _Sum] = {}

    @on(en.SubsidyGranted, en.PaymentSettled, en.ContributionPaid)
    def summed(self, position: int, event: Event[Any]) -> None:
        d = event.data
        alike = (type(d), d.fund, d.program, event.division)
        found = self._sums.get(alike)
        if found is None:
            found = self._sums[alike] = _Sum(event)
        found.amount_fen += d.amount_fen

    def settle(self) -> None:
        replace = msgspec.structs.replace
        for found in self._sums.values():
            data = replace(found.event.data, amount_fen=found.amount_fen)
            self._post(replace(found.event, data=data))
        self._sums.clear()

    @on(
        en.ArrearsGranted,
        en.PaymentInstructed,
        en.PaymentReturned,
        en.GrantReversed,
        en.OverpaymentFound,
        en.OverpaymentCancelled,
        en.RecoveryCollected,
        en.RecoveryWaived,
        en.DeviceFitted,
        en.GoodsDistributed,
        en.PassIssued,
        en.PassRecharged,
        pr.PayRunIssued,
    )
    def posted(self, position: int, event: Event[Any]) -> None:
        self._post(event)

    @on(fu.FundOpened)
    def opened(self, position: int, event: Event[fu.FundOpened]) -> None:
        row, d = self._at(event), event.data
        row.zh, row.en, row.source, row.earmark = d.zh, d.en, d.source, d.earmark

    @on(fu.FundEarmarkWidened)
    def widened(self, position: int, event: Event[fu.FundEarmarkWidened]) -> None:
        row = self._at(event)
        row.earmark = sorted({*row.earmark, *event.data.programs})

    @on(fu.FundsAppropriated)
    def appropriated(self, position: int, event: Event[fu.FundsAppropriated]) -> None:
        row, amount = self._at(event), event.data.amount_fen
        row.appropriated_fen += amount
        row.available_cash_fen += amount
        self._post(event)

    @on(fu.DonationReceived)
    def donated(self, position: int, event: Event[fu.DonationReceived]) -> None:
        row, d = self._at(event), event.data
        if d.form == "cash":
            row.donated_cash_fen += d.amount_fen
        else:
            row.donated_goods_fen += d.amount_fen
        _make_available(row, d.form, d.amount_fen)
        self._post(event)

    @on(fu.FundsCommitted)
    def committed(self, position: int, event: Event[fu.FundsCommitted]) -> None:
        row, d = self._at(event), event.data
        row.commitments_fen += d.amount_fen
        _make_available(row, d.form, -d.amount_fen)
        self._post(event)

    @on(fu.CommitmentReleased)
    def released(self, position: int, event: Event[fu.CommitmentReleased]) -> None:
        row, d = self._at(event), event.data
        row.released_fen += d.amount_fen
        _make_available(row, d.form, d.amount_fen)
        self._post(event)

    def _at(self, event: Event[Any]) -> Fund:
        fund = event.data.fund
        row = self._funds.edit(fund) or self._funds.add(fund, Fund(fund))
        row.stream, row.version = event.stream, event.version
        return row

    def _post(self, event: Event[Any]) -> None:
        for account, fund, program, division, amount in postings(event):
            key = (account, fund or "", program or "", division)
            row = self._accounts.edit(key) or self._accounts.add(key, TrialBalance(*key))
            if amount > 0:
                row.debit_fen += amount
            else:
                row.credit_fen -= amount
            row.balance_fen += amount


def _make_available(row: Fund, form: str, amount_fen: int) -> None:
    if form == "cash":
        row.available_cash_fen += amount_fen
    else:
        row.available_goods_fen += amount_fen
