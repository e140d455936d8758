"""A new application beside what was before it: facts about earlier months leave it alone, and what
becomes of it leaves the earlier months alone. And the ways in that nothing else is about: a term
that ends before it begins, an application of a day before the first one's.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands import enrollment as en
from ledger.commands import payment as pay
from ledger.commands import payrun as pr
from ledger.commands import person as pe
from ledger.domain.enrollment import ENROLLMENT
from ledger.domain.errors import OutOfOrder
from ledger.domain.refusals import MonthAfterEnd, NotEligible
from ledger.domain.stream import enrollment_id
from projections.views.entitlements import Entitlement
from tests.office import CITY, LIVING, LIVING_FEN, NEIGHBOR, Office, by, day, died, learn, revoked


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


def applied_again(office: Office, who: str) -> None:
    """On 2 June, assessed and on notice until the 9th."""
    about, clerk = {"program": LIVING, "beneficiary": who}, by("clerk-1", "2017-06-02")
    office.at("2017-06-02").do(en.SubmitApplication(**about), clerk)
    office.do(en.AssessEligibility(**about), clerk)
    first, last = day("2017-06-03"), day("2017-06-09")
    office.do(en.PublishNotice(**about, notice_from=first, notice_until=last, place="p"), clerk)


def approved(office: Office, who: str) -> None:
    about, approver = {"program": LIVING, "beneficiary": who}, by("approver-1", "2017-06-10")
    office.at("2017-06-10").do(en.CloseNotice(**about), approver)
    office.do(en.ApproveEnrollment(**about), approver)


def granted(office: Office) -> list[str]:
    return [t[1] for t in office.told(0) if t[0] in ("SubsidyGranted", "ArrearsGranted")]


def row(office: Office, who: str) -> Entitlement:
    """The enrollment as the views have it, which must be as its stream has it."""
    office.home.projector.catch_up()
    found = office.home.projector.select("entitlements", {"beneficiary": who})[0]
    e = office.ledger.state(ENROLLMENT, enrollment_id(who, LIVING))
    assert found.status == e.status
    assert found.approved == [[i.first, i.last] for i in e.approved]
    return found


def test_a_fact_about_months_before_does_not_undo_a_new_application(office: Office) -> None:
    """On notice in June when custody in February is learned: only February is answered for."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    renounced(office, who, "2017-02", "2017-02-27")
    applied_again(office, who)
    held = pe.RecordCustody(person=who, document="d")
    told = learn(office, "2017-06-05", "2017-01-20", held)
    assert told[-1] == ("OverpaymentFound", ["2017-02"], LIVING_FEN, "in_custody")
    assert row(office, who).status == "noticed"
    learn(office, "2017-06-06", "2017-02-20", pe.EndCustody(person=who, document="d"))
    approved(office, who)
    office.paid("2017-06", "2017-06")
    assert granted(office) == ["2017-01", "2017-02", "2017-06"]
    assert row(office, who).status == "approved"


