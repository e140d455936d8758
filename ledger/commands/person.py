"""Commands about a person. A fact that ends or restores a benefit is taken to every enrollment
of the person in the same transaction, so that no enrollment is ever behind what was recorded.
"""

from datetime import date

from ledger.application import Command, handles
from ledger.domain import person as rules
from ledger.domain.division import covers
from ledger.domain.enrollment import ENROLLMENT
from ledger.domain.errors import (
    InvalidBirthDate,
    InvalidValue,
    NotFound,
    OutOfOrder,
    UnknownDivision,
)
from ledger.domain.events import person as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.identity import parse_identity
from ledger.domain.money import positive
from ledger.domain.month import month_of
from ledger.domain.person import PERSON, Person, division_on
from ledger.domain.stream import enrollment_id
from ledger.late import reconsider_person, send_waiting
from ledger.work import Work


class RegisterPerson(Command, frozen=True, kw_only=True):
    """Personal data in clear, to be sealed. ``division`` is where the person lives."""

    id_number: str
    name: str
    birth_date: date | None = None
    phone: str = ""
    division: str
    urban: bool
    household: str | None = None


class PersonCommand(Command, frozen=True, kw_only=True):
    person: str


class ChangeResidence(PersonCommand, frozen=True, kw_only=True):
    """``division`` None: the person left the city."""

    division: str | None
    urban: bool


class RecognizeHardship(PersonCommand, frozen=True, kw_only=True):
    kind: ev.HardshipKind = "low-income"
    document: str


class EndHardship(PersonCommand, frozen=True, kw_only=True):
    kind: ev.HardshipKind = "low-income"
    reason: str


class RecordAllowance(PersonCommand, frozen=True, kw_only=True):
    kind: ev.AllowanceKind
    monthly_fen: int
    document: str


class EndAllowance(PersonCommand, frozen=True, kw_only=True):
    kind: ev.AllowanceKind
    reason: str


class RecordLifeFact(PersonCommand, frozen=True, kw_only=True):
    fact: ev.LifeFact
    value: bool | str
    document: str


class RecordCustody(PersonCommand, frozen=True, kw_only=True):
    document: str


class EndCustody(PersonCommand, frozen=True, kw_only=True):
    document: str


class RecordDeath(PersonCommand, frozen=True, kw_only=True):
    """The context's effective date is the day of death.

    For a death that is recorded already it is the right day, under a ``document``.
    """

    source: str
    document: str | None = None


class RevokeDeath(PersonCommand, frozen=True, kw_only=True):
    reason: str
    document: str


class ChangeBankAccount(PersonCommand, frozen=True, kw_only=True):
    account: str
    bank: str
    holder: str


class MergePersons(PersonCommand, frozen=True, kw_only=True):
    """``person`` is the duplicate; ``into`` goes on."""

    into: str
    reason: str


@handles(RegisterPerson)
def register(work: Work, c: RegisterPerson) -> str:
    """Refuses a wrong identity number or birth date, no name, an unknown division, a second
    registration."""
    identity = parse_identity(c.id_number, today=work.today)
    if c.birth_date is not None and c.birth_date != identity.birth_date:
        raise InvalidBirthDate(reason="differs from the identity number")
    rules.check_said(name=c.name)
    _must_be_local(work, c.division)
    person = work.load(PERSON, work.vault.person_id(identity.number))
    rules.must_be_new(person)
    sealed = work.seal(
        person,
        person.id,
        {
            "birth_date": identity.birth_date.isoformat(),
            "id_number": identity.number,
            "name": c.name,
            "phone": c.phone,
        },
    )
    registered = ev.PersonRegistered(
        sealed=sealed,
        birth_year=identity.birth_date.year,
        sex=identity.sex,
        urban=c.urban,
        household=c.household,
    )
    work.record(PERSON, person, registered, subject=person.id, division=c.division)
    return person.id


@handles(ChangeResidence)
def change_residence(work: Work, c: ChangeResidence) -> str:
    """A move within the city takes the person's enrollments along; one out of it stops them."""
    person = living(work, c.person)
    if c.division is not None:
        _must_be_local(work, c.division)
    moved = ev.ResidenceChanged(
        from_division=division_on(person, work.context.effective),
        to_division=c.division,
        urban=c.urban,
    )
    return record_and_reconsider(work, person, moved, division=c.division)


@handles(RecognizeHardship)
def recognize_hardship(work: Work, c: RecognizeHardship) -> str:
    return _begin(work, c, c.kind, ev.LowIncomeRecognized(kind=c.kind, document=c.document))


@handles(EndHardship)
def end_hardship(work: Work, c: EndHardship) -> str:
    return _end(work, c, c.kind, ev.LowIncomeEnded(kind=c.kind, reason=c.reason))


