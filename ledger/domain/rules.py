"""Programs and their dated rules as values, and the evaluation that explains itself.

A rule is data: a rate or a cap, the conditions a beneficiary must meet, what excludes it, how long
the public notice lasts, and the document it rests on. Evaluating conditions yields a trace, one
line a condition with the fact that was found; the trace travels in the event of the decision, so
that a reader years later sees why. This module decides nothing about time or money flows.
"""

from datetime import date
from typing import Any, Literal

import msgspec

UNDATED = frozenset({"poverty_registered"})
"""Facts that are known as of now only: of the days of assessment and of what is asked anew."""

Kind = Literal[
    "periodic-cash",
    "one-off-cash",
    "contribution",
    "entitlement-in-kind",
    "service",
    "device",
    "works",
    "training",
    "employment",
    "donation",
    "case",
    "activity",
    "policy",
    "poverty",
]
Beneficiary = Literal["person", "household", "organization", "none"]
Period = Literal["month", "year", "once", "none"]
Source = Literal["published", "reported", "assumed"]
Operator = Literal["is", "in", "at_least", "at_most"]

FactValue = bool | int | str | None
"""What is known of one fact: a flag, a count, a word, or nothing."""


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One condition over one named fact. ``value`` is a list for ``in``, a scalar otherwise."""

    fact: str
    op: Operator
    value: bool | int | str | list[int | str]
    zh: str
    en: str


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another program, or an allowance paid by others, that may not be held in the same month.

    ``mode`` is ``exclusive`` (holding the other bars this one) or ``higher-of`` (the beneficiary
    may choose the higher; holding the other at a rate at least as high bars this one).
    """

    other: str
    mode: Literal["exclusive", "higher-of"]
    zh: str
    en: str


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A program's rule between two dates (both inclusive; ``valid_to`` None is open-ended).

    ``rate_fen`` is an amount per ``period``; ``cap_fen`` bounds the sum of a calendar year, or
    each single award when ``period`` is ``once``. Amounts are integer fen.
    """

    valid_from: date
    valid_to: date | None = None
    period: Period
    rate_fen: int | None = None
    cap_fen: int | None = None
    notice_days: int = 0
    review_months: int | None = None
    service_life_months: int | None = None
    eligibility: list[Condition] = []
    exclusions: list[Exclusion] = []
    document: str
    source: Source
    note: str | None = None


class ProgramDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A program as its catalog file states it: what it is, who pays, and its rules in order."""

    code: str
    zh: str
    en: str
    kind: Kind
    beneficiary: Beneficiary
    unit: str
    fund: str | None = None
    payee: Literal["beneficiary", "provider", "insurer"] = "beneficiary"
    adopted: date
    document: str
    source: Source
    rules: list[Rule] = []


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a trace: the condition's fact, what was found, and whether it holds."""

    fact: str
    found: FactValue
    holds: bool
    zh: str
    en: str


Facts = dict[str, Any]


def evaluate(conditions: list[Condition], facts: Facts) -> tuple[bool, list[Finding]]:
    """Whether every condition holds on ``facts``, with a trace of one finding a condition.

    A fact that is missing or None fulfils no condition.
    """
    trace = [
        Finding(
            fact=c.fact,
            found=facts.get(c.fact),
            holds=_holds(c, facts.get(c.fact)),
            zh=c.zh,
            en=c.en,
        )
        for c in conditions
    ]
    return all(f.holds for f in trace), trace


def _holds(condition: Condition, found: FactValue) -> bool:
    if found is None:
        return False
    value = condition.value
    match condition.op:
        case "is":
            return type(found) is type(value) and found == value
        case "in":
            return isinstance(value, list) and found in value
        case "at_least":
            return isinstance(found, int) and isinstance(value, int) and found >= value
        case "at_most":
            return isinstance(found, int) and isinstance(value, int) and found <= value
