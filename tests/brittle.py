"""A view that cannot take in everything, for as long as a test says so."""

from typing import Any, ClassVar

import msgspec

from ledger.domain.events import Event, EventData
from ledger.domain.events import enrollment as en
from projections.rows import RowSource, TableDef
from projections.view import View, on
from tests.histories import History, history


class Seen(msgspec.Struct, gc=False):
    """How many steps of a subject's enrollment were seen."""

    subject: str
    steps: int = 0


SEEN = TableDef("seen", Seen, ("subject",))


class Brittle(View):
    """Cannot take in events of a ``broken`` type, and notices when it is half done."""

    name = "brittle"
    version = 1
    tables = (SEEN,)
    broken: ClassVar[tuple[type[EventData], ...]] = (en.EnrollmentSuspended,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(SEEN)

    @on(en.EnrollmentApproved, en.EnrollmentSuspended, en.EnrollmentResumed, en.SubsidyGranted)
    def seen(self, position: int, event: Event[Any]) -> None:
        row = self._rows.edit(event.subject) or self._rows.add(event.subject, Seen(event.subject))
        row.steps += 1
        if isinstance(event.data, self.broken):
            raise ZeroDivisionError(type(event.data).__name__)


def suspensions() -> History:
    """Eight people are enrolled; three of them, p0, p3 and p6, suspended and resumed; all paid."""
    told = history()
    for n in range(8):
        told.enrolled(f"p{n}")
    for n in range(0, 8, 3):
        told.step(
            f"p{n}",
            en.EnrollmentSuspended(program="living-subsidy", from_month="2017-03", reason="r"),
            on="2017-03-01",
        )
        told.step(
            f"p{n}",
            en.EnrollmentResumed(program="living-subsidy", from_month="2017-04", reason="r"),
            on="2017-04-01",
        )
    for n in range(8):
        told.granted(f"p{n}", "2017-05")
    return told
