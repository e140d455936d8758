"""What programs did: sums by program, division and month, and the distinct sets behind counts.

Both tables are filled from :func:`projections.contributions.contributions` and nothing else, so a
figure and its explanation cannot disagree. Months and years are those of the effective date.
"""

from datetime import date
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
    "program_totals",
    ProgramTotal,
    ("program", "division", "month", "measure"),
    sums=("count", "quantity", "amount_fen"),
)
PARTICIPANTS = TableDef(
    "participants",
    Participant,
    ("program", "year", "measure", "key"),
    (("key",),),
    sums=("count", "quantity"),
    first="position",
)


class ProgramTotals(View):
    """See the module."""

    name = "program_totals"
    version = 1
    tables = (PROGRAM_TOTALS, PARTICIPANTS)

    def __init__(self, rows: RowSource) -> None:
        self._totals = rows.of(PROGRAM_TOTALS)
        self._participants = rows.of(PARTICIPANTS)
        self._summed = self._totals.at_hand
        self._counted = self._participants.at_hand

    @on(*RULES)
    def counted(self, position: int, event: Event[Any]) -> None:
        day = event.effective
        for program, measure, key, quantity, amount_fen in contributions(event):
            if key is None:
                total = (program, event.division, _MONTH[day], measure)
                summed = self._summed(total) or self._totals.edit(total)
                if summed is None:
                    summed = self._totals.add(total, ProgramTotal(*total))
                summed.count += 1
                summed.quantity += quantity
                summed.amount_fen += amount_fen
            else:
                one = (program, day.year, measure, key)
                row = self._counted(one) or self._participants.edit(one)
                if row is None:
                    row = self._participants.add(one, Participant(*one, position, event.division))
                row.count += 1
                row.quantity += quantity


class _Months(dict[date, str]):
    """The month of a day, remembered."""

    def __missing__(self, day: date) -> str:
        month = self[day] = month_of(day)
        return month


_MONTH = _Months()
