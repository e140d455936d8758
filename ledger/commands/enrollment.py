"""Commands on the way into an enrollment and out of it, for persons, households, organizations."""

from datetime import date

import msgspec

from ledger.application import Command, handles
from ledger.budget import give_back_reversed
from ledger.commands.conditions import facts_of, must_be_met_on
from ledger.domain import admission, program
from ledger.domain.enrollment import ENROLLMENT, Enrollment
from ledger.domain.errors import NotFound
from ledger.domain.events.envelope import EventData
from ledger.domain.household import HOUSEHOLD
from ledger.domain.month import month_of, parse_month
from ledger.domain.organization import ORGANIZATION
from ledger.domain.person import PERSON, division_on, must_exist, must_live
from ledger.domain.program import PROGRAM, Program, rule_on
from ledger.domain.reconsider import corrections
from ledger.domain.stream import enrollment_id, program_id
from ledger.late import held_by, reconsider_barred, reconsider_enrollment
from ledger.work import Work


class EnrollmentCommand(Command, frozen=True, kw_only=True):
    """``beneficiary`` is the stream id of a person, a household or an organization."""

    program: str
    beneficiary: str


class SubmitApplication(EnrollmentCommand, frozen=True, kw_only=True):
    """The context's effective date is the day of application."""

    kin: list[str] = msgspec.field(default_factory=list)
    documents: list[str] = msgspec.field(default_factory=list)


class AssessEligibility(EnrollmentCommand, frozen=True, kw_only=True):
    pass


class PublishNotice(EnrollmentCommand, frozen=True, kw_only=True):
    notice_from: date
    notice_until: date
    place: str


class RaiseObjection(EnrollmentCommand, frozen=True, kw_only=True):
    objection: str
    ground: str


class ResolveObjection(EnrollmentCommand, frozen=True, kw_only=True):
    objection: str
    upheld: bool
    reason: str


class CloseNotice(EnrollmentCommand, frozen=True, kw_only=True):
    pass


class ApproveEnrollment(EnrollmentCommand, frozen=True, kw_only=True):
    start_month: str | None = None
    end_month: str | None = None
    amount_fen: int | None = None


class RejectEnrollment(EnrollmentCommand, frozen=True, kw_only=True):
    reason: str


class SuspendEnrollment(EnrollmentCommand, frozen=True, kw_only=True):
    from_month: str
    reason: str


class ResumeEnrollment(EnrollmentCommand, frozen=True, kw_only=True):
    from_month: str
    reason: str


class EndEnrollment(EnrollmentCommand, frozen=True, kw_only=True):
    last_month: str
    reason: str


@handles(SubmitApplication)
def submit(work: Work, c: SubmitApplication) -> str:
    """Refuses an unknown or closed program and a beneficiary of the wrong kind."""
    prog = open_program(work, c.program)
    division = residence(work, prog, c.beneficiary)
    e = work.load(ENROLLMENT, enrollment_id(c.beneficiary, c.program))
    data = admission.submit(
        e,
        month=month_of(work.context.effective),
        now=month_of(work.today),
        program=c.program,
        kin=c.kin,
        documents=c.documents,
    )
    work.record(ENROLLMENT, e, data, subject=c.beneficiary, division=division)
    return e.id


@handles(AssessEligibility)
def assess(work: Work, c: AssessEligibility) -> str:
    prog, e = open_program(work, c.program), existing(work, c)
    day = e.applied_on or work.today
    rule = rule_on(prog, day)
    facts = facts_of(work, prog, c.beneficiary, day)
    return record(work, e, admission.assess(e, rule, facts))


@handles(PublishNotice)
def publish_notice(work: Work, c: PublishNotice) -> str:
    prog, e = open_program(work, c.program), existing(work, c)
    rule = rule_on(prog, e.applied_on or work.today)
    data = admission.publish_notice(
        e, rule, start=c.notice_from, until=c.notice_until, place=c.place
    )
    return record(work, e, data)


@handles(RaiseObjection)
def raise_objection(work: Work, c: RaiseObjection) -> str:
    e = existing(work, c)
    data = admission.raise_objection(e, objection=c.objection, ground=c.ground)
    return record(work, e, data)


@handles(ResolveObjection)
def resolve_objection(work: Work, c: ResolveObjection) -> str:
    e = existing(work, c)
    for data in admission.resolve_objection(
        e, objection=c.objection, upheld=c.upheld, reason=c.reason
    ):
        record(work, e, data)
    return e.id


@handles(CloseNotice)
def close_notice(work: Work, c: CloseNotice) -> str:
    e = existing(work, c)
    return record(work, e, admission.close_notice(e, today=work.reached))


