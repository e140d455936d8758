"""Steps that are right one by one, and what they must not do to money together."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.commands import enrollment as en
from ledger.commands import payment as pay
from ledger.commands import payrun as pr
from ledger.commands import person as pe
from ledger.commands.certificate import ChangeCertificate, ExpireCertificate
from ledger.commands.disbursement import IssuePayRun
from ledger.commands.program import CloseProgram
from ledger.domain.enrollment import ENROLLMENT, Enrollment
from ledger.domain.errors import InvalidDate, OutOfOrder
from ledger.domain.events import enrollment as events
from ledger.domain.payrun import PAYRUN
from ledger.domain.postings import IN_TRANSIT
from ledger.domain.refusals import NotEligible, ProgramClosedError
from ledger.domain.rules import Condition, Exclusion, ProgramDefinition
from ledger.domain.stream import enrollment_id
from tests.office import CITY, DISTRICT, LIVING, LIVING_FEN, NEIGHBOR, Office, by, catalog, learn

FUEL = "fuel-subsidy"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def state(office: Office, who: str) -> Enrollment:
    return office.ledger.state(ENROLLMENT, enrollment_id(who, LIVING))


def paid_of(office: Office, who: str) -> list[str]:
    """The months granted to a person, in order."""
    kinds = ("SubsidyGranted", "ArrearsGranted")
    log = [e for e in office.log() if e.subject == who]
    return sorted(e.data.month for e in log if type(e.data).__name__ in kinds)


# --- debts


def test_a_debt_of_a_reversed_grant_stays_owed(office: Office) -> None:
    """Of 70.00 yuan 30.00 were too much; 40.00 came back and the grant was reversed. The month may
    be granted anew, so what was kept of it is not owed to the person after all."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-02")
    about = {"program": LIVING, "beneficiary": who}
    accountant, cashier = (
        by("accountant-1", "2017-03-01", CITY),
        by("cashier-1", "2017-03-02", CITY),
    )
    part = {"months": ["2017-02"], "parts": {"2017-02": 3_000}, "reason": "r", "zh": "z", "en": "e"}
    office.at("2017-03-02").do(pay.FindOverpayment(**about, **part), accountant)
    (debt,) = state(office, who).overpayments
    office.do(pay.ReturnPayment(**about, month="2017-02", reason="closed"), cashier)
    office.do(pay.ReverseGrant(**about, month="2017-02", reason="closed"), accountant)
    back = pay.CancelOverpayment(overpayment=debt, reason="was none", document="d")
    with pytest.raises(OutOfOrder):
        office.do(back, by("director-1", "2017-03-02", CITY))
    again = pay.GrantArrears(**about, month="2017-02", reason="found again")
    office.do(again, by("director-1", "2017-03-02", CITY))
    assert state(office, who).overpayments[debt].owed_fen == 3_000


# --- approvals


def test_two_approvals_never_run_beside_each_other(office: Office) -> None:
    """Ended in June with December: until then nothing is left to apply for."""
    who = office.enrolled(1)
    about = {"program": LIVING, "beneficiary": who}
    ending = en.EndEnrollment(**about, last_month="2017-12", reason="planned")
    office.at("2017-06-01").do(ending, by("approver-1", "2017-06-01"))
    with pytest.raises(OutOfOrder):
        office.at("2017-07-03").enroll(who, applied="2017-07-03")
    office.at("2017-12-03").enroll(who, applied="2017-12-03", start="2018-01")
    learn(office, "2018-02-14", "2017-08-20", pe.RecordDeath(person=who, source="s"))
    assert [(i.first, i.last) for i in state(office, who).approved] == [("2017-01", "2017-08")]


def test_an_objection_to_a_new_application_keeps_back_no_month_of_the_old_one(
    office: Office,
) -> None:
    who = office.person(1)
    office.enroll(who, end="2017-03")
    office.paid("2017-01", "2017-02")
    about, clerk = {"program": LIVING, "beneficiary": who}, by("clerk-1", "2017-03-02")
    office.at("2017-03-02").do(en.SubmitApplication(**about), clerk)
    office.do(en.AssessEligibility(**about), clerk)
    until = date(2017, 3, 12)
    notice = en.PublishNotice(**about, notice_from=clerk.effective, notice_until=until, place="p")
    office.do(notice, clerk)
    office.do(en.RaiseObjection(**about, objection="o", ground="g"), clerk)
    office.paid("2017-03", "2017-03")
    assert paid_of(office, who) == ["2017-01", "2017-02", "2017-03"]


