"""Pay runs: one program and month each, from computation to the bank's result.

Who took which step is kept beside it, so that the four eyes can be seen. Digests name documents
beside the log and hold no personal data.
"""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import payrun as pr
from projections.rows import RowSource, TableDef
from projections.view import View, on


class PayRun(msgspec.Struct, gc=False):
    """One run. ``status`` is opened, computed, noticed, approved, issued, settled or cancelled.

    ``left_out`` and ``dropped`` count lines by reason, ``by_division`` is fen by division;
    ``count`` and ``total_fen`` are those of the last step that stated them. ``data_accesses``
    counts how often sealed data of its persons were opened.
    """

    payrun: str
    program: str
    month: str
    version: int = 0
    division: str = ""
    batch: int = 1
    fund: str | None = None
    status: str = "opened"
    rule: str | None = None
    cutoff_position: int | None = None
    count: int = 0
    total_fen: int = 0
    by_division: dict[str, int] = {}
    lines: str | None = None
    left_out: dict[str, int] = {}
    left_out_lines: str | None = None
    dropped: dict[str, int] = {}
    notice_from: str | None = None
    notice_until: str | None = None
    computed_by: str | None = None
    approved_by: str | None = None
    issued_by: str | None = None
    computed_on: str | None = None
    approved_on: str | None = None
    issued_on: str | None = None
    settled_on: str | None = None
    settled_count: int = 0
    settled_fen: int = 0
    returned_count: int = 0
    returned_fen: int = 0
    result: str | None = None
    cancel_reason: str | None = None
    data_accesses: int = 0


PAYRUNS = TableDef("payruns", PayRun, ("payrun",), (("program", "month"),), by="stream")


class PayRuns(View):
    """See the module."""

    name = "payruns"
    version = 2
    tables = (PAYRUNS,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(PAYRUNS)

    def _at(self, event: Event[Any], status: str) -> PayRun:
        key, d = event.stream, event.data
        row = self._rows.edit(key) or self._rows.add(key, PayRun(key, d.program, d.month))
        row.version, row.status = event.version, status
        return row

    @on(pr.PayRunOpened)
    def opened(self, position: int, event: Event[pr.PayRunOpened]) -> None:
        row = self._at(event, "opened")
        row.division, row.batch, row.fund = event.division, event.data.batch, event.data.fund

    @on(pr.PayRunComputed)
    def computed(self, position: int, event: Event[pr.PayRunComputed]) -> None:
        row, d = self._at(event, "computed"), event.data
        row.rule, row.cutoff_position = d.rule.isoformat(), d.cutoff_position
        row.count, row.total_fen, row.by_division = d.count, d.total_fen, d.by_division
        row.lines, row.left_out, row.left_out_lines = d.lines, dict(d.left_out), d.left_out_lines
        row.computed_by, row.computed_on = event.actor, event.effective.isoformat()

    @on(pr.PayRunNoticed)
    def noticed(self, position: int, event: Event[pr.PayRunNoticed]) -> None:
        row, d = self._at(event, "noticed"), event.data
        row.notice_from, row.notice_until = d.notice_from.isoformat(), d.notice_until.isoformat()
        row.lines = d.lines

    @on(pr.PayRunApproved)
    def approved(self, position: int, event: Event[pr.PayRunApproved]) -> None:
        row, d = self._at(event, "approved"), event.data
        row.count, row.total_fen, row.fund, row.lines = d.count, d.total_fen, d.fund, d.lines
        row.approved_by, row.approved_on = event.actor, event.effective.isoformat()

    @on(pr.PayRunIssued)
    def issued(self, position: int, event: Event[pr.PayRunIssued]) -> None:
        row, d = self._at(event, "issued"), event.data
        row.count, row.total_fen, row.by_division = d.count, d.total_fen, d.by_division
        row.fund, row.lines, row.dropped = d.fund, d.lines, dict(d.dropped)
        row.issued_by, row.issued_on = event.actor, event.effective.isoformat()

    @on(pr.PayRunSettled)
    def settled(self, position: int, event: Event[pr.PayRunSettled]) -> None:
        row, d = self._at(event, "settled"), event.data
        row.settled_count, row.settled_fen = d.settled_count, d.settled_fen
        row.returned_count, row.returned_fen = d.returned_count, d.returned_fen
        row.result, row.settled_on = d.result, event.effective.isoformat()

    @on(pr.PayRunCancelled)
    def cancelled(self, position: int, event: Event[pr.PayRunCancelled]) -> None:
        self._at(event, "cancelled").cancel_reason = event.data.reason

    @on(pr.PayRunDataAccessed)
    def accessed(self, position: int, event: Event[pr.PayRunDataAccessed]) -> None:
        row = self._rows.edit(event.stream)
        if row is not None:
            row.version = event.version
            row.data_accesses += 1
