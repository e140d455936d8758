"""What a pay run decides from, answered by the views: see ``ledger.standings``.

The rows carry the version of the stream they have seen; the store refuses lines whose stream has
moved on, so an answer may lag behind the log and never leads to a wrong payment.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from ledger.domain.month import first_day
from ledger.domain.payment import Standing
from ledger.domain.rules import Condition, Rule
from ledger.standings import Unenrolled
from projections.engine import Projector
from projections.views.entitlements import standing
from projections.views.registry import facts_on

COLUMNS = frozenset(("category", "grade", "low_income", "needs_care", "urban", "vehicle"))
"""Facts that the registry holds in a column of the same name and meaning."""


def _holds(column: sa.Column[Any], condition: Condition) -> sa.ColumnElement[bool]:
    """A condition of a rule over a column's latest value."""
    value = condition.value
    match condition.op:
        case "in":
            return column.in_(value if isinstance(value, list) else [value])
        case "at_least":
            return column >= value
        case "at_most":
            return column <= value
        case "is":
            return column == value


class ViewStandings:
    """A :class:`~ledger.standings.StandingSource` over the entitlements and the registry."""

    def __init__(self, projector: Projector) -> None:
        self._projector = projector

    def catch_up(self) -> int:
        return self._projector.catch_up()

    def standings(self, program: str, month: str, period: str, rule: Rule) -> Iterable[Standing]:
        """Every enrollment of the program, with the account its beneficiary has now.

        A beneficiary that is no person (an organization) receives on its own account, which is
        not the ledger's to know; its stream id stands for it.
        """
        accounts = self._accounts(program)
        for row in self._projector.select("entitlements", {"program": program}):
            account = accounts.get(row.beneficiary, row.beneficiary)
            yield standing(row, month, period, account)

    def accounts(self, program: str) -> dict[str, str]:
        return {k: v for k, v in self._accounts(program).items() if v is not None}

    def unenrolled(self, program: str, month: str, rule: Rule) -> Iterable[Unenrolled]:
        """Living residents without an enrollment, with their facts on the month's first day.

        Conditions on facts that the registry has a column for are put to the database first.
        """
        persons = self._projector.table("persons")
        entitlements = self._projector.table("entitlements")
        enrolled = sa.select(entitlements.c.beneficiary).where(entitlements.c.program == program)
        query = sa.select(persons.c.person).where(
            persons.c.deceased_on.is_(None),
            persons.c.division.is_not(None),
            persons.c.person.not_in(enrolled),
            *(_holds(persons.c[c.fact], c) for c in rule.eligibility if c.fact in COLUMNS),
        )
        with self._projector.connection() as connection:
            found = connection.execute(query).scalars().all()
        day = first_day(month)
        for start in range(0, len(found), 500):
            some = found[start : start + 500]
            for person in self._projector.select("persons", {"person": some}):
                yield Unenrolled(person.person, person.division, facts_on(person, day))

    def _accounts(self, program: str) -> dict[str, str | None]:
        """By person among the program's beneficiaries; None where there is no account."""
        persons = self._projector.table("persons")
        entitlements = self._projector.table("entitlements")
        query = (
            sa.select(persons.c.person, persons.c.account)
            .join(entitlements, entitlements.c.beneficiary == persons.c.person)
            .where(entitlements.c.program == program)
        )
        with self._projector.connection() as connection:
            return {row.person: row.account for row in connection.execute(query)}