@handles(RecordAllowance)
def record_allowance(work: Work, c: RecordAllowance) -> str:
    person = living(work, c.person)
    positive(c.monthly_fen, field="monthly_fen")
    recorded = ev.OtherAllowanceRecorded(
        kind=c.kind, monthly_fen=c.monthly_fen, document=c.document
    )
    return record_and_reconsider(work, person, recorded)


@handles(EndAllowance)
def end_allowance(work: Work, c: EndAllowance) -> str:
    return _end(work, c, c.kind, ev.OtherAllowanceEnded(kind=c.kind, reason=c.reason))


@handles(RecordLifeFact)
def record_life_fact(work: Work, c: RecordLifeFact) -> str:
    person = living(work, c.person)
    rules.check_life_fact(c.fact, c.value)
    recorded = ev.LifeFactRecorded(fact=c.fact, value=c.value, document=c.document)
    return record_and_reconsider(work, person, recorded)


@handles(RecordCustody)
def record_custody(work: Work, c: RecordCustody) -> str:
    return _begin(work, c, "custody", ev.CustodyRecorded(document=c.document))


@handles(EndCustody)
def end_custody(work: Work, c: EndCustody) -> str:
    return _end(work, c, "custody", ev.CustodyEnded(document=c.document))


@handles(RecordDeath)
def record_death(work: Work, c: RecordDeath) -> str:
    person = known(work, c.person)
    died_on = work.context.effective
    rules.check_death(person, died_on, work.today, document=c.document)
    died = ev.DeathRecorded(died_on=died_on, source=c.source, document=c.document)
    return record_and_reconsider(work, person, died)


@handles(RevokeDeath)
def revoke_death(work: Work, c: RevokeDeath) -> str:
    person = known(work, c.person)
    if person.died_on is None:
        raise NotFound(what="death")
    revoked = ev.DeathRevoked(reason=c.reason, document=c.document)
    return record_and_reconsider(work, person, revoked)


@handles(ChangeBankAccount)
def change_bank_account(work: Work, c: ChangeBankAccount) -> str:
    """The first one is where money that waited for it is sent to."""
    rules.check_account(c.account)
    rules.check_said(bank=c.bank, holder=c.holder)
    person = living(work, c.person)
    sealed = work.seal(person, person.id, {"account": c.account, "holder": c.holder})
    changed = ev.BankAccountChanged(
        sealed=sealed, account=work.vault.account_ref(c.account), bank=c.bank
    )
    first = person.account is None
    _record(work, person, changed)
    if first:
        send_waiting(work, person, f"{person.id}/{person.version}")
    return person.id


@handles(MergePersons)
def merge_persons(work: Work, c: MergePersons) -> str:
    """The duplicate's enrollments must have been ended before; what they did stays theirs.

    Nothing is recorded of a merged person any more: what still ran would run for ever.
    """
    duplicate, kept = known(work, c.person), known(work, c.into)
    if duplicate.id == kept.id:
        raise InvalidValue(field="into", value=c.into)
    for stream in work.existing([enrollment_id(duplicate.id, code) for code in work.programs]):
        e = work.load(ENROLLMENT, stream)
        if e.goes_on_after(month_of(work.today)):
            raise OutOfOrder(status=f"{e.program}: {e.status}", step="merge")
    return _record(work, duplicate, ev.PersonsMerged(into=kept.id, reason=c.reason))


def _begin(work: Work, c: PersonCommand, fact: str, data: EventData) -> str:
    """A fact of the living that must not hold yet."""
    person = living(work, c.person)
    rules.check_toggle(person, fact, work.context.effective, True)
    return record_and_reconsider(work, person, data)


def _end(work: Work, c: PersonCommand, fact: str, data: EventData) -> str:
    """A fact that must hold, of the dead too."""
    person = known(work, c.person)
    rules.check_toggle(person, fact, work.context.effective, False)
    return record_and_reconsider(work, person, data)


def known(work: Work, person_id: str) -> Person:
    """Who was registered. Raises :class:`NotFound`."""
    person = work.load(PERSON, person_id)
    rules.must_exist(person)
    return person


def living(work: Work, person_id: str) -> Person:
    """Who was registered and is not recorded as dead. Raises :class:`PersonDeceased` too."""
    person = work.load(PERSON, person_id)
    rules.must_live(person)
    return person


def _must_be_local(work: Work, division: str) -> None:
    if not covers(work.operator, division):
        raise UnknownDivision(division=division)


def _record(work: Work, person: Person, data: EventData, division: str | None = None) -> str:
    division = division or division_on(person, work.context.effective)
    work.record(PERSON, person, data, subject=person.id, division=division)
    return person.id


def record_and_reconsider(
    work: Work, person: Person, data: EventData, *, division: str | None = None
) -> str:
    """The person's next event, and at once what follows from it for every enrollment."""
    lapsed = rules.lapses(person)
    _record(work, person, data, division)
    cause = f"{person.id}/{person.version}"
    reconsider_person(work, person, cause, lapsed)
    return person.id
