"""Conditions held against the facts once more before money is granted, where no event did so.

A fact recorded of a person is taken to their monthly benefits at once. What it leaves to be asked
here is what time alone takes out of a rule, and benefits granted by the year or once.
"""

from collections.abc import Callable
from datetime import date
from typing import Protocol

from ledger.domain.enrollment import ENROLLMENT, Enrollment
from ledger.domain.grant import applied_for, of_a_later_year
from ledger.domain.household import HOUSEHOLD
from ledger.domain.month import Month, first_day, month_of
from ledger.domain.organization import ORGANIZATION
from ledger.domain.person import PERSON, Person, facts_on, must_exist
from ledger.domain.program import Program, find_rule
from ledger.domain.refusals import NotEligible
from ledger.domain.rules import UNDATED, Facts, Rule, evaluate
from ledger.work import Work


class Payment(Protocol):
    """A line of a run, or what is known of an enrollment that may become one."""

    @property
    def enrollment(self) -> str: ...
    @property
    def beneficiary(self) -> str: ...


Unmet = Callable[[Payment], str | None]
"""Why a payment is not to be made, by the facts as they are known now: a code of ``REASONS``."""


def unmet_in(work: Work, program: Program, rule: Rule, month: str) -> Unmet:
    """What stands against each payment of a run, though no event stopped the enrollment.

    The month's first day decides; of what is granted once and of a yearly benefit in the year of
    application, the day of application does. Judged are those whom the latest facts stand against.
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
        return _unmet(work, program, rule, work.load(ENROLLMENT, p.enrollment), month)

    return unmet


def must_be_met(work: Work, program: Program, rule: Rule, e: Enrollment, month: Month) -> None:
    """Raise NotEligible where the facts stand against what is granted by the year or once: those of
    the day of application, or those of a later year."""
    if program.beneficiary != "person" or rule.period == "month":
        return
    if (reason := _unmet(work, program, rule, e, month)) is not None:
        raise NotEligible(reason=reason)


def must_be_met_on(work: Work, program: Program, e: Enrollment, applied_on: date) -> None:
    """Raise NotEligible for who was found eligible that day and, as is known by now, wasn't."""
    if not _met_on(work, program, e, applied_on):
        raise NotEligible(reason="not-when-applied")


def _unmet(work: Work, program: Program, rule: Rule, e: Enrollment, month: str) -> str | None:
    """What stands against a period that isn't a month; None where nothing does."""
    applied_on = applied_for(e, month)
    if not of_a_later_year(rule, month_of(applied_on), month):
        return None if _met_on(work, program, e, applied_on) else "not-when-applied"
    facts = _facts_of_person(work, work.load(PERSON, e.beneficiary), first_day(month))
    return None if evaluate(rule.eligibility, facts)[0] else "not-this-year"


def _met_on(work: Work, program: Program, e: Enrollment, applied_on: date) -> bool:
    """Whether a person met the conditions on the day of application, by what is known of it now.

    A fact that has no days is known as of now only: of it the assessment's word stands.
    """
    rule = find_rule(program, applied_on)
    if rule is None:
        return False
    dated = [c for c in rule.eligibility if c.fact not in UNDATED]
    return evaluate(dated, facts_on(work.load(PERSON, e.beneficiary), applied_on))[0]


def facts_of(work: Work, prog: Program, beneficiary: str, day: date) -> Facts:
    """The facts a rule may ask for; a household answers with those of its head, and its own."""
    match prog.beneficiary:
        case "person":
            person = work.load(PERSON, beneficiary)
            must_exist(person)
            return _facts_of_person(work, person, day)
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


def _facts_of_person(work: Work, person: Person, day: date) -> Facts:
    facts = facts_on(person, day)
    facts["poverty_registered"] = _registered(work, person.household)
    return facts


def _registered(work: Work, household_id: str | None) -> bool:
    if household_id is None:
        return False
    return work.peek(HOUSEHOLD, household_id).on_register
