"""Services, passes, training, employment and works, each under its own rule."""

from typing import Any

import msgspec

from ledger.commands import delivery as de
from ledger.commands.activity import HoldActivity
from ledger.commands.enrollment import (
    EndEnrollment,
    ResumeEnrollment,
    SubmitApplication,
    SuspendEnrollment,
)
from ledger.commands.household import RegisterHousehold
from ledger.commands.organization import RecognizeOrganization
from ledger.commands.person import RecordDeath
from ledger.domain.activity import held_id
from tests.ledgers import CHIEF, CLERK, City, refused
from tests.served import Served, assess, city

__all__ = ["city"]


# --- services, and what every delivery needs


def serve(s: Served, on: str = "03-01", **changes: Any) -> None:
    s.do(de.DeliverService, on, **{"item": "康复训练", "provider": "康复中心", **changes})


def test_a_service_is_delivered_with_a_memo_of_its_price(city: City) -> None:
    s = Served(city, "rehab-service", city.register())
    serve(s, quantity=3, cost_fen=20_000)
    assert (s.last.quantity, s.last.cost_fen) == (3, 20_000)
    with refused("invalid-value"):
        serve(s, quantity=0)
    with refused("invalid-value"):
        serve(s, cost_fen=-1)


def test_nothing_is_delivered_without_an_active_enrollment(city: City) -> None:
    person = city.register()
    who = {"program": "rehab-service", "beneficiary": person}
    service = de.DeliverService(**who, item="康复训练", provider="康复中心")
    with refused("not-found"):
        city.do(service, "01-05")
    other = city.register()
    city.do(SubmitApplication(program="rehab-service", beneficiary=other), "01-05")
    with refused("out-of-order"):
        city.do(msgspec.structs.replace(service, beneficiary=other), "01-06")
    s = Served(city, "rehab-service", person)
    with refused("month-before-enrollment"):
        serve(s, "2016-12-31")
    s.do(SuspendEnrollment, "05-01", from_month="2017-05", reason="住院")
    with refused("out-of-order"):
        serve(s, "05-02")


def test_nothing_is_delivered_after_the_end(city: City) -> None:
    s = Served(city, "rehab-service", city.register())
    s.do(EndEnrollment, "04-20", last_month="2017-04", reason="完成")
    with refused("out-of-order"):
        serve(s, "05-01")


def test_nothing_is_delivered_between_an_end_and_a_new_application(city: City) -> None:
    s = Served(city, "rehab-service", city.register())
    s.do(SuspendEnrollment, "03-01", from_month="2017-03", reason="住院")
    s.do(ResumeEnrollment, "05-01", from_month="2017-05", reason="出院")
    with refused("out-of-order"):
        serve(s, "04-01")
    s.do(EndEnrollment, "06-01", last_month="2017-06", reason="完成")
    city.enroll(**s.who, on="09-01")
    with refused("month-before-enrollment"):
        serve(s, "07-01")
    serve(s, "06-30")
    serve(s, "09-30")


def test_an_approval_to_a_last_month_serves_up_to_it(city: City) -> None:
    person = city.register()
    city.enroll("rehab-service", person, "01-10", end_month="2017-03")
    service = de.DeliverService(
        program="rehab-service", beneficiary=person, item="康复训练", provider="康复中心"
    )
    city.do(service, "03-31")
    with refused("month-after-end"):
        city.do(service, "04-01")


def test_the_dead_are_served_nothing_but_what_came_before(city: City) -> None:
    person = city.register()
    s = Served(city, "rehab-service", person)
    city.do(RecordDeath(person=person, source="公安"), "03-10")
    with refused("person-deceased"):
        serve(s, "03-11")
    serve(s, "03-10")


def test_a_delivery_is_of_its_programs_kind(city: City) -> None:
    person = city.register(category=2)
    services, devices = Served(city, "rehab-service", person), Served(city, "hearing-aid", person)
    with refused("wrong-kind"):
        serve(devices)
    with refused("wrong-kind"):
        assess(services)
    with refused("wrong-kind"):
        services.do(de.CompleteSurgery, "03-01", procedure="人工耳蜗", hospital="医院")


# --- passes


def test_a_pass_is_valued_at_the_years_rate_once_a_year(city: City) -> None:
    s = Served(city, "bus-pass", city.register())
    with refused("not-found"):
        s.do(de.RechargePass, "02-01", serial="P1")
    s.do(de.IssuePass, "02-01", serial="P1")
    assert (s.last.year, s.last.value_fen) == (2017, 48_000)
    for kind, serial in ((de.IssuePass, "P2"), (de.RechargePass, "P1")):
        with refused("already-granted"):
            s.do(kind, "06-01", serial=serial)
    s.do(de.RechargePass, "12-20", serial="P1", year=2018)
    with refused("invalid-value"):
        s.do(de.RechargePass, "12-21", serial="P1", year=2019)
    with refused("already-granted"):
        s.do(de.RechargePass, "2018-01-02", serial="P1")


