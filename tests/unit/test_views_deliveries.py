"""Deliveries, organizations, cases and activities in the views, by small histories."""

import pytest

from ledger.domain.events import activity as ac
from ledger.domain.events import case as ca
from ledger.domain.events import enrollment as en
from ledger.domain.events import organization as og
from tests.folding import Folded, folded, one
from tests.histories import history

__all__ = ["folded"]

# --- deliveries


def test_services_add_up_by_item_and_provider(folded: Folded) -> None:
    told = history()
    for on in ("2017-03-01", "2017-02-01"):
        served = en.ServiceDelivered(
            program="rehab-service", item="gait", quantity=2, provider="o1", cost_fen=500
        )
        told.step("p1", served, on=on)
    views = folded(told)
    row = one(views, "services")
    assert (row.count, row.quantity, row.cost_fen) == (2, 4, 1_000)
    assert (row.first_on, row.last_on) == ("2017-02-01", "2017-03-01")
    kinds = views.select("participants", {"measure": "kinds"})
    assert [(k.key, k.quantity) for k in kinds] == [("gait", 4)]
    assert one(views, "entitlements").delivered


def test_a_device_is_assessed_fitted_repaired_and_returned(folded: Folded) -> None:
    told, program = history(), "assistive-device"
    told.step(
        "p1",
        en.DeviceAssessed(program=program, device_class="12-22", quantity=1, need="walks badly"),
        on="2017-01-01",
    )
    told.step(
        "p1",
        en.DeviceFitted(
            program=program, device_class="12-22", item="wheelchair", serial="s1", quantity=1
        ),
        on="2017-02-01",
    )
    told.step("p1", en.DeviceRepaired(program=program, serial="s1", work="tire"), on="2017-05-01")
    views = folded(
        told.step(
            "p1", en.DeviceReturned(program=program, serial="s1", reason="worn"), on="2017-09-01"
        )
    )
    row = one(views, "devices")
    assert (row.fitted_on, row.repairs, row.returned_on) == ("2017-02-01", 1, "2017-09-01")
    need = one(views, "device_needs")
    assert (need.waiting, need.fitted) == (0, 1)


def test_a_pass_is_valued_and_costs_no_fund_anything(folded: Folded) -> None:
    told = history()
    for kind, year in ((en.PassIssued, 2017), (en.PassRecharged, 2018)):
        told.step(
            "p1",
            kind(program="bus-pass", serial="s1", year=year, value_fen=48_000),
            on=f"{year}-01-01",
        )
    views = folded(told)
    row = one(views, "passes")
    assert (row.years, row.value_fen) == ([2017, 2018], 96_000)
    assert views.rows("funds") == []
    assert views.select("program_totals", {"measure": "amount"}) == []


def test_works_count_the_household_once_accepted(folded: Folded) -> None:
    told, program = history(), "home-accessibility"
    approved = en.WorksApproved(program=program, works="ramp", budget_fen=1_000, contractor="o1")
    views = folded(told.step("h1", approved, on="2017-03-01"))
    assert views.rows("participants") == []
    accepted = en.WorksAccepted(program=program, works="ramp", cost_fen=900, accepted_by="i1")
    views = folded(told.step("h1", accepted, on="2017-06-01"))
    row = one(views, "works")
    assert (row.budget_fen, row.cost_fen, row.accepted_on) == (1_000, 900, "2017-06-01")
    assert one(views, "participants").measure == "households"


def test_an_operation_counts_a_case_and_a_person(folded: Folded) -> None:
    done = en.SurgeryCompleted(program="cochlear-implant", procedure="implant", hospital="o1")
    views = folded(history().step("p1", done, on="2017-05-01"))
    assert one(views, "surgeries").person == "p1"
    assert one(views, "program_totals").count == 1
    assert one(views, "participants").key == "p1"


def test_employment_starts_is_verified_and_ends(folded: Folded) -> None:
    told, program = history(), "urban-employment"
    started = en.EmploymentStarted(program=program, employer="o1", form="urban")
    told.step("p1", started, on="2017-03-01")
    verified = en.EmploymentVerified(program=program, employer="o1", months=3)
    told.step("p1", verified, on="2017-06-01")
    ended = en.EmploymentEnded(program=program, employer="o1", reason="moved")
    views = folded(told.step("p1", ended, on="2017-09-01"))
    row = one(views, "employments")
    assert (row.verified_months, row.ended_on) == (3, "2017-09-01")
    assert one(views, "participants").count == 1


