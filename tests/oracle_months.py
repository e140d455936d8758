"""The months of an enrollment by what its events say, for the :mod:`auditor <tests.oracle>`."""

from typing import Any

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en

MONTHS = [f"{year}-{month:02d}" for year in range(2015, 2021) for month in range(1, 13)]


class Broken(AssertionError):
    """What the events say cannot be."""


def need(holds: object, event: Event[Any], claim: str) -> None:
    if not holds:
        raise Broken(f"{claim}: {event.id} {event.data}")


class Months:
    """The months of one enrollment by what its events say."""

    def __init__(self) -> None:
        self.enrolled: set[str] = set()
        self.suspended: set[str] = set()
        self.decided: set[str] = set()
        self.first = self.term = MONTHS[-1]

    def read(self, event: Event[Any]) -> None:
        d = event.data
        by_officer = event.causationid is None
        match d:
            case en.EnrollmentApproved():
                until = d.end_month or MONTHS[-1]
                self.first = min(self.first, d.start_month)
                if later := sorted(m for m in self.enrolled if m > until):  # it was found late
                    new = {m for m in MONTHS if d.start_month <= m <= until}
                    self.enrolled |= new
                    self.decided -= new
                    self.decided |= {m for m in MONTHS if until < m < later[0]}
                    return
                self.term = until
                last = max(self.enrolled, default=d.start_month)
                self.decided = {m for m in self.decided if m < d.start_month}
                self.decided |= {m for m in MONTHS if last < m < d.start_month}
                self.enrolled |= {m for m in MONTHS if d.start_month <= m <= self.term}
            case en.EnrollmentSuspended():
                self.suspended |= {m for m in MONTHS if m >= d.from_month}
                if by_officer:
                    self.decided |= {m for m in MONTHS if m >= d.from_month}
            case en.EnrollmentResumed():
                self.suspended -= {m for m in MONTHS if m >= d.from_month}
                if by_officer:
                    self.decided -= {m for m in MONTHS if m >= d.from_month}
                if d.from_month not in self.enrolled:
                    self.enrolled |= {m for m in MONTHS if d.from_month <= m <= self.term}
            case en.EnrollmentEnded():
                self.enrolled -= {m for m in MONTHS if m > d.last_month}
                if by_officer:
                    self.decided |= {m for m in MONTHS if m > d.last_month}

    @property
    def active(self) -> set[str]:
        return self.enrolled - self.suspended
