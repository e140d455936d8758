"""Money that was granted and reached nobody is the fund's again once the grant is reversed: it can
be committed anew, and no fen of it twice.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands import enrollment as en
from ledger.commands import payment as pay
from ledger.domain.enrollment import ENROLLMENT
from ledger.domain.grant import standing
from ledger.domain.month import first_day
from ledger.domain.refusals import FundOvercommitted
from ledger.domain.stream import enrollment_id
from projections.checks import ALL_CHECKS
from projections.checks.audit import audit
from projections.checks.sources import Sources
from projections.views.funds import standing_of
from tests.office import CITY, LIVING, LIVING_FEN, Office, by, died, learn


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A city whose fund has two months of one person's subsidy."""
    it = Office(tmp_path / "home", funds_fen=2 * LIVING_FEN)
    yield it
    it.close()


def available(office: Office) -> int:
    """What the fund may still commit, by the views; the memo accounts must be in agreement."""
    office.home.projector.catch_up()
    (row,) = (f for f in office.home.projector.rows("funds") if f.fund == fund(office))
    of_fund = standing_of(fund(office), office.home.projector.rows("trial_balance"))
    assert of_fund.committed_fen == 0
    assert of_fund.held_cash_fen >= row.available_cash_fen
    return int(row.available_cash_fen)


def fund(office: Office) -> str:
    return office.programs[LIVING].fund or ""


def came_back(office: Office, who: str, month: str) -> None:
    """The run of a month, whose one payment the bank returns."""
    run = office.issued(month)
    office.result(run, month, returned={enrollment_id(who, LIVING): "closed"})


def reverse(office: Office, who: str, month: str) -> None:
    command = pay.ReverseGrant(program=LIVING, beneficiary=who, month=month, reason="declined")
    office.do(command, by("accountant-1", f"{month}-28", CITY))


def test_what_an_officer_reversed_pays_another_month_and_no_third(office: Office) -> None:
    who = office.enrolled(1)
    came_back(office, who, "2017-01")
    assert available(office) == LIVING_FEN  # the returned month is still granted
    reverse(office, who, "2017-01")
    assert available(office) == 2 * LIVING_FEN
    office.paid("2017-02", "2017-03")
    assert available(office) == 0
    run = office.compute("2017-04")
    office.notice(run, "2017-04")
    with pytest.raises(FundOvercommitted):
        office.approve(run, "2017-04")
    found = audit(office.home.feed, ALL_CHECKS, Sources()).findings
    assert [f.code for f in found if f.code in ("fund-misuse", "unreconciled")] == []


def test_what_a_death_reversed_is_available_again(office: Office) -> None:
    who = office.enrolled(1)
    came_back(office, who, "2017-01")
    told = learn(office, "2017-02-14", "2016-12-20", died(who))
    assert told[-2:] == [
        ("GrantReversed", "2017-01", LIVING_FEN),
        ("CommitmentReleased", LIVING_FEN),
    ]
    assert available(office) == 2 * LIVING_FEN


def test_what_the_bank_returned_of_a_month_stopped_meanwhile_is_available_again(
    office: Office,
) -> None:
    who = office.enrolled(1)
    run = office.issued("2017-01")
    learn(office, "2017-01-26", "2016-12-20", died(who))
    office.result(run, "2017-01", returned={enrollment_id(who, LIVING): "closed"})
    assert available(office) == 2 * LIVING_FEN


def test_what_an_officers_stop_reversed_is_available_again(office: Office) -> None:
    who = office.enrolled(1)
    came_back(office, who, "2017-01")
    ended = en.EndEnrollment(program=LIVING, beneficiary=who, last_month="2016-12", reason="moved")
    office.do(ended, by("approver-1", "2017-02-01"))
    assert available(office) == 2 * LIVING_FEN


def test_arrears_that_were_reversed_are_available_again(office: Office) -> None:
    """Their commitment is the enrollment's own; granted once more, they are committed once more."""
    who = office.enrolled(1)
    about = {"program": LIVING, "beneficiary": who, "month": "2017-01"}
    office.at("2017-02-01")
    director = by("director-1", "2017-02-01", CITY)
    for _ in range(3):
        office.do(pay.GrantArrears(**about, reason="late"), director)
        assert available(office) == LIVING_FEN
        office.do(pay.ReturnPayment(**about, reason="closed"), director)
        office.do(pay.ReverseGrant(**about, reason="declined"), director)
        assert available(office) == 2 * LIVING_FEN


def test_what_was_collected_is_not_committed_again(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-01")
    learn(office, "2017-02-14", "2016-12-20", died(who))
    (debt,) = (e.id for e in office.log() if type(e.data).__name__ == "OverpaymentFound")
    collected = pay.RecoverOverpayment(
        overpayment=debt, amount_fen=LIVING_FEN, method="cash", receipt="r"
    )
    office.do(collected, by("director-1", "2017-02-20", CITY))
    assert available(office) == LIVING_FEN


def test_of_a_year_the_whole_of_a_reversed_grant_is_taken(office: Office) -> None:
    """Of February 30.00 yuan were too much, 40.00 came back and were reversed: January is left, by
    the stream and by the view that a run decides from."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    about = {"program": LIVING, "beneficiary": who}
    accountant = by("accountant-1", "2017-03-01", CITY)
    part = {"months": ["2017-02"], "parts": {"2017-02": 3_000}, "reason": "r", "zh": "z", "en": "e"}
    office.at("2017-03-01").do(pay.FindOverpayment(**about, **part), accountant)
    office.do(pay.ReturnPayment(**about, month="2017-02", reason="closed"), accountant)
    office.do(pay.ReverseGrant(**about, month="2017-02", reason="closed"), accountant)
    month, rule = "2017-03", office.programs[LIVING].rules[-1]
    office.home.standings.catch_up()
    (seen,) = office.home.standings.standings(LIVING, month, month, rule, first_day(month))
    enrollment = office.ledger.state(ENROLLMENT, enrollment_id(who, LIVING))
    assert seen == standing(enrollment, rule, month, seen.account)
    assert seen.year_fen == LIVING_FEN
