"""Exits, devices, money and officers' acts that were put right or are just within a limit."""

from datetime import date
from typing import Any

import pytest

from ledger.domain.case import case_id
from ledger.domain.events import case as ca
from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import household as hh
from ledger.domain.events import person as pe
from ledger.domain.finding import finding_id
from ledger.domain.household import household_id
from ledger.domain.stream import fund_id
from ops.simulation.plants import Legacy
from ops.simulation.plants.legacy import LIVING
from tests.audits import Story, came_back, exit_of, paid, told


def exit_without_a_flaw(p: Legacy) -> None:
    exit_of(p)


def flawed_exit_that_was_revoked(p: Legacy) -> None:
    who = exit_of(p, left_out=hh.ExitVerified)
    data = hh.ExitRevoked(reason="程序缺陷", document="d")
    p.event(data, household_id(who.id), p.day(3, 1))


def poor_again_after_an_exit(p: Legacy) -> None:
    who = exit_of(p)
    p.enroll_and_pay(who, LIVING, 13, 14, 15)
    data = hh.RelapseRecorded(reason="返贫", document="d")
    p.event(data, household_id(who.id), p.day(2, 1))


def reviewed_after_an_exit(p: Legacy) -> None:
    who = exit_of(p)
    p.enroll(who.id, LIVING)
    p.pay(who, LIVING, 13, 14, 15)
    reviewed = en.EligibilityReviewed(
        program=LIVING, eligible=True, rule=date(2016, 1, 1), trace=[], zh="符合", en="eligible"
    )
    p.step(who.id, LIVING, reviewed, p.day(11, 1))


def fitted(p: Legacy, who: str, on: date, serial: str, *, program: str, kind: str) -> None:
    data = en.DeviceFitted(
        program=program, device_class=kind, item=program, serial=serial, quantity=1
    )
    p.step(who, program, data, on, hour=2)


def assessed(p: Legacy, who: str, on: date, n: int, *, program: str, kind: str) -> None:
    data = en.DeviceAssessed(program=program, device_class=kind, quantity=n, need="评估")
    p.step(who, program, data, on)


def two_ears_are_one_need(p: Legacy) -> None:
    who, about = p.person(category=2).id, {"program": "hearing-aid", "kind": "21 45 03"}
    p.enroll(who, "hearing-aid")
    assessed(p, who, p.day(2, 1), 2, **about)
    for side in ("left", "right"):
        fitted(p, who, p.day(2, 1), side, **about)


def again_after_its_return(p: Legacy) -> None:
    who, about = p.person().id, {"program": "assistive-device", "kind": "22 01 03"}
    p.enroll(who, "assistive-device")
    for month in (2, 5):
        assessed(p, who, p.day(month, 1), 1, **about)
        fitted(p, who, p.day(month, 1), f"s{month}", **about)
    back = en.DeviceReturned(program="assistive-device", serial="s2", reason="不合适")
    p.step(who, "assistive-device", back, p.day(4, 1))


def again_after_its_service_life(p: Legacy) -> None:
    who, about = p.person().id, {"program": "assistive-device", "kind": "22 01 03"}
    p.enroll(who, "assistive-device")
    for year in (0, 2):
        assessed(p, who, p.day(2, 1, year=year), 1, **about)
        fitted(p, who, p.day(2, 1, year=year), f"s{year}", **about)


def released_before_the_month(p: Legacy) -> None:
    who = paid(p, 1, 3)
    p.about(who, pe.CustodyRecorded(document="判决书"), p.day(1, 10))
    p.about(who, pe.CustodyEnded(document="释放证明"), p.day(3, 1))


def sent_again_after_a_return(p: Legacy) -> None:
    who = p.person()
    p.enroll(who.id, LIVING)
    p.pay(who, LIVING, 1)
    came_back(p, who, 1)
    fen = p.rate_fen(LIVING)
    about: dict[str, Any] = {
        "program": LIVING,
        "month": p.month(1),
        "amount_fen": fen,
        "fund": "city-welfare",
    }
    again = en.PaymentInstructed(**about, account=who.account, reason="重发")
    p.step(who.id, LIVING, again, p.day(6, 20))
    p.step(who.id, LIVING, en.PaymentSettled(**about, receipt="r"), p.day(6, 22))


def earmark_that_was_widened(p: Legacy) -> None:
    fund = "employment-security"
    wider = fu.FundEarmarkWidened(fund=fund, programs=[LIVING], document="d")
    p.event(wider, fund_id(fund), p.day(1, 2), division="220200")
    who = p.person()
    p.enroll(who.id, LIVING)
    p.pay(who, LIVING, 2, fund=fund)


def rejected(p: Legacy, times: int, apart_s: int) -> None:
    for n in range(times):
        data = en.EnrollmentRejected(
            program=LIVING, reason="材料不全", zh="不予批准", en="not approved"
        )
        p.step(p.person().id, LIVING, data, p.day(4, 9), actor="chief", second=n * apart_s)


def nineteen_in_a_minute(p: Legacy) -> None:
    rejected(p, 19, 1)


def many_in_an_hour(p: Legacy) -> None:
    rejected(p, 60, 60)


def read(p: Legacy, officer: str, times: int, **said: Any) -> None:
    who = p.person()
    for n in range(times):
        data = pe.PersonDataAccessed(fields=["name"], **said)
        p.about(who, data, p.day(7, 5), actor=officer, second=n)


def read_for_an_accepted_purpose(p: Legacy) -> None:
    read(p, "officer-1", 3, purpose="bank-file")


def read_as_often_as_the_others(p: Legacy) -> None:
    received = ca.CaseReceived(
        program="petition-individual", visitors=1, channel="来信", topic="待遇"
    )
    p.event(received, case_id("1"), p.day(7, 4))
    for officer in ("officer-1", "officer-2", "officer-3"):
        read(p, officer, 60, purpose="信访", case=case_id("1"))


def read_for_a_finding(p: Legacy) -> None:
    read(p, "officer-1", 1, purpose="核实", case=finding_id("dead-paid", "person-1", "k"))


CLEAN: tuple[Story, ...] = (
    exit_without_a_flaw,
    flawed_exit_that_was_revoked,
    poor_again_after_an_exit,
    reviewed_after_an_exit,
    two_ears_are_one_need,
    again_after_its_return,
    again_after_its_service_life,
    released_before_the_month,
    sent_again_after_a_return,
    earmark_that_was_widened,
    nineteen_in_a_minute,
    many_in_an_hour,
    read_for_an_accepted_purpose,
    read_as_often_as_the_others,
    read_for_a_finding,
)


@pytest.mark.parametrize("story", CLEAN, ids=lambda s: s.__name__)
def test_nothing_is_found(story: Story) -> None:
    assert [(f.code, f.en) for f in told(story)[1].findings] == []
