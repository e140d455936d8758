"""What is known by now of the day that decides a payment, where no event stopped the enrollment:
it is asked for at approval, at the run's computation, and once more before the run is issued.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger.commands import enrollment as en
from ledger.commands import household as hh
from ledger.commands import payment as pay
from ledger.commands import payrun as pr
from ledger.commands import person as pe
from ledger.commands.certificate import CancelCertificate, ChangeCertificate
from ledger.domain.events import enrollment as events
from ledger.domain.household import household_id
from ledger.domain.refusals import NotEligible
from ledger.domain.rules import Condition
from tests.office import CITY, LIVING, POVERTY, Office, by, catalog, died, learn

FUEL = "fuel-subsidy"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home", programs=(LIVING, FUEL))
    yield it
    it.close()


def driver(office: Office, number: int) -> str:
    who = office.person(number)
    vehicle = pe.RecordLifeFact(person=who, fact="vehicle", value=True, document="d")
    office.do(vehicle, by("clerk-1", "2016-12-01"))
    return who


def fueled(office: Office, number: int) -> str:
    """Somebody who applied for the fuel subsidy on 2 February 2017, and was approved."""
    who = driver(office, number)
    office.at("2017-02-02").enroll(who, FUEL, applied="2017-02-02", start=None)
    return who


def granted(office: Office) -> list[tuple[str, str]]:
    return [
        (e.subject, e.data.month) for e in office.log() if isinstance(e.data, events.SubsidyGranted)
    ]


def test_nobody_is_approved_who_was_not_eligible_on_the_day_of_application(office: Office) -> None:
    """Assessed on what was known; by the end of the notice it is known that it was not so."""
    who = driver(office, 1)
    about, clerk = {"program": FUEL, "beneficiary": who}, by("clerk-1", "2017-02-02")
    office.at("2017-02-02").do(en.SubmitApplication(**about), clerk)
    office.do(en.AssessEligibility(**about), clerk)
    first, until = date(2017, 2, 3), date(2017, 2, 9)
    notice = en.PublishNotice(**about, notice_from=first, notice_until=until, place="p")
    office.do(notice, clerk)
    learn(office, "2017-02-10", "2017-01-12", CancelCertificate(person=who, reason="forged"))
    approver = by("approver-1", "2017-02-10")
    office.do(en.CloseNotice(**about), approver)
    with pytest.raises(NotEligible, match="not-when-applied"):
        office.do(en.ApproveEnrollment(**about), approver)


def test_what_is_paid_by_the_year_is_not_paid_to_who_was_not_eligible_when_applying(
    office: Office,
) -> None:
    """The one's certificate is cancelled from before the application on, the other's from after."""
    who, later = fueled(office, 1), fueled(office, 2)
    for each, holds in ((who, "2017-01-12"), (later, "2017-03-12")):
        cancelled = CancelCertificate(person=each, reason="forged")
        learn(office, "2017-03-14", holds, cancelled)
    office.paid("2017-06", "2017-06", FUEL)
    assert granted(office) == [(later, "2017-06")]
    computed = [e for e in office.log() if type(e.data).__name__ == "PayRunComputed"][-1]
    assert computed.data.left_out == {"not-when-applied": 1}
    arrears = pay.GrantArrears(program=FUEL, beneficiary=who, month="2017-06", reason="asked")
    with pytest.raises(NotEligible, match="not-when-applied"):
        office.do(arrears, by("director-1", "2017-06-28", CITY))


def test_a_death_learned_while_the_list_is_on_notice_stops_a_later_years_payment(
    office: Office,
) -> None:
    who, lives = fueled(office, 1), fueled(office, 2)
    run = office.compute("2018-02", FUEL)
    learn(office, "2018-02-17", "2018-01-12", died(who))
    office.pay([run], "2018-02")
    assert granted(office) == [(lives, "2018-02")]
    issued = [e for e in office.log() if type(e.data).__name__ == "PayRunIssued"][-1]
    assert issued.data.dropped == {"not-this-year": 1}


def test_who_applied_the_year_before_is_paid_by_what_is_known_in_the_year(office: Office) -> None:
    """Applied in November for the year to come, and died in December."""
    who, lives = driver(office, 1), driver(office, 2)
    for each in (who, lives):
        office.at("2017-11-02").enroll(each, FUEL, applied="2017-11-02", start="2018-01")
    learn(office, "2017-12-14", "2017-12-10", died(who))
    office.pay([office.compute("2018-02", FUEL)], "2018-02")
    assert granted(office) == [(lives, "2018-02")]


def test_a_duplicate_that_was_merged_keeps_nobody_from_being_paid(office: Office) -> None:
    who, twice = fueled(office, 1), fueled(office, 2)
    learn(office, "2017-02-14", "2017-02-12", CancelCertificate(person=twice, reason="double"))
    about = {"program": FUEL, "beneficiary": twice}
    ending = en.EndEnrollment(**about, last_month="2017-02", reason="duplicate")
    office.do(ending, by("approver-1", "2017-02-14"))
    merging = pe.MergePersons(person=twice, into=who, reason="duplicate")
    office.do(merging, by("accountant-1", "2017-02-14", CITY))
    office.paid("2017-02", "2017-02", FUEL)
    assert sorted(granted(office)) == sorted([(who, "2017-02"), (twice, "2017-02")])


def test_a_month_paid_ahead_is_not_paid_behind_a_last_day_learned_meanwhile(office: Office) -> None:
    """May is computed in February; in between the certificate is found to end in April."""
    who = office.enrolled(1)
    accountant = by("accountant-1", "2017-02-01", CITY)
    opening = pr.OpenPayRun(program=LIVING, month="2017-05")
    run = office.at("2017-02-01").do(opening, accountant).stream
    office.do(pr.ComputePayRun(payrun=run), accountant)
    until = ChangeCertificate(
        person=who, category=4, grade=2, expires_on=date(2017, 4, 20), reason="new form"
    )
    learn(office, "2017-02-10", "2017-02-10", until)
    office.pay([run], "2017-02")
    assert granted(office) == []
    issued = [e for e in office.log() if type(e.data).__name__ == "PayRunIssued"][-1]
    assert issued.data.dropped == {"certificate-expired": 1}


def test_an_exit_from_the_register_leaves_the_assessments_word_of_it(tmp_path: Path) -> None:
    """The register is known as of now only: of the day of application the assessment knew it."""
    poor = Condition(
        fact="poverty_registered", op="is", value=True, zh="建档立卡", en="on the poverty register"
    )
    fuel = catalog()[FUEL]
    rules = [replace(r, eligibility=[*r.eligibility, poor]) for r in fuel.rules]
    own = replace(fuel, code="poor-fuel", rules=rules)
    office = Office(tmp_path / "home", programs=(LIVING, POVERTY), own=[own])
    head, household = office.vault_id(1), household_id(office.vault_id(1))
    clerk, approver = by("clerk-1", "2016-12-01"), by("approver-1", "2017-03-10")
    office.person(1, household=household)
    vehicle = pe.RecordLifeFact(person=head, fact="vehicle", value=True, document="d")
    office.do(vehicle, clerk)
    office.do(hh.RegisterHousehold(head=head, members=[], urban=True), clerk)
    office.do(hh.RegisterPoverty(household=household, cause="illness", document="d"), clerk)
    office.at("2017-02-02").enroll(head, own.code, applied="2017-02-02", start=None)
    office.at("2017-02-20")
    exit_of, on = {"household": household}, date(2017, 2, 20)
    office.do(
        hh.ProposeExit(**exit_of, reviewed_on=on, attendees=9, votes_for=8, income_fen=400_000),
        by("clerk-1", on),
    )
    office.do(hh.VerifyExit(**exit_of, village="v", resident_team="t"), by("clerk-1", on))
    office.do(hh.ConfirmExit(**exit_of, signer=head), by("clerk-1", on))
    until = date(2017, 3, 5)
    office.do(
        hh.NoticeExit(**exit_of, notice_from=on, notice_until=until, place="p"), by("clerk-1", on)
    )
    office.at("2017-03-10").do(hh.DecideExit(**exit_of, document="d"), approver)
    office.issued("2017-03", own.code)
    assert granted(office) == [(head, "2017-03")]
    office.close()
