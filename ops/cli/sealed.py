"""Opening what is sealed: names for a public notice, account numbers for the bank.

Every opening is itself an event of its run (who, for what purpose, which fields, whose), recorded
before anything is opened, each time anew; a person whose key is destroyed stays unreadable and is
named as such.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ledger.codec import decode
from ledger.commands.access import RecordRunAccess
from ledger.domain.events import person as pe
from ledger.domain.payrun import OpenedPerson, to_document
from ledger.store.errors import VaultKeyMissing
from ledger.work import Context
from ops.home import Home


@dataclass(frozen=True, slots=True)
class Named:
    """What a notice or a bank needs of a person; None where it cannot be opened."""

    name: str | None = None
    id_number: str | None = None
    account: str | None = None
    bank: str | None = None


class Opener:
    """Opens sealed fields of persons on a run's lines, after recording that it does."""

    def __init__(self, home: Home, context: Context, payrun: str, purpose: str) -> None:
        self._home = home
        self._context = context
        self._payrun = payrun
        self._purpose = purpose

    def names(self, persons: Sequence[str]) -> dict[str, Named]:
        """Name and identity number by person; organizations and households are passed over."""
        people = self._recorded(persons, ["id_number", "name"])
        return {p: self._name(p) for p in people}

    def accounts(self, wanted: dict[str, str | None]) -> dict[str, Named]:
        """Holder, account number and bank by person, of the account reference asked for."""
        people = self._recorded(list(wanted), ["account", "holder"])
        return {p: self._account(p, wanted[p]) for p in people}

    def _recorded(self, persons: Iterable[str], fields: list[str]) -> list[str]:
        """Those of them who are persons; a key of its own, since a repetition reads again."""
        people = [p for p in dict.fromkeys(persons) if p.startswith("person-")]
        if people:
            listed = self._home.documents.put(to_document([OpenedPerson(person=p) for p in people]))
            access = RecordRunAccess(
                payrun=self._payrun, purpose=self._purpose, fields=fields, persons=listed
            )
            self._home.ledger().execute(access, self._context, key=f"access-{uuid4()}")
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
