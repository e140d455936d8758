"""Seals: one stream a period, so that a month or a year is sealed once and for all.

A period ends with its last day by the city's clock. What is sealed is what the log says of the
events recorded before that, whenever they hold; what is learned later is in a later seal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ledger.domain.city_time import start_of
from ledger.domain.events.envelope import Event
from ledger.domain.events.seal import ProjectionSealed
from ledger.domain.month import first_day, parse_month, plus_months
from ledger.domain.refusals import PeriodNotOver, SealDiffers
from ledger.domain.stream import StreamKind, derived_id

GRACE = timedelta(hours=1)
"""How long after its end a period is sealed at the earliest.

A decision's recorded time is read before it is stored: what was begun just before the end may
still be on its way, and would be recorded before the end and after the seal.
"""


def seal_id(period: str) -> str:
    """The one stream of a period."""
    return derived_id("seal", period)


def period_end(period: str) -> datetime:
    """When a month (YYYY-MM) or a year (YYYY) is over, in UTC. Raises :class:`InvalidMonth`."""
    last = parse_month(f"{period}-12" if len(period) == 4 else period)
    return start_of(first_day(plus_months(last, 1)))


def require_over(period: str, now: datetime) -> None:
    """Raises :class:`PeriodNotOver` until an hour after the period's end."""
    if now < period_end(period) + GRACE:
        raise PeriodNotOver(period=period)


@dataclass(slots=True)
class Seal:
    """State of the stream: what was sealed, if anything was."""

    id: str
    version: int = 0
    sealed: ProjectionSealed | None = None


def seal(state: Seal, made: ProjectionSealed, *, now: datetime) -> ProjectionSealed | None:
    """The event, or None where the very same is sealed already.

    Raises :class:`PeriodNotOver`, :class:`SealDiffers`, :class:`InvalidMonth`.
    """
    require_over(made.period, now)
    if state.sealed is None:
        return made
    if different := differences(state.sealed, made):
        raise SealDiffers(period=made.period, what=", ".join(different))
    return None


def differences(sealed: ProjectionSealed, found: ProjectionSealed) -> list[str]:
    """What was sealed and is otherwise, or not there: position, index, views and figures.

    Views and figures that did not exist then are no difference.
    """
    different = [
        name for name in ("position", "index") if getattr(sealed, name) != getattr(found, name)
    ]
    for kind in ("views", "figures"):
        before: Mapping[str, Any] = getattr(sealed, kind)
        now: Mapping[str, Any] = getattr(found, kind)
        different += [f"{kind[:-1]} {name}" for name in before if before[name] != now.get(name)]
    return different


def evolve(state: Seal, event: Event[Any]) -> None:
    """Take the event into the state."""
    if isinstance(event.data, ProjectionSealed):
        state.sealed = event.data


SEAL = StreamKind("seal", Seal, evolve)
