"""The catalog holds every published program, with what the account says of it."""

from decimal import Decimal

import pytest

from ledger.catalog import load_funds, load_programs
from ledger.catalog.checks import CASH_KINDS
from ledger.domain.rules import Rule, evaluate
from projections.figures import Figure, load_figures, matches

PROGRAMS = load_programs()
FUNDS = load_funds()
PUBLISHED = load_figures(2017)


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
