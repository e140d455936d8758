"""Persons: every fact known of them, as it stands and as it stood.

The columns hold the latest value of each fact: latest by effective date, and by position among
equals. A fact learned late whose effective date lies before that of the value already known does
not replace it; it takes its place in ``past``, from which :func:`facts_on` answers for any day by
what is known now. ``since`` has the date from which each value holds. No personal data: what is
sealed in the events stays there.
"""

from bisect import bisect_right
from datetime import date
from typing import Any

import msgspec

from ledger.domain import person as domain
from ledger.domain.events import Event
from ledger.domain.events import person as pe
from ledger.domain.rules import Facts
from projections.rows import RowSource, TableDef, newer
from projections.view import View, on


class Person(msgspec.Struct, gc=False):
    """One person. ``division`` is None once they have left the city; ``household`` is the one that
    the registration named (who lives where since is told by ``household_members``).

    ``certificate_status`` is none, valid, frozen, expired or cancelled. ``allowances`` maps the
    kind of an allowance paid by others to fen a month; ``student`` is a level, or ``none``.
    ``past`` maps a fact to pairs of date and value that were superseded, in date order.
    """

    person: str
    version: int = 0
    division: str | None = None
    urban: bool | None = None
    sex: str | None = None
    birth_year: int | None = None
    registered_on: str | None = None
    household: str | None = None
    category: int | None = None
    grade: int | None = None
    certificate_status: str = "none"
    certificate_expires_on: str | None = None
    low_income: bool = False
    extreme_poverty: bool = False
    in_custody: bool = False
    deceased_on: str | None = None
    needs_care: bool = False
    employed: bool = False
    vehicle: bool = False
    student: str = "none"
    allowances: dict[str, int] = {}
    account: str | None = None
    bank: str | None = None
    merged_into: str | None = None
    erased_on: str | None = None
    since: dict[str, str] = {}
    past: dict[str, list[list[Any]]] = {}


PERSONS = TableDef(
    "persons",
    Person,
    ("person",),
    (("division",), ("household",), ("account",), ("certificate_expires_on",)),
)

_CERTIFICATE = ("category", "grade", "certificate_expires_on", "certificate_status")
_COLUMN = {"low-income": "low_income", "extreme-poverty": "extreme_poverty"}
"""Facts whose column has another name than the event gives them."""
_NAME = {column: fact for fact, column in _COLUMN.items()} | {"in_custody": "custody"}
"""Columns whose fact has another name in the domain."""


def facts_on(row: Person, day: date) -> Facts:
    """Every fact a rule may ask for, as it held on ``day``: the domain's own answer."""
    return domain.facts_on(state_of(row), day)


def state_of(row: Person) -> domain.Person:
    """The row as the domain's value, with the history of every fact."""
    state = domain.Person(row.person, row.version, row.birth_year or 0, row.sex or "")
    state.household, state.account = row.household, row.account
    state.died_on = date.fromisoformat(row.deceased_on) if row.deceased_on else None
    state.merged_into, state.erased = row.merged_into, row.erased_on is not None
    for fact, since in row.since.items():
        entries = [*row.past.get(fact, ()), [since, _value(row, fact)]]
        values = [(date.fromisoformat(day), _in_domain(fact, value)) for day, value in entries]
        state.history[_NAME.get(fact, fact)] = values
    return state


