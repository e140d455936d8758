"""The simulated year's calendar: when in a month what is done, and by whom.

Days are the same every month, so that any month can be read like any other. Recorded times are
working hours of the city, in UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from ledger.work import Context

CITY = "220200"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Dates of one simulated year."""

    year: int

    def day(self, month: int, day: int) -> date:
        """A day of the year; month 0 is December of the year before."""
        return date(self.year, month, day) if month else date(self.year - 1, 12, day)

    def at(self, month: int, day: int, hour: int = 1, minute: int = 0) -> datetime:
        """A moment of recording, in UTC (hour 1 is nine in the morning)."""
        return datetime.combine(self.day(month, day), time(hour, minute), tzinfo=UTC)

    def month(self, month: int) -> str:
        """The benefit month."""
        return f"{self.year:04d}-{month:02d}"


def registrar(division: str, effective: date) -> Context:
    """Who registers people and takes applications."""
    return Context(
        actor=f"officer-{division}-01", role="registrar", division=division, effective=effective
    )


def approver(division: str, effective: date) -> Context:
    """Who approves: never the one who took the application."""
    return Context(
        actor=f"officer-{division}-02", role="approver", division=division, effective=effective
    )


def accountant(effective: date) -> Context:
    """The city's officer who computes pay runs and follows up payments."""
    return Context(
        actor=f"officer-{CITY}-01", role="accountant", division=CITY, effective=effective
    )


def director(effective: date) -> Context:
    """The city's officer who approves pay runs, budgets and rules."""
    return Context(actor=f"officer-{CITY}-02", role="director", division=CITY, effective=effective)


def cashier(effective: date) -> Context:
    """The city's officer who issues pay runs and reads the bank's results."""
    return Context(actor=f"officer-{CITY}-03", role="cashier", division=CITY, effective=effective)


def next_day(day: date, days: int = 1) -> date:
    """Some days later."""
    return day + timedelta(days=days)
