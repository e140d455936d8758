"""Folding parked events again: one subject's, in one view, in the order in which they came."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.codec import decode
from ledger.domain.discard import Passed
from projections.connecting import STORE_ERRORS
from projections.database import ViewDatabase
from projections.generations import Generation
from projections.partition import why
from projections.places import Parked
from projections.view import View
from projections.view_rows import ViewRows


@dataclass(frozen=True, slots=True)
class Refolded:
    """``rows`` hold the first ``done`` events, ready to be written; ``reason`` stopped the next."""

    rows: ViewRows
    done: int
    passed_over: int
    reason: str | None = None


def refold(
    database: ViewDatabase,
    view: type[View],
    generation: Generation,
    events: Sequence[Parked],
    passed: Passed,
) -> Refolded:
    """Fold as many of the events as the view takes in; ``passed`` are those it does without.

    Reads stored rows and writes nothing. Their partition must be held against its worker.
    """
    tried = _fold(database, view, generation, events, passed)
    if tried.reason is None:
        return tried
    # An event that failed may be half done in memory: only what came before it counts.
    good = _fold(database, view, generation, events[: tried.done], passed)
    assert good.reason is None, "a fold depends on nothing but its events and rows"
    return Refolded(good.rows, good.done, good.passed_over, tried.reason)


def _fold(
    database: ViewDatabase,
    view: type[View],
    generation: Generation,
    events: Sequence[Parked],
    passed: Passed,
) -> Refolded:
    rows = ViewRows(database, {view.name: view}, [generation], empty=False)
    passed_over = 0
    try:
        for done, parked in enumerate(events):
            if view.name in passed.get(parked.position, ()):
                passed_over += 1
                continue
            try:
                event = decode(parked.value)
                for handler in rows.plan[type(event.data)]:
                    handler(parked.position, event)
            except STORE_ERRORS:
                raise
            except Exception as error:
                return Refolded(rows, done, passed_over, why(error))
        rows.settle()
        return Refolded(rows, len(events), passed_over)
    finally:
        rows.close()
