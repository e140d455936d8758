"""Wrong input, case by case: the error's code, its words in both languages, and nothing stored.

What needs a damaged or foreign home is in ``tests/integration``: a stale version in
``test_rivals.py``, a truncated database and a home of a newer version in
``test_cli_refusals.py``, a full disk in ``test_full_disk.py``.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from stdnum.iso7064 import mod_11_2

from ledger.application import Command
from ledger.commands import enrollment as en
from ledger.commands import payment as pay
from ledger.commands import payrun as pr
from ledger.commands import person as pe
from ledger.commands.program import AppropriateFunds, CloseProgram, ReceiveDonation, SetRule
from ledger.domain.errors import LedgerError
from ledger.domain.payrun import PAYRUN
from ledger.work import Context
from tests.office import CITY, DISTRICT, LIVING, NEIGHBOR, Office, by, catalog, identity

COMMISSIONER = "village-commissioner"
"""A monthly program whose amounts are decided one by one up to a cap."""

CLERK = by("clerk-1", "2017-02-02")
DIRECTOR = by("director-1", "2017-02-02", CITY)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home", programs=(LIVING, COMMISSIONER), funds_fen=10_000)
    yield it.at("2017-02-02")
    it.close()


def applied(office: Office, program: str = LIVING) -> dict[str, str]:
    """Someone who applied on 2 February and is on notice no more."""
    about = {"program": program, "beneficiary": office.person(1)}
    office.do(en.SubmitApplication(**about), CLERK)
    office.do(en.AssessEligibility(**about), CLERK)
    noticed = {"notice_from": date(2017, 2, 3), "notice_until": date(2017, 2, 9)}
    office.do(en.PublishNotice(**about, **noticed, place="p"), CLERK)
    office.at("2017-02-10").do(en.CloseNotice(**about), by("approver-1", "2017-02-10"))
    return about


Asked = tuple[Command, Context]
Case = Callable[[Office], Asked]


def unknown_program(office: Office) -> Asked:
    return en.SubmitApplication(program="nope", beneficiary=office.person(1)), CLERK


def rule_with_overlapping_dates(office: Office) -> Asked:
    """From before the adopted rule's first day on, with no last day of its own."""
    rule = msgspec.structs.replace(catalog()[LIVING].rules[-1], valid_from=date(2015, 1, 1))
    return SetRule(program=LIVING, rule=rule), DIRECTOR


def rule_that_ends_before_it_begins(office: Office) -> Asked:
    rule = msgspec.structs.replace(
        catalog()[LIVING].rules[-1], valid_from=date(2018, 1, 1), valid_to=date(2017, 12, 31)
    )
    return SetRule(program=LIVING, rule=rule), DIRECTOR


def amount_above_the_cap(office: Office) -> Asked:
    about = applied(office, COMMISSIONER)
    return en.ApproveEnrollment(**about, amount_fen=240_001), by("approver-1", "2017-02-10")


def approval_from_before_the_application(office: Office) -> Asked:
    approval = en.ApproveEnrollment(**applied(office), start_month="2017-01")
    return approval, by("approver-1", "2017-02-10")


def arrears_of_a_month_before_enrollment(office: Office) -> Asked:
    about = {"program": LIVING, "beneficiary": office.enrolled(1)}
    return pay.GrantArrears(**about, month="2016-12", reason="r"), DIRECTOR


def amount(fen: Any) -> Case:
    def appropriated(office: Office) -> Asked:
        fund = catalog()[LIVING].fund
        return AppropriateFunds(fund=fund, amount_fen=fen, year=2017, document="b"), DIRECTOR

    return appropriated


def donation_of_fractional_fen(office: Office) -> Asked:
    given: dict[str, Any] = {"fund": catalog()[LIVING].fund, "amount_fen": 10.5}
    return ReceiveDonation(**given, donation="d", form="cash", donor="x"), DIRECTOR


def individual_amount_of(fen: Any) -> Case:
    def approved(office: Office) -> Asked:
        about = applied(office, COMMISSIONER)
        return en.ApproveEnrollment(**about, amount_fen=fen), by("approver-1", "2017-02-10")

    return approved


