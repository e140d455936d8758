"""Organizations: cooperatives, employers, institutions; their head counts and awards by year."""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import organization as og
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Organization(msgspec.Struct, gc=False):
    """One organization, and the programs it is recognized for."""

    organization: str
    version: int = 0
    division: str = ""
    name: str | None = None
    form: str | None = None
    programs: list[str] = []
    recognized_on: str | None = None


class OrganizationYear(msgspec.Struct, gc=False):
    """Head counts as last declared for a year, and the awards approved for it, by program."""

    organization: str
    year: int
    employees: int | None = None
    disabled_employees: int | None = None
    awards_fen: dict[str, int] = {}


ORGANIZATIONS = TableDef("organizations", Organization, ("organization",))
ORGANIZATION_YEARS = TableDef(
    "organization_years", OrganizationYear, ("organization", "year"), (("year",),)
)


class Organizations(View):
    """See the module."""

    name = "organizations"
    version = 1
    tables = (ORGANIZATIONS, ORGANIZATION_YEARS)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(ORGANIZATIONS)
        self._years = rows.of(ORGANIZATION_YEARS)

    def _at(self, event: Event[Any]) -> Organization:
        key = event.subject
        row = self._rows.edit(key) or self._rows.add(key, Organization(key))
        row.version = event.version
        return row

    def _year(self, event: Event[Any]) -> OrganizationYear:
        key = (event.subject, event.data.year)
        return self._years.edit(key) or self._years.add(key, OrganizationYear(*key))

    @on(og.OrganizationRecognized)
    def recognized(self, position: int, event: Event[og.OrganizationRecognized]) -> None:
        row, d = self._at(event), event.data
        row.name, row.form, row.division = d.name, d.form, event.division
        row.programs = sorted({*row.programs, d.program})
        row.recognized_on = row.recognized_on or event.effective.isoformat()

    @on(og.HeadcountDeclared)
    def declared(self, position: int, event: Event[og.HeadcountDeclared]) -> None:
        self._at(event)
        row, d = self._year(event), event.data
        row.employees, row.disabled_employees = d.employees, d.disabled_employees

    @on(og.AwardApproved)
    def awarded(self, position: int, event: Event[og.AwardApproved]) -> None:
        self._at(event)
        row, d = self._year(event), event.data
        so_far = row.awards_fen.get(d.program, 0)
        row.awards_fen = {**row.awards_fen, d.program: so_far + d.amount_fen}
