"""Commands on audit findings: dismissal with a reason, conversion into an overpayment."""

from ledger.application import Command, handles
from ledger.commands.enrollment import EnrollmentCommand, existing
from ledger.commands.errors import NotConvertible
from ledger.commands.payment import FindOverpayment, find_overpayment
from ledger.domain.errors import InvalidValue, NotFound
from ledger.domain.finding import FINDING, FindingState, convert, dismiss, finding_id
from ledger.domain.household import HOUSEHOLD
from ledger.domain.organization import ORGANIZATION
from ledger.domain.person import PERSON
from ledger.domain.refusals import FourEyes
from ledger.work import Work


class DismissFinding(Command, frozen=True, kw_only=True):
    """What an audit found, by the parts that its id is made of, and why nothing is to be done.

    ``decided_by`` are the officers of the events that prove it: none of them may dismiss it.
    """

    code: str
    subject: str
    key: str
    positions: list[int]
    decided_by: list[str]
    reason: str


class ConvertFinding(EnrollmentCommand, frozen=True, kw_only=True):
    """What an audit found of months paid to a beneficiary becomes a debt of these months.

    ``amount_fen`` is what was found to be at stake: the debt must be exactly that.
    """

    code: str
    key: str
    positions: list[int]
    months: list[str]
    amount_fen: int
    zh: str
    en: str


@handles(DismissFinding)
def dismiss_finding(work: Work, c: DismissFinding) -> str:
    """By an officer whose division covers the subject's. Raises FourEyes for one it is about."""
    f = _load(work, c.code, c.subject, c.key, c.positions)
    if work.context.actor in c.decided_by:
        raise FourEyes(actor=work.context.actor)
    data = dismiss(f, code=c.code, reason=c.reason, positions=c.positions)
    work.record(FINDING, f, data, subject=c.subject, division=_division(work, c.subject))
    return f.id


@handles(ConvertFinding)
def convert_finding(work: Work, c: ConvertFinding) -> str:
    """The debt and the word on the finding in one transaction; the debt is the latter's cause.

    Raises what :class:`~ledger.commands.payment.FindOverpayment` raises: NoSuchGrant for a month
    that was not paid or is owed already; NotConvertible where the months were paid more (or less)
    than was found, since a debt is of whole payments.
    """
    f = _load(work, c.code, c.beneficiary, c.key, c.positions)
    e = existing(work, c)
    found = FindOverpayment(
        program=c.program,
        beneficiary=c.beneficiary,
        months=c.months,
        reason=c.code,
        zh=c.zh,
        en=c.en,
    )
    find_overpayment(work, found)
    overpayment = f"{e.id}/{e.version}"
    if e.overpayments[overpayment].amount_fen != c.amount_fen:
        raise NotConvertible(finding=f.id, check=c.code)
    data = convert(f, code=c.code, overpayment=overpayment, positions=c.positions)
    work.record(FINDING, f, data, subject=c.beneficiary, division=e.division, causation=overpayment)
    return f.id


def _load(work: Work, code: str, subject: str, key: str, positions: list[int]) -> FindingState:
    if not positions:
        raise InvalidValue(field="positions", value="-")
    return work.load(FINDING, finding_id(code, subject, key))


def _division(work: Work, subject: str) -> str:
    """The division a person, household or organization belongs to; else the city."""
    try:
        match subject.partition("-")[0]:
            case "person":
                found = work.peek(PERSON, subject).on("division", work.today)
                return str(found or work.operator)
            case "household":
                return work.peek(HOUSEHOLD, subject).division or work.operator
            case "organization":
                return work.peek(ORGANIZATION, subject).division or work.operator
    except NotFound:
        pass
    return work.operator
