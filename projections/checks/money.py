"""Checks of what was paid for a month: twice, by two divisions, in another amount than due."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ledger.domain.enrollment import period_of
from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.events import person as pe
from ledger.domain.money import Money
from ledger.domain.month import first_day, last_day, span_of
from ledger.domain.program import Program, find_rule
from ledger.domain.rules import Rule
from projections.checks.check import Check
from projections.checks.files import File, MonthPaid, paid_in
from projections.checks.finding import Finding, span_said
from projections.view import on


class DoublePay(Check):
    """Settled twice by one division, net of what came back and of debts found; or to one person
    under two records, by whichever: of those that were merged the one that is kept has the month.
    """

    code, severity = "double-pay", "high"
    name_zh, name_en = "同月重复发放", "the same month paid twice"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._merged: dict[str, int] = {}

    @on(pe.PersonsMerged)
    def _duplicate(self, position: int, event: Event[pe.PersonsMerged]) -> None:
        self._merged[event.subject] = position

    def findings(self) -> Iterator[Finding]:
        yield from self._under_one_record()
        for files in self._under_several().values():
            yield from self._judge(files)

    def _under_several(self) -> dict[tuple[str, str], list[File]]:
        """The files of each program and person that has several, the kept record's first."""
        found: dict[tuple[str, str], list[File]] = {}
        for duplicate in self._merged:
            kept = self.book.kept(duplicate)
            for file in self.book.of_person.get(duplicate, ()):
                found.setdefault((file.program, kept), []).append(file)
        return {
            key: [self.book.files[key], *files] if key in self.book.files else files
            for key, files in found.items()
        }

    def _judge(self, files: list[File]) -> Iterator[Finding]:
        """Of each record the months whose period an earlier one of them was paid for."""
        program = self.book.programs.get(files[0].program)
        before: dict[str, list[int]] = {}
        for file in files:
            paid = {m.month: (m, _period(program, m.month)) for m in file.paid()}
            twice = [(m, before[period]) for m, period in paid.values() if period in before]
            for month, period in paid.values():
                before.setdefault(period, []).extend(month.at)
            if twice:
                months = [m.month for m, _ in twice]
                proof = [p for m, at in twice for p in (*m.at, *at)]
                yield self.found(
                    file.beneficiary,
                    program=file.program,
                    months=months,
                    amount_fen=sum(m.paid_fen for m, _ in twice),
                    overpaid=paid_in(m for m, _ in twice),
                    positions=[*proof, self._merged[file.beneficiary]],
                    zh=f"同一人以两份档案同月重复发放({span_of(months)})",
                    en=f"paid to one person under two records for a month ({span_said(months)})",
                )

    def _under_one_record(self) -> Iterator[Finding]:
        for file in self.book.files.values():
            twice = [m for m in file.paid() if self._excess(m)]
            if twice:
                months = [m.month for m in twice]
                yield self.found(
                    file.beneficiary,
                    program=file.program,
                    months=months,
                    amount_fen=sum(m.amount_fen * self._excess(m) for m in twice),
                    overpaid={m.month: m.amount_fen * self._excess(m) for m in twice},
                    positions=[p for m in twice for p in m.at],
                    zh=f"同一月份重复发放({span_of(months)})",
                    en=f"paid more than once for a month ({span_said(months)})",
                )

    @staticmethod
    def _excess(month: MonthPaid) -> int:
        """How often too many one division paid the month."""
        if len(month.paid_by) < 2:
            return 0
        return sum(n - 1 for n in Counter(month.paid_by).values())


def _period(program: Program | None, month: str) -> str:
    """What is paid once only: the month, unless its rule says otherwise."""
    rule = find_rule(program, first_day(month)) if program is not None else None
    return period_of(rule, month) if rule is not None else month


class CrossDivision(Check):
    """Paid for one month by two divisions or more."""

    code, severity = "cross-division", "high"
    name_zh, name_en = "跨区划重复发放", "one month paid by two divisions"

    def findings(self) -> Iterator[Finding]:
        for file in self.book.files.values():
            found = [m for m in file.paid() if len(set(m.paid_by)) > 1]
            if found:
                months = [m.month for m in found]
                divisions = sorted({d for m in found for d in m.paid_by})
                yield self.found(
                    file.beneficiary,
                    program=file.program,
                    months=months,
                    amount_fen=sum(m.amount_fen * (len(set(m.paid_by)) - 1) for m in found),
                    overpaid={m.month: m.amount_fen * (len(set(m.paid_by)) - 1) for m in found},
                    positions=[p for m in found for p in m.at],
                    zh=f"由{'、'.join(divisions)}重复发放({span_of(months)})",
                    en=f"paid by {', '.join(divisions)} for the same month ({span_said(months)})",
                )