# --- persons


def test_nothing_is_made_payable_to_a_person_merged_into_another(office: Office) -> None:
    who, twice = office.enrolled(1), office.enrolled(2)
    office.paid("2017-01", "2017-03")
    about, approver = {"program": LIVING, "beneficiary": twice}, by("approver-1", "2017-04-02")
    ending = en.EndEnrollment(**about, last_month="2017-04", reason="duplicate")
    office.at("2017-04-02").do(ending, approver)
    merged = pe.MergePersons(person=twice, into=who, reason="duplicate")
    office.do(merged, by("accountant-1", "2017-04-02", CITY))
    with pytest.raises(OutOfOrder):
        office.do(en.ResumeEnrollment(**about, from_month="2017-05", reason="r"), approver)
    arrears = pay.GrantArrears(**about, month="2017-04", reason="r")
    with pytest.raises(OutOfOrder):
        office.do(arrears, by("director-1", "2017-04-02", CITY))


def test_arrears_that_waited_for_an_account_are_sent_to_the_first_one(office: Office) -> None:
    who = office.enrolled(1, account=None)
    office.enrolled(2)
    office.paid("2017-01", "2017-02")
    learn(office, "2017-03-02", "2017-01-10", pe.RecordCustody(person=who, document="d"))
    learn(office, "2017-03-03", "2017-01-10", pe.EndCustody(person=who, document="d"))
    assert state(office, who).grants["2017-02"].status == "granted"
    account = pe.ChangeBankAccount(person=who, account="6217", bank="b", holder="h")
    told = learn(office, "2017-03-05", "2017-03-05", account)
    assert [t[:3] for t in told] == [
        ("BankAccountChanged",),
        ("PaymentInstructed", "2017-02", LIVING_FEN),
    ]
    another = pe.ChangeBankAccount(person=who, account="6218", bank="b", holder="h")
    assert learn(office, "2017-03-06", "2017-03-06", another) == [("BankAccountChanged",)]


def test_a_fact_stands_though_no_fund_can_pay_what_follows(tmp_path: Path) -> None:
    """A program without a fund: its arrears cannot be granted, and the dead are alive again."""
    living: ProgramDefinition = catalog()[LIVING]
    rule = msgspec.structs.replace(living.rules[-1], exclusions=[])
    unpaid = msgspec.structs.replace(living, code="unpaid-subsidy", fund=None, rules=[rule])
    office = Office(tmp_path / "home", own=[unpaid])
    who = office.enrolled(1, unpaid.code)
    learn(office, "2017-03-14", "2017-01-20", pe.RecordDeath(person=who, source="s"))
    told = learn(office, "2017-04-14", "2017-04-14", revoked(who))
    assert [t[0] for t in told] == ["DeathRevoked", "EligibilityReviewed", "EnrollmentResumed"]
    office.close()


def revoked(who: str) -> pe.RevokeDeath:
    return pe.RevokeDeath(person=who, reason="namesake", document="d")


def test_an_expiry_is_told_of_the_day_after_the_last_one_at_most(office: Office) -> None:
    """Told of a later day it would stand against a renewal that left no day out."""
    who = office.enrolled(1)
    renewal = {"person": who, "category": 4, "grade": 2, "reason": "renewed"}
    until = ChangeCertificate(**renewal, expires_on=date(2017, 3, 31))
    learn(office, "2017-01-14", "2017-01-10", until)
    with pytest.raises(OutOfOrder):
        learn(office, "2017-05-02", "2017-05-02", ExpireCertificate(person=who))
    told = learn(office, "2017-05-02", "2017-04-01", ExpireCertificate(person=who))
    assert told[-1] == ("EnrollmentSuspended", "2017-04", "certified")
    learn(office, "2017-05-03", "2017-04-01", ChangeCertificate(**renewal))
    assert state(office, who).active_in("2017-12")


