"""Commands about deliveries on an enrollment. The effective date is the day of the delivery.

The enrollment must be active and, for a person, the delivery not later than a recorded death.
Donated goods leave their fund in the transaction that hands them over.
"""

from collections.abc import Iterator

from ledger.application import handles
from ledger.budget import set_aside
from ledger.commands.enrollment import EnrollmentCommand, existing, open_program, record
from ledger.domain import delivery as rules
from ledger.domain.activity import ACTIVITY
from ledger.domain.enrollment import ENROLLMENT, Enrollment
from ledger.domain.errors import InvalidAmount, InvalidValue
from ledger.domain.organization import ORGANIZATION, must_exist
from ledger.domain.person import PERSON
from ledger.domain.program import Program, must_be_of, rule_on
from ledger.domain.received import Device
from ledger.domain.refusals import PersonDeceased, WrongKind
from ledger.domain.stream import enrollment_id
from ledger.work import Work

FITTING = ("device", "donation")
"""Kinds of programs that fit devices: bought ones, and donated ones at a valuation."""


class DeliverService(EnrollmentCommand, frozen=True, kw_only=True):
    """``cost_fen`` is a memo: money moves only through a pay run."""

    item: str
    quantity: int = 1
    provider: str
    cost_fen: int | None = None


class AssessDevice(EnrollmentCommand, frozen=True, kw_only=True):
    device_class: str
    quantity: int = 1
    need: str


class FitDevice(EnrollmentCommand, frozen=True, kw_only=True):
    """``value_fen`` is for all of them, and set for donated goods only."""

    device_class: str
    item: str
    serial: str
    quantity: int = 1
    value_fen: int | None = None


class RepairDevice(EnrollmentCommand, frozen=True, kw_only=True):
    serial: str
    work: str


class ReturnDevice(EnrollmentCommand, frozen=True, kw_only=True):
    serial: str
    reason: str


class CompleteSurgery(EnrollmentCommand, frozen=True, kw_only=True):
    procedure: str
    hospital: str


class PassCommand(EnrollmentCommand, frozen=True, kw_only=True):
    """``year`` None is the year of the effective date."""

    serial: str
    year: int | None = None


class IssuePass(PassCommand, frozen=True, kw_only=True):
    pass


class RechargePass(PassCommand, frozen=True, kw_only=True):
    pass


class DistributeGoods(EnrollmentCommand, frozen=True, kw_only=True):
    """``value_fen`` is for all of them."""

    item: str
    quantity: int = 1
    value_fen: int


class CompleteTraining(EnrollmentCommand, frozen=True, kw_only=True):
    """``activity`` is the id of the class that was held."""

    activity: str
    hours: int
    passed: bool


class StartEmployment(EnrollmentCommand, frozen=True, kw_only=True):
    """``employer`` is an organization's id; None for the self-employed."""

    employer: str | None = None
    form: rules.EmploymentForm


class VerifyEmployment(EnrollmentCommand, frozen=True, kw_only=True):
    employer: str | None = None
    months: int


class EndEmployment(EnrollmentCommand, frozen=True, kw_only=True):
    employer: str | None = None
    reason: str


class ApproveWorks(EnrollmentCommand, frozen=True, kw_only=True):
    """``works`` is the number of the works' file."""

    works: str
    budget_fen: int
    contractor: str


class AcceptWorks(EnrollmentCommand, frozen=True, kw_only=True):
    works: str
    cost_fen: int | None = None
    accepted_by: str


@handles(DeliverService)
def deliver_service(work: Work, c: DeliverService) -> str:
    _, e = _served(work, c, "deliver-service", "service")
    data = rules.deliver(
        e, item=c.item, quantity=c.quantity, provider=c.provider, cost_fen=c.cost_fen
    )
    return record(work, e, data)


@handles(AssessDevice)
def assess_device(work: Work, c: AssessDevice) -> str:
    _, e = _served(work, c, "assess-device", *FITTING)
    data = rules.assess_device(e, device_class=c.device_class, quantity=c.quantity, need=c.need)
    return record(work, e, data)


@handles(FitDevice)
def fit_device(work: Work, c: FitDevice) -> str:
    """Donated devices have a value and leave their fund; bought ones have none here."""
    program, e = _served(work, c, "fit-device", *FITTING)
    donated = program.kind == "donation"
    if donated != (c.value_fen is not None):
        raise InvalidAmount(amount=c.value_fen)
    data = rules.fit_device(
        e,
        rule_on(program, work.context.effective),
        _devices_elsewhere(work, e),
        day=work.context.effective,
        device_class=c.device_class,
        item=c.item,
        serial=c.serial,
        quantity=c.quantity,
        value_fen=c.value_fen,
        fund=program.fund if donated else None,
    )
    if c.value_fen is not None:
        set_aside(work, program.fund, program.code, e.id, c.value_fen, form="goods")
    return record(work, e, data)


@handles(RepairDevice)
def repair_device(work: Work, c: RepairDevice) -> str:
    _, e = _served(work, c, "repair-device", *FITTING)
    return record(work, e, rules.repair_device(e, serial=c.serial, work=c.work))


