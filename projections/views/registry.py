"""Persons as they stand: one row a person, with the latest known value of every fact.

Latest means by effective date, and by position among equals: a fact learned late whose effective
date lies before that of the value already known does not replace it (it belongs to the past, and a
view as of that date has it). Each fact therefore keeps the date from which it holds. No personal
data: what is sealed in the events stays there.
"""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import household as hh
from ledger.domain.events import person as pe
from projections.rows import RowSource, TableDef, newer
from projections.view import View, on


class Person(msgspec.Struct, gc=False):
    """One person. ``division`` is None once they have left the city; ``_since`` are dates.

    ``certificate_status`` is none, valid, frozen, expired or cancelled. ``allowances`` maps the
    kind of an allowance paid by others to fen a month; ``student`` is a level, or ``none``.
    """

    person: str
    version: int = 0
    division: str | None = None
    urban: bool | None = None
    residence_since: str | None = None
    sex: str | None = None
    birth_year: int | None = None
    household: str | None = None
    household_since: str | None = None
    registered_on: str | None = None
    category: int | None = None
    grade: int | None = None
    certificate_expires_on: str | None = None
    certificate_since: str | None = None
    certificate_status: str = "none"
    certificate_status_since: str | None = None
    low_income: bool = False
    low_income_since: str | None = None
    extreme_poverty: bool = False
    extreme_poverty_since: str | None = None
    in_custody: bool = False
    custody_since: str | None = None
    deceased_on: str | None = None
    allowances: dict[str, int] = {}
    needs_care: bool = False
    employed: bool = False
    vehicle: bool = False
    student: str = "none"
    account: str | None = None
    bank: str | None = None
    account_since: str | None = None
    merged_into: str | None = None
    erased_on: str | None = None
    facts_since: dict[str, str] = {}


PERSONS = TableDef(
    "persons",
    Person,
    ("person",),
    (("division",), ("household",), ("account",)),
)


