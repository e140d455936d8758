"""A program of one's own is a file; a wrong one is refused with all its problems."""

from pathlib import Path
from typing import Literal

import pytest

from ledger.catalog import load_funds, load_programs
from ledger.catalog.checks import fund_problems
from ledger.catalog.loader import CatalogInvalid, FundDefinition

PROGRAMS = load_programs()


GOOD = """
code = "home-visits"
zh = "入户探访补贴"
en = "Home visits"
kind = "periodic-cash"
beneficiary = "person"
unit = "person"
fund = "city-welfare"
adopted = 2017-01-01
document = "测试"
source = "assumed"

[[rules]]
valid_from = 2017-01-01
period = "month"
rate_fen = 5000
document = "测试"
source = "assumed"
"""

EARMARK = """
[[earmarks]]
fund = "city-welfare"
programs = ["home-visits"]
"""

CONDITION = """
[[rules.eligibility]]
fact = "FACT"
op = "OP"
value = VALUE
zh = "条件"
en = "condition"
"""

EXCLUSION = """
[[rules.exclusions]]
other = "OTHER"
mode = "exclusive"
zh = "不同时享受"
en = "not together"
"""

SECOND_RULE = """
[[rules]]
valid_from = 2018-01-01
period = "month"
rate_fen = 6000
document = "测试"
source = "assumed"
"""


def write(folder: Path, text: str, name: str = "home-visits", funds: str = EARMARK) -> Path:
    (folder / f"{name}.toml").write_text(text, "utf-8")
    (folder / "funds.toml").write_text(funds, "utf-8")
    return folder


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(CatalogInvalid) as caught:
        load_programs(folder)
    return list(caught.value.fields["problems"])


def test_a_program_is_added_by_adding_a_file(tmp_path: Path) -> None:
    programs = load_programs(write(tmp_path, GOOD))
    assert programs["home-visits"].rules[0].rate_fen == 5000
    assert len(programs) == len(PROGRAMS) + 1
    assert "home-visits" in load_funds(tmp_path)["city-welfare"].earmark


def test_a_program_may_bring_its_own_fund(tmp_path: Path) -> None:
    fund = """
    [[funds]]
    code = "visits"
    zh = "探访资金"
    en = "Visits"
    source = "city"
    annual_appropriation_fen = 100
    earmark = ["home-visits"]
    """
    text = GOOD.replace("city-welfare", "visits")
    assert load_programs(write(tmp_path, text, funds=fund))["home-visits"].fund == "visits"


def condition(fact: str, op: str, value: str) -> str:
    filled = CONDITION.replace("FACT", fact).replace("OP", op).replace("VALUE", value)
    return GOOD + filled


