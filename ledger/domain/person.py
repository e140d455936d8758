"""A person: what is known, when it holds, and what may be recorded about them.

Two time axes: each fact is kept with the date from which it holds, so a fact learned late takes
its place among those known earlier, and :func:`facts_on` answers for any day by what is known
now. The state holds no personal data beyond year of birth and sex; names and numbers stay sealed.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ledger.domain.errors import (
    AlreadyExists,
    InvalidCertificate,
    InvalidDate,
    InvalidValue,
    NotFound,
    OutOfOrder,
)
from ledger.domain.events import person as ev
from ledger.domain.events.envelope import Event, EventData
from ledger.domain.refusals import PersonDeceased
from ledger.domain.rules import Facts
from ledger.domain.stream import StreamKind, folding

ALLOWANCES = ("orphan-allowance", "work-injury-nursing-allowance")

STUDENT_LEVELS = ("none", "compulsory", "senior-secondary", "higher")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate's standing: ``status`` is valid, frozen, expired or cancelled."""

    category: int
    grade: int
    expires_on: date | None
    status: str


@dataclass(slots=True)
class Person:
    """State of a person's stream. ``history`` maps a fact to (from when, value), in date order."""

    id: str
    version: int = 0
    birth_year: int = 0
    sex: str = ""
    household: str | None = None
    account: str | None = None
    died_on: date | None = None
    merged_into: str | None = None
    erased: bool = False
    history: dict[str, list[tuple[date, Any]]] = field(default_factory=dict)

    def on(self, fact: str, day: date) -> Any:
        """The fact's value on a day, None where nothing is known."""
        entries = self.history.get(fact)
        if not entries:
            return None
        index = bisect_right(entries, day, key=_when)
        return entries[index - 1][1] if index else None


def _when(entry: tuple[date, Any]) -> date:
    return entry[0]


def _note(person: Person, fact: str, day: date, value: Any) -> None:
    entries = person.history.setdefault(fact, [])
    entries.insert(bisect_right(entries, day, key=_when), (day, value))


def facts_on(person: Person, day: date) -> Facts:
    """Every fact a rule may ask for, as it held on ``day`` by what is known now."""
    certificate: Certificate | None = person.on("certificate", day)
    valid = certificate is not None and certificate.status == "valid"
    facts: Facts = {
        "alive": person.died_on is None or day <= person.died_on,
        "resident": person.on("division", day) is not None,
        "urban": bool(person.on("urban", day)),
        "certified": valid and not ran_out(certificate, day),
        "category": certificate.category if certificate else None,
        "grade": certificate.grade if certificate else None,
        "low_income": bool(person.on("low-income", day)),
        "extreme_poverty": bool(person.on("extreme-poverty", day)),
        "in_custody": bool(person.on("custody", day)),
        "age": day.year - person.birth_year,
        "sex": person.sex,
        "needs_care": bool(person.on("needs_care", day)),
        "employed": bool(person.on("employed", day)),
        "student": person.on("student", day) or "none",
        "vehicle": bool(person.on("vehicle", day)),
    }
    for allowance in ALLOWANCES:
        facts[allowance] = person.on(allowance, day) or 0
    return facts


def ran_out(certificate: Certificate | None, day: date) -> bool:
    """Whether a day is after the certificate's own last one: the one loss that no event tells."""
    return (
        certificate is not None
        and certificate.expires_on is not None
        and day > certificate.expires_on
    )


def lapses(person: Person) -> Callable[[date], bool]:
    """Whether the certificate has run out by a day, by what is known now; what comes to be known
    later changes no answer."""
    now = Person(person.id, history={"certificate": [*person.history.get("certificate", [])]})
    return lambda day: ran_out(now.on("certificate", day), day)


def last_change(person: Person) -> date:
    """The last day from which a fact of the person holds; it may lie ahead."""
    return max(entries[-1][0] for entries in person.history.values())


def division_on(person: Person, day: date) -> str:
    """Where the person lives; the last known division once they have left the city."""
    found = person.on("division", day)
    if found is not None:
        return str(found)
    known = [value for _, value in person.history.get("division", []) if value is not None]
    if not known:
        raise NotFound(what=person.id)
    return str(known[-1])


def moves_ahead(person: Person, today: date) -> list[tuple[date, str]]:
    """Days to come from which the person lives in another division of the city, and where."""
    known = {day: there for day, there in person.history.get("division", []) if day > today}
    return [(day, there) for day, there in sorted(known.items()) if there is not None]


# --- decisions


def must_exist(person: Person) -> None:
    """Raise :class:`NotFound` for a person who is not registered (or was merged away)."""
    if person.version == 0:
        raise NotFound(what=person.id)
    if person.merged_into is not None:
        raise OutOfOrder(status="merged", step=person.merged_into)


def must_live(person: Person) -> None:
    """Raise :class:`PersonDeceased` when a death is recorded and not revoked."""
    must_exist(person)
    if person.died_on is not None:
        raise PersonDeceased()


def must_be_new(person: Person) -> None:
    if person.version:
        raise AlreadyExists(what=person.id)


def check_certificate_change(person: Person, category: int, grade: int) -> None:
    """A change needs a certificate, within the classes and grades of GB/T 26341."""
    must_live(person)
    check_class(category, grade)
    if not person.history.get("certificate"):
        raise InvalidCertificate(reason="none issued")


def check_class(category: int, grade: int) -> None:
    """Category 1 to 7 and grade 1 to 4 (GB/T 26341)."""
    if category not in range(1, 8) or grade not in range(1, 5):
        raise InvalidCertificate(reason=f"category {category}, grade {grade}")


