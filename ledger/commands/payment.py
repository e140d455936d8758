"""Commands about single payments and debts: returns, repeated instructions, arrears, recoveries."""

import msgspec

from ledger.application import Command, handles
from ledger.budget import give_back_reversed, set_aside
from ledger.commands.conditions import must_be_met
from ledger.commands.enrollment import EnrollmentCommand, existing, judge, open_program, record
from ledger.domain import grant as grants
from ledger.domain import overpayment as debts
from ledger.domain import payment
from ledger.domain.enrollment import ENROLLMENT, Enrollment, delivered_for, period_of
from ledger.domain.errors import NotFound
from ledger.domain.month import first_day, month_of, parse_month
from ledger.domain.person import PERSON
from ledger.domain.program import PROGRAM, Program, must_be_open, rule_of_month, rule_on
from ledger.domain.refusals import FourEyes, NotEligible
from ledger.domain.stream import program_id
from ledger.late import upheld_in
from ledger.work import Work


class PaymentCommand(EnrollmentCommand, frozen=True, kw_only=True):
    month: str


class SettlePayment(PaymentCommand, frozen=True, kw_only=True):
    receipt: str


class ReturnPayment(PaymentCommand, frozen=True, kw_only=True):
    reason: str


class InstructPayment(PaymentCommand, frozen=True, kw_only=True):
    """Again after a return, to the account the person has now."""

    reason: str


class ReverseGrant(PaymentCommand, frozen=True, kw_only=True):
    reason: str


class GrantArrears(PaymentCommand, frozen=True, kw_only=True):
    reason: str


class FindOverpayment(EnrollmentCommand, frozen=True, kw_only=True):
    """``parts`` says of some of the months how much of them was too much, in fen; else all was."""

    months: list[str]
    parts: dict[str, int] = msgspec.field(default_factory=dict)
    reason: str
    zh: str
    en: str


class RecoverOverpayment(Command, frozen=True, kw_only=True):
    """``overpayment`` is the id of the event that found it."""

    overpayment: str
    amount_fen: int
    method: str
    receipt: str


class WaiveOverpayment(Command, frozen=True, kw_only=True):
    overpayment: str
    amount_fen: int
    reason: str
    document: str


class CancelOverpayment(Command, frozen=True, kw_only=True):
    """A debt that an officer found in payable months was none."""

    overpayment: str
    reason: str
    document: str


@handles(SettlePayment)
def settle(work: Work, c: SettlePayment) -> str:
    """Of a payment instructed singly; a run's lines are read back with the run."""
    e = existing(work, c)
    program = work.peek(PROGRAM, program_id(c.program))
    payment.must_be_single(e, parse_month(c.month), "settle")
    settle_month(work, e, program, month=parse_month(c.month), receipt=c.receipt)
    return e.id


@handles(ReturnPayment)
def return_payment(work: Work, c: ReturnPayment) -> str:
    """A month that was stopped while its money was with the bank is reversed with its return."""
    e = existing(work, c)
    payment.must_be_single(e, parse_month(c.month), "return")
    return_month(work, e, month=parse_month(c.month), reason=c.reason)
    return e.id


@handles(InstructPayment)
def instruct(work: Work, c: InstructPayment) -> str:
    e = existing(work, c)
    account = account_of(work, work.peek(PROGRAM, program_id(c.program)), e.beneficiary)
    data = payment.instruct(e, month=parse_month(c.month), account=account, reason=c.reason)
    return record(work, e, data)


@handles(ReverseGrant)
def reverse(work: Work, c: ReverseGrant) -> str:
    """What the grant had taken from its fund is available again."""
    e = existing(work, c)
    data = payment.reverse(e, month=parse_month(c.month), reason=c.reason)
    record(work, e, data)
    give_back_reversed(work, e, data)
    return e.id


@handles(GrantArrears)
def grant_arrears(work: Work, c: GrantArrears) -> str:
    """By another officer than the one who submitted; the fund must be able to pay it.

    Not for a month that began when the program was closed, whenever it is decided, nor for one to
    come or one that the facts, as they are known now, stand against.
    """
    program, e = open_program(work, c.program), existing(work, c)
    if work.context.actor == e.submitted_by:
        raise FourEyes(actor=work.context.actor)
    month = parse_month(c.month)
    must_be_open(program, c.program, first_day(month))
    if month > month_of(work.today):
        raise NotEligible(reason="not-due")
    if e.id in upheld_in(work, program.code, month):
        raise NotEligible(reason="objection-upheld")
    rule = rule_of_month(program, month) or rule_on(program, first_day(month))
    if program.payee == "provider" and not delivered_for(e.delivered, period_of(rule, month)):
        raise NotEligible(reason="not-delivered")
    judge(work, e, program)
    must_be_met(work, program, rule, e, month)
    data = grants.grant_arrears(e, rule, month=month, fund=program.fund or "", reason=c.reason)
    set_aside(work, program.fund, program.code, e.id, data.amount_fen)
    record(work, e, data)
    account = account_of(work, program, e.beneficiary)
    return record(work, e, payment.instruct(e, month=month, account=account, reason="arrears"))


