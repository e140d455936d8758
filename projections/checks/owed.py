"""Checks of months that somebody is owed: stopped while eligible, or payable and never granted."""

from array import array
from collections.abc import Iterator
from datetime import date
from typing import Any

from ledger.domain.admission import is_excluded
from ledger.domain.enrollment import amount_in
from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.events import person as pe
from ledger.domain.grant import deciding_day
from ledger.domain.month import first_day, month_of, months_between, plus_months, span_of
from ledger.domain.person import Person, facts_on
from ledger.domain.program import Program, find_rule
from ledger.domain.rules import Rule, evaluate
from projections.checks.book import Book
from projections.checks.check import Check
from projections.checks.files import File, MonthPaid, Run, Step
from projections.checks.finding import Finding, months_said, span_said
from projections.checks.registers import FACTS
from projections.view import on


def due_fen(book: Book, file: File, program: Program, person: Person, month: str) -> int:
    """What a month that is not paid would have been paid, in fen; 0 where it was not payable.

    On the facts of the day that decides it, as they are known by the end of the fold. A year whose
    cap is reached has nothing left to give, nor has a duplicate a month of the record that is kept.
    """
    if _is_the_kept_records(book, file, month):
        return 0
    day: date = deciding_day(file.state, month)
    rule = find_rule(program, day)
    if rule is None or rule.period != "month":
        return 0
    if program.closed_on is not None and first_day(month) >= program.closed_on:
        return 0
    facts = facts_on(person, day)
    holds, _ = evaluate(rule.eligibility, facts)

    def held(code: str) -> bool:
        other = book.files.get((code, file.beneficiary))
        return other is not None and other.state.active_in(month)

    barred = any(is_excluded(x.other, x.mode, rule, facts, held) for x in rule.exclusions)
    return 0 if barred or not holds else _amount_fen(file, rule, month)


def _is_the_kept_records(book: Book, file: File, month: str) -> bool:
    """Whether the record that a duplicate was merged into holds the month, or was paid for it."""
    kept = book.kept(file.beneficiary)
    other = book.files.get((file.program, kept)) if kept != file.beneficiary else None
    if other is None:
        return False
    paid = other.months.get(month)
    return other.state.active_in(month) or (paid is not None and paid.paid_fen > 0)


def _amount_fen(file: File, rule: Rule, month: str) -> int:
    """The amount decided for the enrollment or the rule's rate, under the calendar year's cap."""
    decided_fen = amount_in(file.state.amounts, month)
    wanted_fen = (decided_fen if decided_fen is not None else rule.rate_fen) or 0
    if rule.cap_fen is None:
        return wanted_fen
    year_fen = sum(
        m.amount_fen for m in file.months.values() if m.month[:4] == month[:4] and not m.reversed
    )
    return max(0, min(wanted_fen, rule.cap_fen - year_fen))


class WrongfulStop(Check):
    """Complete months that are stopped and not paid while every condition held.

    An officer's stop for one of the accepted reasons is none.
    """

    code, severity = "wrongful-stop", "medium"
    name_zh, name_en = "符合条件而停发", "stopped while eligible, or not restored"
    kinds = ("ended", "suspended")

    def findings(self) -> Iterator[Finding]:
        last = plus_months(month_of(self.book.today), -1)
        for file in self.book.files.values():
            stops = [s for s in file.steps if s.kind in ("EnrollmentEnded", "EnrollmentSuspended")]
            program = self.book.programs.get(file.program)
            person = self.book.person(file.beneficiary)
            if stops and program is not None and person is not None:
                yield from self._judge(file, program, person, stops, last)

    def _judge(
        self, file: File, program: Program, person: Person, stops: list[Step], last: str
    ) -> Iterator[Finding]:
        owed: list[str] = []
        owed_fen = 0
        for month in months_between(file.state.approved[0].first, min(last, file.state.term)):
            paid = file.months.get(month)
            if file.state.active_in(month) or (paid is not None and paid.at):
                continue
            rate_fen = due_fen(self.book, file, program, person, month)
            if rate_fen:
                owed.append(month)
                owed_fen += rate_fen
        reasons = self.words("accepted_reasons", self.book.today)
        stops = [s for s in stops if s.reason not in reasons]
        if owed and stops:
            yield self.found(
                file.beneficiary,
                kind="ended" if stops[-1].kind == "EnrollmentEnded" else "suspended",
                program=file.program,
                months=owed,
                amount_fen=owed_fen,
                positions=[s.position for s in file.steps],
                zh=f"符合条件而停发{len(owed)}个月({span_of(owed)}),应补发",
                en=f"{months_said(owed)} stopped while eligible ({span_said(owed)}): owed",
            )


UNGRANTED = {
    "passed-over": ("发放名单漏列", "the month's run passed them over"),
    "not-made-up": (
        "发放后才获批或知悉,未补发",
        "known after the month's run, not made up for",
    ),
    "no-account": ("没有收款账户", "there is no account to pay into"),
    "reversed": ("撤销后未再发放", "taken back and not granted again"),
    "not-sent": ("退回或未发出,未再发送", "the money came back or was never sent"),
}
"""Why a payable month was never granted, or what was granted never paid, in words."""


