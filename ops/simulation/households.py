"""Households of the year: the poverty register, the way out of it, and works at home."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ledger.commands.delivery import AcceptWorks, ApproveWorks
from ledger.commands.household import (
    ConfirmExit,
    DecideExit,
    NoticeExit,
    ObjectToExit,
    ProposeExit,
    RecordRelapse,
    RegisterHousehold,
    RegisterPoverty,
    ResolveExitObjection,
    RevokeExit,
    VerifyExit,
)
from ops.simulation.calendar import approver, director, registrar
from ops.simulation.city import Citizen, CityTooSmall, sized
from ops.simulation.people import Applicant
from ops.simulation.plan import Scenario
from ops.simulation.runner import Item, Runner

REGISTERED = 12_103
EXITED = 6_703
EXIT_MONTHS = (3, 5, 7, 9, 11)
WORKS = {"housing-renovation": (303, 5), "home-accessibility": (380, 7)}
"""Households, and the month of application; accepted four months later."""


@dataclass(frozen=True, slots=True)
class Family:
    """A household of the plan: its id, its head, its disabled members."""

    household: str
    head: Citizen
    members: tuple[Citizen, ...]


class Households:
    """The year's households, all of people whom nothing befalls."""

    def __init__(self, runner: Runner, scenario: Scenario) -> None:
        self._runner = runner
        self._scenario = scenario
        self._calendar = scenario.calendar
        families = _families(scenario)
        self.poor = _holding(families, REGISTERED, scenario.scale)
        self._leaving = _holding(self.poor, EXITED, scenario.scale)
        leaving = {f.household for f in self._leaving}
        staying = [f for f in self.poor if f.household not in leaving]
        if len(staying) < 3:
            raise CityTooSmall(scale=scenario.scale, what="poverty-register")
        self._relapsed, self._revoked, self._stopped = staying[:3]
        self.works = {
            "housing-renovation": self._choose("housing-renovation", families, rural=True),
            "home-accessibility": self._choose("home-accessibility", families, rural=False),
        }

    def _choose(self, program: str, families: list[Family], *, rural: bool) -> list[Family]:
        wanted = sized(WORKS[program][0], self._scenario.scale)
        fitting = [f for f in families if (not f.head.urban if rural else f.head.low_income)]
        if len(fitting) < wanted:
            raise CityTooSmall(scale=self._scenario.scale, what=program)
        return fitting[:wanted]

    def open(self) -> None:
        """Households enter the ledger in December, and the poor ones the register."""
        every = {f.household: f for f in self.poor}
        for families in self.works.values():
            every |= {f.household: f for f in families}
        poor = {f.household for f in self.poor}
        day = self._calendar.day(0, 20)

        def items() -> Iterator[Item]:
            for f in every.values():
                by = registrar(f.head.division, day)
                members = [c.person for c in f.members]
                registered = RegisterHousehold(
                    head=f.head.person, members=members, urban=f.head.urban
                )
                yield registered, by
                if f.household in poor:
                    yield (
                        RegisterPoverty(
                            household=f.household, cause="因残", document="建档立卡名册"
                        ),
                        by,
                    )

        self._runner.group("opening/households", self._calendar.at(0, 20), items)

    def propose(self, month: int) -> None:
        """On the 4th: review, verification, the household's word, and the notice to the 11th."""
        some = self._of(month)
        if some:
            self._runner.group(
                f"{self._calendar.month(month)}/exits/propose",
                self._calendar.at(month, 4, 5),
                lambda: (item for f in some for item in self._proposal(f, month)),
            )

    def decide(self, month: int) -> None:
        """On the 14th, the announcement; what comes back or goes wrong in later months."""
        some = [f for f in self._of(month) if f is not self._stopped]
        calendar, day = self._calendar, self._calendar.day(month, 14)
        if some:
            self._runner.group(
                f"{calendar.month(month)}/exits/decide",
                calendar.at(month, 14),
                lambda: (
                    (
                        DecideExit(household=f.household, document="脱贫公告"),
                        approver(f.head.division, day),
                    )
                    for f in some
                ),
            )
        if month == 10:
            relapse = RecordRelapse(
                household=self._relapsed.household, reason="因病返贫", document="核查表"
            )
            revoked = RevokeExit(
                household=self._revoked.household, reason="收入核算有误", document="复核意见"
            )
            by = director(day)
            self._runner.one("relapse", calendar.at(month, 14), relapse, by)
            self._runner.one("revocation", calendar.at(month, 14), revoked, by)

    def _of(self, month: int) -> list[Family]:
        """Who leaves in a month; with the first, three whose exit does not last."""
        if month not in EXIT_MONTHS:
            return []
        first = [self._relapsed, self._revoked, self._stopped]
        some = self._leaving[EXIT_MONTHS.index(month) :: len(EXIT_MONTHS)]
        return some + (first if month == EXIT_MONTHS[0] else [])

    def _proposal(self, f: Family, month: int) -> Iterator[Item]:
        calendar, day = self._calendar, self._calendar.day(month, 4)
        by = registrar(f.head.division, day)
        proposed = ProposeExit(
            household=f.household,
            reviewed_on=calendar.day(month, 3),
            attendees=30,
            votes_for=28,
            income_fen=420_000,
        )
        yield proposed, by
        verified = VerifyExit(household=f.household, village="村委会", resident_team="驻村工作队")
        yield verified, by
        yield ConfirmExit(household=f.household, signer=f.head.person), by
        noticed = NoticeExit(
            household=f.household,
            notice_from=calendar.day(month, 5),
            notice_until=calendar.day(month, 11),
            place="村公示栏",
        )
        yield noticed, by
        if f is self._stopped:
            objected = ObjectToExit(
                household=f.household, objection="objection-1", ground="住房未达标"
            )
            yield objected, by
            upheld = ResolveExitObjection(
                household=f.household, objection="objection-1", upheld=True, reason="经核查属实"
            )
            yield upheld, approver(f.head.division, day)

    # --- works

    def applicants(self, month: int) -> list[Applicant]:
        """Households that apply for works in the month."""
        return [
            Applicant(program, f.household, f.head.division)
            for program, (_, applied_in) in WORKS.items()
            if applied_in == month
            for f in self.works[program]
        ]

    def build(self, month: int) -> None:
        """On the 13th: works approved in the month of application, accepted four months later."""
        calendar = self._calendar
        day = calendar.day(month, 13)

        def items() -> Iterator[Item]:
            for program, (_, applied_in) in WORKS.items():
                for f in self.works[program]:
                    by = approver(f.head.division, day)
                    if month == applied_in:
                        approved = ApproveWorks(
                            program=program,
                            beneficiary=f.household,
                            works=program,
                            budget_fen=800_000,
                            contractor="示例施工队",
                        )
                        yield approved, by
                    elif month == applied_in + 4:
                        accepted = AcceptWorks(
                            program=program,
                            beneficiary=f.household,
                            works=program,
                            cost_fen=780_000,
                            accepted_by="验收小组",
                        )
                        yield accepted, by

        key = f"{calendar.month(month)}/works"
        self._runner.group(key, calendar.at(month, 13, 3), items)


def _families(scenario: Scenario) -> list[Family]:
    """Households all of whose members are there from the start and undisturbed, shuffled."""
    there = {c.index for c in scenario.undisturbed("households", lambda _: True)}
    members: dict[str, list[Citizen]] = {}
    for c in scenario.citizens:
        if c.household is not None:
            members.setdefault(c.household, []).append(c)
    whole = {h: cs for h, cs in members.items() if all(c.index in there for c in cs)}
    order = [c.household for c in scenario.undisturbed("households", lambda _: True)]
    return [
        Family(h, whole[h][0], tuple(whole[h]))
        for h in dict.fromkeys(order)
        if h is not None and h in whole
    ]


def _holding(families: list[Family], persons: int, scale: Fraction) -> list[Family]:
    """The first families that together have exactly the city's share of so many members."""
    chosen, missing = [], sized(persons, scale)
    for f in families:
        if len(f.members) <= missing:
            chosen.append(f)
            missing -= len(f.members)
    if missing:
        raise CityTooSmall(scale=scale, what="poverty-register")
    return chosen
