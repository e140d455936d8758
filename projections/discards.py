"""Where whoever folds learns what views pass over: before it folds, from the log's own stream."""

from collections.abc import Callable

from ledger.codec import decode
from ledger.domain.discard import DISCARDS, DISCARDS_ID, Discards, Passed
from ledger.store.store import Store

Discarding = Callable[[], Passed]
"""Gives the positions that views pass over, as decided by now."""


def nothing_discarded() -> Passed:
    """No view passes over anything."""
    return {}


def discards_in(store: Store) -> Discards:
    """What the events of a store say, whether they have been relayed and folded yet or not."""
    state = DISCARDS.new(DISCARDS_ID)
    for raw in store.stream(DISCARDS_ID):
        DISCARDS.evolve(state, decode(raw))
    return state