def test_no_fact_holds_from_a_day_whose_month_no_benefit_has(office: Office) -> None:
    who = office.enrolled(1)
    for year in (1899, 2100, 9999):
        context = by("clerk-1", date(year, 12, 5))
        with pytest.raises(InvalidDate):
            office.do(pe.EndHardship(person=who, reason="r"), context)


# --- a program that was closed


@pytest.mark.parametrize("step", ["compute", "approve", "issue"])
def test_a_run_of_a_month_from_when_the_program_was_closed_goes_no_further(
    office: Office, step: str
) -> None:
    """Closed from 1 May on, which became known on the 28th."""
    office.enrolled(1)
    run = office.compute("2017-05")
    asked: dict[str, tuple[Any, str]] = {"compute": (pr.ComputePayRun(payrun=run), "accountant-1")}
    if step != "compute":
        office.notice(run, "2017-05")
        lines = office.ledger.state(PAYRUN, run).lines
        asked["approve"] = pr.ApprovePayRun(payrun=run, lines=lines), "director-1"
    if step == "issue":
        office.approve(run, "2017-05")
        asked["issue"] = IssuePayRun(payrun=run), "cashier-1"
    director = by("director-1", "2017-05-28", CITY)
    closing = CloseProgram(program=LIVING, closed_on=date(2017, 5, 1), reason="merged")
    office.at("2017-05-28").do(closing, by("director-1", "2017-05-01", CITY))
    command, actor = asked[step]
    with pytest.raises(ProgramClosedError):
        office.do(command, by(actor, "2017-05-28", CITY))
    office.do(pr.CancelPayRun(payrun=run, reason="closed"), director)


# --- amounts decided one by one


def test_a_month_is_paid_at_the_amount_of_its_own_approval(tmp_path: Path) -> None:
    """100.00 yuan from January to April, 200.00 from May on; March is found unpaid in June."""
    living: ProgramDefinition = catalog()[LIVING]
    rule = msgspec.structs.replace(
        living.rules[-1], rate_fen=None, cap_fen=240_000, exclusions=[], notice_days=0
    )
    own = msgspec.structs.replace(living, code="individual-subsidy", rules=[rule])
    office = Office(tmp_path / "home", own=[own])
    who, held = office.person(1), office.person(2)
    for fen, applied, end in ((10_000, "2017-01-02", "2017-04"), (20_000, "2017-05-02", None)):
        for each in (who, held):
            about, clerk = {"program": own.code, "beneficiary": each}, by("clerk-1", applied)
            office.at(applied).do(en.SubmitApplication(**about), clerk)
            office.do(en.AssessEligibility(**about), clerk)
            decided = en.ApproveEnrollment(**about, end_month=end, amount_fen=fen)
            office.do(decided, by("approver-1", applied))
    about = {"program": own.code, "beneficiary": who}
    arrears = pay.GrantArrears(**about, month="2017-03", reason="found")
    office.at("2017-06-16").do(arrears, by("director-1", "2017-06-16", CITY))
    office.paid("2017-06", "2017-06", own.code)
    office.pay(
        [office.compute("2017-03", own.code), office.compute("2017-07", own.code)], "2017-07"
    )
    granted = {
        (e.subject, e.data.month): e.data.amount_fen
        for e in office.log()
        if type(e.data).__name__ in ("SubsidyGranted", "ArrearsGranted")
    }
    assert granted == {
        (who, "2017-03"): 10_000,
        (held, "2017-03"): 10_000,
        **{(each, month): 20_000 for each in (who, held) for month in ("2017-06", "2017-07")},
    }
    office.close()


# --- benefits by the year


