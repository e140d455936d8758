"""Events of an organization: a cooperative, an employer, an institution or a supplier."""

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import Count, Fen, Year


class OrganizationRecognized(EventData, frozen=True, kw_only=True):
    """Recognized for ``program``; ``name`` is an organization's, not a person's."""

    program: str
    form: str
    name: str
    document: str


class HeadcountDeclared(EventData, frozen=True, kw_only=True):
    """An employer's staff of a year, for the employment quota."""

    year: Year
    employees: Count
    disabled_employees: Count
    document: str


class AwardApproved(EventData, frozen=True, kw_only=True):
    """An award to an employer above its quota is approved."""

    program: str
    year: Year
    amount_fen: Fen
    document: str
