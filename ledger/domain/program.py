"""A program: its adoption from the catalog, the rule in force at a date, its closing."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import msgspec

from ledger.domain.errors import AlreadyExists, InvalidValue, LedgerError
from ledger.domain.events import program as ev
from ledger.domain.events.envelope import Event, EventData
from ledger.domain.money import positive
from ledger.domain.month import first_day, last_day
from ledger.domain.refusals import (
    DefinitionDiffers,
    NoRuleInForce,
    ProgramClosedError,
    ProgramExists,
    RuleChanged,
    RuleOverlap,
    UnknownProgram,
    WrongKind,
)
from ledger.domain.rules import ProgramDefinition, Rule
from ledger.domain.stream import StreamKind

PAYS = ("periodic-cash", "one-off-cash", "contribution", "service", "donation", "training")
"""Kinds whose programs may pay money through a pay run, if their rule has a rate or a cap."""


@dataclass(slots=True)
class Program:
    """State of a program's stream; ``rules`` in order of their first day.

    ``adopted`` is the definition as it was adopted.
    """

    id: str
    version: int = 0
    code: str = ""
    kind: str = ""
    beneficiary: str = ""
    fund: str | None = None
    payee: str = "beneficiary"
    closed_on: date | None = None
    adopted: ev.ProgramAdopted | None = None
    rules: list[Rule] = field(default_factory=list)
    targets: dict[int, int] = field(default_factory=dict)


def must_exist(program: Program, code: str) -> None:
    """Raise :class:`UnknownProgram` for a program that was never adopted."""
    if program.version == 0:
        raise UnknownProgram(program=code)


def must_be_open(program: Program, code: str, day: date) -> None:
    """Raise :class:`ProgramClosedError` from the day of closing on."""
    must_exist(program, code)
    if program.closed_on is not None and day >= program.closed_on:
        raise ProgramClosedError(program=code, closed_on=program.closed_on.isoformat())


def is_open_in(program: Program, month: str) -> bool:
    """Whether a month may be granted: it begins before the day of closing."""
    return program.closed_on is None or first_day(month) < program.closed_on


def must_be_of(program: Program, *kinds: str) -> None:
    """Raise :class:`WrongKind` for a program of another kind."""
    if program.kind not in kinds:
        raise WrongKind(program=program.code, kind=program.kind)


def find_rule(program: Program, day: date) -> Rule | None:
    """The rule in force on a day, if any."""
    for rule in reversed(program.rules):
        if rule.valid_from <= day and (rule.valid_to is None or day <= rule.valid_to):
            return rule
    return None


def rule_on(program: Program, day: date) -> Rule:
    """The rule in force on a day; :class:`NoRuleInForce` otherwise."""
    rule = find_rule(program, day)
    if rule is None:
        raise NoRuleInForce(program=program.code, when=day.isoformat())
    return rule


def rule_of_month(program: Program, month: str) -> Rule | None:
    """The rule at whose amount a month is granted, by a run or as arrears.

    It is the one in force on the month's last day, or on its first if the rules end within it.
    """
    return find_rule(program, last_day(month)) or find_rule(program, first_day(month))


def adopt(program: Program, definition: ProgramDefinition) -> list[EventData]:
    """The events that bring a catalog file into the ledger: the adoption, then its rules."""
    if program.version:
        raise ProgramExists(program=definition.code)
    check_rules(definition.code, definition.rules)
    rules = [ev.RuleSet(program=definition.code, rule=r) for r in definition.rules]
    return [_adoption(definition), *rules]


def _adoption(definition: ProgramDefinition) -> ev.ProgramAdopted:
    return ev.ProgramAdopted(
        program=definition.code,
        zh=definition.zh,
        en=definition.en,
        kind=definition.kind,
        beneficiary=definition.beneficiary,
        unit=definition.unit,
        fund=definition.fund,
        payee=definition.payee,
        document=definition.document,
        source=definition.source,
    )


def differences(program: Program, definition: ProgramDefinition) -> list[LedgerError]:
    """How a catalog file differs from what was adopted, rules apart that are new.

    :class:`RuleChanged` for each rule with the first day of an adopted one and other content,
    :class:`DefinitionDiffers` for anything else. That a later rule ended an open-ended one is no
    difference.
    """
    assert program.adopted is not None, program.code
    found: list[LedgerError] = []
    if fields := _unequal(program.adopted, _adoption(definition)):
        found.append(DefinitionDiffers(what=program.code, fields=", ".join(fields)))
    known = {r.valid_from: r for r in program.rules}
    first_days = sorted({*known, *(r.valid_from for r in definition.rules)})
    for rule in definition.rules:
        if rule.valid_from in known:
            adopted = _ended(known[rule.valid_from], first_days)
            if fields := _unequal(adopted, _ended(rule, first_days)):
                found.append(_changed(program, rule, fields))
    return found


def _ended(rule: Rule, first_days: list[date]) -> Rule:
    """An open-ended rule with the last day that the next rule gives it."""
    later = [day for day in first_days if day > rule.valid_from]
    if rule.valid_to is not None or not later:
        return rule
    return msgspec.structs.replace(rule, valid_to=later[0] - timedelta(days=1))


def _unequal(one: msgspec.Struct, other: msgspec.Struct) -> list[str]:
    """The names of the fields in which two structs of a kind differ."""
    return [n for n in one.__struct_fields__ if getattr(one, n) != getattr(other, n)]


def _changed(program: Program, rule: Rule, fields: list[str]) -> RuleChanged:
    return RuleChanged(
        program=program.code, valid_from=rule.valid_from.isoformat(), fields=", ".join(fields)
    )


def new_rules(program: Program, definition: ProgramDefinition) -> list[EventData]:
    """The rules of a catalog file that the ledger does not know yet."""
    must_exist(program, definition.code)
    known = {r.valid_from for r in program.rules}
    fresh = [r for r in definition.rules if r.valid_from not in known]
    for rule in fresh:
        check_new_rule(program, rule)
    return [ev.RuleSet(program=program.code, rule=r) for r in fresh]


def check_rules(code: str, rules: list[Rule]) -> None:
    """Rules in order, none beginning before the one before it has begun or ended."""
    for earlier, later in pairwise(rules):
        if later.valid_from <= earlier.valid_from or (
            earlier.valid_to is not None and later.valid_from <= earlier.valid_to
        ):
            raise RuleOverlap(program=code, period=later.valid_from.isoformat())
    for rule in rules:
        for name in ("rate_fen", "cap_fen", "review_months", "service_life_months"):
            value = getattr(rule, name)
            if value is not None:
                positive(value, field=name)
        if rule.notice_days < 0:
            raise InvalidValue(field="notice_days", value=rule.notice_days)
        if rule.valid_to is not None and rule.valid_to < rule.valid_from:
            raise RuleOverlap(program=code, period=rule.valid_from.isoformat())


def check_new_rule(program: Program, rule: Rule) -> None:
    """A new rule begins after all others; it ends the open-ended one before it.

    Raises :class:`RuleChanged` for the first day of a rule that stands, :class:`AlreadyExists` for
    that rule itself, RuleOverlap.
    """
    must_exist(program, program.code)
    for standing in program.rules:
        if standing.valid_from == rule.valid_from:
            if not (unequal := _unequal(standing, rule)):
                raise AlreadyExists(what=f"{program.code} {rule.valid_from.isoformat()}")
            raise _changed(program, rule, unequal)
    check_rules(program.code, [*program.rules, rule])


def evolve(program: Program, event: Event[Any]) -> None:
    """Take the event into the state."""
    data = event.data
    match data:
        case ev.ProgramAdopted():
            program.adopted = data
            program.code, program.kind = data.program, data.kind
            program.beneficiary, program.fund, program.payee = (
                data.beneficiary,
                data.fund,
                data.payee,
            )
        case ev.RuleSet():
            if program.rules and program.rules[-1].valid_to is None:
                until = data.rule.valid_from - timedelta(days=1)
                program.rules[-1] = msgspec.structs.replace(program.rules[-1], valid_to=until)
            program.rules.append(data.rule)
        case ev.ProgramClosed():
            program.closed_on = data.closed_on
        case ev.TargetSet():
            program.targets[data.year] = data.target


PROGRAM = StreamKind("program", Program, evolve)