class Registry(View):
    """See the module."""

    name = "registry"
    version = 2
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
        _note(row, "division", day, event.division)
        _note(row, "urban", day, d.urban)
        row.household = d.household

    @on(pe.ResidenceChanged)
    def moved(self, position: int, event: Event[pe.ResidenceChanged]) -> None:
        row, day = self._at(event), event.effective.isoformat()
        _note(row, "division", day, event.data.to_division)
        _note(row, "urban", day, event.data.urban)

    @on(pe.CertificateIssued, pe.CertificateChanged)
    def certified(
        self, position: int, event: Event[pe.CertificateIssued] | Event[pe.CertificateChanged]
    ) -> None:
        """A regrade or renewal makes the certificate valid again."""
        d = event.data
        expires = d.expires_on.isoformat() if d.expires_on else None
        day = event.effective.isoformat()
        _note(self._at(event), "certificate", day, [d.category, d.grade, expires, "valid"])

    @on(pe.CertificateFrozen, pe.CertificateExpired, pe.CertificateCancelled)
    def certificate_status(self, position: int, event: Event[Any]) -> None:
        """The certificate as it was on that day, with another status from then on."""
        row, day = self._at(event), event.effective.isoformat()
        held = _on(row, "certificate", day)
        if held is not None:
            _note(row, "certificate", day, [*held[:3], _STATUS[type(event.data)]])

    @on(pe.LowIncomeRecognized)
    def hardship(self, position: int, event: Event[pe.LowIncomeRecognized]) -> None:
        row, column = self._at(event), _COLUMN[event.data.kind]
        _note(row, column, event.effective.isoformat(), True)

    @on(pe.LowIncomeEnded)
    def hardship_ended(self, position: int, event: Event[pe.LowIncomeEnded]) -> None:
        row, column = self._at(event), _COLUMN[event.data.kind]
        _note(row, column, event.effective.isoformat(), False)

    @on(pe.OtherAllowanceRecorded)
    def allowance(self, position: int, event: Event[pe.OtherAllowanceRecorded]) -> None:
        d = event.data
        _note(self._at(event), d.kind, event.effective.isoformat(), d.monthly_fen)

    @on(pe.OtherAllowanceEnded)
    def allowance_ended(self, position: int, event: Event[pe.OtherAllowanceEnded]) -> None:
        _note(self._at(event), event.data.kind, event.effective.isoformat(), 0)

    @on(pe.LifeFactRecorded)
    def life_fact(self, position: int, event: Event[pe.LifeFactRecorded]) -> None:
        # The schema lets any fact be a flag or a word; a strict database's column is one of them.
        fact, value = event.data.fact, event.data.value
        told = str(value) if fact == "student" else bool(value)
        _note(self._at(event), fact, event.effective.isoformat(), told)

    @on(pe.CustodyRecorded)
    def custody(self, position: int, event: Event[pe.CustodyRecorded]) -> None:
        _note(self._at(event), "in_custody", event.effective.isoformat(), True)

    @on(pe.CustodyEnded)
    def custody_ended(self, position: int, event: Event[pe.CustodyEnded]) -> None:
        _note(self._at(event), "in_custody", event.effective.isoformat(), False)

    @on(pe.DeathRecorded)
    def died(self, position: int, event: Event[pe.DeathRecorded]) -> None:
        self._at(event).deceased_on = event.data.died_on.isoformat()

    @on(pe.DeathRevoked)
    def death_revoked(self, position: int, event: Event[pe.DeathRevoked]) -> None:
        """Takes back the record of a death, whatever the dates."""
        self._at(event).deceased_on = None

    @on(pe.BankAccountChanged)
    def account(self, position: int, event: Event[pe.BankAccountChanged]) -> None:
        """The account last told is the one to pay into, whatever the dates."""
        row, d = self._at(event), event.data
        row.account, row.bank = d.account, d.bank

    @on(pe.PersonsMerged)
    def merged(self, position: int, event: Event[pe.PersonsMerged]) -> None:
        self._at(event).merged_into = event.data.into

    @on(pe.PersonErased)
    def erased(self, position: int, event: Event[pe.PersonErased]) -> None:
        self._at(event).erased_on = event.effective.isoformat()

    @on(pe.PersonDataAccessed)
    def accessed(self, position: int, event: Event[pe.PersonDataAccessed]) -> None:
        self._at(event)


_STATUS: dict[type, str] = {
    pe.CertificateFrozen: "frozen",
    pe.CertificateExpired: "expired",
    pe.CertificateCancelled: "cancelled",
}


def _note(row: Person, fact: str, day: str, value: Any) -> None:
    """A fact's value from a day on: the latest goes to the columns, an earlier one to the past."""
    since = row.since.get(fact)
    if since is None:
        row.since[fact] = day
        _set(row, fact, value)
        return
    earlier = row.past.setdefault(fact, [])
    if newer(day, since):
        earlier.append([since, _value(row, fact)])
        row.since[fact] = day
        _set(row, fact, value)
    else:
        earlier.insert(bisect_right(earlier, day, key=_when), [day, value])


def _on(row: Person, fact: str, day: str) -> Any:
    """The fact's value on a day, None where nothing is known."""
    since = row.since.get(fact)
    if since is not None and day >= since:
        return _value(row, fact)
    earlier = row.past.get(fact, ())
    index = bisect_right(earlier, day, key=_when)
    return earlier[index - 1][1] if index else None


def _when(entry: list[Any]) -> str:
    return str(entry[0])


def _value(row: Person, fact: str) -> Any:
    if fact == "certificate":
        return [getattr(row, column) for column in _CERTIFICATE]
    if fact in domain.ALLOWANCES:
        return row.allowances.get(fact, 0)
    return getattr(row, fact)


def _set(row: Person, fact: str, value: Any) -> None:
    if fact == "certificate":
        for column, part in zip(_CERTIFICATE, value, strict=True):
            setattr(row, column, part)
    elif fact in domain.ALLOWANCES:
        others = {kind: fen for kind, fen in row.allowances.items() if kind != fact}
        row.allowances = {**others, fact: value} if value else others
    else:
        setattr(row, fact, value)


def _in_domain(fact: str, value: Any) -> Any:
    if fact != "certificate" or value is None:
        return value
    category, grade, expires, status = value
    until = date.fromisoformat(expires) if expires else None
    return domain.Certificate(category, grade, until, status)
