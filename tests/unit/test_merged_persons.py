"""One person registered twice: the duplicate goes once nothing runs for it any more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.commands import enrollment as en
from ledger.commands import person as pe
from ledger.commands.finding import ConvertFinding, Evidence
from ledger.domain.errors import InvalidValue, OutOfOrder
from projections.checks import ALL_CHECKS
from projections.checks.audit import audit
from projections.checks.finding import Finding
from projections.checks.sources import Sources
from tests.office import CITY, LIVING, LIVING_FEN, Office, by, died, learn


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


def found(office: Office) -> list[tuple[str, str, list[str], int]]:
    findings: list[Finding] = audit(office.home.feed, ALL_CHECKS, Sources()).findings
    return [(f.code, f.subject, f.months, f.amount_fen) for f in findings]


def paid_under_both(office: Office) -> tuple[str, str]:
    """The duplicate and the record that is kept, each paid from January to March."""
    twice, once = office.enrolled(1), office.enrolled(2)
    office.paid("2017-01", "2017-03")
    renounced(office, twice, "2017-03", "2017-04-02")
    office.do(merging(twice, once), by("clerk-1", "2017-04-02"))
    return twice, once


def test_what_was_paid_under_both_records_was_paid_twice(office: Office) -> None:
    """The duplicate's months are found and become a debt; nobody owes it the months after."""
    twice, _ = paid_under_both(office)
    months = ["2017-01", "2017-02", "2017-03"]
    assert found(office) == [("double-pay", twice, months, 3 * LIVING_FEN)]
    (finding,) = audit(office.home.feed, ALL_CHECKS, Sources()).findings
    log = office.log()
    debt = ConvertFinding(
        program=LIVING,
        beneficiary=twice,
        code=finding.code,
        key=finding.key,
        evidence=[Evidence(position=p, event=log[p].id) for p in finding.positions],
        overpaid=finding.overpaid,
        zh=finding.zh,
        en=finding.en,
    )
    office.at("2017-05-02").do(debt, by("auditor-1", "2017-05-02", CITY))
    assert [f[:2] for f in found(office)] == [("double-pay", twice)]  # and it is converted
    assert not audit(office.home.feed, ALL_CHECKS, Sources()).open


def test_a_death_learned_after_the_merger_is_the_duplicates_too(office: Office) -> None:
    twice, once = paid_under_both(office)
    learn(office, "2017-05-02", "2017-02-10", died(once))
    assert found(office) == [
        ("dead-paid", twice, ["2017-03"], LIVING_FEN),
        ("double-pay", twice, ["2017-01", "2017-02"], 2 * LIVING_FEN),
    ]


def test_a_duplicate_that_alone_was_paid_was_paid_once(office: Office) -> None:
    twice, once = office.enrolled(1), office.person(2)
    office.paid("2017-01", "2017-03")
    renounced(office, twice, "2017-03", "2017-04-02")
    office.do(merging(twice, once), by("clerk-1", "2017-04-02"))
    assert found(office) == []
