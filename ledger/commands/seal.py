"""The command that binds what was computed from the log to the log."""

from datetime import datetime

from ledger.application import Command, handles
from ledger.domain.events.seal import ProjectionSealed
from ledger.domain.seal import SEAL, seal, seal_id
from ledger.work import Work


class SealPeriod(Command, frozen=True, kw_only=True):
    """What the log amounted to when the period ended, as whoever computed it states it."""

    content: ProjectionSealed


@handles(SealPeriod)
def seal_period(work: Work, c: SealPeriod) -> str:
    """Nothing is recorded where the very same is sealed. Raises PeriodNotOver, SealDiffers.

    That the content is true is for the caller to see, and for anybody to check afterwards: the
    write side knows neither views nor positions.
    """
    state = work.load(SEAL, seal_id(c.content.period))
    made = seal(state, c.content, now=datetime.fromisoformat(work.time))
    if made is not None:
        work.record(SEAL, state, made, subject=state.id, division=work.operator)
    return state.id
