"""Conditions held against the facts once more before money is granted, where no event did so.

A fact recorded of a person is taken to their monthly benefits at once. What it leaves to be asked
here is what time alone takes out of a rule, and benefits granted by the year or once.
"""

from collections.abc import Callable
from datetime import date
from typing import Protocol

from ledger.domain.enrollment import ENROLLMENT, Enrollment
from ledger.domain.grant import of_a_later_year
from ledger.domain.household import HOUSEHOLD
from ledger.domain.month import first_day
from ledger.domain.organization import ORGANIZATION
from ledger.domain.person import PERSON, facts_on, must_exist
from ledger.domain.program import Program, find_rule
from ledger.domain.refusals import NotEligible
from ledger.domain.rules import Facts, Rule, evaluate
from ledger.work import Work


class Payment(Protocol):
    """A line of a run, or what is known of an enrollment that may become one."""

    @property
    def enrollment(self) -> str: ...
    @property
    def beneficiary(self) -> str: ...
    @property
    def start_month(self) -> str: ...


Unmet = Callable[[Payment], str | None]
"""Why a payment is not to be made, by the facts as they are known now: a code of ``REASONS``."""


def unmet_in(work: Work, program: Program, rule: Rule, month: str) -> Unmet:
    """What stands against each payment of a run, though no event stopped the enrollment.

    The month's first day decides; of what is granted once and of a yearly benefit's first year, the
    day of application does. Of these are judged whom the latest facts stand against.
    """
    if program.beneficiary != "person":
        return lambda _: None
    day = first_day(month)
    if rule.period == "month":
        outlived = work.standings.outlived(program.code, rule, day)
        return lambda p: outlived.get(p.beneficiary)
    failing = work.standings.failing(program.code, rule, day)

    def unmet(p: Payment) -> str | None:
        if p.beneficiary not in failing:
            return None
        if of_a_later_year(rule, p.start_month, month):
            return failing[p.beneficiary]
        e = work.load(ENROLLMENT, p.enrollment)
        return None if met_when_applied(work, program, e) else "not-when-applied"

    return unmet


def met_when_applied(work: Work, program: Program, e: Enrollment) -> bool:
    """Whether the conditions held on the day of application, by what is known of it now."""
    assert e.applied_on is not None, e.id
    rule = find_rule(program, e.applied_on)
    facts = facts_of(work, program, e.beneficiary, e.applied_on)
    return rule is not None and evaluate(rule.eligibility, facts)[0]


def must_be_met_when_applied(work: Work, program: Program, e: Enrollment) -> None:
    """Raise NotEligible for who was found eligible and, as is known by now, wasn't."""
    if not met_when_applied(work, program, e):
        raise NotEligible(reason="not-when-applied")


def facts_of(work: Work, prog: Program, beneficiary: str, day: date) -> Facts:
    """The facts a rule may ask for; a household answers with those of its head, and its own."""
    match prog.beneficiary:
        case "person":
            person = work.load(PERSON, beneficiary)
            must_exist(person)
            facts = facts_on(person, day)
            facts["poverty_registered"] = _registered(work, person.household)
            return facts
        case "household":
            household = work.load(HOUSEHOLD, beneficiary)
            head = work.load(PERSON, household.head)
            facts = facts_on(head, day)
            facts["poverty_registered"] = household.on_register
            facts["urban"] = household.urban
            return facts
        case _:
            organization = work.load(ORGANIZATION, beneficiary)
            return {
                "recognized": bool(organization.programs),
                "disabled_share_percent": organization.disabled_share_percent,
            }


def _registered(work: Work, household_id: str | None) -> bool:
    if household_id is None:
        return False
    return work.peek(HOUSEHOLD, household_id).on_register
