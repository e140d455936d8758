"""Checks that ask of each paid month which condition did not hold."""

from collections.abc import Iterator
from typing import ClassVar

from ledger.domain.month import span_of
from projections.checks.check import Check
from projections.checks.files import File, paid_in
from projections.checks.finding import Finding, months_said, span_said
from projections.checks.judged import Against


class MonthsAgainst(Check):
    """Months paid to a person while ``fact`` failed: one finding for a person and program."""

    fact: ClassVar[str]
    found_zh: ClassVar[str]
    found_en: ClassVar[str]
    certified: ClassVar[bool] = False
    """Only of persons whose certificate was ever recorded; the others are another check's."""

    def stands_against(self, against: Against) -> bool:
        """Whether this check is about it."""
        return self.fact in against.failing

    def kind_of(self, found: list[Against]) -> str:
        """Which of the check's kinds these months of one enrollment are."""
        return self.kinds[0]

    def findings(self) -> Iterator[Finding]:
        by_file: dict[tuple[str, str], list[Against]] = {}
        for against in self.judgment.against():
            if self.stands_against(against) and self._known(against.file):
                key = (against.file.program, against.file.beneficiary)
                by_file.setdefault(key, []).append(against)
        for (program, who), found in by_file.items():
            months = [a.month.month for a in found]
            yield self.found(
                who,
                kind=self.kind_of(found),
                program=program,
                months=months,
                amount_fen=sum(a.month.paid_fen for a in found),
                overpaid=paid_in(a.month for a in found),
                positions=[p for a in found for p in a.month.at] + self.proof(found[0].file),
                zh=self.found_zh.format(n=len(months), span=span_of(months)),
                en=self.found_en.format(months=months_said(months), span=span_said(months)),
            )

    def proof(self, file: File) -> list[int]:
        """Positions of the events of the fact itself."""
        return self.book.facts_at.get((file.beneficiary, self.fact), [])

    def _known(self, file: File) -> bool:
        if not self.certified:
            return True
        person = self.book.persons.get(file.beneficiary)
        return person is not None and bool(person.history.get("certificate"))
