"""What people receive in kind: services, devices, passes, surgery, training, employment.

One row a program: how many enter it, whom it fits, in which month, and what each of them then
receives. Enrollment goes through application, assessment and approval like any other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ledger.application import Command
from ledger.commands.delivery import (
    AssessDevice,
    CompleteSurgery,
    CompleteTraining,
    DeliverService,
    DistributeGoods,
    FitDevice,
    IssuePass,
    RepairDevice,
    ReturnDevice,
    StartEmployment,
)
from ledger.domain.activity import held_id
from ledger.domain.money import Money
from ledger.domain.organization import organization_id
from ops.simulation.calendar import accountant
from ops.simulation.cash import Payments, working
from ops.simulation.city import Citizen, CityTooSmall, sized
from ops.simulation.organizations import COOPERATIVES, EMPLOYERS, PROVIDER, cooperative, employer
from ops.simulation.people import Applicant
from ops.simulation.plan import Scenario
from ops.simulation.runner import Item, Runner

SERVICES = 31
DEVICE_CLASSES = 23
CLASSES = 90
GOODS_FEN = 1_500_000
WHEELCHAIRS_FEN = 20_000_000
HEARING_AIDS = 81


@dataclass(frozen=True, slots=True)
class Delivery:
    """A program's year in kind; ``months`` share the count evenly."""

    program: str
    count: int
    fits: Callable[[Citizen], bool]
    months: tuple[int, ...]


def _any(c: Citizen) -> bool:
    return True


def _child(*categories: int) -> Callable[[Citizen], bool]:
    return lambda c: c.age <= 17 and c.category in categories


def _of(*categories: int) -> Callable[[Citizen], bool]:
    return lambda c: c.category in categories


def _poor_mental(c: Citizen) -> bool:
    return c.category == 6 and c.low_income


def _rural_adult(c: Citizen) -> bool:
    return not c.urban and c.age >= 18


def _working_in_town(c: Citizen) -> bool:
    return c.urban and working(c)


def _student(c: Citizen) -> bool:
    return c.student != "none"


DELIVERIES = (
    Delivery("rehab-service", 19_200, _any, (3, 5, 8, 10)),
    Delivery("psychiatric-medication", 1_200, _poor_mental, (3,)),
    Delivery("psychiatric-inpatient", 128, _poor_mental, (6,)),
    Delivery("child-rehab-cerebral-palsy", 194, _child(4, 7), (4,)),
    Delivery("child-rehab-intellectual", 122, _child(5, 7), (4,)),
    Delivery("child-rehab-autism", 60, _child(6, 7), (4,)),
    Delivery("job-service", 200, working, (5,)),
    Delivery("hearing-aid", 61, _of(2, 7), (6,)),
    Delivery("cochlear-implant", 9, _child(2, 7), (7,)),
    Delivery("leg-prosthesis", 252, _of(4, 7), (5, 9)),
    Delivery("assistive-device", 577, _of(1, 2, 3, 5, 6), (7, 10)),
    Delivery("cp-wheelchair", 60, _child(4, 7), (6,)),
    Delivery("bus-pass", 3_000, _any, (2,)),
    Delivery("vocational-training", 4_953, working, (4, 9)),
    Delivery("practical-training", 300, _rural_adult, (3,)),
    Delivery("urban-employment", 1_588, _working_in_town, (5, 11)),
    Delivery("cooperative", 478, working, (6,)),
    Delivery("rural-leader", 30, _rural_adult, (4,)),
)