@handles(ApproveEnrollment)
def approve(work: Work, c: ApproveEnrollment) -> str:
    """By another officer than the one who submitted; excluded programs are looked at again.

    Facts that ended since the application end what is approved, from the month after. What is paid
    by the year or once is not approved where the day of application is known by now to have been
    another than it was assessed to be.
    """
    prog, e = open_program(work, c.program), existing(work, c)
    rule = rule_on(prog, e.applied_on or work.today)
    start = parse_month(c.start_month) if c.start_month else None
    end = parse_month(c.end_month) if c.end_month else None
    held = held_by(work, c.beneficiary, start or month_of(e.applied_on or work.today))
    if prog.beneficiary == "person":
        must_live(work.load(PERSON, c.beneficiary))
    facts = facts_of(work, prog, c.beneficiary, work.context.effective)
    admission.check_exclusions(rule, facts, held)
    data = admission.approve(
        e,
        rule,
        actor=work.context.actor,
        start_month=start,
        end_month=end,
        amount_fen=c.amount_fen,
    )
    if prog.beneficiary == "person" and prog.kind != "periodic-cash":
        must_be_met_on(work, prog, e, e.applied_on or work.today)
    record(work, e, data)
    return judge(work, e, prog)


@handles(RejectEnrollment)
def reject(work: Work, c: RejectEnrollment) -> str:
    e = existing(work, c)
    return record(work, e, admission.reject(e, reason=c.reason))


@handles(SuspendEnrollment)
def suspend(work: Work, c: SuspendEnrollment) -> str:
    e = existing(work, c)
    month = parse_month(c.from_month)
    record(work, e, admission.suspend(e, from_month=month, reason=c.reason))
    return _correct(work, e, c.reason)


@handles(ResumeEnrollment)
def resume(work: Work, c: ResumeEnrollment) -> str:
    """Facts that stand against a month from then on stop it again."""
    e = existing(work, c)
    month = parse_month(c.from_month)
    record(work, e, admission.resume(e, from_month=month, reason=c.reason))
    return judge(work, e, work.load(PROGRAM, program_id(c.program)))


@handles(EndEnrollment)
def end(work: Work, c: EndEnrollment) -> str:
    e = existing(work, c)
    month = parse_month(c.last_month)
    record(work, e, admission.end(e, last_month=month, reason=c.reason))
    return _correct(work, e, c.reason)


# --- shared with the other commands about enrollments


def open_program(work: Work, code: str) -> Program:
    """The program, adopted and not closed on the day the command holds from."""
    found = work.load(PROGRAM, program_id(code))
    program.must_be_open(found, code, work.context.effective)
    return found


def existing(work: Work, c: EnrollmentCommand) -> Enrollment:
    """The enrollment; UnknownProgram or NotFound otherwise."""
    program.must_exist(work.peek(PROGRAM, program_id(c.program)), c.program)
    e = work.load(ENROLLMENT, enrollment_id(c.beneficiary, c.program))
    if e.version == 0:
        raise NotFound(what=f"{c.beneficiary} / {c.program}")
    return e


def record(
    work: Work,
    e: Enrollment,
    data: EventData,
    *,
    effective: date | None = None,
    division: str | None = None,
) -> str:
    """Record on the enrollment, in the division that it belongs to today unless one is given."""
    division = division or e.division_on(work.today)
    work.record(ENROLLMENT, e, data, subject=e.beneficiary, division=division, effective=effective)
    return e.id


def judge(work: Work, e: Enrollment, prog: Program) -> str:
    """A decision that makes months payable yields at once to the facts known against them, and
    other programs' months yield to it that it bars.

    Of a person who was merged into another none is taken: the other goes on.
    """
    if prog.beneficiary != "person":
        return e.id
    person = work.load(PERSON, e.beneficiary)
    must_exist(person)
    if prog.kind == "periodic-cash":
        cause = f"{e.id}/{e.version}"
        reconsider_enrollment(work, person, e, prog, cause)
        reconsider_barred(work, person, e, cause)
    return e.id


def _correct(work: Work, e: Enrollment, reason: str) -> str:
    """Debts and reversals for months that the stop just recorded takes back; what these months had
    barred is payable again."""
    cause = f"{e.id}/{e.version}"
    for data in corrections(e, reason=reason):
        record(work, e, data)
        give_back_reversed(work, e, data)
    prog = work.load(PROGRAM, program_id(e.program))
    if (prog.beneficiary, prog.kind) == ("person", "periodic-cash"):
        person = work.load(PERSON, e.beneficiary)
        if person.merged_into is None:
            reconsider_barred(work, person, e, cause)
    return e.id


def residence(work: Work, prog: Program, beneficiary: str) -> str:
    """The division the beneficiary belongs to; NotFound unless of the program's kind."""
    match prog.beneficiary:
        case "person":
            person = work.load(PERSON, beneficiary)
            must_live(person)
            return division_on(person, work.context.effective)
        case "household":
            household = work.load(HOUSEHOLD, beneficiary)
            if household.version:
                return household.division
        case "organization":
            organization = work.load(ORGANIZATION, beneficiary)
            if organization.version:
                return organization.division
    raise NotFound(what=beneficiary)