class NotGranted(Check):
    """Months of a monthly subsidy to persons: enrolled, payable, in a run that was issued, and
    granted to this person by nothing; or granted, with money that is not sent again.

    The office is given time: a month is found once a run of it, or of a later month, was computed
    *after* all that makes it payable was recorded, and issued. A run that says no cut-off (an
    imported one) shows nothing of whom it knew. What an objection to the month's run kept out is
    none, nor is a grant that was taken back for one of the accepted reasons.
    """

    code, severity = "not-granted", "high"
    name_zh, name_en = "应发未发", "payable and never granted or sent"
    kinds = tuple(UNGRANTED)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._facts: dict[str, array[int]] = {}
        self._settled: dict[tuple[str, str], int] = {}

    @on(*FACTS, pe.LifeFactRecorded, pe.ResidenceChanged)
    def _fact(self, position: int, event: Event[Any]) -> None:
        revoked = isinstance(event.data, pe.DeathRevoked)  # of months before its own day
        self._note(event.subject, position, date.min if revoked else event.effective)

    @on(pe.BankAccountChanged)
    def _account(self, position: int, event: Event[pe.BankAccountChanged]) -> None:
        """The first account makes every month payable; another one makes none."""
        person = self.book.persons.get(event.subject)
        if person is None or person.account is None:
            self._note(event.subject, position, date.min)

    def _note(self, person: str, position: int, holds_from: date) -> None:
        said = self._facts.get(person)
        if said is None:
            said = self._facts[person] = array("q")
        said.append(position)
        said.append(holds_from.toordinal())

    @on(en.ObjectionResolved)
    def _objection(self, position: int, event: Event[en.ObjectionResolved]) -> None:
        self._settled[event.data.program, event.subject] = position

    def findings(self) -> Iterator[Finding]:
        issued = self._issued()
        for file in self.book.files.values():
            runs = issued.get(file.program)
            person = self.book.person(file.beneficiary)
            if runs is not None and person is not None and file.state.approved:
                yield from self._judge(file, self.book.programs[file.program], person, runs)

    def _issued(self) -> dict[str, dict[str, list[Run]]]:
        """The issued runs of every monthly subsidy to persons, by program and month."""
        found: dict[str, dict[str, list[Run]]] = {}
        for run in self.book.runs.values():
            program = self.book.programs.get(run.state.program)
            ours = program is not None and (program.kind, program.beneficiary, program.payee) == (
                "periodic-cash",
                "person",
                "beneficiary",
            )
            if ours and run.issued is not None:
                months = found.setdefault(run.state.program, {})
                months.setdefault(run.state.month, []).append(run)
        return found

    def _judge(
        self, file: File, program: Program, person: Person, runs: dict[str, list[Run]]
    ) -> Iterator[Finding]:
        by_kind: dict[str, dict[str, int]] = {}
        for month in sorted(runs):
            granted = file.months.get(month)
            if (granted is not None and not granted.reversed) or not file.state.active_in(month):
                continue
            kind = self._kind(file, person, month, granted, runs)
            fen = due_fen(self.book, file, program, person, month) if kind else 0
            if fen:
                by_kind.setdefault(kind, {})[month] = fen
        for month, granted in sorted(file.months.items()):
            fen = granted.right_fen - granted.paid_fen
            if fen > 0 and self._left_waiting(granted, runs):
                by_kind.setdefault("not-sent", {})[month] = fen
        for kind, owed in by_kind.items():
            yield self._found(file, kind, owed, runs)

    def _left_waiting(self, granted: MonthPaid, runs: dict[str, list[Run]]) -> bool:
        """Whether its money waited to be sent when a later run was computed, which was issued."""
        since = granted.waiting
        later = any(r.cutoff > since for of_month in runs.values() for r in of_month)
        return bool(since) and not granted.reversed and later

    def _kind(
        self,
        file: File,
        person: Person,
        month: str,
        granted: MonthPaid | None,
        runs: dict[str, list[Run]],
    ) -> str:
        """Which kind it is, if it is payable; empty where the office may yet grant it, or may not
        grant it at all."""
        enrollment = file.state.id
        if file.state.objections or any(enrollment in r.state.upheld for r in runs[month]):
            return ""
        since = self._payable_since(file, month, granted)
        later = [m for m, of_month in runs.items() if any(r.cutoff > since for r in of_month)]
        if max(later, default="") < month:
            return ""
        if granted is not None:
            accepted = self.words("accepted_reasons", self.book.today)
            return "" if granted.reversed in accepted else "reversed"
        if person.account is None:
            return "no-account"
        return "passed-over" if month in later else "not-made-up"

    def _payable_since(self, file: File, month: str, granted: MonthPaid | None) -> int:
        """The position of the last event that a run had to know of to grant the month."""
        day = deciding_day(file.state, month).toordinal()
        said = self._facts.get(file.beneficiary, array("q"))
        facts = (p for p, from_day in zip(said[::2], said[1::2], strict=True) if from_day <= day)
        steps = (s.position for s in file.steps if s.month <= month)
        settled = self._settled.get((file.program, file.beneficiary), 0)
        taken_back = granted.at[-1] if granted is not None else 0
        return max(*facts, *steps, settled, taken_back, 0)

    def _found(
        self, file: File, kind: str, owed: dict[str, int], runs: dict[str, list[Run]]
    ) -> Finding:
        months, (zh, english) = sorted(owed), UNGRANTED[kind]
        what_zh, what = "应发未发", "payable and never granted"
        if kind == "not-sent":
            what_zh, what = "已核发未到账", "granted and not paid"
        proof = [p for m in months for r in runs.get(m, ()) for p in r.at]
        proof += [p for m in months if m in file.months for p in file.months[m].at]
        return self.found(
            file.beneficiary,
            kind=kind,
            program=file.program,
            months=months,
            amount_fen=sum(owed.values()),
            positions=[*(s.position for s in file.steps), *proof],
            zh=f"{what_zh}{len(months)}个月({span_of(months)}):{zh}",
            en=f"{months_said(months)} {what} ({span_said(months)}): {english}",
        )
