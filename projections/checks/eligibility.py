"""Checks of months against the rule: grade, category, certificate, hardship, exclusions."""

from collections.abc import Iterator
from typing import Any

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.person import facts_on
from ledger.domain.program import find_rule
from ledger.domain.rules import evaluate
from projections.checks.files import File
from projections.checks.finding import Finding
from projections.checks.judged import Against
from projections.checks.judging import MonthsAgainst
from projections.view import on


class WrongGrade(MonthsAgainst):
    """The grade as it held on the day that decides the month."""

    code, severity = "wrong-grade", "high"
    name_zh, name_en = "等级不符", "paid in a grade outside the rule"
    fact, certified = "grade", True
    found_zh = "残疾等级不符合标准而发放{n}个月({span})"
    found_en = "{months} paid in a grade outside the rule ({span})"


class WrongCategory(MonthsAgainst):
    """Months paid, and devices fitted or operations done, to who is of another category."""

    code, severity = "wrong-category", "high"
    name_zh, name_en = "类别不符", "a month or device without the category it requires"
    kinds = ("month", "device", "surgery")
    fact, certified = "category", True
    found_zh = "残疾类别不符合要求而发放{n}个月({span})"
    found_en = "{months} paid without the category required ({span})"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._given: list[tuple[int, Event[Any]]] = []

    @on(en.DeviceFitted, en.SurgeryCompleted)
    def _in_kind(self, position: int, event: Event[Any]) -> None:
        self._given.append((position, event))

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        for position, event in self._given:
            program = self.book.programs.get(event.data.program)
            person = self.book.persons.get(event.subject)
            if program is None or person is None or not person.history.get("certificate"):
                continue
            rule = find_rule(program, event.effective)
            conditions = [c for c in rule.eligibility if c.fact == "category"] if rule else []
            holds, _ = evaluate(conditions, facts_on(person, event.effective))
            if not holds:
                yield self.found(
                    event.subject,
                    kind="device" if isinstance(event.data, en.DeviceFitted) else "surgery",
                    program=event.data.program,
                    key=event.id,
                    amount_fen=getattr(event.data, "value_fen", None) or 0,
                    positions=[position, *self.book.facts_at[event.subject, "category"]],
                    zh="残疾类别不符合要求而适配或手术",
                    en="fitted or operated on without the category required",
                )


class CertificateLapsed(MonthsAgainst):
    """Expired by its date or by an event, frozen, or cancelled."""

    code, severity = "certificate-lapsed", "high"
    name_zh, name_en = "证件失效期间发放", "paid while the certificate was not in force"
    fact, certified = "certified", True
    found_zh = "残疾人证失效期间发放{n}个月({span})"
    found_en = "{months} paid while the certificate was not in force ({span})"


class NoLowIncome(MonthsAgainst):
    """Of every program whose rule asks for recognized low income."""

    code, severity = "no-low-income", "high"
    name_zh, name_en = "未认定低保而发放", "paid without recognized low income"
    fact = "low_income"
    found_zh = "未认定低保而发放{n}个月({span})"
    found_en = "{months} paid without recognized low income ({span})"


class CustodyPaid(MonthsAgainst):
    """Custody as of the judgment's effect, by the rule's condition."""

    code, severity = "custody-paid", "high"
    name_zh, name_en = "服刑期间发放", "paid while custody stops the benefit"
    fact = "in_custody"
    found_zh = "服刑期间发放{n}个月({span})"
    found_en = "{months} paid in custody ({span})"


class Stacking(MonthsAgainst):
    """What the rule excludes outright was held in the month."""

    code, severity = "stacking", "high"
    name_zh, name_en = "重复享受互斥待遇", "two exclusive benefits in one month"
    kinds = ("allowance", "extreme-poverty", "program")
    fact = "allowance"
    found_zh = "与互斥待遇同月享受{n}个月({span})"
    found_en = "{months} together with what excludes it ({span})"

    def stands_against(self, against: Against) -> bool:
        return bool(against.exclusive)

    def kind_of(self, found: list[Against]) -> str:
        other = found[0].exclusive[0]
        if other == "extreme-poverty-support":
            return "extreme-poverty"
        return "program" if other in self.book.programs else "allowance"

    def proof(self, file: File) -> list[int]:
        hardship = self.book.facts_at.get((file.beneficiary, "low_income"), [])
        return super().proof(file) + hardship


class NotTheHigher(MonthsAgainst):
    """An allowance at least as high was held, so ours, the lower, was not to be paid."""

    code, severity = "not-the-higher", "high"
    name_zh, name_en = "未就高享受", "a higher-of rule that paid the lower, or both"
    kinds = ("allowance", "program")
    fact = "allowance"
    found_zh = "应就高而未就高{n}个月({span})"
    found_en = "{months} paid although the other allowance was as high ({span})"

    def stands_against(self, against: Against) -> bool:
        return bool(against.higher)

    def kind_of(self, found: list[Against]) -> str:
        return "program" if found[0].higher[0] in self.book.programs else "allowance"
