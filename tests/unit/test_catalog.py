"""The catalog holds every published program, and a wrong file is refused with all its problems."""

import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal

import pytest

from ledger.catalog import load_divisions, load_funds, load_programs
from ledger.catalog.checks import CASH_KINDS, division_problems, fund_problems
from ledger.catalog.loader import CatalogInvalid, FundDefinition
from ledger.domain.division import Division, covers, is_division_code
from ledger.domain.errors import NotFound, UnknownDivision
from ledger.domain.rules import Rule, evaluate
from projections.figures import Figure, load_figures, matches, medals_match

PROGRAMS = load_programs()
FUNDS = load_funds()
PUBLISHED = load_figures(2017)

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


def only_rule(code: str) -> Rule:
    (rule,) = PROGRAMS[code].rules
    return rule


# --- every published program


@pytest.mark.parametrize("figure", PUBLISHED.figures, ids=lambda figure: figure.id)
def test_every_figure_has_its_program(figure: Figure) -> None:
    assert figure.program in PROGRAMS


def test_every_program_named_without_a_number_is_there_under_its_official_name() -> None:
    for each in PUBLISHED.unquantified:
        assert PROGRAMS[each.program].zh == each.zh


def test_every_program_comes_from_the_published_account() -> None:
    named = {f.program for f in PUBLISHED.figures} | {u.program for u in PUBLISHED.unquantified}
    assert set(PROGRAMS) == named


def test_every_published_rate_and_cap_is_in_a_rule() -> None:
    for figure in PUBLISHED.figures:
        if figure.measure in ("rate", "cap"):
            rule = only_rule(figure.program)
            amount = rule.rate_fen if figure.measure == "rate" else rule.cap_fen
            assert amount == figure.value * 100, figure.id
            assert rule.source == "published"


def test_a_published_cap_is_not_a_rate() -> None:
    for code in ("township-commissioner", "village-commissioner"):
        assert only_rule(code).rate_fen is None


@pytest.mark.parametrize("code", ["pension-premium", "medical-premium", "care-service"])
def test_a_derived_rate_gives_the_published_total_exactly(code: str) -> None:
    figures = PUBLISHED.by_id()
    rule = only_rule(code)
    assert rule.rate_fen is not None
    total = figures[f"{code}.persons"].value * rule.rate_fen
    assert total == figures[f"{code}.amount"].value * 100
    assert (rule.period, rule.source) == ("year", "published")


@pytest.mark.parametrize(
    ("code", "rate_fen", "units"),
    [
        ("living-subsidy", 7000, 385_540),
        ("nursing-subsidy", 7500, 336_120),
        ("fuel-subsidy", 26000, 3149),
        ("accident-insurance", 10000, 12_000),
    ],
)
def test_an_assumed_rate_says_so_and_meets_the_published_total(
    code: str, rate_fen: int, units: int
) -> None:
    rule = only_rule(code)
    assert (rule.rate_fen, rule.source) == (rate_fen, "assumed")
    assert matches(PUBLISHED.by_id()[f"{code}.amount"], Decimal(rate_fen * units) / 100)


def test_amounts_of_every_rule() -> None:
    amounts = {
        code: (rule.period, rule.rate_fen, rule.cap_fen)
        for code, program in PROGRAMS.items()
        for rule in program.rules
        if rule.rate_fen is not None or rule.cap_fen is not None
    }
    assert amounts == {
        "accident-insurance": ("year", 10000, None),
        "bus-pass": ("year", 48000, None),
        "care-service": ("year", 150000, None),
        "charity-platform": ("year", None, 500000),
        "fuel-subsidy": ("year", 26000, None),
        "living-subsidy": ("month", 7000, None),
        "lottery-fund-aid": ("year", None, 300000),
        "medical-premium": ("year", 1000, None),
        "nursing-subsidy": ("month", 7500, None),
        "over-quota-award": ("year", None, 5000000),
        "pension-premium": ("year", 10000, None),
        "rehab-care-subsidy": ("month", 100000, None),
        "sheltered-employment": ("once", None, 20000000),
        "student-aid": ("year", 200000, None),
        "student-aid-child": ("once", 200000, None),
        "township-commissioner": ("month", None, 1000000),
        "village-commissioner": ("month", None, 240000),
    }


def test_every_cash_program_can_be_paid() -> None:
    for program in PROGRAMS.values():
        if program.kind in CASH_KINDS:
            assert program.rules
            assert program.fund is not None


def test_every_rule_explains_what_it_rests_on() -> None:
    for program in PROGRAMS.values():
        assert program.document
        assert all(rule.document and rule.note for rule in program.rules)


def test_a_stop_of_either_allowance_can_name_death_move_or_lapse() -> None:
    for code in ("living-subsidy", "nursing-subsidy"):
        facts = [condition.fact for condition in only_rule(code).eligibility]
        assert facts[:3] == ["alive", "resident", "certified"]


