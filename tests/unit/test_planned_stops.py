"""What an officer decided of some months outlasts what is learned or decided of others: a stop that
is planned, an approval that is yet to begin, and one that ran before another was found late."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ledger.commands import enrollment as en
from ledger.commands import person as pe
from ledger.domain.enrollment import ENROLLMENT, Enrollment
from ledger.domain.grant import standing
from ledger.domain.month import first_day, months_between
from ledger.domain.rules import ProgramDefinition
from ledger.domain.stream import enrollment_id
from tests.office import LIVING, LIVING_FEN, Office, by, catalog, died, learn, revoked


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


# --- an application that is found late, of a time before what has ended


def found_late(office: Office, *, until: str) -> str:
    """Approved from May on, renounced with August; in October an application of January is found
    and approved up to a month."""
    who = office.person(1)
    office.at("2017-05-02").enroll(who, applied="2017-05-02", start="2017-05")
    office.paid("2017-05", "2017-08")
    about, approver = {"program": LIVING, "beneficiary": who}, by("approver-1", "2017-08-28")
    ending = en.EndEnrollment(**about, last_month="2017-08", reason="renounced")
    office.at("2017-08-28").do(ending, approver)
    office.at("2017-10-02").enroll(who, applied="2017-01-02", start="2017-01", end=until)
    return who


def months_of(office: Office, who: str) -> list[str]:
    return [m for m in months_between("2016-12", "2018-12") if _pays(office, who, m)]


def test_an_approval_found_late_leaves_the_later_one_as_it_is(office: Office) -> None:
    who = found_late(office, until="2017-02")
    approved = [*months_between("2017-01", "2017-02"), *months_between("2017-05", "2017-08")]
    assert months_of(office, who) == approved
    told = learn(office, "2017-10-20", "2017-01-20", died(who))
    assert ("OverpaymentFound", approved[2:], 4 * LIVING_FEN, "alive") in told
    assert months_of(office, who) == ["2017-01"]
    learn(office, "2017-10-25", "2017-10-25", revoked(who))
    assert months_of(office, who) == approved
    assert sum(debt.owed_fen for debt in state(office, who).overpayments.values()) == 0


def test_an_approval_found_late_within_another_changes_no_month(office: Office) -> None:
    """Of the months that were held already; a death learned later is taken to all of them."""
    who = found_late(office, until="2017-06")
    assert months_of(office, who) == months_between("2017-01", "2017-08")
    told = learn(office, "2017-10-20", "2017-06-20", died(who))
    assert ("OverpaymentFound", ["2017-07", "2017-08"], 2 * LIVING_FEN, "alive") in told


def test_an_approval_found_late_has_an_amount_of_its_own(tmp_path: Path) -> None:
    """200.00 yuan from May to August; of January to March it is 100.00."""
    living: ProgramDefinition = catalog()[LIVING]
    rule = msgspec.structs.replace(
        living.rules[-1], rate_fen=None, cap_fen=240_000, exclusions=[], notice_days=0
    )
    own = msgspec.structs.replace(living, code="individual-subsidy", rules=[rule])
    office = Office(tmp_path / "home", own=[own])
    who = office.person(1)
    about = {"program": own.code, "beneficiary": who}
    for today, applied, end, fen in (
        ("2017-05-02", "2017-05-02", None, 20_000),
        ("2017-10-02", "2017-01-02", "2017-03", 10_000),
    ):
        clerk = by("clerk-1", applied)
        office.at(today).do(en.SubmitApplication(**about), clerk)
        office.do(en.AssessEligibility(**about), clerk)
        decided = en.ApproveEnrollment(**about, end_month=end, amount_fen=fen)
        office.do(decided, by("approver-1", today))
        if end is None:
            ending = en.EndEnrollment(**about, last_month="2017-08", reason="renounced")
            office.at("2017-08-28").do(ending, by("approver-1", "2017-08-28"))
    runs = [office.compute(month, own.code) for month in ("2017-03", "2017-04", "2017-05")]
    office.pay(runs, "2017-10")
    assert [t[1:] for t in office.told(0) if t[0] == "SubsidyGranted"] == [
        ("2017-03", 10_000),
        ("2017-05", 20_000),
    ]
    for month in months_between("2017-01", "2017-09"):
        office.home.standings.catch_up()
        (seen,) = office.home.standings.standings(own.code, month, month, rule, first_day(month))
        enrollment = office.ledger.state(ENROLLMENT, enrollment_id(who, own.code))
        assert seen == standing(enrollment, rule, month, seen.account)
    office.close()
