"""What an officer decided of months to come outlasts every fact that stops and restores them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands import enrollment as en
from ledger.commands import person as pe
from ledger.domain.enrollment import ENROLLMENT, Enrollment
from ledger.domain.stream import enrollment_id
from tests.office import LIVING, Office, by, died, learn, revoked


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def state(office: Office, who: str) -> Enrollment:
    return office.ledger.state(ENROLLMENT, enrollment_id(who, LIVING))


def test_a_planned_end_outlasts_an_appeal(office: Office) -> None:
    """Ended with November; low income is denied in March and recognized again."""
    who = office.enrolled(1)
    ending = en.EndEnrollment(
        program=LIVING, beneficiary=who, last_month="2017-11", reason="planned"
    )
    office.at("2017-02-01").do(ending, by("approver-1", "2017-02-01"))
    learn(office, "2017-04-02", "2017-03-20", pe.EndHardship(person=who, reason="denied"))
    appeal = pe.RecognizeHardship(person=who, document="appeal")
    assert learn(office, "2017-04-05", "2017-03-25", appeal) == [
        ("LowIncomeRecognized",),
        ("EligibilityReviewed",),
        ("EnrollmentResumed", "2017-04"),
        ("EnrollmentEnded", "2017-11", "decided"),
    ]
    office.pay([office.compute("2017-11"), office.compute("2017-12")], "2017-12")
    granted = [t[1] for t in office.told(0) if t[0] == "SubsidyGranted"]
    assert granted == ["2017-11"]


def test_a_planned_suspension_outlasts_a_custody(office: Office) -> None:
    who = office.enrolled(1)
    planned = en.SuspendEnrollment(
        program=LIVING, beneficiary=who, from_month="2017-11", reason="abroad"
    )
    office.at("2017-02-01").do(planned, by("approver-1", "2017-02-01"))
    learn(office, "2017-04-02", "2017-03-20", pe.RecordCustody(person=who, document="d"))
    learn(office, "2017-04-25", "2017-04-20", pe.EndCustody(person=who, document="d"))
    assert [m for m in ("2017-05", "2017-10", "2017-11", "2018-06") if _pays(office, who, m)] == [
        "2017-05",
        "2017-10",
    ]


def test_an_approval_that_is_yet_to_begin_outlasts_a_death_told_in_error(office: Office) -> None:
    """Approved until March and, anew, from August on: April to July were never applied for."""
    who = office.person(1)
    office.enroll(who, end="2017-03")
    office.at("2017-04-03").enroll(who, applied="2017-04-03", start="2017-08")
    learn(office, "2017-04-20", "2017-02-20", died(who))
    learn(office, "2017-04-25", "2017-04-25", revoked(who))
    assert [m for m in ("2017-03", "2017-04", "2017-07", "2017-08") if _pays(office, who, m)] == [
        "2017-03",
        "2017-08",
    ]


def _pays(office: Office, who: str, month: str) -> bool:
    return state(office, who).active_in(month)