def test_a_grade_three_person_in_need_of_care_gets_no_nursing_subsidy() -> None:
    facts = {
        "alive": True,
        "resident": True,
        "certified": True,
        "in_custody": False,
        "grade": 3,
        "needs_care": True,
    }
    holds, trace = evaluate(only_rule("nursing-subsidy").eligibility, facts)
    assert not holds
    assert [finding.fact for finding in trace if not finding.holds] == ["grade"]


def test_both_allowances_may_be_held_together_but_not_with_extreme_poverty_support() -> None:
    living = {e.other: e.mode for e in only_rule("living-subsidy").exclusions}
    nursing = {e.other: e.mode for e in only_rule("nursing-subsidy").exclusions}
    assert living == {"orphan-allowance": "higher-of", "extreme-poverty-support": "exclusive"}
    assert nursing == {
        "work-injury-nursing-allowance": "exclusive",
        "extreme-poverty-support": "exclusive",
    }


def test_poverty_exit_is_noticed_for_seven_days_and_by_household() -> None:
    register = PROGRAMS["poverty-register"]
    assert (register.beneficiary, only_rule("poverty-register").notice_days) == ("household", 7)


# --- funds and divisions


def test_appropriations_lie_above_the_published_payments() -> None:
    paid: dict[str, Decimal] = {}
    for figure in PUBLISHED.figures:
        payer = PROGRAMS[figure.program].fund
        if figure.measure == "amount" and payer is not None:
            paid[payer] = paid.get(payer, Decimal(0)) + figure.value * 100
    for code, fund in FUNDS.items():
        if fund.source != "donation":
            assert fund.annual_appropriation_fen > paid.get(code, 0) * Decimal("1.2"), code
    assert FUNDS["charity"].annual_appropriation_fen == 0


def test_every_source_of_money_has_a_fund() -> None:
    sources = {fund.source for fund in FUNDS.values()}
    assert sources == {"central", "provincial", "city", "lottery", "donation"}


def test_divisions_are_the_city_its_districts_and_its_counties() -> None:
    divisions = load_divisions()
    below = [d for d in divisions.values() if d.parent == "220200"]
    assert len(divisions) == 10
    assert len(below) == 9
    assert [d.code for d in below if d.urban] == ["220202", "220203", "220204", "220211"]
    assert divisions["220221"].zh == "永吉县"


@pytest.mark.parametrize(
    ("parent", "code", "expected"),
    [
        ("220200", "220200", True),
        ("220200", "220284", True),
        ("220000", "220284", True),
        ("220202", "220202", True),
        ("220202", "220203", False),
        ("220202", "220200", False),
        ("220200", "220102", False),
        ("220000", "210200", False),
    ],
)
def test_a_division_covers_itself_and_what_lies_below(
    parent: str, code: str, expected: bool
) -> None:
    assert covers(parent, code) is expected


@pytest.mark.parametrize(
    "code", ["", "22020", "2202000", "22O200", "２２０２００", "000000", "220002"]
)
def test_a_malformed_division_is_refused(code: str) -> None:
    assert not is_division_code(code)
    with pytest.raises(UnknownDivision):
        covers("220200", code)


def test_a_division_outside_its_parent_is_a_problem() -> None:
    known = frozenset({"220200", "220221"})
    stray = Division(code="220102", zh="南关区", en="Nanguan", parent="220200")
    orphan = Division(code="220221", zh="永吉县", en="Yongji", parent="220300")
    good = Division(code="220221", zh="永吉县", en="Yongji", parent="220200")
    assert len(division_problems(stray, known)) == 1
    assert len(division_problems(orphan, known)) == 1
    assert division_problems(good, known) == []


def test_a_bad_divisions_file_is_refused_with_all_its_problems(tmp_path: Path) -> None:
    file = tmp_path / "divisions.toml"
    city = '[[divisions]]\ncode = "220200"\nzh = "吉林市"\nen = "Jilin City"\n'
    file.write_text(city + city + "mayor = 1\n\n[[divisions]]\ncode = 7\n", "utf-8")
    with pytest.raises(CatalogInvalid) as caught:
        load_divisions(file)
    text = caught.value.message("en")
    for expected in ("unknown key mayor", "Expected `str`, got `int`", "en is missing"):
        assert expected in text


# --- a program of one's own, and what is refused


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


# --- what was published


def test_the_figures_are_those_of_the_year() -> None:
    assert (PUBLISHED.city, PUBLISHED.division, PUBLISHED.fiscal_year) == ("吉林市", "220200", 2017)
    assert (len(PUBLISHED.figures), len(PUBLISHED.unquantified)) == (60, 21)
    assert len(PUBLISHED.by_id()) == 60


