"""What a pay run decides from, answered by the views: see ``ledger.standings``.

The rows carry the version of the stream they have seen; the store refuses lines whose stream has
moved on, so an answer may lag behind the log and never leads to a wrong payment.
"""

from collections.abc import Iterable
from typing import Any

from ledger.domain.month import first_day
from ledger.domain.payment import Standing
from ledger.domain.rules import Rule
from ledger.standings import Unenrolled
from projections.engine import Projector
from projections.views.entitlements import standing
from projections.views.registry import facts_on


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
        entitlements, accounts = self._rows(program)
        for row in entitlements:
            known = accounts.get(row.beneficiary, row.beneficiary)
            yield standing(row, month, period, known)

    def unenrolled(self, program: str, month: str) -> Iterable[Unenrolled]:
        """Living residents without an enrollment, with their facts on the month's first day."""
        enrolled = {
            row.beneficiary for row in self._projector.select("entitlements", {"program": program})
        }
        day = first_day(month)
        for person in self._projector.select("persons"):
            if person.person not in enrolled and person.division and person.deceased_on is None:
                yield Unenrolled(person.person, person.division, facts_on(person, day))

    def _rows(self, program: str) -> tuple[list[Any], dict[str, str | None]]:
        entitlements, persons = self._projector.select_many(
            ("entitlements", {"program": program}), ("persons", None)
        )
        return entitlements, {p.person: p.account for p in persons}
