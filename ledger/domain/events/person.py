"""Events of a person: identity, certificate, residence, life facts, account, access to the data."""

from datetime import date
from typing import Literal

from ledger.domain.events.envelope import EventData, Sealed
from ledger.domain.events.types import Category, FenOrZero, Grade, Year

Sex = Literal["male", "female"]
HardshipKind = Literal["low-income", "extreme-poverty"]
AllowanceKind = Literal["orphan-allowance", "work-injury-nursing-allowance"]
LifeFact = Literal["needs_care", "employed", "student", "vehicle"]


class PersonRegistered(EventData, frozen=True, kw_only=True):
    """Sealed: name, id_number, birth_date, phone. ``urban`` is the household registration's."""

    sealed: Sealed
    birth_year: Year
    sex: Sex
    urban: bool
    household: str | None = None


class CertificateIssued(EventData, frozen=True, kw_only=True):
    """Sealed: certificate number. Category 1-7 (GB/T 26341), grade 1 (most severe) to 4."""

    sealed: Sealed
    category: Category
    grade: Grade
    expires_on: date | None = None


class CertificateChanged(EventData, frozen=True, kw_only=True):
    """A regrade, recategorization or renewal; holds from the event's effective date."""

    sealed: Sealed | None = None
    category: Category
    grade: Grade
    expires_on: date | None = None
    reason: str


class CertificateFrozen(EventData, frozen=True, kw_only=True):
    """The certificate is out of force until it is changed or reissued."""

    reason: str


class CertificateExpired(EventData, frozen=True, kw_only=True):
    """The certificate ran out and was not renewed."""

    expired_on: date


class CertificateCancelled(EventData, frozen=True, kw_only=True):
    """The certificate is withdrawn for good."""

    reason: str


class ResidenceChanged(EventData, frozen=True, kw_only=True):
    """``to_division`` None means that the person left the city."""

    from_division: str
    to_division: str | None = None
    urban: bool


class LowIncomeRecognized(EventData, frozen=True, kw_only=True):
    """The civil affairs office recognizes hardship: low income (低保) or extreme poverty (特困)."""

    kind: HardshipKind
    document: str


class LowIncomeEnded(EventData, frozen=True, kw_only=True):
    """Recognized hardship ends; the effective date is the first day without it."""

    kind: HardshipKind
    reason: str


class OtherAllowanceRecorded(EventData, frozen=True, kw_only=True):
    """An allowance paid by another authority, which may exclude one of ours."""

    kind: AllowanceKind
    monthly_fen: FenOrZero
    document: str


class OtherAllowanceEnded(EventData, frozen=True, kw_only=True):
    """An allowance paid by another authority ends."""

    kind: AllowanceKind
    reason: str


class LifeFactRecorded(EventData, frozen=True, kw_only=True):
    """A fact that rules ask for: care need, employment, schooling, a registered vehicle."""

    fact: LifeFact
    value: bool | str
    document: str


class CustodyRecorded(EventData, frozen=True, kw_only=True):
    """The effective date is the day on which the judgment took effect."""

    document: str


class CustodyEnded(EventData, frozen=True, kw_only=True):
    """The person is released."""

    document: str


class DeathRecorded(EventData, frozen=True, kw_only=True):
    """The effective date equals ``died_on``."""

    died_on: date
    source: str
    document: str | None = None


class DeathRevoked(EventData, frozen=True, kw_only=True):
    """A recorded death was an error; the person is alive."""

    reason: str
    document: str


class BankAccountChanged(EventData, frozen=True, kw_only=True):
    """Sealed: account number, holder. ``account`` is a keyed hash, equal for equal accounts."""

    sealed: Sealed
    account: str
    bank: str


class PersonsMerged(EventData, frozen=True, kw_only=True):
    """This person's record is a duplicate of ``into``; nothing further may be decided on it."""

    into: str
    reason: str


class PersonErased(EventData, frozen=True, kw_only=True):
    """The person's key is destroyed; what was sealed cannot be opened any more."""

    reason: str
    document: str


class PersonDataAccessed(EventData, frozen=True, kw_only=True):
    """Sealed data was opened: by the actor, for a purpose, which fields.

    ``case`` is absent where the purpose needs none.
    """

    purpose: str
    fields: list[str]
    case: str | None = None
