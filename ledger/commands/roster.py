"""Commands for a row of a roster: all that it says, taken in together or not at all.

A row that the ledger already holds as it is records nothing, so the same list may be given again
at any time, after a crash too: what decides is the ledger's state, in the same unit of work. A row
that says otherwise is refused as a whole with :class:`DiffersFromLedger`.
"""

from collections.abc import Iterator

import msgspec

from ledger.application import Command, handles
from ledger.commands.certificate import IssueCertificate, issue_certificate
from ledger.commands.enrollment import AssessEligibility, SubmitApplication, assess, submit
from ledger.commands.errors import DiffersFromLedger, NotRegistered
from ledger.commands.person import (
    ChangeBankAccount,
    RecognizeHardship,
    RecordLifeFact,
    RegisterPerson,
    change_bank_account,
    recognize_hardship,
    record_life_fact,
    register,
)
from ledger.domain.admission import may_apply
from ledger.domain.enrollment import ENROLLMENT, Enrollment
from ledger.domain.events import person as ev
from ledger.domain.identity import parse_identity
from ledger.domain.month import month_of
from ledger.domain.person import PERSON, Certificate, Person, must_live
from ledger.domain.roster import Stated, differences, heard_of
from ledger.domain.stream import enrollment_id
from ledger.work import Work

"""Where an enrollment stands when one may apply again."""


class EnterPerson(Command, frozen=True, kw_only=True):
    """A person as a roster has them; ``denied`` are facts of which it says that they don't hold.

    A fact that is denied is compared with the ledger, and recorded nowhere: nothing known of a
    fact means the same to every rule.
    """

    registration: RegisterPerson
    certificate: IssueCertificate | None = None
    account: ChangeBankAccount | None = None
    hardships: list[RecognizeHardship] = msgspec.field(default_factory=list)
    life_facts: list[RecordLifeFact] = msgspec.field(default_factory=list)
    denied: list[str] = msgspec.field(default_factory=list)


class EnterApplication(Command, frozen=True, kw_only=True):
    """An application as a roster has it; the context's effective date is its day.

    ``name``, where the roster gives one, must be the registered one.
    """

    program: str
    id_number: str
    name: str = ""
    kin: list[str] = msgspec.field(default_factory=list)
    documents: list[str] = msgspec.field(default_factory=list)


@handles(EnterPerson)
def enter_person(work: Work, c: EnterPerson) -> str:
    """Registers, or adds what was never known; the person's id."""
    identity = parse_identity(c.registration.id_number, today=work.today)
    person = work.load(PERSON, work.vault.person_id(identity.number))
    if person.version == 0:
        register(work, c.registration)
    else:
        must_live(person)
        found = differences(person, _stated(work, c), work.context.effective)
        _must_agree(work, person, c.registration.name, found)
    if c.certificate is not None and not heard_of(person, "certificate"):
        issue_certificate(work, c.certificate)
    if c.account is not None and person.account is None:
        change_bank_account(work, c.account)
    for hardship in c.hardships:
        if not heard_of(person, hardship.kind):
            recognize_hardship(work, hardship)
    for fact in c.life_facts:
        if not heard_of(person, fact.fact):
            record_life_fact(work, fact)
    return person.id


@handles(EnterApplication)
def enter_application(work: Work, c: EnterApplication) -> str:
    """Submits and assesses; an application of that very day is there already, wherever it stands.

    After a rejection or an end, or in the last month of a term, a later application is a new one.
    """
    identity = parse_identity(c.id_number, today=work.today)
    person = work.load(PERSON, work.vault.person_id(identity.number))
    if person.version == 0:
        raise NotRegistered()
    if c.name:
        _must_agree(work, person, c.name, {})
    about = {"program": c.program, "beneficiary": person.id}
    e = work.load(ENROLLMENT, enrollment_id(person.id, c.program))
    if not _applied_on_that_day(work, e):
        submit(work, SubmitApplication(**about, kin=c.kin, documents=c.documents))
    if e.status == "applied":
        assess(work, AssessEligibility(**about))
    return e.id


def _applied_on_that_day(work: Work, e: Enrollment) -> bool:
    """Whether the application is in the ledger; DiffersFromLedger if another one stands there."""
    day = work.context.effective
    if e.applied_on is None or e.applied_on == day:
        return e.applied_on is not None
    if day > e.applied_on and may_apply(e, month_of(day), month_of(work.today)):
        return False
    raise DiffersFromLedger(facts={"applied_on": e.applied_on.isoformat()})


def _must_agree(work: Work, person: Person, name: str, found: dict[str, str]) -> None:
    """Raise :class:`DiffersFromLedger` for what was found, or another name than the registered.

    The vault compares the name and gives nothing out, so nothing has been opened.
    """
    first = work.first(person.id)
    assert isinstance(first.data, ev.PersonRegistered), "a person's stream begins with it"
    if not work.vault.matches(first.data.sealed, first.id, name=name):
        found = {"name": "", **found}
    if found:
        raise DiffersFromLedger(facts=found)


def _stated(work: Work, c: EnterPerson) -> Stated:
    issued = c.certificate
    certificate = None
    if issued is not None:
        certificate = Certificate(issued.category, issued.grade, issued.expires_on, "valid")
    return Stated(
        division=c.registration.division,
        urban=c.registration.urban,
        certificate=certificate,
        account=work.vault.account_ref(c.account.account) if c.account else None,
        flags=dict(_flags(c)),
    )


def _flags(c: EnterPerson) -> Iterator[tuple[str, bool]]:
    yield from ((h.kind, True) for h in c.hardships)
    yield from ((f.fact, bool(f.value)) for f in c.life_facts)
    yield from ((fact, False) for fact in c.denied)
