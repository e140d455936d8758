"""An organization: what it is recognized for, its staff by year, and awards above the quota.

Every employer owes a share of its posts to disabled persons; one that employs more may be awarded,
once a year. Money moves elsewhere: the award's payment is an enrollment's, like any other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from ledger.domain.errors import InvalidValue, NotFound, OutOfOrder
from ledger.domain.events import organization as ev
from ledger.domain.events.envelope import Event, EventData
from ledger.domain.money import positive
from ledger.domain.refusals import AlreadyGranted, AmountAboveCap, FourEyes, NotEligible
from ledger.domain.rules import Rule
from ledger.domain.stream import StreamKind, derived_id, folding


class Quota(NamedTuple):
    """The share of disabled staff that an employer owes, from a date on."""

    valid_from: date
    per_mille: int
    document: str
    source: str


QUOTAS = (Quota(date(2007, 5, 1), 15, "残疾人就业条例第八条(1.5%)", "reported"),)
"""In order of their first day [R]: 1.5 percent is the least that a province may set."""


@dataclass(frozen=True, slots=True)
class Headcount:
    """The staff of a year, and who declared it."""

    employees: int
    disabled_employees: int
    declared_by: str


@dataclass(slots=True)
class Organization:
    """State of an organization's stream; head counts as last declared for each year."""

    id: str
    version: int = 0
    division: str = ""
    name: str = ""
    form: str = ""
    programs: set[str] = field(default_factory=set)
    headcounts: dict[int, Headcount] = field(default_factory=dict)
    awards: set[int] = field(default_factory=set)

    @property
    def disabled_share_percent(self) -> int:
        """Disabled staff in whole percent, rounded down, in the latest year declared; else 0."""
        if not self.headcounts:
            return 0
        latest = self.headcounts[max(self.headcounts)]
        return latest.disabled_employees * 100 // latest.employees


def organization_id(registration: str) -> str:
    """The organization's stream, from its registration number."""
    return derived_id("organization", registration)


# --- decisions


def must_exist(o: Organization) -> None:
    """Raise :class:`NotFound` for an organization that was never recognized."""
    if o.version == 0:
        raise NotFound(what=o.id)


def recognize(o: Organization, *, program: str, form: str, name: str, document: str) -> EventData:
    """Recognized for one more program."""
    if program in o.programs:
        raise OutOfOrder(status="recognized", step=program)
    return ev.OrganizationRecognized(program=program, form=form, name=name, document=document)


def declare_headcount(
    o: Organization, *, year: int, employees: int, disabled_employees: int, document: str
) -> EventData:
    """The staff of a year; a later declaration corrects an earlier one until there is an award."""
    must_exist(o)
    if year in o.awards:
        raise OutOfOrder(status="awarded", step="declare-headcount")
    if employees < 1:
        raise InvalidValue(field="employees", value=employees)
    if not 0 <= disabled_employees <= employees:
        raise InvalidValue(field="disabled_employees", value=disabled_employees)
    return ev.HeadcountDeclared(
        year=year, employees=employees, disabled_employees=disabled_employees, document=document
    )


def quota_on(day: date) -> Quota:
    """The quota in force on a day."""
    for quota in reversed(QUOTAS):
        if quota.valid_from <= day:
            return quota
    raise NotFound(what=f"quota {day}")


def approve_award(
    o: Organization,
    rule: Rule,
    *,
    program: str,
    year: int,
    amount_fen: int,
    document: str,
    actor: str,
) -> EventData:
    """An award for a year, once, above the quota, within the rule's cap.

    Raises :class:`NotEligible` without a head count above the quota at the year's end,
    :class:`AlreadyGranted`, :class:`AmountAboveCap`, and :class:`FourEyes` for who declared.
    """
    must_exist(o)
    if year in o.awards:
        raise AlreadyGranted(period=str(year))
    found = o.headcounts.get(year)
    if found is None:
        raise NotEligible(reason="no headcount")
    owed = quota_on(date(year, 12, 31)).per_mille
    if found.disabled_employees * 1000 <= found.employees * owed:
        raise NotEligible(reason="not above the quota")
    if actor == found.declared_by:
        raise FourEyes(actor=actor)
    positive(amount_fen)
    if rule.cap_fen is not None and amount_fen > rule.cap_fen:
        raise AmountAboveCap(amount=amount_fen, cap=rule.cap_fen)
    return ev.AwardApproved(program=program, year=year, amount_fen=amount_fen, document=document)


# --- the fold


def _recognized(o: Organization, event: Event[ev.OrganizationRecognized]) -> None:
    d = event.data
    o.division, o.name, o.form = event.division, d.name, d.form
    o.programs.add(d.program)


def _declared(o: Organization, event: Event[ev.HeadcountDeclared]) -> None:
    d = event.data
    o.headcounts[d.year] = Headcount(d.employees, d.disabled_employees, event.actor)


def _awarded(o: Organization, event: Event[ev.AwardApproved]) -> None:
    o.awards.add(event.data.year)


_FOLD: dict[type[EventData], Callable[[Organization, Event[Any]], None]] = {
    ev.OrganizationRecognized: _recognized,
    ev.HeadcountDeclared: _declared,
    ev.AwardApproved: _awarded,
}


evolve = folding(_FOLD)
"""Take an event into the state."""

ORGANIZATION = StreamKind("organization", Organization, evolve)
