"""The clock of the office: which day it is in the city when something is recorded.

Events state the time of recording in UTC; an officer's day, a notice's days and an audit's are the
city's. Every day that is derived from a recorded time is derived here, and nowhere else.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone

CITY_TIME = timezone(timedelta(hours=8))
"""China Standard Time (Asia/Shanghai), without summer time since 1991."""


def day_of(recorded: str) -> date:
    """The city's day of a recorded time, as events state it (RFC 3339, UTC)."""
    return day_at(datetime.fromisoformat(recorded))


def day_at(moment: datetime) -> date:
    """The city's day of a moment with a zone."""
    assert moment.tzinfo is not None, moment
    return moment.astimezone(CITY_TIME).date()


def start_of(day: date) -> datetime:
    """The moment at which a day of the city begins, in UTC."""
    return datetime.combine(day, time.min, CITY_TIME).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The last moment of a day of the city, to the microsecond, in UTC."""
    return datetime.combine(day, time.max, CITY_TIME).astimezone(UTC)