def test_the_published_money_of_the_year() -> None:
    amounts = [figure.value for figure in PUBLISHED.figures if figure.measure == "amount"]
    assert sum(amounts) == 58_772_450


def test_each_contradiction_of_the_account_is_noted_on_figures_that_exist() -> None:
    assert len(PUBLISHED.notes) == 3
    assert {figure_id for note in PUBLISHED.notes for figure_id in note.about} <= set(
        PUBLISHED.by_id()
    )


def test_a_year_without_figures_is_not_found() -> None:
    with pytest.raises(NotFound):
        load_figures(1999)


def figure_of(
    printed: str, scale: int = 1, match: str = "rounded", measure: str = "persons"
) -> Figure:
    return Figure(
        id="f",
        program="p",
        zh="数",
        en="number",
        measure=measure,  # type: ignore[arg-type]
        printed=printed,
        scale=scale,
        unit="person",
        match=match,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("printed", "scale", "actual", "expected"),
    [
        ("3.67", 10000, 36_700, True),
        ("3.67", 10000, 36_650, True),
        ("3.67", 10000, 36_649, False),
        ("3.67", 10000, 36_749, True),
        ("3.67", 10000, 36_750, False),
        ("81.87", 10000, 818_740, True),
        ("2520.9", 10000, 25_209_000, True),
        ("2520.9", 10000, Decimal("25209499.99"), True),
        ("2520.9", 10000, 25_209_500, False),
        ("20", 10000, Decimal("200000.00"), True),
        ("100.3", 1, Decimal(19200) * 100 / Decimal(19143), True),
        ("100.3", 1, Fraction(19200 * 100, 19143), True),
        ("303", 1, 302, False),
        ("303", 1, Decimal("302.5"), True),
        ("303", 1, Decimal("303.4999999999999999999999999999999999"), True),
        ("303", 1, Decimal("303.5"), False),
        ("303", 1, -303, False),
    ],
)
def test_rounded_compares_the_printed_digits(
    printed: str, scale: int, actual: Decimal | int, expected: bool
) -> None:
    assert matches(figure_of(printed, scale), actual) is expected


@pytest.mark.parametrize(("actual", "expected"), [(199, False), (200, True), (1000, True)])
def test_at_least_has_no_upper_end(actual: int, expected: bool) -> None:
    assert matches(figure_of("200", match="at_least"), actual) is expected


@pytest.mark.parametrize(
    ("actual", "expected"), [(365, False), (366, False), (367, True), (368, False)]
)
def test_a_scaled_city_has_its_share(actual: int, expected: bool) -> None:
    assert matches(figure_of("3.67", 10000), actual, Fraction(1, 100)) is expected


def test_a_share_between_two_whole_numbers_accepts_either() -> None:
    """252 fittings in a city of a hundredth are 2.52: two or three, never one or four."""
    share = Fraction(1, 100)
    found = [n for n in range(6) if matches(figure_of("252"), n, share)]
    assert found == [2, 3]
    assert next(n for n in range(6) if matches(figure_of("252", match="at_least"), n, share)) == 2


def test_money_of_a_scaled_city_moves_by_what_one_person_gets() -> None:
    care = PUBLISHED.by_id()["care-service.amount"]
    assert matches(care, 7 * 1500, Fraction(1, 100), grain=1500)
    assert not matches(care, 6 * 1500, Fraction(1, 100), grain=1500)


def test_rates_and_results_do_not_scale() -> None:
    figures = PUBLISHED.by_id()
    share = Fraction(1, 100)
    assert matches(figures["bus-pass.rate"], 480, share)
    assert not matches(figures["bus-pass.rate"], Decimal("4.8"), share)
    assert matches(figures["rehab-service.kinds"], 30, share)  # as many as a small city can show
    assert not matches(figures["rehab-service.kinds"], 32, share)
    assert not matches(figures["rehab-service.kinds"], 30, 1)
    assert matches(figures["rehab-service.completion"], Decimal("100.5"), share)


def test_every_color_of_a_medal_counts() -> None:
    games = PUBLISHED.by_id()["sport-provincial-games.medals"]
    assert medals_match(games, 22, 24, 21)
    assert not medals_match(games, 24, 22, 21)
    assert all(
        figure.gold is not None and figure.silver is not None and figure.bronze is not None
        for figure in PUBLISHED.figures
        if figure.measure == "medals"
    )


def test_the_file_of_figures_keeps_the_printed_digits() -> None:
    """Trailing digits carry meaning: 2520.9 is not 2520.90."""
    path = Path(__file__).parents[2] / "projections" / "figures" / "fy2017.toml"
    raw = tomllib.loads(path.read_text("utf-8"))
    assert all(isinstance(each["printed"], str) for each in raw["figure"])
    assert PUBLISHED.by_id()["nursing-subsidy.amount"].printed == "2520.9"
