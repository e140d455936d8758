"""Objections to enrollments, to lines of pay runs and to poverty exits, open or settled."""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.events import household as hh
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Objection(msgspec.Struct, gc=False):
    """One objection. ``stream`` is where it was raised; ``enrollment`` the line it is about."""

    stream: str
    objection: str
    subject: str
    division: str
    enrollment: str | None
    program: str | None
    ground: str
    raised_on: str
    position: int
    open: bool = True
    resolved_on: str | None = None
    upheld: bool | None = None
    reason: str | None = None


OBJECTIONS = TableDef(
    "objections",
    Objection,
    ("stream", "objection"),
    (("open",), ("enrollment",)),
    by="stream",
)


class Objections(View):
    """See the module."""

    name = "objections"
    version = 1
    tables = (OBJECTIONS,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(OBJECTIONS)

    @on(en.ObjectionRaised)
    def raised(self, position: int, event: Event[en.ObjectionRaised]) -> None:
        d, stream = event.data, event.stream
        own = event.data.enrollment or (stream if stream.startswith("enrollment-") else None)
        self._raise(position, event, own, d.program)

    @on(hh.ExitObjected)
    def exit_objected(self, position: int, event: Event[hh.ExitObjected]) -> None:
        self._raise(position, event, None, None)

    @on(en.ObjectionResolved, hh.ExitObjectionResolved)
    def resolved(
        self,
        position: int,
        event: Event[en.ObjectionResolved] | Event[hh.ExitObjectionResolved],
    ) -> None:
        row, d = self._rows.edit((event.stream, event.data.objection)), event.data
        if row is not None:
            row.open, row.upheld, row.reason = False, d.upheld, d.reason
            row.resolved_on = event.effective.isoformat()

    def _raise(
        self, position: int, event: Event[Any], enrollment: str | None, program: str | None
    ) -> None:
        d = event.data
        key = (event.stream, d.objection)
        row = Objection(
            *key,
            event.subject,
            event.division,
            enrollment,
            program,
            d.ground,
            event.effective.isoformat(),
            position,
        )
        self._rows.add(key, row)
