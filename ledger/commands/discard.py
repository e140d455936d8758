"""The command by which an officer takes a parked event out of a view."""

from ledger.application import Command, handles
from ledger.domain.discard import DISCARDS, DISCARDS_ID, discard
from ledger.work import Work


class DiscardParkedEvent(Command, frozen=True, kw_only=True):
    """``view`` passes over the event of this id, which is at ``position`` in the log."""

    view: str
    position: int
    event: str
    reason: str


@handles(DiscardParkedEvent)
def discard_parked_event(work: Work, c: DiscardParkedEvent) -> str:
    """By an officer whose division covers the event's. Raises NotFound for an unknown event.

    That the event waits in the view, and that it is the one at this position, is for the caller to
    see: the write side knows neither views nor positions.
    """
    event = work.event(c.event)
    state = work.load(DISCARDS, DISCARDS_ID)
    made = discard(state, view=c.view, position=c.position, event=c.event, reason=c.reason)
    work.record(DISCARDS, state, made, subject=event.subject, division=event.division)
    return state.id
