"""Opening what is sealed: names for a public notice, account numbers for the bank.

Every opening is itself an event (who, for what purpose, which fields), recorded before anything is
opened; a person whose key is destroyed stays unreadable and is named as such.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.application import Command, handles
from ledger.codec import decode
from ledger.domain.errors import VaultKeyMissing
from ledger.domain.events import person as pe
from ledger.domain.person import PERSON, must_exist
from ledger.work import Context, Work
from ops.home import Home

GROUP = 1_000
"""Openings recorded in one transaction."""


class RecordAccess(Command, frozen=True, kw_only=True):
    """Sealed fields of a person are about to be opened."""

    person: str
    purpose: str
    fields: list[str]


@handles(RecordAccess)
def record_access(work: Work, c: RecordAccess) -> str:
    person = work.load(PERSON, c.person)
    must_exist(person)
    accessed = pe.PersonDataAccessed(purpose=c.purpose, fields=c.fields)
    division = person.on("division", work.context.effective) or work.operator
    work.record(PERSON, person, accessed, subject=person.id, division=division)
    return person.id


@dataclass(frozen=True, slots=True)
class Named:
    """What a notice or a bank needs of a person; None where it cannot be opened."""

    name: str | None = None
    id_number: str | None = None
    account: str | None = None
    bank: str | None = None


class Opener:
    """Opens sealed fields for an officer and a purpose, after recording that it does."""

    def __init__(self, home: Home, context: Context, purpose: str, key: str) -> None:
        self._home = home
        self._context = context
        self._purpose = purpose
        self._key = key

    def names(self, persons: Sequence[str]) -> dict[str, Named]:
        """Name and identity number by person; organizations and households are passed over."""
        people = self._recorded(persons, ["id_number", "name"])
        return {p: self._name(p) for p in people}

    def accounts(self, wanted: dict[str, str | None]) -> dict[str, Named]:
        """Holder, account number and bank by person, of the account reference asked for."""
        people = self._recorded(list(wanted), ["account", "holder"])
        return {p: self._account(p, wanted[p]) for p in people}

    def _recorded(self, persons: Iterable[str], fields: list[str]) -> list[str]:
        people = [p for p in dict.fromkeys(persons) if p.startswith("person-")]
        ledger = self._home.ledger()
        for start in range(0, len(people), GROUP):
            items: list[tuple[Command, Context]] = [
                (RecordAccess(person=p, purpose=self._purpose, fields=fields), self._context)
                for p in people[start : start + GROUP]
            ]
            result = ledger.execute_group(items, key=f"{self._key}/access/{start // GROUP}")
            assert not any(o.error for o in result.outcomes), "a person of a run is registered"
        return people

    def _name(self, person: str) -> Named:
        for raw in self._home.store.stream(person):
            event = decode(raw)
            if isinstance(event.data, pe.PersonRegistered):
                fields = self._open(event.data.sealed, event.id)
                return Named(name=fields.get("name"), id_number=fields.get("id_number"))
        return Named()

    def _account(self, person: str, account: str | None) -> Named:
        for raw in reversed(self._home.store.stream(person)):
            event = decode(raw)
            if isinstance(event.data, pe.BankAccountChanged) and event.data.account == account:
                fields = self._open(event.data.sealed, event.id)
                number, holder = fields.get("account"), fields.get("holder")
                return Named(name=holder, account=number, bank=event.data.bank)
        return Named()

    def _open(self, sealed: Any, event_id: str) -> dict[str, Any]:
        try:
            return self._home.vault.open(sealed, event_id)
        except VaultKeyMissing:
            return {}
