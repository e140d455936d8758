"""Events about events: what an officer takes out of a view that cannot process it."""

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import Count


class ParkedEventDiscarded(EventData, frozen=True, kw_only=True):
    """A view passes over one event from now on, in every rebuild too; the event itself stays.

    Its subject is that of the event passed over, so that it comes after it in the same partition.
    """

    view: str
    position: Count
    event: str
    reason: str
