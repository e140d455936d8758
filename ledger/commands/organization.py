"""Commands about organizations: recognition, the staff of a year, awards above the quota."""

from ledger.application import Command, handles
from ledger.commands.enrollment import open_program
from ledger.domain import organization as rules
from ledger.domain.division import covers
from ledger.domain.errors import InvalidValue
from ledger.domain.events.envelope import EventData
from ledger.domain.organization import ORGANIZATION, Organization, organization_id
from ledger.domain.program import must_be_of, rule_on
from ledger.domain.refusals import OutsideDivision, WrongKind
from ledger.work import Work

RECOGNIZING = ("employment", "one-off-cash", "service", "device", "works", "training")
"""Kinds of programs that organizations found, carry out or supply."""


class RecognizeOrganization(Command, frozen=True, kw_only=True):
    """The organization's id follows from its ``registration`` number."""

    registration: str
    program: str
    form: str
    name: str
    division: str
    document: str


class DeclareHeadcount(Command, frozen=True, kw_only=True):
    organization: str
    year: int
    employees: int
    disabled_employees: int
    document: str


class ApproveAward(Command, frozen=True, kw_only=True):
    organization: str
    program: str
    year: int
    amount_fen: int
    document: str


@handles(RecognizeOrganization)
def recognize(work: Work, c: RecognizeOrganization) -> str:
    """An organization known already must lie within the officer's division, as the new one."""
    if not c.registration.strip():
        raise InvalidValue(field="registration", value="''")
    must_be_of(open_program(work, c.program), *RECOGNIZING)
    o = work.load(ORGANIZATION, organization_id(c.registration.strip()))
    if o.version and not covers(work.context.division, o.division):
        raise OutsideDivision(officer_division=work.context.division, division=o.division)
    data = rules.recognize(o, program=c.program, form=c.form, name=c.name, document=c.document)
    return _record(work, o, data, c.division)


@handles(DeclareHeadcount)
def declare_headcount(work: Work, c: DeclareHeadcount) -> str:
    o = work.load(ORGANIZATION, c.organization)
    data = rules.declare_headcount(
        o,
        year=c.year,
        employees=c.employees,
        disabled_employees=c.disabled_employees,
        document=c.document,
    )
    return _record(work, o, data, o.division)


@handles(ApproveAward)
def approve_award(work: Work, c: ApproveAward) -> str:
    """By another officer than the one who declared the staff, within the program's cap."""
    program = open_program(work, c.program)
    must_be_of(program, "one-off-cash")
    if program.beneficiary != "organization":
        raise WrongKind(program=c.program, kind=f"{program.kind}/{program.beneficiary}")
    o = work.load(ORGANIZATION, c.organization)
    data = rules.approve_award(
        o,
        rule_on(program, work.context.effective),
        program=c.program,
        year=c.year,
        amount_fen=c.amount_fen,
        document=c.document,
        actor=work.context.actor,
    )
    return _record(work, o, data, o.division)


def _record(work: Work, o: Organization, data: EventData, division: str) -> str:
    work.record(ORGANIZATION, o, data, subject=o.id, division=division)
    return o.id