class OverCap(Check):
    """An amount that is not the rule's (or the approved one), or a year's sum above the cap.

    What is at stake is what lies above; an amount below the rate is found too, at nothing.
    """

    code, severity = "over-cap", "high"
    name_zh, name_en = "超上限或非标准金额", "above the cap, or not the rule's amount"
    kinds = ("above", "below", "year")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._goods: dict[tuple[str, str], dict[str, list[tuple[int, int]]]] = {}
        self._rules: dict[tuple[str, str], list[Rule]] = {}

    @on(en.GoodsDistributed)
    def _given(self, position: int, event: Event[en.GoodsDistributed]) -> None:
        years = self._goods.setdefault((event.data.program, event.subject), {})
        given = years.setdefault(str(event.effective.year), [])
        given.append((position, event.data.value_fen))

    def findings(self) -> Iterator[Finding]:
        for key, file in self.book.files.items():
            program = self.book.programs.get(file.program)
            if program is not None and program.rules and (file.months or key in self._goods):
                yield from self._judge(file, program, self._goods.get(key, {}))

    def _in_force(self, program: Program, month: str) -> list[Rule]:
        """The rules of a month's last and first day; a few, asked for by every enrollment."""
        known = self._rules.get((program.code, month))
        if known is None:
            found = (find_rule(program, day) for day in (last_day(month), first_day(month)))
            known = self._rules[program.code, month] = [r for r in found if r is not None]
        return known

    def _judge(
        self, file: File, program: Program, goods: dict[str, list[tuple[int, int]]]
    ) -> Iterator[Finding]:
        wrong: list[tuple[MonthPaid, int]] = []
        years: dict[str, list[MonthPaid]] = {year: [] for year in goods}
        for month in file.paid():
            above_fen = _off(file, self._in_force(program, month.month), month)
            if above_fen is not None:
                wrong.append((month, above_fen))
            years.setdefault(month.month[:4], []).append(month)
        if wrong:
            months = [m.month for m, _ in wrong]
            yield self.found(
                file.beneficiary,
                kind="above" if any(fen > 0 for _, fen in wrong) else "below",
                program=file.program,
                months=months,
                amount_fen=sum(max(fen, 0) for _, fen in wrong),
                overpaid={m.month: fen for m, fen in wrong if fen > 0},
                positions=[p for m, _ in wrong for p in m.at],
                zh=f"金额与标准不符({span_of(months)})",
                en=f"an amount that is not the rule's ({span_said(months)})",
            )
        off = {m.month for m, _ in wrong}
        for year, paid in years.items():
            # An amount that is wrong by itself is found already.
            right = [m for m in paid if m.month not in off]
            rules = self._in_force(program, f"{year}-12")
            if rules and rules[0].cap_fen is not None and rules[0].period != "once":
                yield from self._year(file, rules[0].cap_fen, year, right, goods.get(year, []))

    def _year(
        self,
        file: File,
        cap_fen: int,
        year: str,
        paid: list[MonthPaid],
        goods: list[tuple[int, int]],
    ) -> Iterator[Finding]:
        sum_fen = sum(m.right_fen for m in paid) + sum(fen for _, fen in goods)
        if sum_fen > cap_fen:
            above = sum_fen - cap_fen
            yield self.found(
                file.beneficiary,
                kind="year",
                program=file.program,
                months=[m.month for m in paid],
                key=f"{file.program} {year} {sum_fen}",
                amount_fen=above,
                overpaid=_last_of(paid, above),
                positions=[p for m in paid for p in m.at] + [p for p, _ in goods],
                zh=f"{year}年合计{Money(sum_fen)}元,超上限{Money(above)}元",
                en=f"{Money(sum_fen)} yuan in {year}, {Money(above)} above the cap",
            )


def _last_of(paid: list[MonthPaid], above_fen: int) -> dict[str, int]:
    """Of a year's months, in order, what of the last ones was above its cap: goods stay."""
    found: dict[str, int] = {}
    for month in reversed(paid):
        if above_fen:
            found[month.month] = min(above_fen, month.right_fen)
            above_fen -= found[month.month]
    return dict(sorted(found.items()))


def _off(file: File, rules: list[Rule], month: MonthPaid) -> int | None:
    """By how much a month's amount is not the rule's, in fen; None where it is.

    What was found to be too much is no longer above it, and makes nothing fall below it.
    """
    if not rules:
        return month.right_fen or None
    off = []
    for rule in rules:
        for wanted in file.amounts or [rule.rate_fen or 0]:
            if rule.cap_fen is None:
                below = min(month.amount_fen - wanted, 0)
                off.append(max(month.right_fen - wanted, 0) or below)
            else:
                # The last payment under a cap may be smaller than the amount decided.
                most = wanted if rule.period == "month" else min(wanted, rule.cap_fen)
                off.append(max(month.right_fen - most, 0))
    nearest = min(off, key=abs)
    return nearest or None