def check_certificate_status(person: Person, day: date, status: str) -> None:
    """A certificate may be frozen, expired or cancelled while it is not already so."""
    must_exist(person)
    certificate = person.on("certificate", day)
    if certificate is None:
        raise InvalidCertificate(reason="none issued")
    if certificate.status in (status, "cancelled"):
        raise OutOfOrder(status=certificate.status, step=status)
    # Told of a later day, an expiry would outlive a renewal from the day after the last one.
    if status == "expired" and ran_out(certificate, day - timedelta(days=1)):
        raise OutOfOrder(status="expired", step=status)


def check_toggle(person: Person, fact: str, day: date, value: bool) -> None:
    """A life fact that begins must not hold yet, one that ends must hold."""
    must_exist(person)
    if bool(person.on(fact, day)) == value:
        raise OutOfOrder(status=fact if value else f"not {fact}", step=fact)


def check_death(person: Person, died_on: date, today: date, *, document: str | None) -> None:
    """A death is recorded once, not in the future and not before birth.

    Another day may be told under a document: to revoke the death first would pay its months.
    """
    must_exist(person)
    if person.died_on is not None and (died_on == person.died_on or not document):
        raise PersonDeceased()
    if died_on > today or died_on.year < person.birth_year:
        raise InvalidDate(value=died_on.isoformat())


def check_said(**texts: str) -> None:
    """An empty name would read as one that was erased, an empty account as one to pay to.

    Raises :class:`InvalidValue` with the field alone: what is wrong may be half a name.
    """
    for what, text in texts.items():
        if not text.strip():
            raise InvalidValue(field=what, value="-")


def check_account(account: str) -> None:
    """Digits written in groups would be another account than the same without spaces."""
    check_said(account=account)
    if any(character.isspace() for character in account):
        raise InvalidValue(field="account", value="…")


def check_life_fact(fact: str, value: bool | str) -> None:
    """``student`` is one of the levels, every other fact is a flag."""
    expected = value in STUDENT_LEVELS if fact == "student" else isinstance(value, bool)
    if not expected:
        raise InvalidValue(field=fact, value=value)


# --- the fold


def _registered(person: Person, event: Event[ev.PersonRegistered]) -> None:
    d = event.data
    person.birth_year, person.sex, person.household = d.birth_year, d.sex, d.household
    _note(person, "division", event.effective, event.division)
    _note(person, "urban", event.effective, d.urban)


def _certificate(
    person: Person, event: Event[ev.CertificateIssued] | Event[ev.CertificateChanged]
) -> None:
    d = event.data
    held = Certificate(d.category, d.grade, d.expires_on, "valid")
    _note(person, "certificate", event.effective, held)


def _certificate_status(status: str) -> Callable[[Person, Event[Any]], None]:
    def fold(person: Person, event: Event[Any]) -> None:
        held: Certificate | None = person.on("certificate", event.effective)
        if held is not None:
            changed = Certificate(held.category, held.grade, held.expires_on, status)
            _note(person, "certificate", event.effective, changed)

    return fold


def _moved(person: Person, event: Event[ev.ResidenceChanged]) -> None:
    _note(person, "division", event.effective, event.data.to_division)
    _note(person, "urban", event.effective, event.data.urban)


def _flag(value: bool, fact: str | None = None) -> Callable[[Person, Event[Any]], None]:
    def fold(person: Person, event: Event[Any]) -> None:
        _note(person, fact or event.data.kind, event.effective, value)

    return fold


def _allowance(person: Person, event: Event[ev.OtherAllowanceRecorded]) -> None:
    _note(person, event.data.kind, event.effective, event.data.monthly_fen)


def _life_fact(person: Person, event: Event[ev.LifeFactRecorded]) -> None:
    _note(person, event.data.fact, event.effective, event.data.value)


def _died(person: Person, event: Event[ev.DeathRecorded]) -> None:
    person.died_on = event.data.died_on


def _lives(person: Person, event: Event[ev.DeathRevoked]) -> None:
    person.died_on = None


def _account(person: Person, event: Event[ev.BankAccountChanged]) -> None:
    person.account = event.data.account


def _merged(person: Person, event: Event[ev.PersonsMerged]) -> None:
    person.merged_into = event.data.into


def _erased(person: Person, event: Event[ev.PersonErased]) -> None:
    person.erased = True


_FOLD: dict[type[EventData], Callable[[Person, Event[Any]], None]] = {
    ev.PersonRegistered: _registered,
    ev.CertificateIssued: _certificate,
    ev.CertificateChanged: _certificate,
    ev.CertificateFrozen: _certificate_status("frozen"),
    ev.CertificateExpired: _certificate_status("expired"),
    ev.CertificateCancelled: _certificate_status("cancelled"),
    ev.ResidenceChanged: _moved,
    ev.LowIncomeRecognized: _flag(True),
    ev.LowIncomeEnded: _flag(False),
    ev.OtherAllowanceRecorded: _allowance,
    ev.OtherAllowanceEnded: _flag(False),
    ev.LifeFactRecorded: _life_fact,
    ev.CustodyRecorded: _flag(True, "custody"),
    ev.CustodyEnded: _flag(False, "custody"),
    ev.DeathRecorded: _died,
    ev.DeathRevoked: _lives,
    ev.BankAccountChanged: _account,
    ev.PersonsMerged: _merged,
    ev.PersonErased: _erased,
}


evolve = folding(_FOLD)
"""Take an event into the state."""

PERSON = StreamKind("person", Person, evolve)
