"""What programs did: sums by program, division and month, and the distinct sets behind counts.

Both tables are filled from :func:`projections.contributions.contributions` and nothing else, so a
figure and its explanation cannot disagree. Months and years are those of the effective date.
"""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.month import month_of
from projections.contributions import RULES, contributions
from projections.rows import RowSource, TableDef
from projections.view import View, on


class ProgramTotal(msgspec.Struct, gc=False):
    """A summed measure (``amount``, ``events``, ``quantity``) of a program, division and month."""

    program: str
    division: str
    month: str
    measure: str
    count: int = 0
    quantity: int = 0
    amount_fen: int = 0


class Participant(msgspec.Struct, gc=False):
    """Something counted once in a program and calendar year: a person, a household, a kind.

    ``position`` and ``division`` are those of the first event that counts, ``count`` how many do.
    """

    program: str
    year: int
    measure: str
    key: str
    position: int
    division: str
    count: int = 0
    quantity: int = 0


PROGRAM_TOTALS = TableDef(
    "program_totals", ProgramTotal, ("program", "division", "month", "measure")
)
PARTICIPANTS = TableDef(
    "participants", Participant, ("program", "year", "measure", "key"), (("key",),)
)


class ProgramTotals(View):
    """See the module."""

    name = "program_totals"
    version = 1
    tables = (PROGRAM_TOTALS, PARTICIPANTS)

    def __init__(self, rows: RowSource) -> None:
        self._totals = rows.of(PROGRAM_TOTALS)
        self._participants = rows.of(PARTICIPANTS)
        self._edit = self._participants.edit

    @on(*RULES)
    def counted(self, position: int, event: Event[Any]) -> None:
        year = event.effective.year
        for program, measure, key, quantity, amount_fen in contributions(event):
            if key is None:
                self._sum(event, program, measure, quantity, amount_fen)
                continue
            at = (program, year, measure, key)
            row = self._edit(at)
            if row is None:
                row = self._participants.add(at, Participant(*at, position, event.division))
            row.count += 1
            row.quantity += quantity

    def _sum(
        self, event: Event[Any], program: str, measure: str, quantity: int, amount_fen: int
    ) -> None:
        at = (program, event.division, month_of(event.effective), measure)
        row = self._totals.edit(at)
        if row is None:
            row = self._totals.add(at, ProgramTotal(*at))
        row.count += 1
        row.quantity += quantity
        row.amount_fen += amount_fen