@handles(FindOverpayment)
def find_overpayment(work: Work, c: FindOverpayment) -> str:
    e = existing(work, c)
    data = debts.overpayment(
        e,
        months=[parse_month(m) for m in c.months],
        parts=c.parts,
        reason=c.reason,
        zh=c.zh,
        en=c.en,
    )
    return record(work, e, data)


@handles(RecoverOverpayment)
def recover(work: Work, c: RecoverOverpayment) -> str:
    e = _in_debt(work, c.overpayment)
    data = debts.collect(
        e,
        overpayment_id=c.overpayment,
        amount_fen=c.amount_fen,
        method=c.method,
        receipt=c.receipt,
    )
    return record(work, e, data)


@handles(WaiveOverpayment)
def waive(work: Work, c: WaiveOverpayment) -> str:
    """By another officer than the one who found it: nobody alone gives money up."""
    e = _in_debt(work, c.overpayment)
    data = debts.waive(
        e,
        overpayment_id=c.overpayment,
        amount_fen=c.amount_fen,
        reason=c.reason,
        document=c.document,
    )
    _must_not_have_found(work, c.overpayment)
    return record(work, e, data)


@handles(CancelOverpayment)
def cancel(work: Work, c: CancelOverpayment) -> str:
    """By another officer than the one who found it. What was collected is paid again at once."""
    e = _in_debt(work, c.overpayment)
    months = debts.still_owed_after_all(e, c.overpayment)
    _must_not_have_found(work, c.overpayment)
    data = debts.cancel_overpayment(e, c.overpayment, months, reason=c.reason, document=c.document)
    record(work, e, data)
    account = account_of(work, work.peek(PROGRAM, program_id(e.program)), e.beneficiary)
    for line in data.months if account is not None else ():
        if line.refund_fen:
            sent = payment.instruct(e, month=line.month, account=account, reason="refund")
            record(work, e, sent)
    return e.id


def _must_not_have_found(work: Work, overpayment: str) -> None:
    """Raise FourEyes for the officer of the event that found the debt."""
    if work.context.actor == work.event(overpayment).actor:
        raise FourEyes(actor=work.context.actor)


def _in_debt(work: Work, overpayment: str) -> Enrollment:
    e = work.load(ENROLLMENT, overpayment.rpartition("/")[0])
    if e.version == 0:
        raise NotFound(what=overpayment)
    return e


# --- shared with the pay run and with late knowledge


def settle_month(
    work: Work,
    e: Enrollment,
    program: Program,
    *,
    month: str,
    receipt: str,
    division: str | None = None,
) -> None:
    """The bank's success; a month that was stopped meanwhile becomes a debt at once.

    ``division`` is the one whose money went to the bank, wherever the beneficiary has moved since.
    """
    insurer = program.payee == "insurer"
    settled = payment.settle(e, month=month, receipt=receipt, insurer=insurer)
    record(work, e, settled, division=division)
    follow_stop(work, e, month)


def return_month(
    work: Work, e: Enrollment, *, month: str, reason: str, division: str | None = None
) -> None:
    """The bank's failure, of the same division's money; a month that was stopped meanwhile is
    reversed at once."""
    record(work, e, payment.bounce(e, month=month, reason=reason), division=division)
    follow_stop(work, e, month)


def follow_stop(work: Work, e: Enrollment, month: str) -> None:
    """The debt or the reversal of a month that was stopped while its money was with the bank."""
    data = debts.after_stop(e, month)
    if data is not None:
        record(work, e, data)
        give_back_reversed(work, e, data)


def account_of(work: Work, program: Program, beneficiary: str) -> str | None:
    """Where the money goes: a person's account; organizations and insurers have their own."""
    if program.payee != "beneficiary" or program.beneficiary == "organization":
        return program.payee
    return work.peek(PERSON, beneficiary).account