def registration(number: str) -> Case:
    def registered(_: Office) -> Asked:
        said = {"id_number": number, "name": "测试", "division": DISTRICT, "urban": True}
        return pe.RegisterPerson(**said), CLERK

    return registered


def person_named(name: str) -> Case:
    def registered(_: Office) -> Asked:
        said = {"id_number": identity(1), "name": name, "division": DISTRICT, "urban": True}
        return pe.RegisterPerson(**said), CLERK

    return registered


def account(number: str, bank: str = "b", holder: str = "h") -> Case:
    def changed(office: Office) -> Asked:
        who = office.person(1)
        return pe.ChangeBankAccount(person=who, account=number, bank=bank, holder=holder), CLERK

    return changed


def rule_that_stands(_: Office) -> Asked:
    return SetRule(program=LIVING, rule=catalog()[LIVING].rules[-1]), DIRECTOR


def born(text: str) -> str:
    """A number whose check digit is right and whose birth date is as given."""
    body = f"{DISTRICT}{text}001"
    return body + str(mod_11_2.calc_check_digit(body))


def wrong_checksum() -> str:
    right = identity(1)
    return right[:-1] + ("0" if right[-1] != "0" else "1")


def officer_outside_the_division(office: Office) -> Asked:
    neighbor = by("clerk-9", "2017-02-02", NEIGHBOR)
    return pe.RecordDeath(person=office.person(1), source="s"), neighbor


def application_to_a_closed_program(office: Office) -> Asked:
    closing = CloseProgram(program=LIVING, closed_on=date(2017, 2, 1), reason="r")
    office.do(closing, DIRECTOR)
    return en.SubmitApplication(program=LIVING, beneficiary=office.person(1)), CLERK


def run_that_over_commits_its_fund(office: Office) -> Asked:
    """Two people's 140.00 yuan out of a fund of 100.00."""
    office.enrolled(1)
    office.enrolled(2)
    run = office.compute("2017-03")
    office.notice(run, "2017-03")
    office.at("2017-03-24")
    lines = office.ledger.state(PAYRUN, run).lines
    return pr.ApprovePayRun(payrun=run, lines=lines), by("director-1", "2017-03-24", CITY)


def notice_from_before_the_assessment(office: Office) -> Asked:
    """Seven days that were over before anybody knew what to object to."""
    about = {"program": LIVING, "beneficiary": office.person(1)}
    office.do(en.SubmitApplication(**about), CLERK)
    office.do(en.AssessEligibility(**about), CLERK)
    noticed = {"notice_from": date(2017, 1, 24), "notice_until": date(2017, 2, 1)}
    return en.PublishNotice(**about, **noticed, place="p"), CLERK


def notice_from_before_the_lines(office: Office) -> Asked:
    accountant = by("accountant-1", "2017-02-16", CITY)
    opening = pr.OpenPayRun(program=LIVING, month="2017-02")
    run = office.at("2017-02-16").do(opening, accountant).stream
    office.do(pr.ComputePayRun(payrun=run), accountant)
    noticed = {"notice_from": date(2017, 2, 15), "notice_until": date(2017, 2, 28)}
    return pr.NoticePayRun(payrun=run, **noticed, place="p"), accountant


def notice_from_before_the_lines_were_recorded(office: Office) -> Asked:
    """Computed on the 20th, under the date that it should have had."""
    accountant = by("accountant-1", "2017-02-16", CITY)
    opening = pr.OpenPayRun(program=LIVING, month="2017-02")
    run = office.at("2017-02-20").do(opening, accountant).stream
    office.do(pr.ComputePayRun(payrun=run), accountant)
    noticed = {"notice_from": date(2017, 2, 19), "notice_until": date(2017, 2, 28)}
    return pr.NoticePayRun(payrun=run, **noticed, place="p"), accountant


