"""A death learned late, told as small histories: answered by new events, and nothing is edited."""

import pytest

from ledger.commands import payment as pay
from ledger.commands import person as pe
from ledger.domain.payrun import PAYRUN
from ledger.domain.refusals import NotEligible, PersonDeceased
from ledger.domain.stream import enrollment_id
from tests.office import (
    CITY,
    LIVING,
    LIVING_FEN,
    NURSING,
    NURSING_FEN,
    Office,
    by,
    died,
    learn,
    revoked,
)
from tests.open_office import office

__all__ = ["office"]


def test_a_death_known_at_once_stops_the_month_after_and_owes_nothing(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    assert learn(office, "2017-04-14", "2017-04-10", died(who)) == [
        ("DeathRecorded",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2017-04", "alive"),
    ]
    start = office.length()
    office.paid("2017-04", "2017-05")
    grants = [t for t in office.told(start) if t[0] == "SubsidyGranted"]
    assert grants == [("SubsidyGranted", "2017-04", LIVING_FEN)]


def test_a_death_learned_two_months_late_makes_a_debt_of_exactly_those_months(
    office: Office,
) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-05")
    assert learn(office, "2017-06-14", "2017-03-10", died(who)) == [
        ("DeathRecorded",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2017-03", "alive"),
        ("OverpaymentFound", ["2017-04", "2017-05"], 2 * LIVING_FEN, "alive"),
    ]
    debt = office.log()[-1]
    assert debt.causationid is not None
    assert debt.causationid.startswith(who), "the debt names the death it follows from"
    named = [m.grant for m in debt.data.months]
    grants = [e.id for e in office.log() if type(e.data).__name__ == "SubsidyGranted"]
    assert named == grants[3:5], "and the very grants it corrects"


def corrected(who: str) -> pe.RecordDeath:
    return pe.RecordDeath(person=who, source="civil affairs", document="certificate of death")


def test_the_right_day_of_a_death_makes_a_debt_of_the_months_between(office: Office) -> None:
    """It was February and not March: nothing is paid to anybody on the way."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-05")
    learn(office, "2017-06-14", "2017-03-10", died(who))
    for same in (died(who), corrected(who)):
        with pytest.raises(PersonDeceased):
            learn(office, "2017-06-15", "2017-03-10", same)
    with pytest.raises(PersonDeceased):
        learn(office, "2017-06-15", "2017-02-10", died(who))
    assert learn(office, "2017-06-15", "2017-02-10", corrected(who)) == [
        ("DeathRecorded",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2017-02", "alive"),
        ("OverpaymentFound", ["2017-03"], LIVING_FEN, "alive"),
    ]


def test_the_right_day_of_a_death_gives_back_the_months_between(office: Office) -> None:
    """It was March and not January; February and March were owed, and April is a debt still."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-04")
    learn(office, "2017-05-14", "2017-01-10", died(who))
    assert learn(office, "2017-05-15", "2017-03-10", corrected(who)) == [
        ("DeathRecorded",),
        ("EligibilityReviewed",),
        ("EnrollmentResumed", "2017-02"),
        ("EnrollmentEnded", "2017-03", "alive"),
        ("OverpaymentCancelled", ["2017-02", "2017-03"], 2 * LIVING_FEN),
    ]


def test_a_death_ends_every_monthly_benefit_of_the_person(office: Office) -> None:
    who = office.person(1, care=True)
    office.enroll(who, LIVING)
    office.enroll(who, NURSING)
    office.paid("2017-01", "2017-02", LIVING, NURSING)
    told = learn(office, "2017-03-14", "2017-01-31", died(who))
    assert sorted(t for t in told if t[0] == "OverpaymentFound") == [
        ("OverpaymentFound", ["2017-02"], LIVING_FEN, "alive"),
        ("OverpaymentFound", ["2017-02"], NURSING_FEN, "alive"),
    ]


def test_a_returned_month_after_death_is_reversed_and_owes_nothing(office: Office) -> None:
    who = office.enrolled(1)
    run = office.issued("2017-01")
    office.result(run, "2017-01", returned={enrollment_id(who, LIVING): "closed"})
    assert learn(office, "2017-02-14", "2016-12-20", died(who)) == [
        ("DeathRecorded",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2016-12", "alive"),
        ("GrantReversed", "2017-01", LIVING_FEN),
        ("CommitmentReleased", LIVING_FEN),
    ]


def test_a_revoked_death_resumes_and_pays_the_missed_months_as_arrears(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    learn(office, "2017-04-14", "2017-03-10", died(who))
    office.paid("2017-04", "2017-06")
    assert learn(office, "2017-07-14", "2017-07-10", revoked(who)) == [
        ("DeathRevoked",),
        ("EligibilityReviewed",),
        ("EnrollmentResumed", "2017-04"),
        ("FundsCommitted", LIVING_FEN),
        ("ArrearsGranted", "2017-04", LIVING_FEN),
        ("FundsCommitted", LIVING_FEN),
        ("ArrearsGranted", "2017-05", LIVING_FEN),
        ("FundsCommitted", LIVING_FEN),
        ("ArrearsGranted", "2017-06", LIVING_FEN),
        ("PaymentInstructed", "2017-04", LIVING_FEN),
        ("PaymentInstructed", "2017-05", LIVING_FEN),
        ("PaymentInstructed", "2017-06", LIVING_FEN),
    ]


def test_the_month_of_an_upheld_objection_never_becomes_arrears(office: Office) -> None:
    who = office.enrolled(1)
    enrollment = enrollment_id(who, LIVING)
    office.paid("2017-01", "2017-02")
    office.result(office.issued("2017-03", objections=[enrollment]), "2017-03")
    learn(office, "2017-04-14", "2017-02-10", died(who))
    office.paid("2017-04", "2017-04")
    told = learn(
        office,
        "2017-05-14",
        "2017-05-10",
        pe.RevokeDeath(person=who, reason="namesake", document="police"),
    )
    assert [t for t in told if t[0] == "ArrearsGranted"] == [
        ("ArrearsGranted", "2017-04", LIVING_FEN)
    ]
    by_hand = pay.GrantArrears(program=LIVING, beneficiary=who, month="2017-03", reason="asked")
    with pytest.raises(NotEligible):
        office.do(by_hand, by("director-1", "2017-05-14", CITY))


def test_a_further_batch_does_not_pay_the_month_of_an_upheld_objection(office: Office) -> None:
    enrollment = enrollment_id(office.enrolled(1), LIVING)
    office.result(office.issued("2017-03", objections=[enrollment]), "2017-03")
    run = office.compute("2017-03", batch=2)
    assert office.ledger.state(PAYRUN, run).count == 0
    assert office.log()[-1].data.left_out == {"objection-upheld": 1}
