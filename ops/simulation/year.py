"""The simulated year from its opening to its close, month by month."""

from ledger.catalog.loader import load_funds
from ledger.commands.program import AdoptProgram, AppropriateFunds, OpenFund
from ops.home import Home
from ops.simulation import runs
from ops.simulation.calendar import Calendar, director
from ops.simulation.city import Citizen, populate
from ops.simulation.incidents import Incidents
from ops.simulation.people import enroll, register
from ops.simulation.plan import LIVING, NURSING, Plan, make_plan
from ops.simulation.runner import Progress, Runner
from ops.simulation.runs import Wanted

EVENTS = 2_400_000
"""About how many events the full city's year has, for the progress shown."""

CANCELLED = (6, NURSING)
"""The run whose first batch is cancelled."""


def run(home: Home, progress: Progress) -> None:
    """Simulate the home's year, or what is left of it."""
    info = home.info
    assert info.seed is not None and info.year is not None
    runner = Runner(home, progress, int(EVENTS * info.share))
    runner.stage = "城市 / city"
    citizens = populate(info.seed, info.share, home.vault, info.year)
    plan = make_plan(info.seed, info.share, citizens)
    calendar = Calendar(info.year)
    _open(home, runner, calendar)
    _people(runner, calendar, plan, citizens)
    incidents = Incidents(runner, calendar, plan, citizens)
    for month in range(1, 13):
        runner.stage = calendar.month(month)
        _month(runner, calendar, plan, citizens, incidents, month)


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


def _people(runner: Runner, calendar: Calendar, plan: Plan, citizens: list[Citizen]) -> None:
    """Everyone who does not arrive later, and last year's beneficiaries."""
    later = {i for month in range(2, 13) for i in plan.newcomers(month)}
    register(runner, calendar, 0, [c for c in citizens if c.index not in later])
    enroll(
        runner,
        calendar,
        0,
        _applicants(plan, citizens, 1),
        start_month=calendar.month(1),
    )


def _applicants(plan: Plan, citizens: list[Citizen], month: int) -> list[tuple[str, list[Citizen]]]:
    return [
        (
            program,
            [citizens[i] for i, start in sorted(plan.starts[program].items()) if start == month],
        )
        for program in (LIVING, NURSING)
    ]


def _month(
    runner: Runner,
    calendar: Calendar,
    plan: Plan,
    citizens: list[Citizen],
    incidents: Incidents,
    month: int,
) -> None:
    if month > 1:
        register(runner, calendar, month, [citizens[i] for i in plan.newcomers(month)])
        enroll(runner, calendar, month, _applicants(plan, citizens, month))
    incidents.learned(month)
    incidents.pay_again(month)
    wanted = [_wanted(incidents, month, program) for program in (LIVING, NURSING)]
    made = [(w, runs.compute(runner, calendar, month, w)) for w in wanted]
    for w, payrun in made:
        runs.object_to_lines(runner, calendar, month, w, payrun)
    for w, payrun in made:
        runs.approve_and_issue(runner, calendar, month, w, payrun)
    incidents.learned_in_transit(month)
    for w, payrun in made:
        runs.read_result(runner, calendar, month, w, payrun)
    incidents.follow_up_debts(month)


def _wanted(incidents: Incidents, month: int, program: str) -> Wanted:
    returned = dict.fromkeys(incidents.enrollments("returned", month, program), "账户已销户")
    returned |= dict.fromkeys(incidents.enrollments("died-returned", month, program), "账户已注销")
    return Wanted(
        program=program,
        objections=incidents.enrollments("objection", month, program),
        returned=returned,
        cancelled=(month, program) == CANCELLED,
    )
