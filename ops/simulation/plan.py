"""The plan of the year's two monthly subsidies: who begins when, and what happens to whom.

The published totals are person-months. Everyone of a cohort would be paid twelve; what happens in
the year takes months away, and the rest of the difference is made by people who begin later. So
the plan meets its total exactly, by counting, before anything is simulated; the report then shows
whether the events agree.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Literal

from ops.simulation.calendar import Calendar
from ops.simulation.city import Citizen, CityTooSmall, sized

LIVING, NURSING = "living-subsidy", "nursing-subsidy"
MONTHS = {LIVING: 385_540, NURSING: 336_120}
"""Person-months paid in the year, net of returns and recoveries (assumed: see the rates)."""

Kind = Literal[
    "died",
    "died-late",
    "died-in-transit",
    "died-returned",
    "death-revoked",
    "left",
    "low-income-ended",
    "regraded",
    "custody",
    "certificate-expired",
    "returned",
    "objection",
    "moved",
]

COUNTS: dict[Kind, int] = {
    "died": 420,
    "died-late": 60,
    "died-in-transit": 12,
    "died-returned": 6,
    "death-revoked": 2,
    "left": 150,
    "low-income-ended": 180,
    "regraded": 60,
    "custody": 20,
    "certificate-expired": 30,
    "returned": 200,
    "objection": 8,
    "moved": 200,
}
"""How many of each, in the full city."""

Settlement = Literal["recovered", "waived", "open"]


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happens in ``month`` and is learned in ``learned`` (both 1 to 12).

    ``until`` is the month in which it passes; ``debt`` what becomes of months overpaid.
    """

    kind: Kind
    month: int
    learned: int
    until: int = 0
    debt: Settlement = "recovered"


@dataclass(slots=True)
class Plan:
    """By index of the citizen: the first month in each program, and the incident if any."""

    starts: dict[str, dict[int, int]] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)

    def arriving_later(self) -> frozenset[int]:
        """Who is not registered when the year begins."""
        return frozenset(i for month in range(2, 13) for i in self.newcomers(month))

    def beginning(self, program: str, month: int) -> list[int]:
        """Whose first month in a program this is."""
        return sorted(i for i, start in self.starts[program].items() if start == month)

    def newcomers(self, month: int) -> list[int]:
        """Who registers in this month because every benefit of theirs begins then or later.

        That is every third of those whose first benefit begins in the month.
        """
        firsts: dict[int, int] = {}
        for starts in self.starts.values():
            for index, start in starts.items():
                firsts[index] = min(firsts.get(index, 13), start)
        return sorted(i for i, first in firsts.items() if first == month and i % 3 == 0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that a simulated year follows from; ``later`` are those not there when it begins."""

    seed: int
    scale: Fraction
    calendar: Calendar
    citizens: list[Citizen]
    plan: Plan
    later: frozenset[int]

    def undisturbed(self, purpose: str, fits: Callable[[Citizen], bool]) -> list[Citizen]:
        """All who fit, there from the start and without incidents, shuffled for the purpose."""
        busy = self.later | self.plan.incidents.keys()
        found = [c for c in self.citizens if c.index not in busy and fits(c)]
        Random(f"{self.seed} {purpose}").shuffle(found)
        return found


def make_plan(seed: int, scale: Fraction, citizens: list[Citizen]) -> Plan:
    """The plan of a city; raises :class:`CityTooSmall` where a cohort is, for its total."""
    draw = Random(f"{seed} plan")
    plan = Plan()
    cohorts = {
        LIVING: [c.index for c in citizens if c.low_income],
        NURSING: [c.index for c in citizens if c.needs_care],
    }
    _assign_incidents(plan, draw, scale, citizens)
    for program, cohort in cohorts.items():
        plan.starts[program] = _starts(plan, draw, scale, program, cohort)
    return plan


def months_lost(incident: Incident | None, program: str) -> int:
    """How many of twelve months a person is not paid, net, because of the incident."""
    if incident is None:
        return 0
    i = incident
    match i.kind:
        case "died" | "left" | "died-in-transit" | "died-returned":
            return 12 - i.month
        case "died-late":
            return 12 - (i.month if i.debt == "recovered" else i.learned - 1)
        case "low-income-ended":
            return 12 - i.month if program == LIVING else 0
        case "regraded":
            return 12 - i.month if program == NURSING else 0
        case "custody" | "certificate-expired":
            return i.until - i.month
        case "objection":
            return 1
        case "death-revoked" | "returned" | "moved":
            return 0


def _assign_incidents(plan: Plan, draw: Random, scale: Fraction, citizens: list[Citizen]) -> None:
    """One incident at most a person, spread over those whom it can happen to."""
    free = [c for c in citizens if (c.low_income or c.needs_care) and c.age >= 18]
    draw.shuffle(free)
    for kind, count in COUNTS.items():
        wanted = sized(count, scale)
        fitting = [c for c in free if _fits(kind, c)][:wanted]
        if len(fitting) < wanted:
            raise CityTooSmall(scale=scale, what=kind)
        for n, citizen in enumerate(fitting):
            plan.incidents[citizen.index] = _incident(kind, n, draw)
        taken = {c.index for c in fitting}
        free = [c for c in free if c.index not in taken]


def _fits(kind: Kind, c: Citizen) -> bool:
    match kind:
        case "low-income-ended":
            return c.low_income and not c.needs_care
        case "regraded":
            return c.needs_care and c.grade == 2 and not c.low_income
        case "objection" | "returned" | "died-returned" | "died-in-transit":
            return c.low_income != c.needs_care
        case _:
            return True


def _incident(kind: Kind, n: int, draw: Random) -> Incident:
    match kind:
        case "died-late":
            month = draw.randint(1, 8)
            debts: tuple[Settlement, ...] = ("recovered",) * 8 + ("waived", "open")
            late = draw.randint(2, 4)
            return Incident(kind, month, month + late, debt=debts[n % len(debts)])
        case "died-in-transit" | "died-returned":
            month = draw.randint(1, 10)
            return Incident(kind, month, month + 1)
        case "death-revoked":
            return Incident(kind, 4, 5, until=7)
        case "custody" | "certificate-expired":
            month = draw.randint(2, 8)
            return Incident(kind, month, month, until=month + draw.randint(1, 3))
        case "returned":
            month = draw.randint(1, 11)
            return Incident(kind, month, month)
        case "objection":
            month = draw.randint(2, 11)
            return Incident(kind, month, month)
        case _:
            month = draw.randint(1, 12)
            return Incident(kind, month, month)


def _starts(
    plan: Plan, draw: Random, scale: Fraction, program: str, cohort: list[int]
) -> dict[int, int]:
    """First months that bring the cohort's total to its target."""
    target = sized(MONTHS[program], scale)
    lost = sum(months_lost(plan.incidents.get(i), program) for i in cohort)
    surplus = 12 * len(cohort) - lost - target
    late = [i for i in cohort if i not in plan.incidents]
    draw.shuffle(late)
    late = late[: -(-surplus * 2 // 11)]
    if surplus < 0 or surplus > 11 * len(late):
        raise CityTooSmall(scale=scale, what=program)
    starts = dict.fromkeys(cohort, 1)
    delays = [draw.randint(1, 10) for _ in late]
    missing = surplus - sum(delays)
    step = 1 if missing > 0 else -1
    while missing:
        for n, delay in enumerate(delays):
            if missing and 1 <= delay + step <= 11:
                delays[n] += step
                missing -= step
    for index, delay in zip(late, delays, strict=True):
        starts[index] = 1 + delay
    return starts
