"""Yearly, single and small monthly payments: who applies when, what is decided, when it is paid.

One row a program. Counts are published where the source gives them (through the figures) and
assumed otherwise; amounts are the rules', or decided one by one within their caps.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ledger.domain.money import Money
from ops.simulation.city import Citizen, CityTooSmall, sized
from ops.simulation.people import Applicant
from ops.simulation.plan import Scenario
from ops.simulation.runs import Wanted


@dataclass(frozen=True, slots=True)
class Payment:
    """A program's year: how many apply in which month, and in which months it is paid.

    ``total_fen`` is split among the beneficiaries where amounts are decided one by one.
    """

    program: str
    count: int
    fits: Callable[[Citizen], bool]
    apply_in: int
    paid_in: tuple[int, ...]
    notice: bool = True
    total_fen: int | None = None


def working(c: Citizen) -> bool:
    """Of working age."""
    return 18 <= c.age <= 59


def _severe_working(c: Citizen) -> bool:
    return working(c) and c.grade <= 2


def _severe_in_town(c: Citizen) -> bool:
    return c.urban and c.grade <= 2


def _drives(c: Citizen) -> bool:
    return c.category == 4 and c.vehicle


def _cared_for(c: Citizen) -> bool:
    return _severe_working(c) and c.category >= 4


def _senior_secondary(c: Citizen) -> bool:
    return c.student == "senior-secondary"


def _poor_student(c: Citizen) -> bool:
    return c.low_income and c.student in ("senior-secondary", "higher")


def _poor_child(c: Citizen) -> bool:
    return c.low_income and c.age <= 17


def _autistic_or_intellectual(c: Citizen) -> bool:
    return c.category in (5, 6) and c.age >= 18


def _student(c: Citizen) -> bool:
    return c.student != "none"


SHELTERED, SHELTERED_PAID_IN = "sheltered-employment", 9
"""Institutions, which ``organizations.py`` has; paid like everyone else."""

FROM_FEBRUARY = tuple(range(2, 13))
FROM_MARCH = tuple(range(3, 13))

PAYMENTS = (
    Payment("pension-premium", 23_703, _severe_working, 2, (3,), notice=False),
    Payment("medical-premium", 2_365, _severe_in_town, 2, (3,), notice=False),
    Payment("accident-insurance", 12_000, working, 3, (4,), notice=False),
    Payment("fuel-subsidy", 3_149, _drives, 6, (7,)),
    Payment("care-service", 718, _cared_for, 4, (11,)),
    Payment("student-aid", 120, _senior_secondary, 9, (10,)),
    Payment("student-aid-child", 90, _poor_student, 9, (10,)),
    Payment("lottery-fund-aid", 40, _poor_child, 5, (6,), total_fen=8_000_000),
    Payment("rehab-care-subsidy", 45, _autistic_or_intellectual, 3, FROM_MARCH),
    Payment("township-commissioner", 150, working, 2, FROM_FEBRUARY, total_fen=12_000_000),
    Payment("village-commissioner", 600, working, 2, FROM_FEBRUARY, total_fen=12_000_000),
    Payment("charity-platform", 82, _student, 5, (6,), notice=False, total_fen=4_100_000),
)


class Payments:
    """The year's payments beside the two monthly subsidies."""

    def __init__(self, scenario: Scenario) -> None:
        self._scale = scenario.scale
        self.chosen = {p.program: choose(scenario, p) for p in PAYMENTS}

    def applicants(self, month: int) -> list[Applicant]:
        """Who applies in the month."""
        return [a for p in PAYMENTS if p.apply_in == month for a in self._applicants(p)]

    def wanted(self, month: int) -> list[Wanted]:
        """The runs of the month."""
        wanted = [Wanted(program=p.program) for p in PAYMENTS if month in p.paid_in]
        return wanted + ([Wanted(program=SHELTERED)] if month == SHELTERED_PAID_IN else [])

    def _applicants(self, payment: Payment) -> list[Applicant]:
        chosen = self.chosen[payment.program]
        amounts: list[int | None] = [None] * len(chosen)
        if payment.total_fen is not None:
            total = Money(sized(payment.total_fen, self._scale))
            amounts = [m.fen for m in total.allocate([1] * len(chosen))]
        return [
            Applicant(payment.program, c.person, c.division, amount, payment.notice)
            for c, amount in zip(chosen, amounts, strict=True)
        ]


def choose(scenario: Scenario, payment: Payment) -> list[Citizen]:
    """Beneficiaries whom nothing befalls in the year and who were there when it began.

    Raises :class:`CityTooSmall` where they are too few.
    """
    wanted = sized(payment.count, scenario.scale)
    found = scenario.undisturbed(payment.program, payment.fits)[:wanted]
    if len(found) < wanted:
        raise CityTooSmall(scale=scenario.scale, what=payment.program)
    return found
