"""What makes a catalog wrong, as pure functions that return sentences.

Each check takes well-shaped definitions and returns every problem it finds, in Chinese and
English, so that a file is corrected in one round. An empty list means that the write side can rely
on the definitions: rules never overlap, conditions name facts that it computes, amounts are whole
positive fen, and money has a fund that may be spent on the program. Reading files is the loader's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from ledger.domain.division import Division, covers, is_division_code
from ledger.domain.rules import UNDATED, Condition, Exclusion, ProgramDefinition, Rule


class FundDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fund: who fills it, the programs it may be spent on, and a year's appropriation in fen."""

    code: str
    zh: str
    en: str
    source: Literal["central", "provincial", "city", "lottery", "donation"]
    annual_appropriation_fen: int
    earmark: list[str]


class Problems(list[str]):
    """Problems as a list that prints as lines, for the message of ``CatalogInvalid``."""

    def __str__(self) -> str:
        return "\n".join(self)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact's type and, where they are few, the values that it can have."""

    type: type[bool] | type[int] | type[str]
    values: frozenset[int | str] | None = None


FLAG = Fact(bool)
FACTS: Mapping[str, Fact] = {
    "alive": FLAG,
    "resident": FLAG,
    "urban": FLAG,
    "certified": FLAG,
    "category": Fact(int, frozenset(range(1, 8))),
    "grade": Fact(int, frozenset(range(1, 5))),
    "low_income": FLAG,
    "extreme_poverty": FLAG,
    "age": Fact(int),
    "sex": Fact(str, frozenset({"male", "female"})),
    "in_custody": FLAG,
    "poverty_registered": FLAG,
    "needs_care": FLAG,
    "employed": FLAG,
    "student": Fact(str, frozenset({"none", "compulsory", "senior-secondary", "higher"})),
    "vehicle": FLAG,
    "recognized": FLAG,
    "disabled_share_percent": Fact(int),
}
"""The facts that a condition may name: exactly those that the write side computes."""

ALLOWANCES_BY_OTHERS = frozenset(
    {"orphan-allowance", "work-injury-nursing-allowance", "extreme-poverty-support"}
)
"""What an exclusion may name besides a program: allowances that other offices pay."""

CASH_KINDS = frozenset({"periodic-cash", "one-off-cash", "contribution", "entitlement-in-kind"})
GOODS_KINDS = frozenset({"device", "donation"})
CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def program_problems(
    program: ProgramDefinition, known: frozenset[str], funds: Mapping[str, FundDefinition]
) -> list[str]:
    """Every problem of one program; ``known`` are the codes of all programs."""
    problems = [] if CODE.fullmatch(program.code) else ["代码不成立 / the code is malformed"]
    if program.kind in CASH_KINDS and not program.rules:
        problems.append("须有规则 / a rule is needed")
    if (program.kind, program.beneficiary) == ("periodic-cash", "person"):
        problems += _payee_problems(program)
    problems += _fund_problems(program, funds)
    problems += _period_problems(program.rules)
    for index, rule in enumerate(program.rules, start=1):
        found = [
            *_amount_problems(rule, program.kind in CASH_KINDS),
            *_count_problems(rule),
            *(text for condition in rule.eligibility for text in _condition_problems(condition)),
            *_exclusion_problems(rule.exclusions, program.code, known),
        ]
        if program.kind == "periodic-cash" and program.beneficiary == "person":
            found += _undated_problems(rule)
        problems += [f"rules[{index}]: {text}" for text in found]
    return problems


def _payee_problems(program: ProgramDefinition) -> list[str]:
    """A monthly subsidy is the person's: its arrears and refunds go to that account at once."""
    if program.payee == "beneficiary":
        return []
    return ["按月补贴只能付给本人 / a monthly subsidy is paid to its beneficiary"]


def _undated_problems(rule: Rule) -> list[str]:
    """What a monthly rule may not ask for: each of its months is held against the facts then."""
    return [
        f"{name}不按月可查,不能作为按月项目的条件 / {name} is not known month by month"
        for name in sorted(UNDATED & {c.fact for c in rule.eligibility})
    ]


def _fund_problems(program: ProgramDefinition, funds: Mapping[str, FundDefinition]) -> list[str]:
    if program.fund is None:
        priced = any(r.rate_fen is not None or r.cap_fen is not None for r in program.rules)
        if priced or program.kind in CASH_KINDS | GOODS_KINDS:
            return ["须指明资金 / a fund is needed"]
        return []
    if program.fund not in funds:
        return [f"没有资金{program.fund} / no fund {program.fund}"]
    if program.code not in funds[program.fund].earmark:
        return [f"资金{program.fund}不得用于此项目 / fund {program.fund} is not earmarked for it"]
    return []


