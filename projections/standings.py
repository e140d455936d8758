"""What a pay run asks of the read side, answered from the entitlements and the registry.

Answers are as of the position last caught up to, all from one look at the database. Each standing
carries the stream version its row has seen; the store refuses what has moved on since.
"""

from collections.abc import Iterator

from ledger.domain.month import first_day
from ledger.domain.payment import Standing
from ledger.domain.rules import Rule
from ledger.standings import Unenrolled
from projections.engine import Projector
from projections.views.entitlements import standing
from projections.views.registry import Person, facts_on


class ViewStandings:
    """A :class:`ledger.standings.StandingSource` over the views."""

    def __init__(self, projector: Projector) -> None:
        self._projector = projector

    def catch_up(self) -> int:
        """Take in everything stored so far; the position reached."""
        return self._projector.catch_up()

    def standings(self, program: str, month: str, period: str, rule: Rule) -> Iterator[Standing]:
        """Every enrollment of the program, in order of its id."""
        entitlements, persons = self._projector.select_many(
            ("entitlements", {"program": program}), ("persons", None)
        )
        accounts = {p.person: p.account for p in persons}
        for row in entitlements:
            yield standing(row, month, period, accounts.get(row.beneficiary))

    def unenrolled(self, program: str, month: str) -> Iterator[Unenrolled]:
        """Registered persons without an enrollment in the program, in order of their id.

        Facts are as they hold on the month's first day; persons merged into another are passed
        over, and so are those who have left the city.
        """
        day = first_day(month)
        entitlements, persons = self._projector.select_many(
            ("entitlements", {"program": program}), ("persons", None)
        )
        enrolled = {row.beneficiary for row in entitlements}
        for person in persons:
            if person.person not in enrolled and _may_be_asked(person):
                yield Unenrolled(person.person, person.division, facts_on(person, day))


def _may_be_asked(person: Person) -> bool:
    return person.merged_into is None and person.division is not None
