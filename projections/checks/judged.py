"""Months paid, held against the rule: which conditions and exclusions stood against each.

The day that decides a month is the domain's: its first, or that of an application within it. What
is paid by the year or once was decided by the facts of the day of application; a year after that
one's is decided by the first day of the month that it is paid for. Facts are those
known by the end of the fold, so a fact learned late counts from when it holds.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ledger.domain.admission import is_excluded
from ledger.domain.grant import deciding_day
from ledger.domain.month import first_day
from ledger.domain.person import Person, facts_on
from ledger.domain.program import Program, find_rule
from ledger.domain.rules import Rule, evaluate
from projections.checks.book import Book
from projections.checks.files import File, MonthPaid


@dataclass(frozen=True, slots=True)
class Against:
    """A paid month, and what stood against paying it.

    ``failing`` are facts of conditions that did not hold; ``exclusive`` and ``higher`` what else
    was held that bars this program, by the kind of exclusion.
    """

    file: File
    month: MonthPaid
    failing: frozenset[str]
    exclusive: tuple[str, ...]
    higher: tuple[str, ...]


class Judgment:
    """Judges every paid month of persons once, for all the checks that ask."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._found: list[Against] | None = None

    def against(self) -> list[Against]:
        """Every paid month with something against it, in the order of files and months."""
        if self._found is None:
            self._found = list(self._judge())
        return self._found

    def _judge(self) -> Iterator[Against]:
        for file in self._book.files.values():
            program = self._book.programs.get(file.program)
            if program is None or program.beneficiary != "person" or not file.months:
                continue
            person = self._book.person(file.beneficiary) or Person(file.beneficiary)
            yield from self._judge_file(file, program, person)

    def _judge_file(self, file: File, program: Program, person: Person) -> Iterator[Against]:
        days = sorted({entry[0] for entries in person.history.values() for entry in entries})
        known: dict[
            tuple[object, ...], tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]
        ] = {}
        for month in file.paid():
            day = deciding(file, program, month.month)
            rule = find_rule(program, day)
            if rule is None:
                continue
            changing = _expires(person) or self._depends(rule)
            at = (bisect_right(days, day), day.year, id(rule), month.month if changing else "")
            found = known.get(at)
            if found is None:
                found = known[at] = self._judge_day(file, rule, person, day, month.month)
            if any(found):
                yield Against(file, month, *found)

    def _depends(self, rule: Rule) -> bool:
        """Whether another program of ours may bar this one, month by month."""
        return any(x.other in self._book.programs for x in rule.exclusions)

    def _judge_day(
        self, file: File, rule: Rule, person: Person, day: date, month: str
    ) -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
        facts = facts_on(person, day)
        _, trace = evaluate(rule.eligibility, facts)
        failing = frozenset(f.fact for f in trace if not f.holds)
        barring: dict[str, list[str]] = {"exclusive": [], "higher-of": []}

        def held(code: str) -> bool:
            other = self._book.files.get((code, file.beneficiary))
            paid = other.months.get(month) if other is not None else None
            return paid is not None and bool(paid.paid_by)

        for x in rule.exclusions:
            if is_excluded(x.other, x.mode, rule, facts, held):
                barring[x.mode].append(x.other)
        return failing, tuple(barring["exclusive"]), tuple(barring["higher-of"])


def deciding(file: File, program: Program, month: str) -> date:
    """The day whose facts decide a paid month."""
    rule = find_rule(program, first_day(month))
    if rule is not None and rule.period == "month":
        return deciding_day(file.state, month)
    applied = [day for _, day in file.applied if day <= first_day(month)]
    applied = applied or [day for _, day in file.applied]
    later = (
        rule is not None and rule.period == "year" and applied and applied[-1].year < int(month[:4])
    )
    return applied[-1] if applied and not later else first_day(month)


def _expires(person: Person) -> bool:
    """Whether the facts may change on a day on which nothing is recorded."""
    return person.died_on is not None or any(
        entry[1].expires_on is not None for entry in person.history.get("certificate", ())
    )