def test_training_counts_the_person(folded: Folded) -> None:
    done = en.TrainingCompleted(
        program="vocational-training", activity="class-1", hours=40, passed=True
    )
    views = folded(history().step("p1", done, on="2017-05-01"))
    assert one(views, "trainings").hours == 40
    assert one(views, "participants").measure == "persons"


# --- organizations, cases, activities


def test_an_organization_is_recognized_and_declares_its_staff(folded: Folded) -> None:
    told = history()
    told.event(
        og.OrganizationRecognized(
            program="cooperative", form="cooperative", name="社", document="d"
        ),
        "o1",
    )
    told.event(
        og.HeadcountDeclared(year=2017, employees=100, disabled_employees=3, document="d"), "o1"
    )
    told.event(
        og.AwardApproved(program="over-quota-award", year=2017, amount_fen=500, document="d"), "o1"
    )
    views = folded(told)
    assert one(views, "organizations").programs == ["cooperative"]
    year = one(views, "organization_years")
    assert (year.disabled_employees, year.awards_fen) == (3, {"over-quota-award": 500})
    assert one(views, "participants").measure == "organizations"


def test_a_case_may_be_reopened(folded: Folded) -> None:
    told, program = history(), "complaint"
    told.event(ca.CaseReceived(program=program, visitors=2, channel="visit", topic="t"), "case-1")
    told.event(ca.CaseAssigned(program=program, handler="officer-2"), "case-1")
    told.event(ca.CaseResolved(program=program, outcome="explained"), "case-1", on="2017-05-02")
    told.event(ca.CaseClosed(program=program), "case-1", on="2017-05-03")
    told.event(ca.CaseReopened(program=program, reason="again"), "case-1")
    views = folded(told)
    row = one(views, "cases")
    assert (row.status, row.reopened, row.closed_on, row.visitors) == ("reopened", 1, None, 2)
    quantities = {t.measure: t.quantity for t in views.rows("program_totals")}
    assert quantities == {"events": 1, "quantity": 2}


@pytest.mark.parametrize(("form", "measure"), [("class", "classes"), ("session", "sessions")])
def test_activities_are_counted_by_form(folded: Folded, form: str, measure: str) -> None:
    told = history()
    for number in ("1", "2"):
        held = ac.ActivityHeld(program="vocational-training", form=form, title="t")  # type: ignore[arg-type]
        told.event(held, f"activity-{number}")
    views = folded(told)
    assert [p.measure for p in views.rows("participants")] == [measure, measure]
    assert [a.form for a in views.rows("activities")] == [form, form]


def test_medals_are_counted_by_color_and_ranks_kept(folded: Folded) -> None:
    told = history()
    for discipline, medal in (("100m", "gold"), ("200m", "gold"), ("400m", "bronze")):
        won = ac.ResultRecorded(
            program="sport", competition="games", discipline=discipline, medal=medal
        )
        told.event(won, f"result-{discipline}")
    told.event(
        ac.ResultRecorded(program="sport", competition="cup", discipline="hockey", rank=4), "r"
    )
    views = folded(told)
    counted = {(p.measure, p.key): (p.count, p.quantity) for p in views.rows("participants")}
    assert counted == {
        ("medals", "games/gold"): (2, 2),
        ("medals", "games/bronze"): (1, 1),
        ("rank", "cup/hockey"): (1, 4),
    }
    assert len(views.rows("results")) == 4


def test_news_and_episodes_are_occurrences(folded: Folded) -> None:
    told = history()
    told.event(
        ac.ItemPublished(program="news-web", medium="web", outlet="site", title="t"), "item-1"
    )
    told.event(ac.EpisodeAired(program="sign-language-program", channel="tv", episode=1), "e-1")
    views = folded(told)
    assert {(t.program, t.count) for t in views.rows("program_totals")} == {
        ("news-web", 1),
        ("sign-language-program", 1),
    }
