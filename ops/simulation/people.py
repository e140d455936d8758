"""People enter the ledger, apply for the monthly subsidies, and are approved."""

from collections.abc import Iterable, Iterator

from ledger.commands.enrollment import (
    ApproveEnrollment,
    AssessEligibility,
    CloseNotice,
    PublishNotice,
    SubmitApplication,
)
from ledger.commands.person import (
    ChangeBankAccount,
    IssueCertificate,
    RecognizeHardship,
    RecordLifeFact,
    RegisterPerson,
)
from ops.simulation.calendar import Calendar, approver, next_day, registrar
from ops.simulation.city import Citizen
from ops.simulation.runner import Item, Runner

PLACE = "村(社区)公示栏"


def register(runner: Runner, calendar: Calendar, month: int, citizens: list[Citizen]) -> None:
    """Registration with certificate, account and the facts that rules ask for."""
    if not citizens:
        return
    tag = calendar.month(month) if month else "opening"
    runner.group(
        f"{tag}/register",
        calendar.at(month, 3),
        lambda: (item for c in citizens for item in _registration(calendar, month, c)),
    )


def _registration(calendar: Calendar, month: int, c: Citizen) -> Iterator[Item]:
    by = registrar(c.division, calendar.day(month, 3))
    yield (
        RegisterPerson(
            id_number=c.id_number,
            name=c.name,
            birth_date=c.born,
            division=c.division,
            urban=c.urban,
            household=c.household,
        ),
        by,
    )
    yield (
        IssueCertificate(
            person=c.person,
            number=c.certificate,
            id_number=c.id_number,
            category=c.category,
            grade=c.grade,
        ),
        by,
    )
    yield ChangeBankAccount(person=c.person, account=c.account, bank="农信社", holder=c.name), by
    if c.low_income:
        yield RecognizeHardship(person=c.person, document="低保证"), by
    if c.needs_care:
        yield RecordLifeFact(person=c.person, fact="needs_care", value=True, document="评估表"), by
    if c.vehicle:
        yield RecordLifeFact(person=c.person, fact="vehicle", value=True, document="行驶证"), by
    if c.student != "none":
        yield (
            RecordLifeFact(person=c.person, fact="student", value=c.student, document="学籍证明"),
            by,
        )


Applicants = list[tuple[str, list[Citizen]]]
"""A program and who applies for it."""


def enroll(
    runner: Runner,
    calendar: Calendar,
    month: int,
    applicants: Applicants,
    *,
    tag: str = "enroll",
    start_month: str | None = None,
    notice: bool = True,
    first_day: int = 4,
) -> None:
    """Application to approval within nine days, with a week of public notice where there is one."""
    applicants = [(program, people) for program, people in applicants if people]
    if not applicants:
        return
    key = f"{calendar.month(month) if month else 'opening'}/{tag}"
    runner.group(
        f"{key}/apply",
        calendar.at(month, first_day),
        lambda: _flat(
            _application(calendar, month, first_day, p, c, notice) for p, c in _each(applicants)
        ),
    )
    runner.group(
        f"{key}/approve",
        calendar.at(month, first_day + 8),
        lambda: _flat(
            _approval(calendar, month, first_day + 8, p, c, start_month, notice)
            for p, c in _each(applicants)
        ),
    )


def _each(applicants: Applicants) -> Iterator[tuple[str, Citizen]]:
    return ((program, c) for program, people in applicants for c in people)


def _flat(parts: Iterable[list[Item]]) -> Iterator[Item]:
    return (item for part in parts for item in part)


def _application(
    calendar: Calendar, month: int, day: int, program: str, c: Citizen, notice: bool
) -> list[Item]:
    today = calendar.day(month, day)
    by = registrar(c.division, today)
    about = {"program": program, "beneficiary": c.person}
    items: list[Item] = [
        (SubmitApplication(**about, documents=["申请表"]), by),
        (AssessEligibility(**about), by),
    ]
    if notice:
        start = next_day(today)
        noticed = PublishNotice(
            **about, notice_from=start, notice_until=next_day(start, 6), place=PLACE
        )
        items.append((noticed, by))
    return items


def _approval(
    calendar: Calendar,
    month: int,
    day: int,
    program: str,
    c: Citizen,
    start_month: str | None,
    notice: bool,
) -> list[Item]:
    by = approver(c.division, calendar.day(month, day))
    about = {"program": program, "beneficiary": c.person}
    items: list[Item] = [(CloseNotice(**about), by)] if notice else []
    items.append((ApproveEnrollment(**about, start_month=start_month), by))
    return items
