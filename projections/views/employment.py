"""Training completed, and employment from its start to its end."""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Training(msgspec.Struct, gc=False):
    """A class completed; ``activity`` is the id of the class."""

    person: str
    program: str
    activity: str
    hours: int
    passed: bool
    completed_on: str
    division: str


class Employment(msgspec.Struct, gc=False):
    """A person with an employer. ``ended_on`` None: still employed by what is known."""

    person: str
    program: str
    employer: str
    form: str | None = None
    division: str = ""
    started_on: str | None = None
    verified_on: str | None = None
    verified_months: int | None = None
    ended_on: str | None = None
    end_reason: str | None = None


TRAININGS = TableDef("trainings", Training, ("person", "program", "activity"))
EMPLOYMENTS = TableDef(
    "employments", Employment, ("person", "program", "employer"), (("employer",),)
)


class Employments(View):
    """See the module."""

    name = "employment"
    version = 1
    tables = (TRAININGS, EMPLOYMENTS)

    def __init__(self, rows: RowSource) -> None:
        self._trainings = rows.of(TRAININGS)
        self._employments = rows.of(EMPLOYMENTS)

    @on(en.TrainingCompleted)
    def trained(self, position: int, event: Event[en.TrainingCompleted]) -> None:
        d = event.data
        key = (event.subject, d.program, d.activity)
        day = event.effective.isoformat()
        self._trainings.add(key, Training(*key, d.hours, d.passed, day, event.division))

    @on(en.EmploymentStarted)
    def started(self, position: int, event: Event[en.EmploymentStarted]) -> None:
        row = self._of(event)
        row.form, row.division = event.data.form, event.division
        row.started_on, row.ended_on, row.end_reason = event.effective.isoformat(), None, None

    @on(en.EmploymentVerified)
    def verified(self, position: int, event: Event[en.EmploymentVerified]) -> None:
        row = self._of(event)
        row.verified_on = event.effective.isoformat()
        row.verified_months = event.data.months

    @on(en.EmploymentEnded)
    def ended(self, position: int, event: Event[en.EmploymentEnded]) -> None:
        row = self._of(event)
        row.ended_on, row.end_reason = event.effective.isoformat(), event.data.reason

    def _of(self, event: Event[Any]) -> Employment:
        key = (event.subject, event.data.program, event.data.employer)
        return self._employments.edit(key) or self._employments.add(key, Employment(*key))
