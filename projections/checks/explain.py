"""A finding explained: the rule it rests on, the parameters used, and the events that prove it."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ledger.codec import decode
from ledger.domain.month import first_day
from ledger.domain.program import PROGRAM, find_rule
from ledger.domain.rules import Rule
from ledger.log.feed import Record
from projections.checks.check import Check
from projections.checks.finding import Finding
from projections.checks.parameters import Parameter, Parameters
from projections.explain import Entry, entry

Prover = Callable[[int], dict[str, Any] | None]
"""Gives the inclusion proof of the event at a position, as a document; None where there is none."""


def no_proof(position: int) -> dict[str, Any] | None:
    """Nothing is proved: there is no checkpoint."""
    return None


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event that proves a finding, in words, and its proof of inclusion in the log."""

    entry: Entry
    division: str
    role: str
    causation: str | None = None
    proof: dict[str, Any] | None = None


class FindingExplanation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finding with all that it rests on; ``about_zh`` and ``about_en`` say what the check is."""

    finding: Finding
    name_zh: str
    name_en: str
    about_en: str
    parameters: list[Parameter]
    rule: Rule | None = None
    events: list[Evidence]


def explain_finding(
    finding: Finding,
    check: type[Check],
    parameters: Parameters,
    records: Iterable[Record],
    rules: Iterable[bytes],
    *,
    prove: Prover = no_proof,
) -> FindingExplanation:
    """``records`` are those at the finding's positions, ``rules`` the program's events."""
    events = []
    for position, raw in records:
        event = decode(raw)
        events.append(
            Evidence(
                entry=entry(position, event),
                division=event.division,
                role=event.role,
                causation=event.causationid,
                proof=prove(position),
            )
        )
    return FindingExplanation(
        finding=finding,
        name_zh=check.name_zh,
        name_en=check.name_en,
        about_en=" ".join((check.__doc__ or "").split()),
        parameters=parameters.of(check.code),
        rule=_rule(finding, rules),
        events=events,
    )


def _rule(finding: Finding, rules: Iterable[bytes]) -> Rule | None:
    """The program's rule in the first month found, or its latest where no month is."""
    program = PROGRAM.new("")
    for raw in rules:
        PROGRAM.evolve(program, decode(raw))
    if finding.months:
        return find_rule(program, first_day(finding.months[0]))
    return program.rules[-1] if program.rules else None
