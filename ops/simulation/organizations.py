"""Organizations of the year: providers, employers, cooperatives, institutions, awards."""

from collections.abc import Iterator

from ledger.commands.organization import ApproveAward, DeclareHeadcount, RecognizeOrganization
from ledger.domain.organization import organization_id
from ops.simulation.calendar import CITY, accountant, director
from ops.simulation.city import DIVISIONS, sized
from ops.simulation.people import Applicant
from ops.simulation.plan import Scenario
from ops.simulation.runner import Item, Runner

PROVIDER = "registration-provider-1"
EMPLOYERS = 40
COOPERATIVES = 31
INSTITUTIONS = 5
AWARDED = 3
SHELTERED_FEN = 83_000_000


def employer(n: int) -> str:
    """The n-th employer's id."""
    return organization_id(f"registration-employer-{n + 1}")


def cooperative(n: int) -> str:
    """The n-th cooperative's id."""
    return organization_id(f"registration-cooperative-{n + 1}")


def recognize(runner: Runner, scenario: Scenario) -> None:
    """In January, all organizations of the year."""
    runner.group(
        "opening/organizations",
        scenario.calendar.at(1, 2),
        lambda: _recognized(scenario),
    )


def _recognized(scenario: Scenario) -> Iterator[Item]:
    by = accountant(scenario.calendar.day(1, 2))

    def one(registration: str, program: str, form: str, name: str, division: str) -> Item:
        recognized = RecognizeOrganization(
            registration=registration,
            program=program,
            form=form,
            name=name,
            division=division,
            document="登记证书",
        )
        return recognized, by

    yield one(PROVIDER, "rehab-service", "institution", "市残疾人康复托养中心", CITY)
    for n in range(EMPLOYERS):
        division = DIVISIONS[n % 4][0]
        name = f"示例企业{n + 1}"
        registration = f"registration-employer-{n + 1}"
        yield one(registration, "urban-employment", "enterprise", name, division)
    for n in range(sized(COOPERATIVES, scenario.scale)):
        division = DIVISIONS[4 + n % 5][0]
        name = f"示例助残合作社{n + 1}"
        registration = f"registration-cooperative-{n + 1}"
        yield one(registration, "cooperative", "cooperative", name, division)
    for n in range(INSTITUTIONS):
        registration = f"registration-sheltered-{n + 1}"
        name = f"示例辅助性就业机构{n + 1}"
        yield one(registration, "sheltered-employment", "institution", name, DIVISIONS[n][0])


def sheltered(scenario: Scenario) -> list[Applicant]:
    """The institutions that apply for building support, with what each is given."""
    total = sized(SHELTERED_FEN, scenario.scale)
    parts = [total // INSTITUTIONS] * INSTITUTIONS
    parts[0] += total - sum(parts)
    return [
        Applicant(
            "sheltered-employment",
            organization_id(f"registration-sheltered-{n + 1}"),
            DIVISIONS[n][0],
            amount_fen=part,
        )
        for n, part in enumerate(parts)
    ]


def award(runner: Runner, scenario: Scenario) -> None:
    """In November, employers above the quota declare their staff and are awarded."""
    calendar = scenario.calendar
    declared = accountant(calendar.day(11, 2))
    approved = director(calendar.day(11, 3))
    runner.group(
        "awards",
        calendar.at(11, 2),
        lambda: [
            item
            for n in range(AWARDED)
            for item in (
                (
                    DeclareHeadcount(
                        organization=employer(n),
                        year=calendar.year,
                        employees=200,
                        disabled_employees=8,
                        document="用工申报表",
                    ),
                    declared,
                ),
                (
                    ApproveAward(
                        organization=employer(n),
                        program="over-quota-award",
                        year=calendar.year,
                        amount_fen=1_000_000,
                        document="审批表",
                    ),
                    approved,
                ),
            )
        ],
    )
