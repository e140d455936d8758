"""What checks rest on beside the log: parameters, the register of officers, and recognition.

The register says which accounts are officers' own and who is kin to whom. An inspection office
keeps it, as a file beside the home, and no officer of the ledger does. Without one, the checks that
need it find only what applications themselves declare.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import person as pe
from projections.checks.parameters import Parameters


class OfficialAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account of an officer, or of kin that the officer declared (``person`` if known)."""

    officer: str
    account: str
    person: str | None = None
    valid_from: date
    document: str


class Kin(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is kin of an officer."""

    officer: str
    person: str
    relation: str
    valid_from: date
    document: str


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """The register of officers' accounts and kin."""

    accounts: list[OfficialAccount] = []
    kin: list[Kin] = []


class Recognizer(Protocol):
    """Compares sealed data and answers with codes: see :mod:`ledger.recognition`."""

    def registration(self, event: Event[pe.PersonRegistered]) -> list[str]: ...

    def certificate(
        self, registered: Event[pe.PersonRegistered], issued: Event[pe.CertificateIssued]
    ) -> list[str]: ...

    def holder(
        self, registered: Event[pe.PersonRegistered], changed: Event[pe.BankAccountChanged]
    ) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """What an audit is given; without ``recognizer`` sealed data is not compared."""

    parameters: Parameters = field(default_factory=Parameters.packaged)
    register: Register = field(default_factory=Register)
    recognizer: Recognizer | None = None
