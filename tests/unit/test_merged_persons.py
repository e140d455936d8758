"""One person registered twice: the duplicate goes once nothing runs for it any more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.commands import enrollment as en
from ledger.commands import person as pe
from ledger.domain.errors import InvalidValue, OutOfOrder
from tests.office import LIVING, Office, by


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def renounced(office: Office, who: str, last_month: str, on: str) -> None:
    """The benefit ends with a month, as the person wishes."""
    command = en.EndEnrollment(
        program=LIVING, beneficiary=who, last_month=last_month, reason="renounced"
    )
    office.at(on).do(command, by("clerk-1", on))


def merging(who: str, into: str) -> Any:
    return pe.MergePersons(person=who, into=into, reason="one person")


def test_a_duplicate_is_merged_when_nothing_runs_for_it_any_more(office: Office) -> None:
    """Nothing is recorded of a merged person: its benefit would be paid for ever."""
    twice, once = office.enrolled(1), office.enrolled(2)
    clerk = by("clerk-1", "2017-01-10")
    with pytest.raises(OutOfOrder, match="living-subsidy: approved"):
        office.at("2017-01-10").do(merging(twice, once), clerk)
    renounced(office, twice, "2017-01", "2017-01-12")
    office.do(merging(twice, once), clerk)
    office.paid("2017-01", "2017-02")
    paid = [
        (e.subject, e.data.month) for e in office.log() if type(e.data).__name__ == "SubsidyGranted"
    ]
    assert sorted(m for who, m in paid if who == twice) == ["2017-01"]
    assert sorted(m for who, m in paid if who == once) == ["2017-01", "2017-02"]


def test_nobody_is_merged_into_themselves(office: Office) -> None:
    who = office.person(1)
    with pytest.raises(InvalidValue):
        office.do(merging(who, who), by("clerk-1", "2016-12-02"))
