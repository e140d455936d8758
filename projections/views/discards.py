"""What officers took out of views: every discarded event, with the reason and who decided."""

import msgspec

from ledger.domain.events import Event
from ledger.domain.events.discard import ParkedEventDiscarded
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Discard(msgspec.Struct, gc=False):
    """One event that ``view`` passes over; ``decided`` is the position of the decision."""

    subject: str
    view: str
    position: int
    event: str
    reason: str
    actor: str
    effective: str
    decided: int


DISCARDS = TableDef("discards", Discard, ("subject", "view", "position"))


class Discards(View):
    """See the module. Passing over is done by who folds, not by this view."""

    name = "discards"
    version = 1
    tables = (DISCARDS,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(DISCARDS)

    @on(ParkedEventDiscarded)
    def discarded(self, position: int, event: Event[ParkedEventDiscarded]) -> None:
        d, on = event.data, event.effective.isoformat()
        key = (event.subject, d.view, d.position)
        row = Discard(*key, d.event, d.reason, event.actor, on, position)
        self._rows.add(key, row)
