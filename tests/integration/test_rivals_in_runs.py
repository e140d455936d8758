"""Pay runs whose lines move on under them: what moved is decided anew, the rest is paid."""

import pytest

from ledger.commands import payment as pay
from ledger.commands import payrun as pr
from ledger.commands import person as pe
from ledger.domain.errors import LedgerError
from ledger.domain.fund import FUND
from ledger.domain.payrun import PAYRUN
from ledger.domain.stream import enrollment_id, fund_id
from tests.office import CITY, LIVING, LIVING_FEN, Office, by, died, learn
from tests.rivals import office, overtaken, rival

__all__ = ["office", "rival"]


def test_a_line_whose_person_died_before_the_issue_is_dropped_and_given_back(
    office: Office, rival: Office
) -> None:
    who, _ = office.enrolled(1), office.enrolled(2)
    run = office.compute("2017-03")
    office.notice(run, "2017-03")
    office.approve(run, "2017-03")
    available = office.ledger.state(FUND, fund_id("city-welfare")).available["cash"]
    learn(rival, "2017-03-24", "2017-02-10", died(who))
    before = office.length()
    office.issue(run, "2017-03")
    assert office.told(before) == [
        ("SubsidyGranted", "2017-03", LIVING_FEN),
        ("CommitmentReleased", LIVING_FEN),
        ("PayRunIssued", "2017-03"),
    ]
    issued = office.log()[-1].data
    assert (issued.count, issued.total_fen, issued.dropped) == (
        1,
        LIVING_FEN,
        {"month-after-end": 1},
    )
    fund = office.ledger.state(FUND, fund_id("city-welfare"))
    assert fund.available["cash"] == available + LIVING_FEN


def test_an_issue_overtaken_by_a_death_drops_that_line_and_issues_the_rest(
    office: Office, rival: Office
) -> None:
    who, other = office.enrolled(1), office.enrolled(2)
    run = office.compute("2017-03")
    office.notice(run, "2017-03")
    office.approve(run, "2017-03")
    rival.at("2017-03-25")
    overtaken(office, lambda: rival.do(died(who), by("clerk-1", "2017-02-10")))
    office.issue(run, "2017-03")
    assert office.log()[-1].data.dropped == {"month-after-end": 1}
    lines = office.lines(office.ledger.state(PAYRUN, run).issued)
    assert [line.beneficiary for line in lines] == [other]


def test_a_line_that_moved_on_and_is_payable_all_the_same_is_issued(office: Office) -> None:
    who = office.enrolled(1)
    run = office.compute("2017-03")
    office.notice(run, "2017-03")
    office.approve(run, "2017-03")
    moved = pe.ChangeResidence(person=who, division="220203", urban=True)
    learn(office, "2017-03-24", "2017-03-10", moved)
    office.issue(run, "2017-03")
    issued = office.log()[-1].data
    assert (issued.dropped, issued.by_division) == ({}, {"220203": LIVING_FEN})


def test_a_death_learned_in_transit_is_a_debt_once_the_money_arrived(office: Office) -> None:
    who = office.enrolled(1)
    run = office.issued("2017-03")
    assert learn(office, "2017-03-26", "2017-02-10", died(who)) == [
        ("DeathRecorded",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2017-02", "alive"),
    ]
    before = office.length()
    office.result(run, "2017-03")
    assert office.told(before) == [
        ("PaymentSettled", "2017-03", LIVING_FEN),
        ("OverpaymentFound", ["2017-03"], LIVING_FEN, "alive"),
        ("PayRunSettled", "2017-03"),
    ]


def test_a_death_learned_in_transit_reverses_what_the_bank_returned(office: Office) -> None:
    who = office.enrolled(1)
    run = office.issued("2017-03")
    learn(office, "2017-03-26", "2017-02-10", died(who))
    before = office.length()
    office.result(run, "2017-03", returned={enrollment_id(who, LIVING): "closed"})
    assert office.told(before) == [
        ("PaymentReturned", "2017-03", LIVING_FEN),
        ("GrantReversed", "2017-03", LIVING_FEN),
        ("CommitmentReleased", LIVING_FEN),
        ("PayRunSettled", "2017-03"),
    ]


def test_a_line_of_a_run_is_read_back_with_its_run_and_not_singly(office: Office) -> None:
    """Else the run's own result would meet a payment that was settled already, and stay unread."""
    about = {"program": LIVING, "beneficiary": office.enrolled(1), "month": "2017-03"}
    run = office.issued("2017-03")
    cashier = by("cashier-1", "2017-03-26", CITY)
    before = office.length()
    for single in (
        pay.SettlePayment(**about, receipt="r"),
        pay.ReturnPayment(**about, reason="closed"),
    ):
        with pytest.raises(LedgerError) as error:
            office.do(single, cashier)
        assert error.value.code == "out-of-order"
    assert office.length() == before
    office.result(run, "2017-03")
    office.do(pay.ReturnPayment(**about, reason="closed later"), cashier)


def test_two_objections_of_one_name_are_not_one_objection(office: Office) -> None:
    one, two = (enrollment_id(office.enrolled(n), LIVING) for n in (1, 2))
    run = office.compute("2017-03")
    office.notice(run, "2017-03")
    accountant = by("accountant-1", "2017-03-18", CITY)
    office.do(pr.ObjectToLine(payrun=run, enrollment=one, objection="o", ground="g"), accountant)
    with pytest.raises(LedgerError) as error:
        office.do(
            pr.ObjectToLine(payrun=run, enrollment=two, objection="o", ground="g"), accountant
        )
    assert error.value.code == "out-of-order"
