"""People of the import: what is recorded of them, sealed for the event that it will be."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from ledger.domain.events import EventData, Sealed
from ledger.domain.events import person as pe
from ledger.vault import Vault

PROBLEMS = (
    "form",
    "checksum",
    "birth-date",
    "sex",
    "seal",
    "certificate-prefix",
    "certificate-class",
)
"""What may be wrong of an identity. ``seal``: of the certificate, altered after it was sealed."""

Data = EventData | Callable[[str], EventData]
"""An event's data, or what makes it once the event's id is known (sealed data need it)."""


@dataclass(slots=True)
class Resident:
    """A person of the import, with what later events need."""

    id: str
    account: str
    division: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A person's true number, name and birth date; ``wrong`` is one of :data:`PROBLEMS`."""

    number: str
    name: str
    born: date
    wrong: str | None

    @property
    def recorded(self) -> str:
        """The number as recorded, which may have a digit too few or a wrong check digit."""
        if self.wrong == "form":
            return self.number[:-1]
        if self.wrong != "checksum":
            return self.number
        return self.number[:-1] + ("0" if self.number[-1] != "0" else "1")


def registration(vault: Vault, who: Resident, identity: Identity) -> Data:
    """The registration, with another birth year or sex in the open where that is wrong."""
    fields = {
        "birth_date": identity.born.isoformat(),
        "id_number": identity.recorded,
        "name": identity.name,
        "phone": "",
    }
    return _Sealing(
        vault,
        who.id,
        fields,
        lambda sealed: pe.PersonRegistered(
            sealed=sealed,
            birth_year=identity.born.year + (1 if identity.wrong == "birth-date" else 0),
            sex="female" if identity.wrong == "sex" else "male",
            urban=True,
        ),
    )


def certificate(
    vault: Vault,
    who: Resident,
    identity: Identity,
    *,
    category: int,
    grade: int,
    expires_on: date | None,
) -> Data:
    """The certificate, of another's number or of another grade where that is wrong."""
    other = f"{identity.number[:6]}19000101991X"
    prefix = other if identity.wrong == "certificate-prefix" else identity.recorded
    stated = grade % 4 + 1 if identity.wrong == "certificate-class" else grade
    return _Sealing(
        vault,
        who.id,
        {"certificate": f"{prefix}{category}{stated}"},
        lambda sealed: pe.CertificateIssued(
            sealed=_altered(sealed) if identity.wrong == "seal" else sealed,
            category=category,
            grade=grade,
            expires_on=expires_on,
        ),
    )


def _altered(sealed: Sealed) -> Sealed:
    """The seal with one bit flipped."""
    box = bytearray(base64.b64decode(sealed.box))
    box[-1] ^= 1
    return msgspec.structs.replace(sealed, box=base64.b64encode(box).decode())


def bank_account(vault: Vault, who: Resident, number: str, holder: str) -> Data:
    """The account that the person is paid into, in the holder's name."""
    return _Sealing(
        vault,
        who.id,
        {"account": number, "holder": holder},
        lambda sealed: pe.BankAccountChanged(sealed=sealed, account=who.account, bank="农信社"),
    )


@dataclass(frozen=True, slots=True)
class _Sealing:
    """Data that seals fields of a person for the event it will be."""

    vault: Vault
    person: str
    fields: dict[str, Any]
    make: Callable[[Sealed], EventData]

    def __call__(self, event_id: str) -> EventData:
        return self.make(self.vault.seal(self.person, event_id, self.fields))
