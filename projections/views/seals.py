"""What was sealed: each period with the position it covers, its digests and its index."""

import msgspec

from ledger.domain.events import Event
from ledger.domain.events.seal import ProjectionSealed
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Sealed(msgspec.Struct, gc=False):
    """One period. It covers the events before ``position``; ``sealed_at`` is the seal's own."""

    seal: str
    period: str
    position: int
    sealed_at: int
    subjects: int
    root: str
    digests: dict[str, str] = {}
    figures: dict[str, str] = {}


SEALS = TableDef("seals", Sealed, ("seal",), (("period",),))


class Seals(View):
    """See the module."""

    name = "seals"
    version = 1
    tables = (SEALS,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(SEALS)

    @on(ProjectionSealed)
    def sealed(self, position: int, event: Event[ProjectionSealed]) -> None:
        d = event.data
        digests = {name: view.digest for name, view in d.views.items()}
        row = Sealed(
            event.subject,
            d.period,
            d.position,
            position,
            d.index.subjects,
            d.index.root,
            digests,
            d.figures,
        )
        self._rows.add(event.subject, row)
