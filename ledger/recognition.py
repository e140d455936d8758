"""Whether what is sealed of a person agrees with itself and with what is recorded in the open.

The comparison happens beside the vault and answers with codes alone: no name, number or account
leaves it, so it is recognizing, not reading (as for rosters), and needs no record of access.
"""

from ledger.domain.errors import VaultKeyMissing
from ledger.domain.events import person as ev
from ledger.domain.events.envelope import Event
from ledger.domain.identity import identity_problems
from ledger.vault import Vault


class Recognition:
    """Compares under the keys of one vault. A person whose key is destroyed has no problem."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def registration(self, event: Event[ev.PersonRegistered]) -> list[str]:
        """``form``, ``checksum``, ``birth-date`` or ``sex``: what of the identity disagrees."""
        fields = self._open(event)
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
        person, certificate = self._open(registered), self._open(issued)
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
        person, account = self._open(registered), self._open(changed)
        if person is None or account is None:
            return True
        return person.get("name") == account.get("holder")

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
