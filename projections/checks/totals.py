"""Checks of totals: what was instructed, settled and returned, and what funds were used for."""

from collections.abc import Iterator
from typing import Any

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import person as pe
from ledger.domain.money import Money
from ledger.domain.month import span_of
from projections.checks.check import Check
from projections.checks.files import File, Run
from projections.checks.finding import Finding, span_said
from projections.view import on


class Unreconciled(Check):
    """Of a run: what was issued, its lines, the result. Of a month: instructed and settled."""

    code, severity = "unreconciled", "high"
    name_zh, name_en = "核对不符", "instructed, settled and returned do not agree"
    kinds = ("not-issued", "issued-lines", "issued-result", "result-lines", "month", "holder")
    needs_recognizer = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._registered: dict[str, tuple[int, Event[pe.PersonRegistered]]] = {}
        self._others: dict[tuple[str, str], int] = {}

    @on(pe.PersonRegistered)
    def _person(self, position: int, event: Event[pe.PersonRegistered]) -> None:
        if self.sources.recognizer is not None:
            self._registered[event.subject] = (position, event)

    @on(pe.BankAccountChanged)
    def _account(self, position: int, event: Event[pe.BankAccountChanged]) -> None:
        known = self._registered.get(event.subject)
        if self.sources.recognizer is None or known is None:
            return
        if not self.sources.recognizer.holder(known[1], event):
            self._others[event.subject, event.data.account] = position

    def findings(self) -> Iterator[Finding]:
        for payrun, run in self.book.runs.items():
            differing = _differing(run)
            if differing is not None:
                kind, zh, english, fen = differing
                yield self.found(
                    payrun,
                    kind=kind,
                    program=run.state.program,
                    key=f"{english} {fen}",
                    amount_fen=abs(fen),
                    positions=run.at,
                    zh=f"批次{run.state.month}{zh},差{Money(fen)}元",
                    en=f"run of {run.state.month}: {english}, {Money(fen)} yuan apart",
                )
        for file in self.book.files.values():
            yield from self._months(file)
        yield from self._names()

    def _months(self, file: File) -> Iterator[Finding]:
        """More results than instructions, or the last result with another amount."""
        found = [
            m
            for m in file.months.values()
            if m.due < 0 or (m.due == 0 and m.due_fen) or m.due_fen < 0
        ]
        if found:
            months = sorted(m.month for m in found)
            yield self.found(
                file.beneficiary,
                kind="month",
                program=file.program,
                months=months,
                amount_fen=sum(abs(m.due_fen) for m in found),
                positions=[p for m in found for p in m.at],
                zh=f"指令与到账、退回不符({span_of(months)})",
                en=f"instructed is not settled and returned ({span_said(months)})",
            )

    def _names(self) -> Iterator[Finding]:
        for (person, account), position in self._others.items():
            files = self.book.of_person.get(person, ())
            paid = [(f, m) for f in files for m in f.paid() if m.account == account]
            if paid:
                yield self.found(
                    person,
                    kind="holder",
                    key=" ".join([account, *sorted({m.month for _, m in paid})]),
                    months=sorted({m.month for _, m in paid}),
                    amount_fen=sum(m.paid_fen for _, m in paid),
                    positions=[position, *(p for _, m in paid for p in m.at)],
                    zh="收款账户户名与本人姓名不符",
                    en="the bank's name of the account is not the person's",
                )


def _differing(run: Run) -> tuple[str, str, str, int] | None:
    """What of a run does not agree: the kind, in words, and by how much (in fen)."""
    if run.issued is None:
        if run.granted:
            words = ("明细未经签发", "lines of a run never issued")
            return "not-issued", *words, run.granted_fen
        return None
    issued, result = run.issued, run.result
    apart_fen = issued.total_fen - run.granted_fen
    if apart_fen or issued.count != run.granted:
        return "issued-lines", "签发与明细不符", "issued is not the sum of its lines", apart_fen
    if result is None:
        return None
    apart_fen = issued.total_fen - result.settled_fen - result.returned_fen
    if apart_fen:
        return "issued-result", "签发与结果不符", "issued is not settled and returned", apart_fen
    apart_fen = max(
        result.settled_fen - run.settled_then_fen,
        result.returned_fen - run.returned_then_fen,
        key=abs,
    )
    if apart_fen:
        return "result-lines", "结果与明细不符", "the result is not the sum of its lines", apart_fen
    return None


