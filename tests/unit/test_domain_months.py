"""Which months are paid, and at which amount, where it is easy to take the wrong ones: months paid
ahead, other programs held before, rules that change within a month, caps, a move of somebody whose
benefit is about to end.
"""

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
from ledger.commands.program import SetRule
from ledger.domain.refusals import AmountAboveCap, NotEligible
from ledger.domain.rules import Exclusion, ProgramDefinition, Rule
from tests.office import (
    CITY,
    LIVING,
    LIVING_FEN,
    NEIGHBOR,
    Office,
    by,
    catalog,
    day,
    died,
    learn,
    revoked,
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def another(**changed: Any) -> ProgramDefinition:
    """A monthly program like the living subsidy, with a rule that differs in some fields."""
    living: ProgramDefinition = catalog()[LIVING]
    said: dict[str, Any] = {"exclusions": [], **changed}
    rule = msgspec.structs.replace(living.rules[-1], **said)
    return msgspec.structs.replace(living, code="another-subsidy", rules=[rule])


def granted(office: Office, start: int = 0) -> list[tuple[Any, ...]]:
    return [t for t in office.told(start) if t[0] in ("SubsidyGranted", "ArrearsGranted")]


def test_months_paid_ahead_are_a_debt_after_a_death_however_far_ahead(office: Office) -> None:
    """From January on three months more are paid in January, before the spring festival."""
    who = office.enrolled(1)
    office.at("2017-01-16")
    accountant = by("accountant-1", "2017-01-16", CITY)
    runs = []
    for month in ("2017-01", "2017-02", "2017-03", "2017-04"):
        runs.append(office.do(pr.OpenPayRun(program=LIVING, month=month), accountant).stream)
        office.do(pr.ComputePayRun(payrun=runs[-1]), accountant)
    office.pay(runs, "2017-01")
    ahead = ["2017-02", "2017-03", "2017-04"]
    told = learn(office, "2017-02-14", "2017-01-20", died(who))
    assert told[-1] == ("OverpaymentFound", ahead, 3 * LIVING_FEN, "alive")
    told = learn(office, "2017-02-15", "2017-02-15", revoked(who))
    assert told[-1] == ("OverpaymentCancelled", ahead, 3 * LIVING_FEN)


def test_arrears_are_of_months_that_have_come(office: Office) -> None:
    who = office.enrolled(1)
    arrears = pay.GrantArrears(program=LIVING, beneficiary=who, month="2017-05", reason="asked")
    office.at("2017-04-30")
    with pytest.raises(NotEligible, match="not-due"):
        office.do(arrears, by("director-1", "2017-04-30", CITY))


def test_another_program_held_later_is_nothing_against_the_months_before(tmp_path: Path) -> None:
    """From one subsidy into the other, which exclude each other: what was paid stays right."""
    excluded = Exclusion(other=LIVING, mode="exclusive", zh="不同享", en="not together")
    other = another(exclusions=[excluded])
    office = Office(tmp_path / "home", own=[other])
    who = office.enrolled(1, other.code)
    office.paid("2017-01", "2017-02", other.code)
    ended = en.EndEnrollment(
        program=other.code, beneficiary=who, last_month="2017-02", reason="changes over"
    )
    office.at("2017-02-28").do(ended, by("clerk-1", "2017-02-28"))
    office.enroll(who, LIVING, applied="2017-03-02", start=None)
    employed = pe.RecordLifeFact(person=who, fact="employed", value=True, document="d")
    assert learn(office, "2017-04-14", "2017-04-01", employed) == [("LifeFactRecorded",)]
    office.close()


def test_another_program_held_in_the_months_themselves_is_against_them(tmp_path: Path) -> None:
    """The other is approved from February on: at once it stops the one that it bars, whose month is
    owed. No fact that follows finds anything left to do."""
    excluded = Exclusion(other=LIVING, mode="exclusive", zh="不同享", en="not together")
    other = another(exclusions=[excluded])
    office = Office(tmp_path / "home", own=[other])
    who = office.enrolled(1, other.code)
    office.paid("2017-01", "2017-02", other.code)
    start = office.length()
    office.enroll(who, LIVING, applied="2017-02-02", start=None)
    told = office.told(start)
    assert [t for t in told if t[0] in ("EnrollmentEnded", "OverpaymentFound")] == [
        ("EnrollmentEnded", "2017-01", "excluded"),
        ("OverpaymentFound", ["2017-02"], LIVING_FEN, "excluded"),
    ]
    employed = pe.RecordLifeFact(person=who, fact="employed", value=True, document="d")
    assert learn(office, "2017-03-14", "2017-03-01", employed) == [("LifeFactRecorded",)]
    office.close()


def test_arrears_are_the_amount_that_the_months_run_paid(office: Office) -> None:
    """A rate that rises on 15 February is February's, for whoever gets it late as well."""
    who, _ = office.enrolled(1), office.enrolled(2)
    standing: Rule = catalog()[LIVING].rules[-1]
    raised = msgspec.structs.replace(standing, valid_from=date(2017, 2, 15), rate_fen=8_000)
    office.do(SetRule(program=LIVING, rule=raised), by("director-1", "2017-01-05", CITY))
    office.paid("2017-01", "2017-01")
    learn(office, "2017-02-10", "2017-01-20", died(who))
    office.paid("2017-02", "2017-02")
    learn(office, "2017-03-10", "2017-03-10", revoked(who))
    assert granted(office)[-2:] == [
        ("SubsidyGranted", "2017-02", 8_000),
        ("ArrearsGranted", "2017-02", 8_000),
    ]


# --- a cap for the year


@pytest.fixture
def capped(tmp_path: Path) -> Iterator[tuple[Office, str]]:
    """300.00 a month are approved for somebody, under a cap of 2,400.00 a year."""
    program = another(rate_fen=None, cap_fen=240_000)
    office = Office(tmp_path / "home", own=[program])
    who = office.person(1)
    about = {"program": program.code, "beneficiary": who}
    clerk, approver = by("clerk-1", "2016-12-02"), by("approver-1", "2016-12-10")
    office.do(en.SubmitApplication(**about), clerk)
    office.do(en.AssessEligibility(**about), clerk)
    first, last = day("2016-12-03"), day("2016-12-09")
    office.do(en.PublishNotice(**about, notice_from=first, notice_until=last, place="p"), clerk)
    office.at("2016-12-10").do(en.CloseNotice(**about), approver)
    approve = en.ApproveEnrollment(**about, start_month="2017-01", amount_fen=30_000)
    office.do(approve, approver)
    yield office, who
    office.close()


def test_arrears_stay_under_the_years_cap(capped: tuple[Office, str]) -> None:
    """In custody in March and April, as it seemed; eight other months have used up the year."""
    office, who = capped
    office.paid("2017-01", "2017-02", "another-subsidy")
    learn(office, "2017-03-10", "2017-02-20", pe.RecordCustody(person=who, document="d"))
    learn(office, "2017-05-10", "2017-04-20", pe.EndCustody(person=who, document="d"))
    office.paid("2017-05", "2017-09", "another-subsidy")
    told = learn(office, "2017-10-10", "2017-02-20", pe.EndCustody(person=who, document="d"))
    assert [t for t in told if t[0] == "ArrearsGranted"] == [("ArrearsGranted", "2017-03", 30_000)]
    arrears = pay.GrantArrears(
        program="another-subsidy", beneficiary=who, month="2017-04", reason="asked"
    )
    with pytest.raises(AmountAboveCap):
        office.do(arrears, by("director-1", "2017-10-11", CITY))


def test_a_fact_is_recorded_though_no_amount_was_ever_decided(tmp_path: Path) -> None:
    office = Office(tmp_path / "home", own=[another(rate_fen=None, cap_fen=240_000)])
    who = office.enrolled(1, "another-subsidy")
    learn(office, "2017-02-10", "2017-01-20", pe.RecordCustody(person=who, document="d"))
    told = learn(office, "2017-04-10", "2017-01-20", pe.EndCustody(person=who, document="d"))
    assert told[-1] == ("EnrollmentResumed", "2017-02")
    office.close()


# --- moves


def test_a_move_takes_along_what_is_about_to_end(office: Office) -> None:
    """Low income ends in April, which is known in January; from February she lives elsewhere."""
    who = office.enrolled(1)
    learn(office, "2017-01-14", "2017-04-01", pe.EndHardship(person=who, reason="a job"))
    moved = pe.ChangeResidence(person=who, division=NEIGHBOR, urban=True)
    learn(office, "2017-02-14", "2017-02-10", moved)
    office.paid("2017-02", "2017-03")
    grants = [e for e in office.log() if type(e.data).__name__ == "SubsidyGranted"]
    assert [(g.data.month, g.division) for g in grants] == [
        ("2017-02", NEIGHBOR),
        ("2017-03", NEIGHBOR),
    ]
