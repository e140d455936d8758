"""Checks of the way out of poverty, and of what goes on after it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.events import household as hh
from ledger.domain.month import month_of, plus_months, span_of
from ledger.domain.program import find_rule
from projections.checks.check import Check
from projections.checks.files import File, paid_in
from projections.checks.finding import Finding, months_said, span_said
from projections.view import on

ORDER = ("ExitProposed", "ExitVerified", "HouseholdConfirmed", "ExitNoticed")
MISSING = {
    "ExitProposed": ("no-review", "缺少民主评议", "the democratic review is missing"),
    "ExitVerified": ("no-verification", "缺少村与驻村工作队核实", "the verification is missing"),
    "HouseholdConfirmed": ("no-consent", "缺少户主确认", "the household's consent is missing"),
    "ExitNoticed": ("no-notice", "缺少公示", "the public notice is missing"),
}
"""What it is that a step is missing: the kind of finding, in words."""


class ExitFlaw(Check):
    """Review, verification, consent, notice, announcement: each there, in this order.

    An exit that was revoked since is none.
    """

    code, severity = "exit-flaw", "medium"
    name_zh, name_en = "脱贫程序缺陷", "a flaw in a poverty exit"
    kinds = (
        *(kind for kind, _, _ in MISSING.values()),
        "out-of-order",
        "stranger",
        "short-notice",
        "objection",
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._steps: dict[str, list[tuple[str, int, Event[Any]]]] = {}
        self._open: dict[str, set[str]] = {}
        self._found: dict[str, tuple[Event[Any], list[int], str, str, str]] = {}

    @on(hh.ExitProposed, hh.ExitVerified, hh.HouseholdConfirmed, hh.ExitNoticed)
    def _step(self, position: int, event: Event[Any]) -> None:
        name = type(event.data).__name__
        steps = self._steps.setdefault(event.subject, [])
        if name == "ExitProposed":
            steps.clear()
        steps.append((name, position, event))

    @on(hh.ExitObjected)
    def _objected(self, position: int, event: Event[hh.ExitObjected]) -> None:
        self._open.setdefault(event.subject, set()).add(event.data.objection)

    @on(hh.ExitObjectionResolved)
    def _resolved(self, position: int, event: Event[hh.ExitObjectionResolved]) -> None:
        self._open.setdefault(event.subject, set()).discard(event.data.objection)
        if event.data.upheld:
            self._steps.pop(event.subject, None)

    @on(hh.ExitDecided)
    def _decided(self, position: int, event: Event[hh.ExitDecided]) -> None:
        steps = self._steps.pop(event.subject, [])
        flaw = self._flaw(steps, event)
        if flaw is not None:
            at = [p for _, p, _ in steps] + [position]
            self._found[event.subject] = (event, at, *flaw)

    @on(hh.ExitRevoked)
    def _revoked(self, position: int, event: Event[hh.ExitRevoked]) -> None:
        self._found.pop(event.subject, None)

    def _flaw(
        self, steps: list[tuple[str, int, Event[Any]]], decided: Event[hh.ExitDecided]
    ) -> tuple[str, str, str] | None:
        names = [name for name, _, _ in steps]
        for name in ORDER:
            if name not in names:
                return MISSING[name]
        days = [e.effective for _, _, e in steps] + [decided.effective]
        if names != list(ORDER) or days != sorted(days):
            return "out-of-order", "步骤次序颠倒", "steps out of order"
        agreed, confirmed, notice = steps[2][2].effective, steps[2][2].data, steps[3][2].data
        household = self.book.households.get(decided.subject)
        if household is not None and confirmed.signer not in household.members:
            return "stranger", "签字人不是家庭成员", "signed by someone who is not a member"
        wanted = self.number("notice_days", decided.effective)
        ran = (notice.notice_until - max(notice.notice_from, agreed)).days + 1
        if ran < wanted or decided.effective <= notice.notice_until:
            return "short-notice", f"公示不足{wanted}天", f"a notice of fewer than {wanted} days"
        if self._open.get(decided.subject):
            return "objection", "异议未结", "an objection was open"
        return None

    def findings(self) -> Iterator[Finding]:
        for household, (event, at, kind, zh, english) in self._found.items():
            yield self.found(
                household,
                kind=kind,
                key=event.id,
                positions=at,
                zh=f"脱贫退出{zh}",
                en=f"poverty exit: {english}",
            )


class ExitThenPoor(Check):
    """Benefits whose rule asks for low income, paid on to members long after the exit.

    A review of the benefit after the exit, an exit revoked or a relapse answers it.
    """

    code, severity = "exit-then-poor", "low"
    name_zh, name_en = (
        "脱贫后困难类待遇未复核",
        "hardship benefits go on after an exit without review",
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._exits: dict[str, tuple[date, int, list[str]]] = {}
        self._reviewed: dict[tuple[str, str], date] = {}

    @on(hh.ExitDecided)
    def _decided(self, position: int, event: Event[hh.ExitDecided]) -> None:
        self._exits[event.subject] = (event.effective, position, event.data.members)

    @on(hh.ExitRevoked, hh.RelapseRecorded)
    def _back(self, position: int, event: Event[Any]) -> None:
        self._exits.pop(event.subject, None)

    @on(en.EligibilityReviewed, en.EligibilityAssessed)
    def _review(
        self, position: int, event: Event[en.EligibilityReviewed] | Event[en.EligibilityAssessed]
    ) -> None:
        self._reviewed[event.data.program, event.subject] = event.effective

    def findings(self) -> Iterator[Finding]:
        for day, position, members in self._exits.values():
            after = plus_months(month_of(day), self.number("review_months", day))
            for person in members:
                for file in self.book.of_person.get(person, ()):
                    reviewed = self._reviewed.get((file.program, person))
                    if (reviewed is None or reviewed <= day) and self._for_the_poor(file, day):
                        yield from self._judge(file, after, position)

    def _for_the_poor(self, file: File, day: date) -> bool:
        program = self.book.programs.get(file.program)
        rule = find_rule(program, day) if program is not None else None
        return (
            rule is not None
            and rule.period == "month"
            and any(c.fact == "low_income" for c in rule.eligibility)
        )

    def _judge(self, file: File, after: str, position: int) -> Iterator[Finding]:
        paid = [m for m in file.paid() if m.month > after]
        if paid:
            months = [m.month for m in paid]
            yield self.found(
                file.beneficiary,
                program=file.program,
                months=months,
                amount_fen=sum(m.paid_fen for m in paid),
                overpaid=paid_in(paid),
                positions=[position, *(p for m in paid for p in m.at)],
                zh=f"脱贫后未经复核继续发放{len(months)}个月({span_of(months)})",
                en=f"{months_said(months)} paid after the exit without a review "
                f"({span_said(months)})",
            )
