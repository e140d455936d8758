"""Moments on the command line: days of the city, times with a zone, and bounds of the past."""

import re
from datetime import date, datetime
from typing import Annotated

import typer

from ledger.domain.city_time import day_at, end_of
from ledger.domain.errors import InvalidDate
from ledger.randomness import rfc3339, system_clock
from projections.asof import AsOf

_DAY = re.compile(r"(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
"""Years as of months. Python reads more spellings than one person expects of another."""
_MOMENT = re.compile(_DAY.pattern + r"[T ].+")

AsOfPosition = Annotated[
    int | None,
    typer.Option(min=0, help="截至前N个事件 | As of the first N events of the log"),
]
KnownOn = Annotated[
    str | None,
    typer.Option(
        metavar="DATE|TIME",
        help="截至该日(北京时间)或该时刻已记录的 | What was recorded by that day or time",
    ),
]
EffectiveOn = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="截至该日生效的 | What held by that day"),
]


def today() -> date:
    """The day in the city."""
    return day_at(system_clock())


def parse_date(text: str) -> date:
    """A day written YYYY-MM-DD, of 1900 to 2099; :class:`InvalidDate` otherwise."""
    if _DAY.fullmatch(text) is None:
        raise InvalidDate(value=text)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidDate(value=text) from error


def bound_by(position: int | None, known_on: str | None, effective_on: str | None) -> AsOf:
    """The bounds of a question about the past, as the command line gives them."""
    effective = parse_date(effective_on) if effective_on is not None else None
    return AsOf(position, recorded_by(known_on), effective)


def recorded_by(text: str | None) -> str | None:
    """A recorded time as events state it: the end of a day of the city, or a moment with a zone.

    Raises :class:`InvalidDate`, for a moment without a zone too: whether it is meant as the city's
    time or as UTC makes a difference of eight hours.
    """
    if text is None:
        return None
    if _MOMENT.fullmatch(text) is None:
        return rfc3339(end_of(parse_date(text)))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidDate(value=text) from error
    if moment.tzinfo is None:
        raise InvalidDate(value=f"{text} (Z, +08:00 …)")
    return rfc3339(moment)
