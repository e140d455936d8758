"""Commands about cases. What visitors said is sealed under a key of the case's own."""

from ledger.application import Command, handles
from ledger.commands.enrollment import open_program
from ledger.domain import case as rules
from ledger.domain.case import CASE, Case, case_id
from ledger.domain.events.envelope import EventData
from ledger.domain.person import PERSON, must_exist
from ledger.domain.program import must_be_of
from ledger.work import Work


class ReceiveCase(Command, frozen=True, kw_only=True):
    """``number`` is unique among all cases; ``topic`` is a heading without personal data.

    ``text`` is personal data in clear, to be sealed. ``visitors`` counts those who came.
    """

    program: str
    number: str
    division: str
    visitors: int = 1
    channel: str
    topic: str
    person: str | None = None
    text: str = ""


class CaseCommand(Command, frozen=True, kw_only=True):
    case: str


class AssignCase(CaseCommand, frozen=True, kw_only=True):
    handler: str


class ResolveCase(CaseCommand, frozen=True, kw_only=True):
    outcome: str
    document: str | None = None


class ReopenCase(CaseCommand, frozen=True, kw_only=True):
    reason: str


class CloseCase(CaseCommand, frozen=True, kw_only=True):
    pass


@handles(ReceiveCase)
def receive(work: Work, c: ReceiveCase) -> str:
    """Refuses a number that is taken and a person who is not registered."""
    must_be_of(open_program(work, c.program), "case")
    case = work.load(CASE, case_id(c.number))
    rules.must_be_new(case)
    if c.person is not None:
        must_exist(work.load(PERSON, c.person))
    sealed = work.seal(case, case.id, {"text": c.text}) if c.text else None
    received = rules.receive(
        case,
        program=c.program,
        visitors=c.visitors,
        channel=c.channel,
        topic=c.topic,
        person=c.person,
        sealed=sealed,
    )
    return _record(work, case, received, c.division)


@handles(AssignCase)
def assign(work: Work, c: AssignCase) -> str:
    case = work.load(CASE, c.case)
    return _record(work, case, rules.assign(case, handler=c.handler))


@handles(ResolveCase)
def resolve(work: Work, c: ResolveCase) -> str:
    case = work.load(CASE, c.case)
    return _record(work, case, rules.resolve(case, outcome=c.outcome, document=c.document))


@handles(ReopenCase)
def reopen(work: Work, c: ReopenCase) -> str:
    case = work.load(CASE, c.case)
    return _record(work, case, rules.reopen(case, reason=c.reason))


@handles(CloseCase)
def close(work: Work, c: CloseCase) -> str:
    case = work.load(CASE, c.case)
    return _record(work, case, rules.close(case))


def _record(work: Work, case: Case, data: EventData, division: str | None = None) -> str:
    work.record(CASE, case, data, subject=case.id, division=division or case.division)
    return case.id
