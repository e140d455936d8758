"""The simulated year from its opening to its close, month by month."""

from ledger.catalog.loader import load_funds
from ledger.collector import collector_paused
from ledger.commands.program import AdoptProgram, AppropriateFunds, OpenFund
from ops.home import Home
from ops.simulation import runs
from ops.simulation.calendar import Calendar, director
from ops.simulation.cash import Payments
from ops.simulation.city import populate
from ops.simulation.deliveries import Deliveries
from ops.simulation.households import Households
from ops.simulation.incidents import Incidents
from ops.simulation.organizations import award, recognize, sheltered
from ops.simulation.people import Applicant, enroll, register
from ops.simulation.plan import LIVING, NURSING, Scenario, make_plan
from ops.simulation.public import PublicYear
from ops.simulation.runner import Progress, Runner
from ops.simulation.runs import Wanted

EVENTS = 2_400_000
"""About how many events the full city's year has, for the progress shown."""

SHELTERED_APPLY_IN = 8

CANCELLED = (6, NURSING)
"""The run whose first batch is cancelled."""


def run(home: Home, progress: Progress) -> None:
    """Simulate the home's year, or what is left of it.

    Raises :class:`CityTooSmall`, with nothing stored, where the year cannot be planned.
    """
    with (
        collector_paused()
    ):  # a month leaves a thousand objects in cycles, whatever the city's size
        _run(home, progress)


def _run(home: Home, progress: Progress) -> None:
    info = home.info
    assert info.seed is not None
    assert info.year is not None
    runner = Runner(home, progress, int(EVENTS * info.share))
    runner.stage = "城市 / city"
    citizens = populate(info.seed, info.share, home.vault, info.year)
    plan = make_plan(info.seed, info.share, citizens)
    calendar = Calendar(info.year)
    later = plan.arriving_later()
    scenario = Scenario(info.seed, info.share, calendar, citizens, plan, later)
    year = Year(runner, scenario)  # planned as a whole before the first event is stored
    _open(home, runner, calendar)
    register(runner, calendar, 0, [c for c in citizens if c.index not in later])
    enroll(runner, calendar, 0, _applicants(scenario, 1), start_month=calendar.month(1))
    year.open()
    for month in range(1, 13):
        runner.stage = calendar.month(month)
        year.month(month)


def _open(home: Home, runner: Runner, calendar: Calendar) -> None:
    """The catalog is adopted, funds are opened and filled."""
    by = director(calendar.day(0, 1))
    runner.group(
        "opening/catalog",
        calendar.at(0, 1),
        lambda: [
            *((AdoptProgram(definition=p), by) for p in home.programs.values()),
            *((OpenFund(definition=f), by) for f in load_funds().values()),
        ],
    )
    appropriated = director(calendar.day(1, 2))
    runner.group(
        "opening/appropriations",
        calendar.at(0, 2),
        lambda: [
            (
                AppropriateFunds(
                    fund=f.code,
                    amount_fen=f.annual_appropriation_fen,
                    year=calendar.year,
                    document=f"{calendar.year}年度预算",
                ),
                appropriated,
            )
            for f in load_funds().values()
            if f.annual_appropriation_fen
        ],
    )


def _applicants(scenario: Scenario, month: int) -> list[Applicant]:
    return [
        Applicant(program, scenario.citizens[i].person, scenario.citizens[i].division)
        for program in (LIVING, NURSING)
        for i in scenario.plan.beginning(program, month)
    ]


class Year:
    """What is done in each month, in the calendar's order."""

    def __init__(self, runner: Runner, scenario: Scenario) -> None:
        self._runner = runner
        self._scenario = scenario
        self._calendar = scenario.calendar
        self._incidents = Incidents(runner, scenario)
        self._payments = Payments(scenario)
        self._deliveries = Deliveries(runner, scenario, self._payments)
        self._households = Households(runner, scenario)
        self._public = PublicYear(runner, scenario)

    def open(self) -> None:
        """What is there when the year begins, beside people and their subsidies."""
        self._households.open()
        recognize(self._runner, self._scenario)

    def month(self, month: int) -> None:
        """One month, from registrations to debts."""
        runner, calendar, scenario = self._runner, self._calendar, self._scenario
        self._public.month(month)
        if month == 11:
            award(runner, scenario)
        if month > 1:
            newcomers = [scenario.citizens[i] for i in scenario.plan.newcomers(month)]
            register(runner, calendar, month, newcomers)
        enroll(runner, calendar, month, self._applicants(month))
        self._households.propose(month)
        self._deliveries.deliver(month)
        self._households.build(month)
        self._households.decide(month)
        self._incidents.learned(month)
        self._incidents.pay_again(month)
        self._pay(month)
        self._incidents.follow_up_debts(month)

    def _applicants(self, month: int) -> list[Applicant]:
        """Everyone who applies in the month."""
        found = _applicants(self._scenario, month) if month > 1 else []
        found += self._payments.applicants(month)
        found += self._deliveries.applicants(month)
        found += self._households.applicants(month)
        if month == SHELTERED_APPLY_IN:
            found += sheltered(self._scenario)
        return found

    def _pay(self, month: int) -> None:
        runner, calendar = self._runner, self._calendar
        wanted = [self._subsidy(month, program) for program in (LIVING, NURSING)]
        wanted += self._payments.wanted(month)
        made = [(w, runs.compute(runner, calendar, month, w)) for w in wanted]
        for w, payrun in made:
            runs.object_to_lines(runner, calendar, month, w, payrun)
        for w, payrun in made:
            runs.approve(runner, calendar, month, w, payrun)
        for w, payrun in made:
            runs.issue(runner, calendar, month, w, payrun)
        self._incidents.learned_in_transit(month)
        for w, payrun in made:
            runs.read_result(runner, calendar, month, w, payrun)

    def _subsidy(self, month: int, program: str) -> Wanted:
        incidents = self._incidents
        returned = dict.fromkeys(incidents.enrollments("returned", month, program), "账户已销户")
        gone = incidents.enrollments("died-returned", month, program)
        returned |= dict.fromkeys(gone, "账户已注销")
        return Wanted(
            program=program,
            objections=incidents.enrollments("objection", month, program),
            returned=returned,
            cancelled=(month, program) == CANCELLED,
        )
