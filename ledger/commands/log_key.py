"""The command by which the operator takes a key for the log's heads into use."""

from ledger.application import Command, handles
from ledger.codec import SOURCE
from ledger.domain.log_key import LOG_KEYS, LOG_KEYS_ID, adopt
from ledger.work import Work


class AdoptLogKey(Command, frozen=True, kw_only=True):
    """``vkey`` is the public half, as C2SP signed-note writes it."""

    vkey: str


@handles(AdoptLogKey)
def adopt_log_key(work: Work, c: AdoptLogKey) -> str:
    """By an officer of the whole city. That the secret half is at hand is for the caller to see."""
    state = work.load(LOG_KEYS, LOG_KEYS_ID)
    made = adopt(state, c.vkey, origin=SOURCE + work.operator)
    work.record(LOG_KEYS, state, made, subject=state.id, division=work.operator)
    return state.id
