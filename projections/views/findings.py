"""What officers made of audit findings: dismissed with a reason, or converted into a debt."""

import msgspec

from ledger.domain.events import Event
from ledger.domain.events.finding import FindingConverted, FindingDismissed
from projections.rows import RowSource, TableDef
from projections.view import View, on


class DecidedFinding(msgspec.Struct, gc=False):
    """A finding that was decided; ``decided`` is the position of the decision."""

    subject: str
    finding: str
    code: str
    status: str
    reason: str | None
    overpayment: str | None
    actor: str
    effective: str
    decided: int


FINDINGS = TableDef("findings", DecidedFinding, ("subject", "finding"))


class Findings(View):
    """See the module. Findings themselves are computed by an audit and kept nowhere."""

    name = "findings"
    version = 1
    tables = (FINDINGS,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(FINDINGS)

    @on(FindingDismissed)
    def dismissed(self, position: int, event: Event[FindingDismissed]) -> None:
        self._add(position, event, "dismissed", reason=event.data.reason)

    @on(FindingConverted)
    def converted(self, position: int, event: Event[FindingConverted]) -> None:
        self._add(position, event, "converted", overpayment=event.data.overpayment)

    def _add(
        self,
        position: int,
        event: Event[FindingDismissed] | Event[FindingConverted],
        status: str,
        *,
        reason: str | None = None,
        overpayment: str | None = None,
    ) -> None:
        d, on = event.data, event.effective.isoformat()
        row = DecidedFinding(
            event.subject,
            d.finding,
            d.code,
            status,
            reason,
            overpayment,
            event.actor,
            on,
            position,
        )
        self._rows.add((event.subject, d.finding), row)
