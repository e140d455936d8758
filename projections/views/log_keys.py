"""The keys that the log's heads are signed with, and who took each into use."""

import msgspec

from ledger.domain.events import Event
from ledger.domain.events.log_key import LogKeyAdopted
from projections.rows import RowSource, TableDef
from projections.view import View, on


class LogKey(msgspec.Struct, gc=False):
    """One key, from the position of its adoption on; ``previous`` is the id of the one before."""

    subject: str
    vkey: str
    previous: str | None
    actor: str
    effective: str
    adopted: int


LOG_KEYS = TableDef("log_keys", LogKey, ("subject", "vkey"))


class LogKeys(View):
    """See the module."""

    name = "log_keys"
    version = 1
    tables = (LOG_KEYS,)

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows.of(LOG_KEYS)

    @on(LogKeyAdopted)
    def adopted(self, position: int, event: Event[LogKeyAdopted]) -> None:
        d, on = event.data, event.effective.isoformat()
        key = (event.subject, d.vkey)
        self._rows.add(key, LogKey(*key, d.previous, event.actor, on, position))
