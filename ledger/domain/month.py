"""Benefit months: the unit in which an entitlement is counted and paid.

A month is the text ``YYYY-MM``, which sorts as it should and travels unchanged in events. The
functions here are its arithmetic; a NewType keeps it apart from other text.
"""

import re
from datetime import date, timedelta
from typing import NewType

from ledger.domain.errors import InvalidMonth

Month = NewType("Month", str)

_MONTH = re.compile(r"(19|20)\d{2}-(0[1-9]|1[0-2])")


def parse_month(text: str) -> Month:
    """Read ``YYYY-MM`` (1900 to 2099); raises :class:`InvalidMonth` on anything else."""
    if _MONTH.fullmatch(str(text)) is None:
        raise InvalidMonth(month=str(text))
    return Month(text)


def month_of(day: date) -> Month:
    """The month a day lies in."""
    return Month(f"{day.year:04d}-{day.month:02d}")


def month_index(month: str) -> int:
    """Months since year 0: consecutive months differ by one."""
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def month_at(index: int) -> Month:
    """The inverse of :func:`month_index`."""
    return Month(f"{index // 12:04d}-{index % 12 + 1:02d}")


def plus_months(month: str, count: int) -> Month:
    """``count`` months later (earlier when negative)."""
    return month_at(month_index(month) + count)


def months_between(first: str, last: str) -> list[Month]:
    """All months from ``first`` to ``last``, both included; empty when ``last`` is earlier."""
    return [month_at(i) for i in range(month_index(first), month_index(last) + 1)]


def first_day(month: str) -> date:
    """The month's first day."""
    return date(int(month[:4]), int(month[5:7]), 1)


def last_day(month: str) -> date:
    """The month's last day."""
    return first_day(plus_months(month, 1)) - timedelta(days=1)


def span_of(months: list[str]) -> str:
    """The first month, and the last one if there are several, as words for a reader."""
    return months[0] if len(months) == 1 else f"{months[0]}-{months[-1]}"
