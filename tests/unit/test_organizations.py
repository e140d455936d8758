"""Organizations are recognized by program, declare their staff, and are awarded above the quota."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands import organization as og
from ledger.commands.enrollment import AssessEligibility, SubmitApplication
from ledger.domain.organization import organization_id, quota_on
from tests.ledgers import CHIEF, CLERK, City, day, refused, small_city


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path) as city:
        yield city


def recognize(
    program: str = "employment-quota", division: str = "220202"
) -> og.RecognizeOrganization:
    return og.RecognizeOrganization(
        registration="91220202TEST000001",
        program=program,
        form="employer",
        name="测试单位",
        division=division,
        document="认定书",
    )


def declare(
    employer: str, disabled: int, *, employees: int = 200, year: int = 2017
) -> og.DeclareHeadcount:
    return og.DeclareHeadcount(
        organization=employer,
        year=year,
        employees=employees,
        disabled_employees=disabled,
        document="申报表",
    )


def award(employer: str, *, amount_fen: int = 1_000_000, year: int = 2017) -> og.ApproveAward:
    return og.ApproveAward(
        organization=employer,
        program="over-quota-award",
        year=year,
        amount_fen=amount_fen,
        document="奖励文件",
    )


def test_an_organization_is_recognized_once_for_each_program(city: City) -> None:
    employer = city.do(recognize(), "01-05")
    assert employer == organization_id("91220202TEST000001")
    assert city.do(recognize("cooperative"), "01-06") == employer
    with refused("out-of-order"):
        city.do(recognize("cooperative"), "01-07")
    assert city.told(employer) == ["OrganizationRecognized"] * 2


def test_no_organization_is_recognized_for_a_program_of_another_kind(city: City) -> None:
    for program in ("living-subsidy", "sport", "complaint"):
        with refused("wrong-kind"):
            city.do(recognize(program), "01-05")
    with refused("unknown-program"):
        city.do(recognize("no-such-program"), "01-05")


def test_an_officer_may_not_take_over_an_organization_of_another_district(city: City) -> None:
    city.do(recognize(), "01-05")
    with refused("outside-division"):
        city.do(recognize("cooperative", "220203"), "01-06", division="220203")


def test_an_award_needs_more_than_the_quota(city: City) -> None:
    """Three of two hundred are 1.5 percent, which is owed; the fourth is above it."""
    employer = city.do(recognize(), "01-05")
    with refused("not-eligible"):
        city.do(award(employer), "12-01", by=CHIEF)
    city.do(declare(employer, 3), "02-01")
    with refused("not-eligible"):
        city.do(award(employer), "12-01", by=CHIEF)
    city.do(declare(employer, 4), "03-01")
    city.do(award(employer), "12-01", by=CHIEF)
    assert city.events(employer)[-1].data.amount_fen == 1_000_000


def test_an_award_is_approved_once_a_year_within_the_cap_by_another_officer(city: City) -> None:
    employer = city.do(recognize(), "01-05")
    city.do(declare(employer, 10), "02-01")
    with refused("four-eyes"):
        city.do(award(employer), "12-01", by=CLERK)
    with refused("amount-above-cap"):
        city.do(award(employer, amount_fen=5_000_001), "12-01", by=CHIEF)
    with refused("invalid-amount"):
        city.do(award(employer, amount_fen=0), "12-01", by=CHIEF)
    city.do(award(employer), "12-01", by=CHIEF)
    with refused("already-granted"):
        city.do(award(employer), "12-02", by=CHIEF)
    with refused("out-of-order"):
        city.do(declare(employer, 1), "12-03")
    with refused("not-eligible"):
        city.do(award(employer, year=2016), "12-02", by=CHIEF)


def test_a_headcount_is_possible(city: City) -> None:
    employer = city.do(recognize(), "01-05")
    for employees, disabled in ((0, 0), (5, 6), (5, -1)):
        with refused("invalid-value"):
            city.do(declare(employer, disabled, employees=employees), "02-01")
    with refused("not-found"):
        city.do(declare("organization-nobody", 1), "02-01")


@pytest.mark.parametrize(("disabled", "eligible"), [(3, False), (4, True)])
def test_the_share_that_a_rule_asks_for_is_of_the_latest_year(
    city: City, disabled: int, eligible: bool
) -> None:
    """Whole percent, rounded down: 3 of 200 are one percent, 4 are two."""
    employer = city.do(recognize(), "01-05")
    city.do(declare(employer, disabled), "02-01")
    city.do(declare(employer, 200, year=2016), "02-02")
    who = {"program": "over-quota-award", "beneficiary": employer}
    city.do(SubmitApplication(**who), "03-01")
    e = city.do(AssessEligibility(**who), "03-01")
    assert city.events(e)[-1].data.eligible is eligible


def test_the_quota_is_a_dated_parameter() -> None:
    assert quota_on(day("2017-12-31")).per_mille == 15
    with refused("not-found"):
        quota_on(day("1999-01-01"))