class Deliveries:
    """The year's deliveries, month by month."""

    def __init__(self, runner: Runner, scenario: Scenario, payments: Payments) -> None:
        self._runner = runner
        self._scenario = scenario
        self._calendar = scenario.calendar
        self._chosen = {d.program: self._choose(d) for d in DELIVERIES}
        self._care = payments.chosen["care-service"]
        cash = {c.index for c in payments.chosen["charity-platform"]}
        students = scenario.undisturbed("goods", lambda c: _student(c) and c.index not in cash)
        self._goods = students[: sized(20, scenario.scale)]

    def _choose(self, delivery: Delivery) -> list[Citizen]:
        wanted = sized(delivery.count, self._scenario.scale)
        if delivery.program == "hearing-aid":  # a third of them wear two
            aids = sized(HEARING_AIDS, self._scenario.scale)
            wanted = aids - aids // 4
        found = self._scenario.undisturbed(delivery.program, delivery.fits)[:wanted]
        if len(found) < wanted:
            raise CityTooSmall(scale=self._scenario.scale, what=delivery.program)
        return found

    def _in(self, delivery: Delivery, month: int) -> list[tuple[int, Citizen]]:
        """Who enters the program this month, with their number within it."""
        months = delivery.months
        if month not in months:
            return []
        numbered = list(enumerate(self._chosen[delivery.program]))
        return numbered[months.index(month) :: len(months)]

    def applicants(self, month: int) -> list[Applicant]:
        """Who applies in the month."""
        found = [
            Applicant(d.program, c.person, c.division, notice=False)
            for d in DELIVERIES
            for _, c in self._in(d, month)
        ]
        if month == 6:
            found += [
                Applicant("charity-platform", c.person, c.division, notice=False)
                for c in self._goods
            ]
        return found

    def deliver(self, month: int) -> None:
        """On the 13th, to those who were approved on the 12th."""
        key = f"{self._calendar.month(month)}/deliver"
        self._runner.group(key, self._calendar.at(month, 13), lambda: self._items(month))

    def _items(self, month: int) -> Iterator[Item]:
        by = accountant(self._calendar.day(month, 13))
        for delivery in DELIVERIES:
            for n, c in self._in(delivery, month):
                for command in self._received(delivery.program, n, c):
                    yield command, by
        if month == 6:
            parts = Money(sized(GOODS_FEN, self._scenario.scale)).allocate([1] * len(self._goods))
            for c, part in zip(self._goods, parts, strict=True):
                given = DistributeGoods(
                    program="charity-platform",
                    beneficiary=c.person,
                    item="学习用品",
                    value_fen=part.fen,
                )
                yield given, by
        if month == 10:
            for c in self._care:
                cared = DeliverService(
                    program="care-service",
                    beneficiary=c.person,
                    item="居家托养",
                    provider=organization_id(PROVIDER),
                )
                yield cared, by

    def _received(self, program: str, n: int, c: Citizen) -> Iterator[Command]:
        about: dict[str, Any] = {"program": program, "beneficiary": c.person}
        match program:
            case "hearing-aid" | "leg-prosthesis" | "assistive-device" | "cp-wheelchair":
                yield from self._devices(program, n, c)
            case "cochlear-implant":
                yield CompleteSurgery(**about, procedure="人工耳蜗植入", hospital="市中心医院")
            case "bus-pass":
                yield IssuePass(**about, serial=f"pass-{n:05d}", year=self._calendar.year)
            case "vocational-training" | "practical-training":
                classes = sized(CLASSES, self._scenario.scale)
                reference = f"{program}-{n % (classes if program[0] == 'v' else 1) + 1}"
                held = held_id(program, reference)
                yield CompleteTraining(**about, activity=held, hours=40, passed=True)
            case "urban-employment":
                yield StartEmployment(**about, employer=employer(n % EMPLOYERS), form="urban")
            case "cooperative":
                hired = sized(COOPERATIVES, self._scenario.scale)
                yield StartEmployment(**about, employer=cooperative(n % hired), form="cooperative")
            case "rural-leader":
                yield StartEmployment(**about, form="self-employed")
            case _:
                item = f"康复服务{n % SERVICES + 1:02d}" if program == "rehab-service" else "服务"
                provider = organization_id(PROVIDER)
                yield DeliverService(**about, item=item, provider=provider)

    def _devices(self, program: str, n: int, c: Citizen) -> Iterator[Command]:
        about: dict[str, Any] = {"program": program, "beneficiary": c.person}
        scale = self._scenario.scale
        quantity, value_fen = 1, None
        kind = {"hearing-aid": "21 45 03", "leg-prosthesis": "06 24 09"}.get(program, "12 22 03")
        if program == "assistive-device":
            kind = f"22 {n % DEVICE_CLASSES + 1:02d} 03"
        if program == "hearing-aid" and n < sized(HEARING_AIDS, scale) // 4:
            quantity = 2
        if program == "cp-wheelchair":
            total = Money(sized(WHEELCHAIRS_FEN, scale))
            value_fen = total.allocate([1] * len(self._chosen[program]))[n].fen
        yield AssessDevice(**about, device_class=kind, quantity=quantity, need="评估适配")
        for side in range(quantity):
            serial = f"{program}-{n:04d}-{side}"
            yield FitDevice(
                **about, device_class=kind, item=program, serial=serial, value_fen=value_fen
            )
        if n == 0:
            yield RepairDevice(**about, serial=f"{program}-0000-0", work="更换部件")
        if n == 1 and program == "assistive-device":
            yield ReturnDevice(**about, serial=f"{program}-0001-0", reason="不再需要")