MONTH_RULE_ENDING = 'valid_from = 2017-01-01\nvalid_to = {}\nperiod = "month"'
MONTH_RULE = 'valid_from = 2017-01-01\nperiod = "month"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + SECOND_RULE, "rules overlap on 2018-01-01"),
        (
            GOOD.replace(MONTH_RULE, MONTH_RULE_ENDING.format("2018-01-01")) + SECOND_RULE,
            "rules overlap on 2018-01-01",
        ),
        (
            GOOD.replace(MONTH_RULE, MONTH_RULE_ENDING.format("2016-12-31")),
            "a rule ends 2016-12-31 before 2017-01-01",
        ),
        (GOOD.replace("unit =", 'payee = "provider"\nunit ='), "paid to its beneficiary"),
        (GOOD.replace("rate_fen", "rate_yuan"), "unknown key rate_yuan"),
        (GOOD.replace("unit =", "units ="), "unknown key units"),
        (GOOD.replace('unit = "person"\n', ""), "unit is missing"),
        (GOOD.replace('"periodic-cash"', '"weekly-cash"'), "Invalid enum value 'weekly-cash'"),
        (condition("wealth", "at_most", "1"), "unknown fact wealth"),
        (
            condition("poverty_registered", "is", "true"),
            "poverty_registered is not known month by month",
        ),
        (condition("alive", "is", "1"), "the condition cannot hold: alive is 1"),
        (condition("grade", "in", "[1, 5]"), "the condition cannot hold: grade in [1, 5]"),
        (condition("grade", "is", "[1, 2]"), "the condition cannot hold: grade is [1, 2]"),
        (condition("grade", "in", "[]"), "the condition cannot hold: grade in []"),
        (condition("age", "in", "16"), "the condition cannot hold: age in 16"),
        (condition("alive", "at_least", "true"), "the condition cannot hold: alive at_least True"),
        (condition("student", "is", '"primary"'), "the condition cannot hold: student is primary"),
        (GOOD.replace("5000", "-5000"), "rate_fen must be a positive number of fen: -5000"),
        (GOOD.replace("5000", "0"), "rate_fen must be a positive number of fen: 0"),
        (GOOD.replace("5000", "5000.5"), "Expected `int | null`, got `float`"),
        (GOOD.replace("rate_fen = 5000", "cap_fen = -1"), "cap_fen must be a positive number"),
        (GOOD.replace("rate_fen = 5000", "notice_days = -1"), "notice_days cannot be negative"),
        (GOOD.replace("rate_fen = 5000", "review_months = 0"), "review_months must be positive"),
        (GOOD.replace("city-welfare", "treasury"), "no fund treasury"),
        (GOOD.replace("city-welfare", "charity"), "fund charity is not earmarked for it"),
        (GOOD.replace('fund = "city-welfare"\n', ""), "a fund is needed"),
        (GOOD.replace("rate_fen = 5000\n", ""), "a rate or a cap is needed"),
        (GOOD.replace('period = "month"', 'period = "none"'), "a cash program needs a period"),
        (GOOD.partition("[[rules]]")[0], "a rule is needed"),
        (GOOD + EXCLUSION.replace("OTHER", "free-lunch"), "names nothing known: free-lunch"),
        (GOOD + EXCLUSION.replace("OTHER", "home-visits"), "names nothing known: home-visits"),
        (GOOD + "[[[", "cannot be read"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    problems = problems_of(write(tmp_path, text))
    assert any("home-visits.toml" in each and expected in each for each in problems), problems


def test_rules_that_follow_each_other_do_not_overlap(tmp_path: Path) -> None:
    text = GOOD.replace(MONTH_RULE, MONTH_RULE_ENDING.format("2017-12-31")) + SECOND_RULE
    assert len(load_programs(write(tmp_path, text))["home-visits"].rules) == 2


def test_an_exclusion_may_name_a_program_or_an_allowance_of_others(tmp_path: Path) -> None:
    known = ("living-subsidy", "orphan-allowance")
    text = GOOD + "".join(EXCLUSION.replace("OTHER", each) for each in known)
    assert len(load_programs(write(tmp_path, text))["home-visits"].rules[0].exclusions) == 2


def test_a_file_is_named_after_its_code(tmp_path: Path) -> None:
    assert any("not named home-visits" in p for p in problems_of(write(tmp_path, GOOD, "visits")))


def test_a_packaged_program_is_not_replaced(tmp_path: Path) -> None:
    text = GOOD.replace('"home-visits"', '"living-subsidy"')
    problems = problems_of(write(tmp_path, text, "living-subsidy", funds=""))
    assert problems == ["living-subsidy: 代码重复 / the code is there twice"]


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "absent") == ["absent: 没有此文件夹 / no such folder"]


@pytest.mark.parametrize(
    ("funds", "expected"),
    [
        (EARMARK.replace("city-welfare", "treasury"), "no fund treasury"),
        (EARMARK.replace('"home-visits"', '"home-visits", "moon"'), "does not exist: moon"),
        ("[[loans]]\n" + EARMARK, "unknown key loans"),
        ("funds = 1\n" + EARMARK, "funds must be a list"),
        ("funds = [1]\n" + EARMARK, "must be a table"),
    ],
)
def test_a_bad_funds_file_is_refused(tmp_path: Path, funds: str, expected: str) -> None:
    problems = problems_of(write(tmp_path, GOOD, funds=funds))
    assert any("funds.toml" in each and expected in each for each in problems), problems


def test_a_fund_is_never_negative_and_gifts_are_not_appropriated() -> None:
    def fund(source: Literal["city", "donation"], fen: int) -> FundDefinition:
        return FundDefinition(
            code="f", zh="资金", en="f", source=source, annual_appropriation_fen=fen, earmark=[]
        )

    assert len(fund_problems(fund("city", -1))) == 1
    assert len(fund_problems(fund("donation", 1))) == 1
    assert fund_problems(fund("donation", 0)) == []


def test_all_problems_of_all_files_are_reported_together(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("5000", "-1").replace("city-welfare", "treasury"), funds="")
    second = condition("wealth", "is", "true").replace("unit =", "units =")
    write(tmp_path, second.replace('"home-visits"', '"other"'), "other", funds="[[loans]]")
    text = "\n".join(problems_of(tmp_path))
    for expected in (
        "no fund treasury",
        "rate_fen must be a positive",
        "unknown key units",
        "unit is missing",
        "unknown key loans",
    ):
        assert expected in text