def _period_problems(rules: Iterable[Rule]) -> list[str]:
    problems = []
    reached: date | None = None
    for rule in sorted(rules, key=lambda each: each.valid_from):
        start, end = rule.valid_from, rule.valid_to or date.max
        if end < start:
            problems.append(f"规则止期{end}早于起期{start} / a rule ends {end} before {start}")
            continue
        if reached is not None and start <= reached:
            problems.append(f"规则期间在{start}重叠 / rules overlap on {start}")
        reached = max(end, reached or end)
    return problems


def _amount_problems(rule: Rule, is_cash: bool) -> list[str]:
    amounts = {"rate_fen": rule.rate_fen, "cap_fen": rule.cap_fen}
    problems = [
        f"{name}须为正整数分 / {name} must be a positive number of fen: {amount}"
        for name, amount in amounts.items()
        if amount is not None and amount <= 0
    ]
    if rule.period == "none":
        if is_cash:
            problems.append("现金项目须有周期 / a cash program needs a period")
        if rule.rate_fen is not None:
            problems.append("标准须有周期 / a rate needs a period")
    elif rule.rate_fen is None and rule.cap_fen is None:
        problems.append("须有标准或上限 / a rate or a cap is needed")
    return problems


def _count_problems(rule: Rule) -> list[str]:
    problems = []
    if rule.notice_days < 0:
        problems.append("notice_days不能为负 / notice_days cannot be negative")
    for name in ("review_months", "service_life_months"):
        count = getattr(rule, name)
        if count is not None and count <= 0:
            problems.append(f"{name}须为正 / {name} must be positive")
    return problems


def _condition_problems(condition: Condition) -> list[str]:
    fact = FACTS.get(condition.fact)
    if fact is None:
        return [f"未知的事实{condition.fact} / unknown fact {condition.fact}"]
    value = condition.value
    values = value if isinstance(value, list) else [value]
    ordered = condition.op in ("at_least", "at_most")
    fits = (
        isinstance(value, list) == (condition.op == "in")
        and len(values) > 0
        and all(type(each) is fact.type for each in values)
        and not (ordered and fact.type is not int)
        and (fact.values is None or fact.values.issuperset(values))
    )
    if fits:
        return []
    shown = f"{condition.fact} {condition.op} {value}"
    return [f"条件的值不成立:{shown} / the condition cannot hold: {shown}"]


def _exclusion_problems(
    exclusions: Iterable[Exclusion], code: str, known: frozenset[str]
) -> list[str]:
    others = (known - {code}) | ALLOWANCES_BY_OTHERS
    return [
        f"排斥项{each.other}不存在 / the exclusion names nothing known: {each.other}"
        for each in exclusions
        if each.other not in others
    ]


def fund_problems(fund: FundDefinition) -> list[str]:
    """Every problem of one fund taken by itself."""
    problems = [] if CODE.fullmatch(fund.code) else ["代码不成立 / the code is malformed"]
    if fund.annual_appropriation_fen < 0:
        problems.append("预算不能为负 / the appropriation cannot be negative")
    if fund.source == "donation" and fund.annual_appropriation_fen > 0:
        problems.append("捐赠资金没有预算 / a donation fund has no appropriation")
    return problems


def earmark_problems(fund: FundDefinition, known: frozenset[str]) -> list[str]:
    """Earmarked programs that do not exist."""
    return [
        f"专项中没有此项目:{code} / earmarked program does not exist: {code}"
        for code in fund.earmark
        if code not in known
    ]


def division_problems(division: Division, known: frozenset[str]) -> list[str]:
    """Every problem of one division; ``known`` are all codes of the file."""
    if not is_division_code(division.code):
        return [f"{division.code}: 区划代码不成立 / malformed division code"]
    parent = division.parent
    if parent is None:
        return []
    if parent not in known:
        return [f"{division.code}: 没有上级{parent} / no parent {parent}"]
    if parent == division.code or not is_division_code(parent):
        return [f"{division.code}: 上级{parent}不成立 / impossible parent {parent}"]
    if not covers(parent, division.code):
        return [f"{division.code}: 不在上级{parent}之内 / not within parent {parent}"]
    return []
