"""Commands on audit findings: dismissal with a reason, conversion into an overpayment.

Findings are computed from the log by whoever audits it, so the ledger cannot know that one is
right. What it can know it reads itself: that the events said to prove it are in the log where they
are said to be and are about what was found, who decided them, and what was paid.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from ledger.application import Command, handles
from ledger.commands.enrollment import EnrollmentCommand, existing
from ledger.commands.errors import (
    EvidenceDiffers,
    EvidenceMissing,
    EvidenceUnrelated,
    NotConvertible,
)
from ledger.commands.payment import FindOverpayment, find_overpayment
from ledger.domain.errors import InvalidValue, NotFound
from ledger.domain.events.envelope import Event
from ledger.domain.finding import (
    FINDING,
    convert,
    dismiss,
    finding_id,
    is_about,
)
from ledger.domain.household import HOUSEHOLD
from ledger.domain.organization import ORGANIZATION
from ledger.domain.person import PERSON
from ledger.domain.refusals import FourEyes
from ledger.work import Work


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """An event that proves a finding: its position in the log, and its id."""

    position: int
    event: str


class DismissFinding(Command, frozen=True, kw_only=True):
    """What an audit found, by the parts that its id is made of, and why nothing is to be done."""

    code: str
    subject: str
    key: str
    evidence: list[Evidence]
    reason: str


class ConvertFinding(EnrollmentCommand, frozen=True, kw_only=True):
    """What an audit found of months paid to a beneficiary becomes a debt of these months.

    ``overpaid`` is what of each month is to come back, in fen: all of its grant, or a part of it.
    """

    code: str
    key: str
    evidence: list[Evidence]
    overpaid: dict[str, int]
    zh: str
    en: str


@handles(DismissFinding)
def dismiss_finding(work: Work, c: DismissFinding) -> str:
    """By an officer whose division covers the subject's, and who decided none of the evidence.

    Raises FourEyes for another, and what :func:`_proof` raises.
    """
    f = work.load(FINDING, finding_id(c.code, c.subject, c.key))
    proof = _proof(work, c.subject, c.evidence)
    _must_be_another(work, proof)
    data = dismiss(f, code=c.code, reason=c.reason, positions=_positions(c.evidence))
    work.record(FINDING, f, data, subject=c.subject, division=_division(work, c.subject))
    return f.id


@handles(ConvertFinding)
def convert_finding(work: Work, c: ConvertFinding) -> str:
    """The debt and the word on the finding in one transaction; the debt is the latter's cause.

    By an officer who decided none of the evidence and granted none of the months: what is to come
    back is the command's to say, and a finding is settled by a part of it too. Each month is one
    that the evidence says something of. Raises FourEyes for another, NotConvertible where nothing
    is to come back, what :func:`_proof` raises, and what
    :class:`~ledger.commands.payment.FindOverpayment` raises: NoSuchGrant for a month that was not
    paid or is owed already, AboveGranted for more than is kept of it.
    """
    f = work.load(FINDING, finding_id(c.code, c.beneficiary, c.key))
    if not c.overpaid:
        raise NotConvertible(finding=f.id, check=c.code)
    proof = _proof(work, c.beneficiary, c.evidence)
    e = existing(work, c)
    _must_cover(proof, e.id, c.overpaid)
    grants = [work.event(e.grants[m].event) for m in c.overpaid if m in e.grants]
    _must_be_another(work, [*proof, *grants])
    found = FindOverpayment(
        program=c.program,
        beneficiary=c.beneficiary,
        months=sorted(c.overpaid),
        parts=c.overpaid,
        reason=c.code,
        zh=c.zh,
        en=c.en,
    )
    find_overpayment(work, found)
    overpayment = f"{e.id}/{e.version}"
    data = convert(f, code=c.code, overpayment=overpayment, positions=_positions(c.evidence))
    division = e.division_on(work.today)
    work.record(FINDING, f, data, subject=c.beneficiary, division=division, causation=overpayment)
    return f.id


def _proof(work: Work, subject: str, evidence: list[Evidence]) -> list[Event[Any]]:
    """The events of the evidence, as the log has them.

    Raises InvalidValue where there is none or a position comes twice, EvidenceMissing and
    EvidenceDiffers for one that is not there, EvidenceUnrelated where none is about the subject.
    """
    positions = _positions(evidence)
    if not positions or len({*positions}) < len(positions):
        raise InvalidValue(field="evidence", value=str(positions[:1] or "-"))
    found = work.at(positions)
    for each in evidence:
        event = found.get(each.position)
        if event is None:
            raise EvidenceMissing(position=each.position)
        if event.id != each.event:
            raise EvidenceDiffers(position=each.position, found=event.id, event=each.event)
    if not any(is_about(event, subject) for event in found.values()):
        raise EvidenceUnrelated(what=subject)
    return list(found.values())


def _must_be_another(work: Work, decided: Iterable[Event[Any]]) -> None:
    """Raise FourEyes for an officer who decided one of the events."""
    if any(event.actor == work.context.actor for event in decided):
        raise FourEyes(actor=work.context.actor)


def _must_cover(proof: Iterable[Event[Any]], enrollment: str, months: Iterable[str]) -> None:
    """Raise EvidenceUnrelated for a month of which no event of the enrollment says anything."""
    stream = f"{enrollment}/"
    said = {getattr(x.data, "month", None) for x in proof if x.id.startswith(stream)}
    if silent := sorted({*months} - said):
        raise EvidenceUnrelated(what=silent[0])


def _positions(evidence: list[Evidence]) -> list[int]:
    return [each.position for each in evidence]


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
