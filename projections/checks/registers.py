"""Who and what there is: persons, households, organizations and programs, by the domain's folds."""

from dataclasses import replace
from typing import Any

from ledger.domain import household as households
from ledger.domain import person as persons
from ledger.domain import program as programs
from ledger.domain.events import Event, EventData
from ledger.domain.events import household as hh
from ledger.domain.events import organization as og
from ledger.domain.events import person as pe
from ledger.domain.events import program as pg
from ledger.domain.household import Household
from ledger.domain.person import Person
from ledger.domain.program import Program
from projections.view import on

FACTS: dict[type[EventData], tuple[str, ...]] = {
    pe.CertificateIssued: ("certified", "grade", "category"),
    pe.CertificateChanged: ("certified", "grade", "category"),
    pe.CertificateFrozen: ("certified",),
    pe.CertificateExpired: ("certified",),
    pe.CertificateCancelled: ("certified",),
    pe.LowIncomeRecognized: ("low_income",),
    pe.LowIncomeEnded: ("low_income",),
    pe.OtherAllowanceRecorded: ("allowance",),
    pe.OtherAllowanceEnded: ("allowance",),
    pe.CustodyRecorded: ("in_custody",),
    pe.CustodyEnded: ("in_custody",),
    pe.DeathRecorded: ("alive",),
    pe.DeathRevoked: ("alive",),
}
"""Which facts of a rule's conditions an event of a person is about."""

PERSON = tuple(
    kind
    for kind in vars(pe).values()
    if isinstance(kind, type)
    and issubclass(kind, EventData)
    and kind not in (EventData, pe.PersonDataAccessed)
)

HOUSEHOLD = tuple(
    kind
    for kind in vars(hh).values()
    if isinstance(kind, type) and issubclass(kind, EventData) and kind is not EventData
)


class Registers:
    """The part of the :class:`~projections.checks.book.Book` that holds no money."""

    def __init__(self) -> None:
        self.persons: dict[str, Person] = {}
        self.registered_at: dict[str, int] = {}
        self.facts_at: dict[tuple[str, str], list[int]] = {}
        self.programs: dict[str, Program] = {}
        self.rules_at: dict[str, int] = {}
        self.households: dict[str, Household] = {}
        self.household_of: dict[str, str] = {}
        self.organizations: dict[str, str] = {}

    @on(*PERSON)
    def _person(self, position: int, event: Event[Any]) -> None:
        person = self.persons.get(event.subject)
        if person is None:
            person = self.persons[event.subject] = Person(event.subject)
        if isinstance(event.data, pe.PersonRegistered):
            self.registered_at[event.subject] = position
        for fact in FACTS.get(type(event.data), ()):
            self.facts_at.setdefault((person.id, fact), []).append(position)
        persons.evolve(person, event)

    @on(*HOUSEHOLD)
    def _household(self, position: int, event: Event[Any]) -> None:
        found = self.households.get(event.subject)
        if found is None:
            found = self.households[event.subject] = Household(event.subject)
        d = event.data
        if isinstance(d, hh.MemberRemoved):
            self.household_of.pop(d.person, None)
            if d.person not in found.members:
                return
        households.evolve(found, event)
        joined = d.members if isinstance(d, hh.HouseholdRegistered) else ()
        for person in (d.person,) if isinstance(d, hh.MemberAdded) else joined:
            self.household_of[person] = event.subject

    @on(pg.ProgramAdopted, pg.RuleSet, pg.ProgramClosed)
    def _program(self, position: int, event: Event[Any]) -> None:
        code = event.data.program
        found = self.programs.get(code)
        if found is None:
            found = self.programs[code] = Program(event.stream)
        programs.evolve(found, event)
        self.rules_at[code] = position

    @on(og.OrganizationRecognized)
    def _organization(self, position: int, event: Event[og.OrganizationRecognized]) -> None:
        self.organizations[event.subject] = event.division

    # --- answers

    def is_person_program(self, program: str) -> bool:
        """Whether persons are the program's beneficiaries."""
        found = self.programs.get(program)
        return found is not None and found.beneficiary == "person"

    def kept(self, person: str) -> str:
        """The id that a person goes by: of a duplicate, the one that it was merged into."""
        seen: set[str] = set()  # an imported history may go round in a circle
        while person not in seen and (known := self.persons.get(person)) and known.merged_into:
            seen.add(person)
            person = known.merged_into
        return person

    def person(self, beneficiary: str) -> Person | None:
        """Who is paid; a duplicate died when the person did whose record is kept."""
        known = self.persons.get(beneficiary)
        if known is None or known.merged_into is None or known.died_on is not None:
            return known
        kept = self.persons.get(self.kept(beneficiary), known)
        return replace(known, died_on=kept.died_on)

    def household(self, person: str) -> str:
        """The household a person belongs to by the register of households, or by registration;
        one without any is a household of their own."""
        person = self.kept(person)
        found = self.household_of.get(person)
        if found is None and (known := self.persons.get(person)) is not None:
            found = known.household
        return found or person