def test_a_later_year_is_paid_by_what_is_known_then(tmp_path: Path) -> None:
    """Approved in 2017. One died, one moved away and one goes on; 2018 is paid to the last."""
    office = Office(tmp_path / "home", programs=(LIVING, FUEL))
    people = [office.person(n) for n in range(3)]
    for who in people:
        vehicle = pe.RecordLifeFact(person=who, fact="vehicle", value=True, document="d")
        office.do(vehicle, by("clerk-1", "2016-12-01"))
        office.at("2017-02-02").enroll(who, FUEL, applied="2017-02-02", start=None)
    died, left, _ = people
    learn(office, "2017-05-14", "2017-05-01", pe.RecordDeath(person=died, source="s"))
    away = pe.ChangeResidence(person=left, division=None, urban=True)
    learn(office, "2017-05-14", "2017-05-02", away)
    office.paid("2017-06", "2017-06", FUEL)
    run = office.compute("2018-02", FUEL)
    office.pay([run], "2018-02")
    granted = [
        (e.subject, e.data.month) for e in office.log() if isinstance(e.data, events.SubsidyGranted)
    ]
    assert sorted(m for _, m in granted) == ["2017-06"] * 3 + ["2018-02"]
    assert granted[-1] == (people[2], "2018-02")
    arrears = pay.GrantArrears(program=FUEL, beneficiary=died, month="2018-02", reason="asked")
    with pytest.raises(NotEligible, match="not-this-year"):
        office.do(arrears, by("director-1", "2018-02-28", CITY))
    office.close()


# --- programs that bar each other


@pytest.mark.parametrize("pair", [("aa", "bb"), ("cc", "dd"), ("ee", "ff"), ("gg", "hh")])
def test_one_fact_moves_from_one_program_to_the_other(
    tmp_path: Path, pair: tuple[str, str]
) -> None:
    """The second bars who has the first. Care ended by mistake moved the person; the truth moves
    them back: whichever of the two enrollments has the smaller id."""
    first, second = pair
    living: ProgramDefinition = catalog()[LIVING]
    care = Condition(fact="needs_care", op="is", value=True, zh="z", en="e")
    needed = [*living.rules[-1].eligibility, care]
    asked = msgspec.structs.replace(living.rules[-1], exclusions=[], eligibility=needed)
    barred = Exclusion(other=first, mode="exclusive", zh="z", en="e")
    bars = msgspec.structs.replace(living.rules[-1], exclusions=[barred])
    own = [
        msgspec.structs.replace(living, code=first, rules=[asked]),
        msgspec.structs.replace(living, code=second, rules=[bars]),
    ]
    office = Office(tmp_path / "home", programs=(), own=own)
    who = office.person(1, care=True)
    office.enroll(who, first)
    office.paid("2017-01", "2017-03", first)
    ended, needs = (
        pe.RecordLifeFact(person=who, fact="needs_care", value=value, document="d")
        for value in (False, True)
    )
    learn(office, "2017-04-03", "2017-03-20", ended)
    office.at("2017-04-04").enroll(who, second, applied="2017-04-04", start="2017-04")
    office.paid("2017-04", "2017-05", first, second)
    learn(office, "2017-06-03", "2017-03-20", needs)
    assert [active(office, who, code) for code in pair] == [True, False]
    learn(office, "2017-06-04", "2017-05-20", ended)
    assert [active(office, who, code) for code in pair] == [False, True]
    office.close()


def active(office: Office, who: str, program: str) -> bool:
    return office.ledger.state(ENROLLMENT, enrollment_id(who, program)).active_in("2017-06")


# --- a move while the money is with the bank


@pytest.mark.parametrize("returned", [False, True])
def test_what_went_to_the_bank_is_read_back_in_its_own_division(
    office: Office, returned: bool
) -> None:
    who, stays = office.enrolled(1), office.enrolled(2)
    run = office.issued("2017-01")
    learn(office, "2017-01-26", "2017-01-26", moved(who))
    gone = {enrollment_id(each, LIVING): "closed" for each in (who, stays) if returned}
    office.result(run, "2017-01", returned=gone)
    office.home.projector.catch_up()
    rows = office.home.projector.select("trial_balance", {"program": LIVING})
    on_the_way = {row.division: row.balance_fen for row in rows if row.account == IN_TRANSIT}
    assert on_the_way == {DISTRICT: 0}


def moved(who: str) -> pe.ChangeResidence:
    return pe.ChangeResidence(person=who, division=NEIGHBOR, urban=True)
