"""What an officer stops stays stopped: facts that come and go give none of those months back, and
the months already paid become a debt at once.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands import enrollment as en
from ledger.commands import person as pe
from tests.office import LIVING, LIVING_FEN, Office, by, died, learn


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def test_an_officers_stop_is_answered_for_the_months_already_paid(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    start = office.length()
    ended = en.EndEnrollment(
        program=LIVING, beneficiary=who, last_month="2017-01", reason="renounced"
    )
    office.at("2017-04-14").do(ended, by("clerk-1", "2017-04-14"))
    assert office.told(start) == [
        ("EnrollmentEnded", "2017-01", "renounced"),
        ("OverpaymentFound", ["2017-02", "2017-03"], 2 * LIVING_FEN, "renounced"),
    ]


def test_months_that_an_officer_stopped_are_given_back_by_no_fact(office: Office) -> None:
    """A suspension for an inquiry is lifted from July; a later move in the city pays no arrears."""
    who = office.enrolled(1)
    about = {"program": LIVING, "beneficiary": who}
    clerk = by("clerk-1", "2017-03-14")
    office.do(en.SuspendEnrollment(**about, from_month="2017-03", reason="inquiry"), clerk)
    office.do(en.ResumeEnrollment(**about, from_month="2017-07", reason="cleared"), clerk)
    learn(office, "2017-08-10", "2017-08-01", pe.RecordCustody(person=who, document="judgment"))
    told = learn(office, "2017-08-14", "2017-08-10", pe.EndCustody(person=who, document="freed"))
    assert not [t for t in told if t[0] == "ArrearsGranted"]


def test_a_death_counts_for_someone_whom_an_officer_had_stopped_later(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    about = {"program": LIVING, "beneficiary": who}
    stop = en.SuspendEnrollment(**about, from_month="2017-04", reason="inquiry")
    office.do(stop, by("clerk-1", "2017-04-01"))
    assert learn(office, "2017-05-14", "2017-01-10", died(who)) == [
        ("DeathRecorded",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2017-01", "alive"),
        ("OverpaymentFound", ["2017-02", "2017-03"], 2 * LIVING_FEN, "alive"),
    ]
    told = learn(
        office, "2017-06-14", "2017-06-10", pe.RevokeDeath(person=who, reason="r", document="d")
    )
    start = office.length()
    office.paid("2017-06", "2017-06")
    paid_for = [
        t for t in told + office.told(start) if t[0] in ("ArrearsGranted", "SubsidyGranted")
    ]
    assert not paid_for, "the inquiry's suspension still stands"


def test_the_time_between_two_enrollments_is_not_paid_for(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    ended = en.EndEnrollment(
        program=LIVING, beneficiary=who, last_month="2017-02", reason="renounced"
    )
    office.at("2017-02-28").do(ended, by("clerk-1", "2017-02-28"))
    office.at("2017-06-20")
    office.enroll(who, applied="2017-06-02", start=None)
    office.at("2017-06-25")
    told = learn(office, "2017-07-14", "2017-06-20", died(who))
    told += learn(
        office, "2017-08-14", "2017-08-10", pe.RevokeDeath(person=who, reason="r", document="d")
    )
    assert [t for t in told if t[0] == "ArrearsGranted"] == [
        ("ArrearsGranted", "2017-07", LIVING_FEN)
    ]


def test_a_second_application_does_not_move_the_facts_of_the_first_ones_months(
    office: Office,
) -> None:
    """In custody from March to May, renounced in July, applied again in September."""
    who = office.enrolled(1)
    learn(office, "2017-02-14", "2017-02-10", pe.RecordCustody(person=who, document="judgment"))
    learn(office, "2017-06-14", "2017-05-10", pe.EndCustody(person=who, document="freed"))
    ended = en.EndEnrollment(
        program=LIVING, beneficiary=who, last_month="2017-07", reason="renounced"
    )
    office.at("2017-07-28").do(ended, by("clerk-1", "2017-07-28"))
    office.at("2017-09-20").enroll(who, applied="2017-09-02", start=None)
    told = learn(office, "2017-10-14", "2017-10-10", died(who))
    told += learn(
        office, "2017-11-14", "2017-11-10", pe.RevokeDeath(person=who, reason="r", document="d")
    )
    assert [t for t in told if t[0] in ("ArrearsGranted", "EnrollmentResumed")] == [
        ("EnrollmentResumed", "2017-11")
    ]


def test_a_fact_known_ahead_of_its_day_stops_in_its_time(office: Office) -> None:
    who = office.enrolled(1)
    ends = pe.EndHardship(person=who, reason="a job from April on")
    assert learn(office, "2017-01-14", "2017-04-01", ends) == [
        ("LowIncomeEnded",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2017-03", "low_income"),
    ]
