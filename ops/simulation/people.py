"""People enter the ledger, apply for the monthly subsidies, and are approved."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ledger.commands.certificate import IssueCertificate
from ledger.commands.enrollment import (
    ApproveEnrollment,
    AssessEligibility,
    CloseNotice,
    PublishNotice,
    SubmitApplication,
)
from ledger.commands.person import (
    ChangeBankAccount,
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


class Applicant(NamedTuple):
    """Someone who applies for a program; ``amount_fen`` where it is decided one by one."""

    program: str
    beneficiary: str
    division: str
    amount_fen: int | None = None
    notice: bool = True


def enroll(
    runner: Runner,
    calendar: Calendar,
    month: int,
    applicants: Sequence[Applicant],
    *,
    start_month: str | None = None,
) -> None:
    """Applied for on the 4th, approved on the 12th, with a week of public notice in between."""
    if not applicants:
        return
    key = f"{calendar.month(month) if month else 'opening'}/enroll"
    runner.group(
        f"{key}/apply",
        calendar.at(month, 4),
        lambda: (item for a in applicants for item in _application(a, calendar.day(month, 4))),
    )
    runner.group(
        f"{key}/approve",
        calendar.at(month, 12),
        lambda: (
            item for a in applicants for item in _approval(a, calendar.day(month, 12), start_month)
        ),
    )


def _application(a: Applicant, today: date) -> Iterator[Item]:
    program, who = a.program, a.beneficiary
    by = registrar(a.division, today)
    yield SubmitApplication(program=program, beneficiary=who, documents=["申请表"]), by
    yield AssessEligibility(program=program, beneficiary=who), by
    if a.notice:
        noticed = PublishNotice(
            program=program,
            beneficiary=who,
            notice_from=next_day(today),
            notice_until=next_day(today, 7),
            place=PLACE,
        )
        yield noticed, by


def _approval(a: Applicant, today: date, start_month: str | None) -> Iterator[Item]:
    program, who = a.program, a.beneficiary
    by = approver(a.division, today)
    if a.notice:
        yield CloseNotice(program=program, beneficiary=who), by
    approved = ApproveEnrollment(
        program=program, beneficiary=who, start_month=start_month, amount_fen=a.amount_fen
    )
    yield approved, by
