"""What a calendar year came to, read from the views once: sums, distinct counts, rules, results.

The report sets these numbers beside the published ones. Nothing is rounded or compared here.
"""

import sqlalchemy as sa

from projections.contributions import medal_key
from projections.engine import Projector
from projections.figures import Figure
from projections.view import View
from projections.views.activities import Activities, Result
from projections.views.households import Households, PovertyPerson, exited_by
from projections.views.programs import Program, Programs, rules_in_year
from projections.views.totals import ProgramTotals

REGISTERED, EXITED = "poverty.registered", "poverty.exited"
"""The two figures that are stocks of the poverty register at the year's end."""
COLORS = ("gold", "silver", "bronze")

_VIEWS: dict[str, type[View]] = {
    "rank": Activities,
    "rate": Programs,
    "cap": Programs,
    "target": Programs,
    "registered": Households,
    "exited": Households,
    "exit-undone": Households,
}


def view_of(measure: str) -> str:
    """The view from which the year's number of a measure is read."""
    return _VIEWS.get(measure, ProgramTotals).name


class YearTotals:
    """The year's sums and distinct counts, read once."""

    def __init__(self, projector: Projector, year: int) -> None:
        self.year = year
        sums, participants = projector.table("program_totals").c, projector.table("participants").c
        summed = (
            sa.select(
                sums.program,
                sums.measure,
                sa.func.sum(sums.quantity),
                sa.func.sum(sums.amount_fen),
                sa.func.sum(sums.count),
            )
            .where(sums.month >= f"{year}-01", sums.month <= f"{year}-12")
            .group_by(sums.program, sums.measure)
        )
        counted = (
            sa.select(participants.program, participants.measure, sa.func.count())
            .where(participants.year == year)
            .group_by(participants.program, participants.measure)
        )
        with projector.connection() as connection:
            self.sums = {
                (p, m): (int(q), int(a), int(n)) for p, m, q, a, n in connection.execute(summed)
            }
            self.distinct = {(p, m): int(n) for p, m, n in connection.execute(counted)}
        rows = projector.select("participants", {"year": year, "measure": "medals"})
        self.keyed: dict[tuple[str, str, str], tuple[int, int]] = {
            (r.program, r.measure, r.key): (r.count, r.quantity) for r in rows
        }
        self.programs: dict[str, Program] = {p.program: p for p in projector.rows("programs")}
        self.results: list[Result] = projector.rows("results")
        self.poverty: list[PovertyPerson] = projector.rows("poverty_persons")

    def count(self, program: str, measure: str) -> int:
        return self.distinct.get((program, measure), 0)

    def sum(self, program: str, measure: str) -> tuple[int, int, int]:
        """Quantity, amount in fen, number of events."""
        return self.sums.get((program, measure), (0, 0, 0))

    def rule_fen(self, program: str, which: str) -> int | None:
        """The rate or cap in fen of the last rule in force in the year."""
        row = self.programs.get(program)
        rules = rules_in_year(row, self.year) if row is not None else []
        found: int | None = getattr(rules[-1], which) if rules else None
        return found

    def target(self, program: str) -> int:
        """What the program was to reach in the year, 0 where nothing was set."""
        row = self.programs.get(program)
        return row.targets.get(str(self.year), 0) if row is not None else 0

    def medals(self, figure: Figure) -> dict[str, int]:
        competition = figure.competition or ""
        return {
            color: self.keyed.get(
                (figure.program, "medals", medal_key(competition, color)), (0, 0)
            )[0]
            for color in COLORS
        }

    def rank(self, figure: Figure) -> int:
        """The best rank reached in the competition, 0 where there is none."""
        ranks = [
            r.rank
            for r in self.results
            if r.competition == figure.competition
            and r.program == figure.program
            and r.rank is not None
            and r.recorded_on[:4] == str(self.year)
        ]
        return min(ranks, default=0)

    def poverty_persons(self, figure: Figure) -> int:
        """Persons on the register, or counting as having left it, at the year's end."""
        end = f"{self.year}-12-31"
        if figure.id == EXITED:
            return len({row.person for row in self.poverty if exited_by(row, end)})
        return len({row.person for row in self.poverty if row.registered_on <= end})
