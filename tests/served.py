"""Somebody who is enrolled in a program of deliveries."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.application import Command
from ledger.commands import delivery as de
from tests.ledgers import CLERK, City, small_city

CHILD = date(2010, 6, 1)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path) as city:
        yield city


class Served:
    """One beneficiary enrolled in one program since January."""

    def __init__(self, city: City, program: str, beneficiary: str, **enrolled: Any) -> None:
        self.city = city
        self.who = {"program": program, "beneficiary": beneficiary}
        self.enrollment = city.enroll(program, beneficiary, "01-10", **enrolled)

    def do(self, kind: type[Command], on: str, *, by: str = CLERK, **fields: Any) -> None:
        self.city.do(kind(**self.who, **fields), on, by=by)

    @property
    def last(self) -> Any:
        """The data of the latest event."""
        return self.city.events(self.enrollment)[-1].data


def assess(s: Served, on: str = "02-01", *, device_class: str = "22 06", quantity: int = 1) -> None:
    s.do(de.AssessDevice, on, device_class=device_class, quantity=quantity, need="双耳")
