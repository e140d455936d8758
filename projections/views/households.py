"""Households, the poverty register, and how far each household is on its way out of it.

A household's ``state`` is none, registered, proposed, verified, confirmed, noticed or exited; an
exit that is revoked, a relapse and an upheld objection lead back to registered. Persons on the
register have a row of their own with the spans in which they counted as having left poverty, so
that a year's end can be asked for while the log goes on.
"""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import household as hh
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Household(msgspec.Struct, gc=False):
    """One household. ``members`` live there now; ``exited_members`` count as out of poverty."""

    household: str
    version: int = 0
    division: str = ""
    urban: bool | None = None
    head: str | None = None
    members: list[str] = []
    state: str = "none"
    poverty_members: list[str] = []
    cause: str | None = None
    registered_on: str | None = None
    proposed_on: str | None = None
    income_fen: int | None = None
    verified_on: str | None = None
    confirmed_on: str | None = None
    confirmed_by: str | None = None
    notice_from: str | None = None
    notice_until: str | None = None
    objections: list[str] = []
    exited_on: str | None = None
    exited_members: list[str] = []
    revoked_on: str | None = None
    relapsed_on: str | None = None


class PovertyPerson(msgspec.Struct, gc=False):
    """A disabled person on the register with a household.

    ``exits`` are pairs: left on, and back on or None.
    """

    household: str
    person: str
    division: str
    registered_on: str
    exits: list[list[str | None]] = []


class HouseholdMember(msgspec.Struct, gc=False):
    """Who lived in a household and since when; ``left_on`` is None for who lives there now.

    A person who moved from one to another lives where they joined last.
    """

    household: str
    person: str
    joined_on: str
    left_on: str | None = None


HOUSEHOLDS = TableDef("households", Household, ("household",), (("state",),))
HOUSEHOLD_MEMBERS = TableDef(
    "household_members", HouseholdMember, ("household", "person"), (("person",),)
)
POVERTY_PERSONS = TableDef(
    "poverty_persons", PovertyPerson, ("household", "person"), (("person",),)
)


def exited_by(row: PovertyPerson, day: str) -> bool:
    """Whether the person counted as having left poverty at the end of a day (ISO text)."""
    return any(
        left is not None and left <= day and (back is None or back > day)
        for left, back in row.exits
    )


class Households(View):
    """See the module."""

    name = "households"
    version = 2
    tables = (HOUSEHOLDS, HOUSEHOLD_MEMBERS, POVERTY_PERSONS)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(HOUSEHOLDS)
        self._members = rows.of(HOUSEHOLD_MEMBERS)
        self._persons = rows.of(POVERTY_PERSONS)

    def _at(self, event: Event[Any]) -> Household:
        key = event.subject
        row = self._rows.edit(key) or self._rows.add(key, Household(key))
        row.version, row.division = event.version, event.division
        return row

    @on(hh.HouseholdRegistered)
    def registered(self, position: int, event: Event[hh.HouseholdRegistered]) -> None:
        row, d = self._at(event), event.data
        row.head, row.urban, row.members = d.head, d.urban, sorted(d.members)
        for person in row.members:
            self._joined(event, person)

    @on(hh.MemberAdded)
    def joined(self, position: int, event: Event[hh.MemberAdded]) -> None:
        row = self._at(event)
        row.members = sorted({*row.members, event.data.person})
        self._joined(event, event.data.person)

    @on(hh.MemberRemoved)
    def left(self, position: int, event: Event[hh.MemberRemoved]) -> None:
        row = self._at(event)
        row.members = [m for m in row.members if m != event.data.person]
        member = self._members.edit((event.subject, event.data.person))
        if member is not None:
            member.left_on = event.effective.isoformat()

    def _joined(self, event: Event[Any], person: str) -> None:
        key = (event.subject, person)
        self._members.add(key, HouseholdMember(*key, event.effective.isoformat()))

    @on(hh.PovertyRegistered)
    def poor(self, position: int, event: Event[hh.PovertyRegistered]) -> None:
        row, d, day = self._at(event), event.data, event.effective.isoformat()
        row.state, row.cause, row.registered_on = "registered", d.cause, day
        row.poverty_members = sorted(d.members)
        for person in d.members:
            key = (event.subject, person)
            if self._persons.get(key) is None:
                self._persons.add(key, PovertyPerson(*key, event.division, day))

    @on(hh.ExitProposed)
    def proposed(self, position: int, event: Event[hh.ExitProposed]) -> None:
        row = self._at(event)
        row.state, row.proposed_on = "proposed", event.effective.isoformat()
        row.income_fen = event.data.income_fen

    @on(hh.ExitVerified)
    def verified(self, position: int, event: Event[hh.ExitVerified]) -> None:
        row = self._at(event)
        row.state, row.verified_on = "verified", event.effective.isoformat()

    @on(hh.HouseholdConfirmed)
    def confirmed(self, position: int, event: Event[hh.HouseholdConfirmed]) -> None:
        row = self._at(event)
        row.state, row.confirmed_on = "confirmed", event.effective.isoformat()
        row.confirmed_by = event.data.signer

    @on(hh.ExitNoticed)
    def noticed(self, position: int, event: Event[hh.ExitNoticed]) -> None:
        row, d = self._at(event), event.data
        row.state = "noticed"
        row.notice_from, row.notice_until = d.notice_from.isoformat(), d.notice_until.isoformat()

    @on(hh.ExitObjected)
    def objected(self, position: int, event: Event[hh.ExitObjected]) -> None:
        row = self._at(event)
        row.objections = sorted({*row.objections, event.data.objection})

    @on(hh.ExitObjectionResolved)
    def objection_resolved(self, position: int, event: Event[hh.ExitObjectionResolved]) -> None:
        row, d = self._at(event), event.data
        row.objections = [o for o in row.objections if o != d.objection]
        if d.upheld:
            row.state = "registered"

    @on(hh.ExitDecided)
    def exited(self, position: int, event: Event[hh.ExitDecided]) -> None:
        row, day = self._at(event), event.effective.isoformat()
        row.state, row.exited_on = "exited", day
        row.exited_members = sorted(event.data.members)
        for person in row.exited_members:
            key = (event.subject, person)
            known = self._persons.edit(key)
            if known is None:
                known = self._persons.add(key, PovertyPerson(*key, event.division, day))
            known.exits = [*known.exits, [day, None]]

    @on(hh.ExitRevoked)
    def revoked(self, position: int, event: Event[hh.ExitRevoked]) -> None:
        row = self._at(event)
        row.revoked_on = event.effective.isoformat()
        self._back(row, row.revoked_on)

    @on(hh.RelapseRecorded)
    def relapsed(self, position: int, event: Event[hh.RelapseRecorded]) -> None:
        row = self._at(event)
        row.relapsed_on = event.effective.isoformat()
        self._back(row, row.relapsed_on)

    def _back(self, row: Household, day: str) -> None:
        """The household is on the register again."""
        for person in row.exited_members:
            known = self._persons.edit((row.household, person))
            if known is not None and known.exits and known.exits[-1][1] is None:
                known.exits = [*known.exits[:-1], [known.exits[-1][0], day]]
        row.state, row.exited_on, row.exited_members = "registered", None, []
