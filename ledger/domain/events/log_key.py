"""Events about the log itself: the keys that its heads are signed with."""

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import Code


class LogKeyAdopted(EventData, frozen=True, kw_only=True):
    """Heads of the log are signed with this key from now on; earlier heads stay as they are."""

    vkey: Code
    previous: Code | None = None