@handles(ReturnDevice)
def return_device(work: Work, c: ReturnDevice) -> str:
    e = existing(work, c)
    return record(work, e, rules.return_device(e, serial=c.serial, reason=c.reason))


@handles(CompleteSurgery)
def complete_surgery(work: Work, c: CompleteSurgery) -> str:
    _, e = _served(work, c, "complete-surgery", "device")
    data = rules.complete_surgery(e, procedure=c.procedure, hospital=c.hospital)
    return record(work, e, data)


@handles(IssuePass)
def issue_pass(work: Work, c: IssuePass) -> str:
    """Valued at the rate in force on the day."""
    program, e = _served(work, c, "issue-pass", "entitlement-in-kind")
    rule = rule_on(program, work.context.effective)
    return record(work, e, rules.issue_pass(e, rule, serial=c.serial, year=_year(work, c)))


@handles(RechargePass)
def recharge_pass(work: Work, c: RechargePass) -> str:
    program, e = _served(work, c, "recharge-pass", "entitlement-in-kind")
    rule = rule_on(program, work.context.effective)
    return record(work, e, rules.recharge_pass(e, rule, serial=c.serial, year=_year(work, c)))


@handles(DistributeGoods)
def distribute_goods(work: Work, c: DistributeGoods) -> str:
    program, e = _served(work, c, "distribute-goods", "donation")
    data = rules.distribute_goods(
        e,
        rule_on(program, work.context.effective),
        day=work.context.effective,
        item=c.item,
        quantity=c.quantity,
        value_fen=c.value_fen,
        fund=program.fund or "",
    )
    set_aside(work, program.fund, program.code, e.id, c.value_fen, form="goods")
    return record(work, e, data)


@handles(CompleteTraining)
def complete_training(work: Work, c: CompleteTraining) -> str:
    _, e = _served(work, c, "complete-training", "training")
    data = rules.complete_training(
        e,
        work.load(ACTIVITY, c.activity),
        day=work.context.effective,
        hours=c.hours,
        passed=c.passed,
    )
    return record(work, e, data)


@handles(StartEmployment)
def start_employment(work: Work, c: StartEmployment) -> str:
    """Refuses an employer that was never recognized as an organization."""
    program, e = _served(work, c, "start-employment", "employment")
    if program.beneficiary != "person":
        raise WrongKind(program=c.program, kind=f"{program.kind}/{program.beneficiary}")
    if c.employer is not None:
        must_exist(work.load(ORGANIZATION, c.employer))
    data = rules.start_employment(e, employer=c.employer or c.beneficiary, form=c.form)
    return record(work, e, data)


@handles(VerifyEmployment)
def verify_employment(work: Work, c: VerifyEmployment) -> str:
    program, e = _served(work, c, "verify-employment", "employment")
    data = rules.verify_employment(
        e,
        rule_on(program, work.context.effective),
        day=work.context.effective,
        employer=c.employer or c.beneficiary,
        months=c.months,
    )
    return record(work, e, data)


@handles(EndEmployment)
def end_employment(work: Work, c: EndEmployment) -> str:
    e = existing(work, c)
    employer = c.employer or c.beneficiary
    data = rules.end_employment(e, day=work.context.effective, employer=employer, reason=c.reason)
    return record(work, e, data)


@handles(ApproveWorks)
def approve_works(work: Work, c: ApproveWorks) -> str:
    _, e = _served(work, c, "approve-works", "works")
    data = rules.approve_works(
        e,
        actor=work.context.actor,
        works=c.works,
        budget_fen=c.budget_fen,
        contractor=c.contractor,
    )
    return record(work, e, data)


@handles(AcceptWorks)
def accept_works(work: Work, c: AcceptWorks) -> str:
    _, e = _served(work, c, "accept-works", "works")
    data = rules.accept_works(e, works=c.works, cost_fen=c.cost_fen, accepted_by=c.accepted_by)
    return record(work, e, data)


def _served(work: Work, c: EnrollmentCommand, step: str, *kinds: str) -> tuple[Program, Enrollment]:
    """An open program of one of the kinds, and the enrollment, active on the day of delivery."""
    program = open_program(work, c.program)
    must_be_of(program, *kinds)
    e, day = existing(work, c), work.context.effective
    rules.must_be_served(e, step, day)
    if program.beneficiary == "person":
        died_on = work.load(PERSON, c.beneficiary).died_on
        if died_on is not None and day > died_on:
            raise PersonDeceased()
    return program, e


def _year(work: Work, c: PassCommand) -> int:
    """This year, or the next one ahead of time."""
    this = work.context.effective.year
    if c.year not in (None, this, this + 1):
        raise InvalidValue(field="year", value=c.year)
    return c.year or this


def _devices_elsewhere(work: Work, e: Enrollment) -> Iterator[Device]:
    """What the beneficiary has in hand from every other program that fits devices."""
    for code, program in work.programs.items():
        if code != e.program and program.kind in FITTING:
            other = work.load(ENROLLMENT, enrollment_id(e.beneficiary, code))
            yield from rules.received_by(other).devices.values()