def test_who_had_renounced_may_apply_again_whatever_was_learned_of_before(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    renounced(office, who, "2017-02", "2017-02-27")
    learn(office, "2017-03-05", "2017-01-20", pe.RecordCustody(person=who, document="d"))
    assert row(office, who).status == "ended"
    learn(office, "2017-03-06", "2017-01-25", pe.EndCustody(person=who, document="d"))
    assert row(office, who).status == "ended"
    applied_again(office, who)
    approved(office, who)
    office.paid("2017-06", "2017-06")
    assert granted(office) == ["2017-01", "2017-02", "2017-06"]


def test_a_fact_that_restores_what_it_had_ended_needs_no_application_any_more(
    office: Office,
) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    learn(office, "2017-03-14", "2017-02-10", pe.EndHardship(person=who, reason="income"))
    office.at("2017-06-02")
    office.do(en.SubmitApplication(program=LIVING, beneficiary=who), by("clerk-1", "2017-06-02"))
    again = pe.RecognizeHardship(person=who, document="d")
    assert learn(office, "2017-06-05", "2017-06-01", again)[-1] == ("EnrollmentResumed", "2017-06")
    assert row(office, who).status == "approved"


def test_a_death_that_was_an_error_leaves_the_application_for_the_time_after(
    office: Office,
) -> None:
    """The term ends with June, the application of June is on notice: the restored June is paid by
    the old approval, and the months after it by the new one."""
    who = office.person(1)
    office.enroll(who, end="2017-06")
    office.paid("2017-01", "2017-05")
    applied_again(office, who)
    told = learn(office, "2017-06-05", "2017-05-20", died(who))
    assert told[-1] == ("EnrollmentEnded", "2017-05", "alive")
    assert row(office, who).status == "noticed"
    told = learn(office, "2017-06-06", "2017-06-06", revoked(who))
    assert told[-1] == ("EnrollmentResumed", "2017-06")
    assert row(office, who).status == "noticed"
    approved(office, who)
    office.paid("2017-06", "2017-07")
    assert granted(office) == [f"2017-0{n}" for n in range(1, 8)]


def test_what_a_death_that_was_an_error_made_of_an_assessment_is_made_anew(
    office: Office,
) -> None:
    """Assessed as dead on the day of application; the months since then are not lost."""
    who = office.person(1)
    about, clerk = {"program": LIVING, "beneficiary": who}, by("clerk-1", "2017-06-02")
    office.at("2017-06-02").do(en.SubmitApplication(**about), clerk)
    learn(office, "2017-06-02", "2017-05-20", died(who))
    office.do(en.AssessEligibility(**about), clerk)
    learn(office, "2017-06-03", "2017-06-03", revoked(who))
    first, last = day("2017-06-03"), day("2017-06-09")
    notice = en.PublishNotice(**about, notice_from=first, notice_until=last, place="p")
    with pytest.raises(NotEligible):
        office.do(notice, clerk)
    office.do(en.AssessEligibility(**about), clerk)
    with pytest.raises(OutOfOrder):  # only what was found wanting is looked at again
        office.do(en.AssessEligibility(**about), clerk)
    office.do(notice, clerk)
    approved(office, who)
    office.paid("2017-06", "2017-06")
    assert granted(office) == ["2017-06"]


@pytest.mark.parametrize("rejected", [False, True])
def test_an_application_that_is_not_approved_decides_no_month_of_the_time_before(
    office: Office, rejected: bool
) -> None:
    """February was stopped by its first day; an application of later that month, under way or
    rejected, does not make it payable."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    learn(office, "2017-04-10", "2017-01-20", pe.RecordCustody(person=who, document="d"))
    learn(office, "2017-04-11", "2017-02-10", pe.EndCustody(person=who, document="d"))
    learn(office, "2017-04-12", "2017-03-20", pe.EndHardship(person=who, reason="r"))
    about = {"program": LIVING, "beneficiary": who}
    office.at("2017-04-13").do(en.SubmitApplication(**about), by("clerk-1", "2017-02-20"))
    if rejected:
        office.do(en.RejectEnrollment(**about, reason="r"), by("approver-1", "2017-04-13"))
    account = pe.ChangeResidence(person=who, division=NEIGHBOR, urban=True)
    told = learn(office, "2017-04-14", "2017-04-14", account)
    assert not [t for t in told if t[0] in ("EnrollmentResumed", "OverpaymentCancelled")]


@pytest.mark.parametrize("rejected", [False, True])
def test_the_last_month_of_the_old_benefit_is_paid_beside_a_new_application(
    office: Office, rejected: bool
) -> None:
    """It ends with June; in June, before the run, the person applies anew."""
    who = office.enrolled(1)
    about = {"program": LIVING, "beneficiary": who}
    office.paid("2017-01", "2017-05")
    renounced(office, who, "2017-06", "2017-06-01")
    applied_again(office, who)
    if rejected:
        office.do(en.RejectEnrollment(**about, reason="r"), by("approver-1", "2017-06-10"))
    office.paid("2017-06", "2017-06")
    assert granted(office)[-1] == "2017-06"


def test_an_inquiry_cleared_late_is_made_good_from_its_beginning(office: Office) -> None:
    """Suspended from March, resumed from July; then it is clear that March to June were due."""
    who = office.enrolled(1)
    about = {"program": LIVING, "beneficiary": who}
    office.paid("2017-01", "2017-02")
    clerk, director = by("clerk-2", "2017-03-14"), by("director-1", "2017-08-01", CITY)
    office.do(en.SuspendEnrollment(**about, from_month="2017-03", reason="inquiry"), clerk)
    office.at("2017-07-01")
    office.do(en.ResumeEnrollment(**about, from_month="2017-07", reason="cleared"), clerk)
    office.paid("2017-07", "2017-07")
    office.at("2017-08-01")
    office.do(en.ResumeEnrollment(**about, from_month="2017-03", reason="nothing in it"), director)
    for month in ("2017-03", "2017-04", "2017-05", "2017-06"):
        office.do(pay.GrantArrears(**about, month=month, reason="inquiry"), director)
    assert sorted(granted(office)) == [f"2017-0{n}" for n in range(1, 8)]
    with pytest.raises(OutOfOrder):
        office.do(en.ResumeEnrollment(**about, from_month="2017-03", reason="again"), director)


def test_what_runs_out_is_applied_for_anew_in_its_last_month(office: Office) -> None:
    who = office.person(1)
    office.enroll(who, end="2017-06")
    office.paid("2017-01", "2017-05")
    early = en.SubmitApplication(program=LIVING, beneficiary=who)
    with pytest.raises(OutOfOrder):
        office.do(early, by("clerk-1", "2017-05-28"))
    applied_again(office, who)
    approved(office, who)
    office.paid("2017-06", "2017-07")
    assert granted(office) == [f"2017-0{n}" for n in range(1, 8)]
    assert row(office, who).status == "approved"


def test_no_approval_ends_before_it_begins(office: Office) -> None:
    who = office.person(1)
    with pytest.raises(MonthAfterEnd):
        office.enroll(who, start="2017-05", end="2017-03")


def test_months_of_an_earlier_application_that_came_second_are_looked_at_too(
    office: Office,
) -> None:
    """First paid from May; then an application of February is found and its months are paid."""
    who = office.person(1)
    office.at("2017-05-01").enroll(who, applied="2017-05-02", start=None)
    office.paid("2017-05", "2017-06")
    renounced(office, who, "2017-06", "2017-06-28")
    office.at("2017-07-10").enroll(who, applied="2017-02-10", start=None)
    accountant = by("accountant-1", "2017-07-16", CITY)
    office.at("2017-07-16")
    run = office.do(pr.OpenPayRun(program=LIVING, month="2017-03"), accountant).stream
    office.do(pr.ComputePayRun(payrun=run), accountant)
    office.notice(run, "2017-07")
    office.approve(run, "2017-07")
    office.issue(run, "2017-07")
    office.result(run, "2017-07")
    months = ["2017-03", "2017-05", "2017-06"]
    told = learn(office, "2017-08-14", "2017-02-20", died(who))
    assert told[-1] == ("OverpaymentFound", months, 3 * LIVING_FEN, "alive")


def test_a_suspension_of_the_last_month_does_not_take_an_applications_place(
    office: Office,
) -> None:
    """The month is suspended once the application is decided; until then it goes on."""
    who = office.person(1)
    office.enroll(who, end="2017-06")
    applied_again(office, who)
    about, approver = {"program": LIVING, "beneficiary": who}, by("approver-1", "2017-06-03")
    inquiry = en.SuspendEnrollment(**about, from_month="2017-06", reason="inquiry")
    with pytest.raises(OutOfOrder, match="noticed"):
        office.do(inquiry, approver)
    approved(office, who)
    office.do(inquiry, by("approver-1", "2017-06-10"))
    assert row(office, who).status == "suspended"
