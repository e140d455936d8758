"""Complaints, petitions and requests for legal aid, from receipt to closing."""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import case as ca
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Case(msgspec.Struct, gc=False):
    """One case. ``status`` is received, assigned, resolved, reopened or closed."""

    case: str
    program: str
    version: int = 0
    division: str = ""
    status: str = "received"
    received_on: str | None = None
    visitors: int = 0
    channel: str | None = None
    topic: str | None = None
    person: str | None = None
    handler: str | None = None
    resolved_on: str | None = None
    outcome: str | None = None
    reopened: int = 0
    closed_on: str | None = None


CASES = TableDef("cases", Case, ("case",), (("program", "status"),), by="stream")


class Cases(View):
    """See the module."""

    name = "cases"
    version = 1
    tables = (CASES,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(CASES)

    def _at(self, event: Event[Any], status: str) -> Case:
        key = event.stream
        row = self._rows.edit(key) or self._rows.add(key, Case(key, event.data.program))
        row.version, row.status = event.version, status
        return row

    @on(ca.CaseReceived)
    def received(self, position: int, event: Event[ca.CaseReceived]) -> None:
        row, d = self._at(event, "received"), event.data
        row.division, row.received_on = event.division, event.effective.isoformat()
        row.visitors, row.channel, row.topic = d.visitors, d.channel, d.topic
        row.person = d.person

    @on(ca.CaseAssigned)
    def assigned(self, position: int, event: Event[ca.CaseAssigned]) -> None:
        self._at(event, "assigned").handler = event.data.handler

    @on(ca.CaseResolved)
    def resolved(self, position: int, event: Event[ca.CaseResolved]) -> None:
        row = self._at(event, "resolved")
        row.resolved_on, row.outcome = event.effective.isoformat(), event.data.outcome

    @on(ca.CaseReopened)
    def reopened(self, position: int, event: Event[ca.CaseReopened]) -> None:
        row = self._at(event, "reopened")
        row.reopened += 1
        row.closed_on = None

    @on(ca.CaseClosed)
    def closed(self, position: int, event: Event[ca.CaseClosed]) -> None:
        self._at(event, "closed").closed_on = event.effective.isoformat()