# --- training and employment


def test_a_class_that_was_held_is_completed_once(city: City) -> None:
    s = Served(city, "vocational-training", city.register())
    done = {"hours": 40, "passed": True}
    held = held_id("vocational-training", "2017-01")
    with refused("not-found"):
        s.do(de.CompleteTraining, "03-01", activity=held, **done)
    for program in ("vocational-training", "practical-training"):
        hold = HoldActivity(
            program=program, division="220200", reference="2017-01", form="class", title="电商"
        )
        city.do(hold, "03-01")
    with refused("invalid-date"):
        s.do(de.CompleteTraining, "02-28", activity=held, **done)
    with refused("invalid-value"):
        s.do(de.CompleteTraining, "03-10", activity=held, hours=0, passed=True)
    s.do(de.CompleteTraining, "03-10", activity=held, **done)
    with refused("already-exists"):
        s.do(de.CompleteTraining, "03-11", activity=held, **done)
    with refused("not-found"):
        s.do(
            de.CompleteTraining, "03-11", activity=held_id("practical-training", "2017-01"), **done
        )


def employer(city: City) -> str:
    recognize = RecognizeOrganization(
        registration="91220202TEST000001",
        program="cooperative",
        form="cooperative",
        name="测试合作社",
        division="220202",
        document="认定书",
    )
    return city.do(recognize, "01-05")


def test_employment_is_with_a_known_employer_and_verified_by_time(city: City) -> None:
    s, coop = Served(city, "urban-employment", city.register()), employer(city)
    with refused("not-found"):
        s.do(de.StartEmployment, "02-01", employer="organization-nobody", form="urban")
    s.do(de.StartEmployment, "02-01", employer=coop, form="urban")
    with refused("already-exists"):
        s.do(de.StartEmployment, "02-02", employer=coop, form="urban")
    for months in (0, 4):
        with refused("invalid-value"):
            s.do(de.VerifyEmployment, "05-01", employer=coop, months=months)
    s.do(de.VerifyEmployment, "05-01", employer=coop, months=3)
    with refused("invalid-date"):
        s.do(de.EndEmployment, "01-31", employer=coop, reason="辞职")
    s.do(de.EndEmployment, "06-01", employer=coop, reason="辞职")
    with refused("not-found"):
        s.do(de.VerifyEmployment, "07-01", employer=coop, months=3)
    s.do(de.StartEmployment, "08-01", employer=coop, form="urban")


def test_the_self_employed_are_their_own_employer(city: City) -> None:
    person = city.register()
    s, coop = Served(city, "urban-employment", person), employer(city)
    with refused("invalid-value"):
        s.do(de.StartEmployment, "02-01", form="urban")
    with refused("invalid-value"):
        s.do(de.StartEmployment, "02-01", employer=coop, form="self-employed")
    s.do(de.StartEmployment, "02-01", form="self-employed")
    assert s.last.employer == person
    s.do(de.VerifyEmployment, "03-01", months=1)
    s.do(de.EndEmployment, "03-02", reason="歇业")


# --- works


def works(city: City, **enrolled: Any) -> Served:
    head = city.register(urban=False)
    home = city.do(RegisterHousehold(head=head, members=[head], urban=False), "01-05")
    return Served(city, "housing-renovation", home, **enrolled)


def test_works_are_approved_and_accepted_by_different_people(city: City) -> None:
    s = works(city)
    approve = {"works": "W1", "budget_fen": 2_000_000, "contractor": "建筑公司"}
    with refused("not-found"):
        s.do(de.AcceptWorks, "06-01", works="W1", accepted_by="officer-wang")
    with refused("four-eyes"):
        s.do(de.ApproveWorks, "03-01", by=CLERK, **approve)
    s.do(de.ApproveWorks, "03-01", by=CHIEF, **approve)
    with refused("out-of-order"):
        s.do(de.ApproveWorks, "03-02", by=CHIEF, **{**approve, "works": "W2"})
    with refused("four-eyes"):
        s.do(de.AcceptWorks, "06-01", works="W1", accepted_by="建筑公司")
    s.do(de.AcceptWorks, "06-01", works="W1", accepted_by="officer-wang", cost_fen=1_950_000)
    assert s.last.cost_fen == 1_950_000
    with refused("out-of-order"):
        s.do(de.AcceptWorks, "06-02", works="W1", accepted_by="officer-wang")
    with refused("already-exists"):
        s.do(de.ApproveWorks, "06-03", by=CHIEF, **approve)
    s.do(de.ApproveWorks, "06-03", by=CHIEF, **{**approve, "works": "W2"})


def test_declared_kin_recuse_from_works(city: City) -> None:
    s = works(city, kin=["officer-kin"])
    with refused("kin-must-recuse"):
        s.do(
            de.ApproveWorks, "03-01", by="officer-kin", works="W1", budget_fen=1, contractor="公司"
        )
