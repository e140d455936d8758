"""Facts learned late, other than a death: regrades, hardship, custody, certificates, moves, and a
program that was closed. What they change is exactly the months they are about.
"""

import pytest

from ledger.commands import enrollment as en
from ledger.commands import payment as pay
from ledger.commands import payrun as pr
from ledger.commands import person as pe
from ledger.commands.certificate import (
    CancelCertificate,
    ChangeCertificate,
    ExpireCertificate,
    IssueCertificate,
)
from ledger.commands.program import CloseProgram
from ledger.domain.payrun import PAYRUN
from ledger.domain.refusals import OutsideDivision, ProgramClosedError
from tests.office import (
    CITY,
    DISTRICT,
    LIVING,
    LIVING_FEN,
    NEIGHBOR,
    NURSING,
    NURSING_FEN,
    Office,
    by,
    day,
    died,
    identity,
    learn,
    revoked,
)
from tests.open_office import office

__all__ = ["office"]


# --- facts


def test_a_regrade_learned_late_ends_nursing_and_not_living(office: Office) -> None:
    who = office.person(1, care=True, grade=2)
    office.enroll(who, LIVING)
    office.enroll(who, NURSING)
    office.paid("2017-01", "2017-04", LIVING, NURSING)
    regraded = ChangeCertificate(person=who, category=4, grade=3, reason="reassessed")
    assert learn(office, "2017-05-14", "2017-02-10", regraded) == [
        ("CertificateChanged",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2017-02", "grade"),
        ("OverpaymentFound", ["2017-03", "2017-04"], 2 * NURSING_FEN, "grade"),
    ]


def test_low_income_that_ended_earlier_makes_a_debt_from_the_month_after(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    ended = pe.EndHardship(person=who, reason="income")
    assert learn(office, "2017-04-14", "2017-01-10", ended) == [
        ("LowIncomeEnded",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2017-01", "low_income"),
        ("OverpaymentFound", ["2017-02", "2017-03"], 2 * LIVING_FEN, "low_income"),
    ]


def test_an_application_in_a_month_that_was_paid_does_not_make_it_a_debt(office: Office) -> None:
    """The facts of 1 March carried March; those of the 21st decide a new enrollment only."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    learn(office, "2017-04-20", "2017-03-16", pe.EndHardship(person=who, reason="income"))
    office.do(en.SubmitApplication(program=LIVING, beneficiary=who), by("clerk-1", "2017-03-21"))
    again = pe.RecognizeHardship(person=who, document="d")
    told = learn(office, "2017-04-21", "2017-04-21", again)
    assert [t for t in told if t[0] in ("OverpaymentFound", "EnrollmentSuspended")] == []


def test_low_income_recognized_again_from_earlier_than_first_known_is_paid_for(
    office: Office,
) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    learn(office, "2017-03-14", "2017-02-10", pe.EndHardship(person=who, reason="income"))
    office.paid("2017-03", "2017-06")
    again = pe.RecognizeHardship(person=who, document="d")
    told = learn(office, "2017-07-14", "2017-06-01", again)
    assert [t for t in told if t[0] in ("EnrollmentResumed", "ArrearsGranted")] == [
        ("EnrollmentResumed", "2017-06"),
        ("ArrearsGranted", "2017-06", LIVING_FEN),
    ]
    told = learn(office, "2017-07-15", "2017-05-01", again)
    assert [t for t in told if t[0] in ("EnrollmentResumed", "ArrearsGranted")] == [
        ("EnrollmentResumed", "2017-05"),
        ("ArrearsGranted", "2017-05", LIVING_FEN),
    ]


def test_custody_suspends_the_months_between_judgment_and_release(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    held = pe.RecordCustody(person=who, document="judgment")
    assert learn(office, "2017-03-14", "2017-02-10", held) == [
        ("CustodyRecorded",),
        ("EligibilityReviewed",),
        ("EnrollmentSuspended", "2017-03", "in_custody"),
    ]
    start = office.length()
    office.paid("2017-03", "2017-05")
    assert not [t for t in office.told(start) if t[0] == "SubsidyGranted"]
    freed = pe.EndCustody(person=who, document="release")
    assert learn(office, "2017-06-14", "2017-05-10", freed) == [
        ("CustodyEnded",),
        ("EligibilityReviewed",),
        ("EnrollmentResumed", "2017-06"),
    ]
    start = office.length()
    office.paid("2017-06", "2017-06")
    assert ("SubsidyGranted", "2017-06", LIVING_FEN) in office.told(start)


def test_a_release_that_was_earlier_than_first_known_is_paid_for(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    learn(office, "2017-03-14", "2017-02-10", pe.RecordCustody(person=who, document="judgment"))
    office.paid("2017-03", "2017-06")
    freed = pe.EndCustody(person=who, document="release")
    learn(office, "2017-07-14", "2017-06-10", freed)
    told = learn(office, "2017-07-15", "2017-04-10", freed)
    assert [t for t in told if t[0] in ("EnrollmentResumed", "ArrearsGranted")] == [
        ("EnrollmentResumed", "2017-05"),
        ("ArrearsGranted", "2017-05", LIVING_FEN),
        ("ArrearsGranted", "2017-06", LIVING_FEN),
    ]


def test_custody_learned_after_a_death_that_is_then_revoked_keeps_its_own_months(
    office: Office,
) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-04")
    learn(office, "2017-05-14", "2017-04-10", died(who))
    learn(office, "2017-05-15", "2017-02-10", pe.RevokeDeath(person=who, reason="r", document="d"))
    learn(office, "2017-05-16", "2017-04-10", died(who))
    office.paid("2017-05", "2017-06")
    learn(office, "2017-07-10", "2017-07-01", pe.RevokeDeath(person=who, reason="r", document="d"))
    start = office.length()
    office.paid("2017-07", "2017-07")
    assert ("SubsidyGranted", "2017-07", LIVING_FEN) in office.told(start)


def test_a_lapsed_certificate_suspends_and_a_renewal_restores(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    lapsed = learn(office, "2017-03-14", "2017-01-31", ExpireCertificate(person=who))
    assert lapsed == [
        ("CertificateExpired",),
        ("EligibilityReviewed",),
        ("EnrollmentSuspended", "2017-02", "certified"),
        ("OverpaymentFound", ["2017-02"], LIVING_FEN, "certified"),
    ]
    renewed = ChangeCertificate(person=who, category=4, grade=2, reason="renewed")
    assert learn(office, "2017-04-14", "2017-04-10", renewed) == [
        ("CertificateChanged",),
        ("EligibilityReviewed",),
        ("EnrollmentResumed", "2017-05"),
    ]


def test_a_certificate_issued_anew_restores_as_a_renewal_does(office: Office) -> None:
    who = office.enrolled(1)
    learn(office, "2017-01-14", "2017-01-10", CancelCertificate(person=who, reason="r"))
    issued = IssueCertificate(
        person=who, number=f"{identity(1)}42", id_number=identity(1), category=4, grade=2
    )
    assert learn(office, "2017-02-14", "2017-02-10", issued) == [
        ("CertificateIssued",),
        ("EligibilityReviewed",),
        ("EnrollmentResumed", "2017-03"),
    ]


@pytest.mark.parametrize("cancelled", [False, True])
def test_this_months_run_pays_this_month_unless_it_was_computed_before(
    office: Office, cancelled: bool
) -> None:
    """On 18 February it is clear that there was no custody; the run was computed on the 16th."""
    who, _ = office.enrolled(1), office.enrolled(2)
    office.paid("2017-01", "2017-01")
    learn(office, "2017-02-14", "2017-01-20", pe.RecordCustody(person=who, document="judgment"))
    run = office.compute("2017-02")
    if cancelled:
        cancel = pr.CancelPayRun(payrun=run, reason="cut-off")
        office.do(cancel, by("director-1", "2017-02-17", CITY))
    told = learn(office, "2017-02-18", "2017-01-20", pe.EndCustody(person=who, document="none"))
    arrears = [t for t in told if t[0] == "ArrearsGranted"]
    assert arrears == ([] if cancelled else [("ArrearsGranted", "2017-02", LIVING_FEN)])
    if cancelled:
        again = office.compute("2017-02", batch=2)
        office.pay([again, office.compute("2017-03")], "2017-03")
    else:
        office.pay([run], "2017-02")
        office.paid("2017-03", "2017-03")
    months = [
        e.data.month
        for e in office.log()
        if type(e.data).__name__ in ("SubsidyGranted", "ArrearsGranted") and e.subject == who
    ]
    assert months == ["2017-01", "2017-02", "2017-03"]


# --- residence


def test_a_move_within_the_city_changes_the_division_that_pays(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-01")
    moved = pe.ChangeResidence(person=who, division=NEIGHBOR, urban=True)
    told = learn(office, "2017-02-14", "2017-02-10", moved)
    assert told == [("ResidenceChanged",), ("EligibilityReviewed",)]
    office.paid("2017-02", "2017-02")
    grants = [e for e in office.log() if type(e.data).__name__ == "SubsidyGranted"]
    assert [g.division for g in grants] == ["220202", "220203"]


def divisions_paying(office: Office) -> list[str]:
    return [e.division for e in office.log() if type(e.data).__name__ == "SubsidyGranted"]


def test_a_move_known_ahead_changes_the_division_from_its_day_on(office: Office) -> None:
    """Recorded in February, for April: nothing else is recorded until then."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-01")
    moves = pe.ChangeResidence(person=who, division=NEIGHBOR, urban=True)
    told = learn(office, "2017-02-14", "2017-04-01", moves)
    assert told == [("ResidenceChanged",), ("EligibilityReviewed",)]
    review = office.log()[-1]
    assert (review.division, review.effective) == (NEIGHBOR, day("2017-04-01"))
    office.paid("2017-02", "2017-05")
    assert divisions_paying(office) == [DISTRICT] * 3 + [NEIGHBOR] * 2
    pause = en.SuspendEnrollment(program=LIVING, beneficiary=who, from_month="2017-06", reason="r")
    with pytest.raises(OutsideDivision):  # nor do its former officers decide any more
        office.do(pause, by("clerk-1", "2017-05-28"))
    office.do(pause, by("clerk-9", "2017-05-28", NEIGHBOR))


def test_a_run_made_ahead_pays_where_the_person_will_live(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-01")
    moves = pe.ChangeResidence(person=who, division=NEIGHBOR, urban=True)
    learn(office, "2017-02-14", "2017-03-01", moves)
    accountant = by("accountant-1", "2017-02-20", CITY)
    office.at("2017-02-20")
    for month, division in (("2017-02", DISTRICT), ("2017-03", NEIGHBOR)):
        run = office.do(pr.OpenPayRun(program=LIVING, month=month), accountant).stream
        office.do(pr.ComputePayRun(payrun=run), accountant)
        (line,) = office.lines(office.ledger.state(PAYRUN, run).lines)
        assert line.division == division


def test_a_move_known_ahead_that_is_called_off_changes_nothing(office: Office) -> None:
    who = office.enrolled(1)
    for division in (NEIGHBOR, DISTRICT):
        moves = pe.ChangeResidence(person=who, division=division, urban=True)
        told = learn(office, "2016-12-28", "2017-02-01", moves)
        assert told == [("ResidenceChanged",), ("EligibilityReviewed",)]
    office.paid("2017-01", "2017-03")
    assert divisions_paying(office) == [DISTRICT] * 3


def test_another_fact_leaves_a_move_that_is_still_to_come(office: Office) -> None:
    who = office.enrolled(1)
    moves = pe.ChangeResidence(person=who, division=NEIGHBOR, urban=True)
    learn(office, "2016-12-28", "2017-03-01", moves)
    office.paid("2017-01", "2017-01")
    learn(office, "2017-02-14", "2017-01-20", pe.RecordCustody(person=who, document="d"))
    learn(office, "2017-02-15", "2017-01-25", pe.EndCustody(person=who, document="d"))
    office.paid("2017-02", "2017-03")
    assert divisions_paying(office) == [DISTRICT, DISTRICT, NEIGHBOR]


def test_a_move_out_of_the_city_learned_late_makes_a_debt(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    away = pe.ChangeResidence(person=who, division=None, urban=True)
    assert learn(office, "2017-04-14", "2017-02-10", away) == [
        ("ResidenceChanged",),
        ("EligibilityReviewed",),
        ("EnrollmentEnded", "2017-02", "resident"),
        ("OverpaymentFound", ["2017-03"], LIVING_FEN, "resident"),
    ]


def test_what_ended_between_application_and_approval_is_not_paid(office: Office) -> None:
    """The application was right on its day; the approval knows what became of it since."""
    who = office.person(1)
    about = {"program": LIVING, "beneficiary": who}
    clerk = by("clerk-1", "2017-01-04")
    office.at("2017-01-04").do(en.SubmitApplication(**about), clerk)
    office.do(en.AssessEligibility(**about), clerk)
    until = day("2017-01-11")
    office.do(
        en.PublishNotice(**about, notice_from=day("2017-01-05"), notice_until=until, place="p"),
        clerk,
    )
    learn(office, "2017-02-14", "2017-02-10", pe.EndHardship(person=who, reason="income"))
    approver = by("approver-1", "2017-03-12")
    office.at("2017-03-12").do(en.CloseNotice(**about), approver)
    office.do(en.ApproveEnrollment(**about), approver)
    start = office.length()
    office.pay([office.compute("2017-02"), office.compute("2017-03")], "2017-03")
    assert [t for t in office.told(start) if t[0] == "SubsidyGranted"] == [
        ("SubsidyGranted", "2017-02", LIVING_FEN)
    ]


def test_a_term_that_ran_out_is_not_prolonged_by_what_is_learned_later(office: Office) -> None:
    who = office.person(1)
    office.enroll(who, end="2017-03")
    office.paid("2017-01", "2017-02")
    learn(office, "2017-03-14", "2017-02-10", died(who))
    told = learn(office, "2017-07-14", "2017-07-10", revoked(who))
    assert [t for t in told if t[0] == "ArrearsGranted"] == [
        ("ArrearsGranted", "2017-03", LIVING_FEN)
    ]
    start = office.length()
    office.paid("2017-07", "2017-07")
    assert not [t for t in office.told(start) if t[0] == "SubsidyGranted"]


# --- a closed program


def test_late_knowledge_grants_no_month_that_began_after_the_program_was_closed(
    office: Office,
) -> None:
    """What ran without a run before the closing is made good; after it there is nothing to get."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    learn(office, "2017-03-14", "2017-02-10", died(who))
    director = by("director-1", "2017-05-01", CITY)
    closing = CloseProgram(program=LIVING, closed_on=day("2017-05-01"), reason="merged")
    office.at("2017-05-01").do(closing, director)
    told = learn(office, "2017-08-14", "2017-08-10", revoked(who))
    assert [t for t in told if t[0] == "ArrearsGranted"] == [
        ("ArrearsGranted", "2017-03", LIVING_FEN),
        ("ArrearsGranted", "2017-04", LIVING_FEN),
    ]


def test_no_officer_grants_arrears_for_a_month_after_the_closing(office: Office) -> None:
    """Not even by a decision that is said to hold from before it."""
    who = office.enrolled(1)
    closing = CloseProgram(program=LIVING, closed_on=day("2017-05-01"), reason="merged")
    office.at("2017-06-01").do(closing, by("director-1", "2017-05-01", CITY))
    arrears = pay.GrantArrears(program=LIVING, beneficiary=who, month="2017-05", reason="asked")
    with pytest.raises(ProgramClosedError):
        office.do(arrears, by("director-1", "2017-04-30", CITY))
