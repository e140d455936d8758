"""Events of a program: its adoption, its dated rules, its targets and pilots, its closing."""

from datetime import date

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import Quantity, Year
from ledger.domain.rules import Beneficiary, Kind, Rule, Source


class ProgramAdopted(EventData, frozen=True, kw_only=True):
    """A program enters the ledger from its catalog file."""

    program: str
    zh: str
    en: str
    kind: Kind
    beneficiary: Beneficiary
    unit: str
    fund: str | None = None
    payee: str
    document: str
    source: Source


class RuleSet(EventData, frozen=True, kw_only=True):
    """A rule from ``rule.valid_from`` on; it ends the open-ended rule before it."""

    program: str
    rule: Rule


class ProgramClosed(EventData, frozen=True, kw_only=True):
    """No application, grant or delivery from ``closed_on`` on."""

    program: str
    closed_on: date
    reason: str


class TargetSet(EventData, frozen=True, kw_only=True):
    """How many the program is to reach in a calendar year, in the program's unit."""

    program: str
    year: Year
    target: Quantity
    document: str


class PilotDesignated(EventData, frozen=True, kw_only=True):
    """A higher authority names the city a pilot."""

    program: str
    title: str
    authority: str
    document: str