class FundMisuse(Check):
    """Money granted or committed for a program outside the earmark; a fund below zero."""

    code, severity = "fund-misuse", "high"
    name_zh, name_en = "资金挪用或透支", "an earmarked fund misused or overspent"
    kinds = ("purpose", "overspent")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._earmark: dict[str, set[str]] = {}
        self._left: dict[tuple[str, str], int] = {}
        self._below: dict[tuple[str, str], tuple[int, list[int]]] = {}
        self._other: dict[tuple[str, str], tuple[int, list[int]]] = {}

    @on(fu.FundOpened)
    def _opened(self, position: int, event: Event[fu.FundOpened]) -> None:
        self._earmark[event.data.fund] = set(event.data.earmark)

    @on(fu.FundEarmarkWidened)
    def _widened(self, position: int, event: Event[fu.FundEarmarkWidened]) -> None:
        self._earmark.setdefault(event.data.fund, set()).update(event.data.programs)

    @on(fu.FundsAppropriated)
    def _appropriated(self, position: int, event: Event[fu.FundsAppropriated]) -> None:
        self._move(position, event.data.fund, "cash", event.data.amount_fen)

    @on(fu.DonationReceived)
    def _donated(self, position: int, event: Event[fu.DonationReceived]) -> None:
        self._move(position, event.data.fund, event.data.form, event.data.amount_fen)

    @on(fu.CommitmentReleased)
    def _released(self, position: int, event: Event[fu.CommitmentReleased]) -> None:
        self._move(position, event.data.fund, event.data.form, event.data.amount_fen)

    @on(fu.FundsCommitted)
    def _committed(self, position: int, event: Event[fu.FundsCommitted]) -> None:
        d = event.data
        self._move(position, d.fund, d.form, -d.amount_fen)
        if d.program not in self._earmark.get(d.fund, ()):
            self._misused(position, d.fund, d.program, 0)

    @on(en.SubsidyGranted, en.ArrearsGranted)
    def _granted(
        self, position: int, event: Event[en.SubsidyGranted] | Event[en.ArrearsGranted]
    ) -> None:
        d = event.data
        if d.program not in self._earmark.get(d.fund, ()):
            self._misused(position, d.fund, d.program, d.amount_fen)

    @on(en.GoodsDistributed, en.DeviceFitted)
    def _given(
        self, position: int, event: Event[en.GoodsDistributed] | Event[en.DeviceFitted]
    ) -> None:
        d = event.data
        if d.fund is not None and d.program not in self._earmark.get(d.fund, ()):
            self._misused(position, d.fund, d.program, d.value_fen or 0)

    def _move(self, position: int, fund: str, form: str, amount_fen: int) -> None:
        left = self._left[fund, form] = self._left.get((fund, form), 0) + amount_fen
        if left < 0:
            lowest, at = self._below.get((fund, form), (0, []))
            self._below[fund, form] = (min(lowest, left), [*at, position])

    def _misused(self, position: int, fund: str, program: str, amount_fen: int) -> None:
        sum_fen, at = self._other.get((fund, program), (0, []))
        self._other[fund, program] = (sum_fen + amount_fen, [*at, position])

    def findings(self) -> Iterator[Finding]:
        for (fund, program), (sum_fen, at) in self._other.items():
            yield self.found(
                f"fund-{fund}",
                kind="purpose",
                program=program,
                key=f"{program} {sum_fen} {len(at)}",
                amount_fen=sum_fen,
                positions=at,
                zh=f"资金{fund}用于其用途以外的{program}",
                en=f"fund {fund} pays {program}, which is not its purpose",
            )
        for (fund, form), (lowest, at) in self._below.items():
            yield self.found(
                f"fund-{fund}",
                kind="overspent",
                key=f"{form} {lowest}",
                amount_fen=-lowest,
                positions=at,
                zh=f"资金{fund}透支{Money(-lowest)}元",
                en=f"fund {fund} is {Money(-lowest)} yuan below zero",
            )