class Registry(View):
    """See the module."""

    name = "registry"
    version = 1
    tables = (PERSONS,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(PERSONS)

    def _of(self, person: str) -> Person:
        return self._rows.edit(person) or self._rows.add(person, Person(person))

    def _at(self, event: Event[Any]) -> Person:
        """The row of the event's stream, at the event's version."""
        row = self._of(event.subject)
        row.version = event.version
        return row

    @on(pe.PersonRegistered)
    def registered(self, position: int, event: Event[pe.PersonRegistered]) -> None:
        row, d = self._at(event), event.data
        day = event.effective.isoformat()
        row.registered_on, row.sex, row.birth_year = day, d.sex, d.birth_year
        _resides(row, day, event.division, d.urban)
        if d.household is not None:
            _lives_in(row, day, d.household)

    @on(pe.ResidenceChanged)
    def moved(self, position: int, event: Event[pe.ResidenceChanged]) -> None:
        d = event.data
        _resides(self._at(event), event.effective.isoformat(), d.to_division, d.urban)

    @on(pe.CertificateIssued, pe.CertificateChanged)
    def certified(
        self, position: int, event: Event[pe.CertificateIssued] | Event[pe.CertificateChanged]
    ) -> None:
        """A regrade or renewal makes the certificate valid again."""
        row, d = self._at(event), event.data
        day = event.effective.isoformat()
        if newer(day, row.certificate_since):
            row.category, row.grade, row.certificate_since = d.category, d.grade, day
            row.certificate_expires_on = d.expires_on.isoformat() if d.expires_on else None
        _certificate(row, day, "valid")

    @on(pe.CertificateFrozen)
    def frozen(self, position: int, event: Event[pe.CertificateFrozen]) -> None:
        _certificate(self._at(event), event.effective.isoformat(), "frozen")

    @on(pe.CertificateExpired)
    def expired(self, position: int, event: Event[pe.CertificateExpired]) -> None:
        _certificate(self._at(event), event.effective.isoformat(), "expired")

    @on(pe.CertificateCancelled)
    def cancelled(self, position: int, event: Event[pe.CertificateCancelled]) -> None:
        _certificate(self._at(event), event.effective.isoformat(), "cancelled")

    @on(pe.LowIncomeRecognized)
    def hardship(self, position: int, event: Event[pe.LowIncomeRecognized]) -> None:
        _hardship(self._at(event), event, holds=True)

    @on(pe.LowIncomeEnded)
    def hardship_ended(self, position: int, event: Event[pe.LowIncomeEnded]) -> None:
        _hardship(self._at(event), event, holds=False)

    @on(pe.OtherAllowanceRecorded)
    def allowance(self, position: int, event: Event[pe.OtherAllowanceRecorded]) -> None:
        row, d = self._at(event), event.data
        if _learned(row, d.kind, event):
            row.allowances = {**row.allowances, d.kind: d.monthly_fen}

    @on(pe.OtherAllowanceEnded)
    def allowance_ended(self, position: int, event: Event[pe.OtherAllowanceEnded]) -> None:
        row, kind = self._at(event), event.data.kind
        if _learned(row, kind, event):
            row.allowances = {k: fen for k, fen in row.allowances.items() if k != kind}

    @on(pe.LifeFactRecorded)
    def life_fact(self, position: int, event: Event[pe.LifeFactRecorded]) -> None:
        row, d = self._at(event), event.data
        if _learned(row, d.fact, event):
            setattr(row, d.fact, d.value)

    @on(pe.CustodyRecorded)
    def custody(self, position: int, event: Event[pe.CustodyRecorded]) -> None:
        _custody(self._at(event), event, held=True)

    @on(pe.CustodyEnded)
    def custody_ended(self, position: int, event: Event[pe.CustodyEnded]) -> None:
        _custody(self._at(event), event, held=False)

    @on(pe.DeathRecorded)
    def died(self, position: int, event: Event[pe.DeathRecorded]) -> None:
        self._at(event).deceased_on = event.data.died_on.isoformat()

    @on(pe.DeathRevoked)
    def death_revoked(self, position: int, event: Event[pe.DeathRevoked]) -> None:
        """Takes back the record of a death, whatever the dates."""
        self._at(event).deceased_on = None

    @on(pe.BankAccountChanged)
    def account(self, position: int, event: Event[pe.BankAccountChanged]) -> None:
        row, d, day = self._at(event), event.data, event.effective.isoformat()
        if newer(day, row.account_since):
            row.account, row.bank, row.account_since = d.account, d.bank, day

    @on(pe.PersonsMerged)
    def merged(self, position: int, event: Event[pe.PersonsMerged]) -> None:
        self._at(event).merged_into = event.data.into

    @on(pe.PersonErased)
    def erased(self, position: int, event: Event[pe.PersonErased]) -> None:
        self._at(event).erased_on = event.effective.isoformat()

    @on(pe.PersonDataAccessed)
    def accessed(self, position: int, event: Event[pe.PersonDataAccessed]) -> None:
        self._at(event)

    @on(hh.HouseholdRegistered)
    def household(self, position: int, event: Event[hh.HouseholdRegistered]) -> None:
        for person in event.data.members:
            _lives_in(self._of(person), event.effective.isoformat(), event.subject)

    @on(hh.MemberAdded)
    def joined(self, position: int, event: Event[hh.MemberAdded]) -> None:
        _lives_in(self._of(event.data.person), event.effective.isoformat(), event.subject)

    @on(hh.MemberRemoved)
    def left(self, position: int, event: Event[hh.MemberRemoved]) -> None:
        row = self._of(event.data.person)
        if row.household == event.subject:
            _lives_in(row, event.effective.isoformat(), None)


def _resides(row: Person, day: str, division: str | None, urban: bool) -> None:
    if newer(day, row.residence_since):
        row.division, row.urban, row.residence_since = division, urban, day


def _lives_in(row: Person, day: str, household: str | None) -> None:
    if newer(day, row.household_since):
        row.household, row.household_since = household, day


def _certificate(row: Person, day: str, status: str) -> None:
    if newer(day, row.certificate_status_since):
        row.certificate_status, row.certificate_status_since = status, day


def _hardship(
    row: Person, event: Event[pe.LowIncomeRecognized] | Event[pe.LowIncomeEnded], *, holds: bool
) -> None:
    day = event.effective.isoformat()
    if event.data.kind == "low-income":
        if newer(day, row.low_income_since):
            row.low_income, row.low_income_since = holds, day
    elif newer(day, row.extreme_poverty_since):
        row.extreme_poverty, row.extreme_poverty_since = holds, day


def _custody(row: Person, event: Event[Any], *, held: bool) -> None:
    day = event.effective.isoformat()
    if newer(day, row.custody_since):
        row.in_custody, row.custody_since = held, day


def _learned(row: Person, fact: str, event: Event[Any]) -> bool:
    """Whether the event's value is the latest of a fact; if so, its date is kept."""
    day = event.effective.isoformat()
    if not newer(day, row.facts_since.get(fact)):
        return False
    row.facts_since = {**row.facts_since, fact: day}
    return True