CASES: list[tuple[Case, str, str, str]] = [
    (unknown_program, "unknown-program", "没有这个项目:nope", "no such program: nope"),
    (rule_with_overlapping_dates, "rule-overlap", "规则期间重叠", "overlap: 2015-01-01"),
    (rule_that_ends_before_it_begins, "rule-overlap", "规则期间重叠", "overlap: 2018-01-01"),
    (amount_above_the_cap, "amount-above-cap", "240001分超过上限240000分", "cap of 240000 fen"),
    (approval_from_before_the_application, "month-before-enrollment", "早于起始月", "precedes"),
    (arrears_of_a_month_before_enrollment, "month-before-enrollment", "早于起始月", "precedes"),
    (notice_from_before_the_assessment, "notice-too-early", "2017-02-02才形成", "on 2017-02-02"),
    (notice_from_before_the_lines, "notice-too-early", "2017-02-16才形成", "on 2017-02-16"),
    (
        notice_from_before_the_lines_were_recorded,
        "notice-too-early",
        "2017-02-20才形成",
        "on 2017-02-20",
    ),
    (amount(-1), "invalid-amount", "正整数:-1", "number of fen: -1"),
    (amount(0), "invalid-amount", "正整数:0", "number of fen: 0"),
    (amount(0.5), "invalid-amount", "正整数:0.5", "number of fen: 0.5"),
    (amount("7"), "invalid-amount", "正整数:'7'", "number of fen: '7'"),
    (donation_of_fractional_fen, "invalid-amount", "正整数:10.5", "number of fen: 10.5"),
    (individual_amount_of(-5), "invalid-amount", "正整数:-5", "number of fen: -5"),
    (individual_amount_of(7.5), "invalid-amount", "正整数:7.5", "number of fen: 7.5"),
    (
        registration(wrong_checksum()),
        "invalid-identity-number",
        "校验不通过(校验码不符)",
        "(checksum)",
    ),
    (registration("220202"), "invalid-identity-number", "校验不通过(应为18位)", "(length)"),
    (registration(born("19600230")), "invalid-birth-date", "不成立:没有这一天", ": calendar"),
    (registration(born("20991231")), "invalid-birth-date", "不成立:晚于今天", ": future"),
    (registration(born("18800101")), "invalid-birth-date", "不成立:年龄超过130岁", ": too old"),
    (person_named(""), "invalid-value", "name的值不成立", "name cannot be -"),
    (person_named(" \u3000"), "invalid-value", "name的值不成立", "name cannot be -"),
    (account(""), "invalid-value", "account的值不成立", "account cannot be -"),
    (account("\t"), "invalid-value", "account的值不成立", "account cannot be -"),
    (account("6217 0000 1111"), "invalid-value", "account的值不成立", "account cannot be …"),
    (account("6217", bank=""), "invalid-value", "bank的值不成立", "bank cannot be -"),
    (account("6217", holder=" "), "invalid-value", "holder的值不成立", "holder cannot be -"),
    (person_named("\ud800"), "not-canonical", "规范字节", "half of a surrogate pair"),
    (rule_that_stands, "already-exists", "living-subsidy 2016-01-01", "already exists"),
    (officer_outside_the_division, "outside-division", "220203不含220202", "does not cover 220202"),
    (application_to_a_closed_program, "program-closed", "已于2017-02-01关闭", "was closed on"),
    (run_that_over_commits_its_fund, "fund-overcommitted", "可用10000分,不足14000分", "10000 fen"),
]


@pytest.mark.parametrize(
    ("case", "code", "zh", "english"),
    CASES,
    ids=[f"{i}-{code}-{case.__name__}" for i, (case, code, _, _) in enumerate(CASES)],
)
def test_wrong_input_is_refused_in_two_languages_and_stores_nothing(
    office: Office, case: Case, code: str, zh: str, english: str
) -> None:
    command, context = case(office)
    before = office.length()
    documents = sorted((office.path / "documents").glob("*"))
    with pytest.raises(LedgerError) as refused:
        office.do(command, context, key="refused")
    error = refused.value
    assert (error.code, error.exit_code) == (code, 2)
    assert zh in error.message("zh")
    assert english in error.message("en")
    assert "?" not in error.message("zh") + error.message("en"), "every field is filled in"
    assert office.length() == before
    assert office.ledger.store.command("refused") is None
    assert sorted((office.path / "documents").glob("*")) == documents


def test_the_words_of_a_refusal_hold_no_identity_number(office: Office) -> None:
    number = wrong_checksum()
    with pytest.raises(LedgerError) as refused:
        office.do(*registration(number)(office))
    assert number not in str(refused.value.as_dict())
