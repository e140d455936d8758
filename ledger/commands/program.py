"""Commands about programs and funds: the catalog's adoption, rules, targets, money coming in."""

from datetime import date
from typing import Literal

from ledger.application import Command, handles
from ledger.catalog.loader import FundDefinition
from ledger.domain import fund as funds
from ledger.domain import program as rules
from ledger.domain.events import fund as fe
from ledger.domain.events import program as pe
from ledger.domain.fund import FUND
from ledger.domain.money import positive
from ledger.domain.program import PROGRAM
from ledger.domain.rules import ProgramDefinition, Rule
from ledger.domain.stream import fund_id, program_id
from ledger.work import Work


class AdoptProgram(Command, frozen=True, kw_only=True):
    """A catalog file's content; its rules hold from their own first days."""

    definition: ProgramDefinition


class SetRule(Command, frozen=True, kw_only=True):
    program: str
    rule: Rule


class CloseProgram(Command, frozen=True, kw_only=True):
    program: str
    closed_on: date
    reason: str


class SetTarget(Command, frozen=True, kw_only=True):
    program: str
    year: int
    target: int
    document: str


class DesignatePilot(Command, frozen=True, kw_only=True):
    program: str
    title: str
    authority: str
    document: str


class OpenFund(Command, frozen=True, kw_only=True):
    definition: FundDefinition


class WidenEarmark(Command, frozen=True, kw_only=True):
    """``programs`` are further ones that the fund is to pay for, under a document."""

    fund: str
    programs: list[str]
    document: str


class AppropriateFunds(Command, frozen=True, kw_only=True):
    fund: str
    amount_fen: int
    year: int
    document: str


class ReceiveDonation(Command, frozen=True, kw_only=True):
    """Cash, or goods at a valuation for all of them."""

    fund: str
    donation: str
    form: Literal["cash", "goods"]
    amount_fen: int
    item: str | None = None
    quantity: int | None = None
    donor: str


@handles(AdoptProgram)
def adopt_program(work: Work, c: AdoptProgram) -> str:
    program = work.load(PROGRAM, program_id(c.definition.code))
    for data in rules.adopt(program, c.definition):
        day = data.rule.valid_from if isinstance(data, pe.RuleSet) else c.definition.adopted
        work.record(
            PROGRAM, program, data, subject=program.id, division=work.operator, effective=day
        )
    return program.id


@handles(SetRule)
def set_rule(work: Work, c: SetRule) -> str:
    program = work.load(PROGRAM, program_id(c.program))
    rules.must_be_open(program, c.program, work.today)
    rules.check_new_rule(program, c.rule)
    data = pe.RuleSet(program=c.program, rule=c.rule)
    work.record(
        PROGRAM,
        program,
        data,
        subject=program.id,
        division=work.operator,
        effective=c.rule.valid_from,
    )
    return program.id


@handles(CloseProgram)
def close_program(work: Work, c: CloseProgram) -> str:
    program = work.load(PROGRAM, program_id(c.program))
    rules.must_be_open(program, c.program, c.closed_on)
    data = pe.ProgramClosed(program=c.program, closed_on=c.closed_on, reason=c.reason)
    return _of_program(work, program, data)


@handles(SetTarget)
def set_target(work: Work, c: SetTarget) -> str:
    program = work.load(PROGRAM, program_id(c.program))
    rules.must_exist(program, c.program)
    positive(c.target, field="target")
    data = pe.TargetSet(program=c.program, year=c.year, target=c.target, document=c.document)
    return _of_program(work, program, data)


@handles(DesignatePilot)
def designate_pilot(work: Work, c: DesignatePilot) -> str:
    program = work.load(PROGRAM, program_id(c.program))
    rules.must_exist(program, c.program)
    data = pe.PilotDesignated(
        program=c.program, title=c.title, authority=c.authority, document=c.document
    )
    return _of_program(work, program, data)


def _of_program(
    work: Work,
    program: rules.Program,
    data: pe.ProgramClosed | pe.TargetSet | pe.PilotDesignated,
) -> str:
    work.record(PROGRAM, program, data, subject=program.id, division=work.operator)
    return program.id


@handles(OpenFund)
def open_fund(work: Work, c: OpenFund) -> str:
    fund = work.load(FUND, fund_id(c.definition.code))
    funds.must_be_new(fund)
    opened = opening(c.definition)
    work.record(FUND, fund, opened, subject=fund.id, division=work.operator)
    return fund.id


def opening(definition: FundDefinition) -> fe.FundOpened:
    """The event that opens a fund as the catalog defines it."""
    return fe.FundOpened(
        fund=definition.code,
        zh=definition.zh,
        en=definition.en,
        source=definition.source,
        earmark=sorted(definition.earmark),
    )


@handles(WidenEarmark)
def widen_earmark(work: Work, c: WidenEarmark) -> str:
    """By an officer of the city; raises UnknownProgram for one that was never adopted."""
    fund = work.load(FUND, fund_id(c.fund))
    data = funds.widen(fund, programs=c.programs, document=c.document)
    for code in data.programs:
        rules.must_exist(work.load(PROGRAM, program_id(code)), code)
    work.record(FUND, fund, data, subject=fund.id, division=work.operator)
    return fund.id


@handles(AppropriateFunds)
def appropriate_funds(work: Work, c: AppropriateFunds) -> str:
    fund = work.load(FUND, fund_id(c.fund))
    funds.must_exist(fund)
    data = fe.FundsAppropriated(
        fund=c.fund, amount_fen=positive(c.amount_fen), year=c.year, document=c.document
    )
    work.record(FUND, fund, data, subject=fund.id, division=work.operator)
    return fund.id


@handles(ReceiveDonation)
def receive_donation(work: Work, c: ReceiveDonation) -> str:
    fund = work.load(FUND, fund_id(c.fund))
    funds.must_exist(fund)
    data = fe.DonationReceived(
        fund=c.fund,
        donation=c.donation,
        form=c.form,
        amount_fen=positive(c.amount_fen),
        item=c.item,
        quantity=c.quantity,
        donor=c.donor,
    )
    work.record(FUND, fund, data, subject=fund.id, division=work.operator)
    return fund.id
