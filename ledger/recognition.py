"""Whether what is sealed of a person agrees with itself and with what is recorded in the open.

The comparison happens beside the vault and answers with codes alone: no name, number or account
leaves it, so it is recognizing, not reading (as for rosters), and needs no record of access.
"""

from ledger.domain.events import person as ev
from ledger.domain.events.envelope import Event
from ledger.domain.identity import identity_problems
from ledger.store.errors import SealBroken, VaultKeyMissing
from ledger.vault import Vault


class Recognition:
    """Compares under the keys of one vault. A person whose key is destroyed has no problem."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        # A person's events follow each other in the log: the last registration opened serves the
        # comparisons after it.
        self._last: tuple[str, dict[str, str] | None] = ("", None)

    def registration(self, event: Event[ev.PersonRegistered]) -> list[str]:
        """``form``, ``checksum``, ``birth-date`` or ``sex``: what of the identity disagrees.

        ``seal`` for what does not open although its key is there: it was altered.
        """
        try:
            fields = self._person(event)
        except SealBroken:
            return ["seal"]
        if fields is None:
            return []
        return identity_problems(
            str(fields.get("id_number", "")),
            birth_date=fields.get("birth_date"),
            birth_year=event.data.birth_year,
            sex=event.data.sex,
        )

    def certificate(
        self, registered: Event[ev.PersonRegistered], issued: Event[ev.CertificateIssued]
    ) -> list[str]:
        """``certificate-prefix`` or ``certificate-class``: where the number disagrees."""
        try:
            person, certificate = self._person(registered), self._open(issued)
        except SealBroken:
            return ["seal"]
        if person is None or certificate is None:
            return []
        number = str(certificate.get("certificate", ""))
        identity, d = str(person.get("id_number", "")), issued.data
        found = []
        if number[:18] != identity:
            found.append("certificate-prefix")
        if number[18:20] != f"{d.category}{d.grade}":
            found.append("certificate-class")
        return found

    def holder(
        self, registered: Event[ev.PersonRegistered], changed: Event[ev.BankAccountChanged]
    ) -> bool:
        """Whether the account's holder, as the bank has it, is the person."""
        try:
            person, account = self._person(registered), self._open(changed)
        except SealBroken:
            return False
        if person is None or account is None:
            return True
        return person.get("name") == account.get("holder")

    def _person(self, event: Event[ev.PersonRegistered]) -> dict[str, str] | None:
        if self._last[0] != event.id:
            self._last = (event.id, self._open(event))
        return self._last[1]

    def _open(
        self,
        event: Event[ev.PersonRegistered]
        | Event[ev.CertificateIssued]
        | Event[ev.BankAccountChanged],
    ) -> dict[str, str] | None:
        try:
            return self._vault.open(event.data.sealed, event.id)
        except VaultKeyMissing:
            return None
