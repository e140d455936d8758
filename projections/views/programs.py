"""Programs: what they are, their dated rules, their targets and pilots.

Rules are kept as the event states them, in order of their first day, the open-ended one before a
new one ended the day before; :func:`rules_of` gives them back as values.
"""

from datetime import date, timedelta
from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import program as pg
from ledger.domain.rules import Rule
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Program(msgspec.Struct, gc=False):
    """One program. ``rules`` are :class:`ledger.domain.rules.Rule` as JSON, ``targets`` by year."""

    program: str
    stream: str = ""
    version: int = 0
    zh: str = ""
    en: str = ""
    kind: str = ""
    beneficiary: str = ""
    unit: str = ""
    fund: str | None = None
    payee: str = "beneficiary"
    document: str | None = None
    source: str | None = None
    adopted_on: str | None = None
    closed_on: str | None = None
    rules: list[dict[str, Any]] = []
    targets: dict[str, int] = {}
    pilots: list[str] = []


PROGRAMS = TableDef("programs", Program, ("program",), (("kind",),), by=None)


def rules_of(row: Program) -> list[Rule]:
    """The program's rules as values, in order of their first day."""
    return msgspec.convert(row.rules, list[Rule])


def rule_on(row: Program, day: date) -> Rule | None:
    """The rule in force on a day, if any."""
    for rule in reversed(rules_of(row)):
        if rule.valid_from <= day and (rule.valid_to is None or day <= rule.valid_to):
            return rule
    return None


def rules_in_year(row: Program, year: int) -> list[Rule]:
    """The rules in force on some day of a calendar year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    return [
        rule
        for rule in rules_of(row)
        if rule.valid_from <= last and (rule.valid_to is None or rule.valid_to >= first)
    ]


class Programs(View):
    """See the module."""

    name = "programs"
    version = 1
    tables = (PROGRAMS,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(PROGRAMS)

    def _at(self, event: Event[Any]) -> Program:
        code = event.data.program
        row = self._rows.edit(code) or self._rows.add(code, Program(code))
        row.stream, row.version = event.stream, event.version
        return row

    @on(pg.ProgramAdopted)
    def adopted(self, position: int, event: Event[pg.ProgramAdopted]) -> None:
        row, d = self._at(event), event.data
        row.zh, row.en, row.kind, row.unit = d.zh, d.en, d.kind, d.unit
        row.beneficiary, row.fund, row.payee = d.beneficiary, d.fund, d.payee
        row.document, row.source = d.document, d.source
        row.adopted_on = event.effective.isoformat()

    @on(pg.RuleSet)
    def ruled(self, position: int, event: Event[pg.RuleSet]) -> None:
        row, rule = self._at(event), event.data.rule
        before = row.rules
        if before and before[-1].get("valid_to") is None:
            until = (rule.valid_from - timedelta(days=1)).isoformat()
            before = [*before[:-1], {**before[-1], "valid_to": until}]
        row.rules = [*before, msgspec.to_builtins(rule)]

    @on(pg.ProgramClosed)
    def closed(self, position: int, event: Event[pg.ProgramClosed]) -> None:
        self._at(event).closed_on = event.data.closed_on.isoformat()

    @on(pg.TargetSet)
    def target(self, position: int, event: Event[pg.TargetSet]) -> None:
        row, d = self._at(event), event.data
        row.targets = {**row.targets, str(d.year): d.target}

    @on(pg.PilotDesignated)
    def pilot(self, position: int, event: Event[pg.PilotDesignated]) -> None:
        row = self._at(event)
        row.pilots = [*row.pilots, event.data.title]
