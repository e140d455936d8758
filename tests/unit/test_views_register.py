"""Programs, funds, households, pay runs, deliveries, cases and activities, by small histories."""

import pytest

from ledger.domain.events import activity as ac
from ledger.domain.events import case as ca
from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import household as hh
from ledger.domain.events import organization as og
from ledger.domain.events import payrun as pr
from ledger.domain.events import program as pg
from projections.contributions import POVERTY_REGISTER
from projections.views.funds import standing_of
from projections.views.households import exited_by
from projections.views.programs import rule_on, rules_in_year
from tests.folding import Folded, folded, one
from tests.histories import CITY, FUND, LIVING, RATE, History, day, history

__all__ = ["folded"]

DIGEST = "a" * 64


# --- programs


def test_a_new_rule_ends_the_open_ended_one_before_it(folded: Folded) -> None:
    told = history().program().rule("2016-01-01", 5_500).rule("2017-01-01", 7_000)
    row = one(folded(told), "programs")
    old, new = rule_on(row, day("2016-12-31")), rule_on(row, day("2017-01-01"))
    assert old is not None
    assert new is not None
    assert (old.rate_fen, new.rate_fen) == (5_500, 7_000)
    assert rule_on(row, day("2015-12-31")) is None
    assert [rule.rate_fen for rule in rules_in_year(row, 2017)] == [7_000]


def test_a_target_is_kept_by_year_and_can_be_explained(folded: Folded) -> None:
    told = history().program()
    told.event(
        pg.TargetSet(program=LIVING, year=2017, target=19_143, document="d"), f"program-{LIVING}"
    )
    views = folded(told)
    assert one(views, "programs").targets == {"2017": 19_143}
    target = one(views, "participants")
    assert (target.measure, target.key, target.quantity) == ("target", "2017", 19_143)


# --- funds


def committed(told: History, amount_fen: int, stream: str = "payrun-2017-01") -> History:
    data = fu.FundsCommitted(
        fund=FUND, program=LIVING, commitment=stream, amount_fen=amount_fen, form="cash"
    )
    return told.event(data, f"fund-{FUND}", subject=FUND, division=CITY)


def issued(told: History, amount_fen: int, month: str = "2017-01") -> History:
    data = pr.PayRunIssued(
        program=LIVING,
        month=month,
        count=1,
        total_fen=amount_fen,
        by_division={"220202": amount_fen},
        fund=FUND,
        lines=DIGEST,
    )
    return told.event(data, f"payrun-{month}", division=CITY, actor="payer-1")


def test_a_fund_follows_money_from_appropriation_to_the_account(folded: Folded) -> None:
    told = committed(history().fund(100_000).enrolled("p1"), 10_000)
    told.granted("p1", "2017-01")
    views = folded(issued(told, RATE).settled("p1", "2017-01"))
    row, fund = one(views, "funds"), standing_of(FUND, views.rows("trial_balance"))
    assert (row.appropriated_fen, row.available_cash_fen) == (100_000, 90_000)
    assert (fund.committed_fen, fund.spent_cash_fen, fund.held_cash_fen) == (
        10_000 - RATE,
        RATE,
        100_000 - RATE,
    )


def test_a_released_commitment_is_available_again(folded: Folded) -> None:
    told = committed(history().fund(100_000), 10_000)
    told.event(
        fu.CommitmentReleased(
            fund=FUND,
            program=LIVING,
            commitment="payrun-2017-01",
            amount_fen=4_000,
            form="cash",
            reason="dropped",
        ),
        f"fund-{FUND}",
        subject=FUND,
    )
    views = folded(told)
    row, fund = one(views, "funds"), standing_of(FUND, views.rows("trial_balance"))
    assert (row.available_cash_fen, fund.committed_fen, row.released_fen) == (94_000, 6_000, 4_000)


def test_goods_are_given_out_at_their_valuation(folded: Folded) -> None:
    told = history().fund(1)
    told.event(
        fu.DonationReceived(
            fund=FUND,
            donation="d1",
            form="goods",
            amount_fen=20_000,
            item="wheelchair",
            quantity=60,
            donor="foundation",
        ),
        f"fund-{FUND}",
        subject=FUND,
    )
    given = en.GoodsDistributed(
        program="charity-platform", item="wheelchair", quantity=1, value_fen=333, fund=FUND
    )
    views = folded(told.step("p1", given, on="2017-06-01"))
    fund = standing_of(FUND, views.rows("trial_balance"))
    assert one(views, "funds").donated_goods_fen == 20_000
    assert (fund.spent_goods_fen, fund.held_goods_fen) == (333, 19_667)
    assert one(views, "goods").value_fen == 333
    (amount,) = views.select("program_totals", {"measure": "amount"})
    assert amount.amount_fen == 333


def test_the_trial_balance_names_fund_program_and_division(folded: Folded) -> None:
    told = history().fund(100_000).enrolled("p1").granted("p1", "2017-01")
    rows = folded(told.settled("p1", "2017-01")).rows("trial_balance")
    found = {(r.account, r.program): r.balance_fen for r in rows}
    assert found == {
        ("Assets:Cash", ""): 100_000,
        ("Income:Appropriation", ""): -100_000,
        ("Expenses:Benefits", LIVING): RATE,
        ("Liabilities:Payable", LIVING): -RATE,
        ("Liabilities:InTransit", LIVING): RATE,
        ("Assets:Cash", LIVING): -RATE,
    }
    assert sum(found.values()) == 0


# --- pay runs


def test_a_pay_run_keeps_who_took_which_step(folded: Folded) -> None:
    told, run = history(), "payrun-2017-01"
    about = {"program": LIVING, "month": "2017-01"}
    told.event(pr.PayRunOpened(**about, batch=1, fund=FUND), run, actor="a")
    told.event(
        pr.PayRunComputed(
            **about,
            cutoff_position=7,
            count=2,
            total_fen=2 * RATE,
            by_division={"220202": 2 * RATE},
            lines=DIGEST,
            rule=day("2016-01-01"),
            left_out={"no-account": 1},
            left_out_lines=DIGEST,
        ),
        run,
        actor="b",
    )
    told.event(
        pr.PayRunApproved(**about, count=2, total_fen=2 * RATE, fund=FUND, lines=DIGEST),
        run,
        actor="c",
    )
    row = one(folded(issued(told, RATE)), "payruns")
    assert (row.status, row.version, row.count, row.total_fen) == ("issued", 4, 1, RATE)
    assert (row.computed_by, row.approved_by, row.issued_by) == ("b", "c", "payer-1")
    assert row.left_out == {"no-account": 1}


def test_a_cancelled_run_says_why(folded: Folded) -> None:
    told = history().event(
        pr.PayRunOpened(program=LIVING, month="2017-01", batch=1, fund=FUND), "payrun-1"
    )
    told.event(pr.PayRunCancelled(program=LIVING, month="2017-01", reason="wrong rule"), "payrun-1")
    row = one(folded(told), "payruns")
    assert (row.status, row.cancel_reason) == ("cancelled", "wrong rule")


# --- the poverty register


def test_a_household_leaves_poverty_in_steps(folded: Folded) -> None:
    told = history().poor("h1", "p1", "p2")
    steps = (
        hh.ExitProposed(
            reviewed_on=day("2017-03-01"), attendees=9, votes_for=8, income_fen=350_000
        ),
        hh.ExitVerified(village="v", resident_team="t"),
        hh.HouseholdConfirmed(signer="p1"),
        hh.ExitNoticed(notice_from=day("2017-04-01"), notice_until=day("2017-04-08"), place="hall"),
    )
    states = []
    for step in steps:
        states.append(one(folded(told.event(step, "h1", on="2017-04-01")), "households").state)
    assert states == ["proposed", "verified", "confirmed", "noticed"]
    views = folded(told.out_of_poverty("h1", "p1", "p2", on="2017-05-01"))
    row = one(views, "households")
    assert (row.state, row.exited_members, row.version) == ("exited", ["p1", "p2"], 7)
    measures = [p.measure for p in views.select("participants", {"program": POVERTY_REGISTER})]
    assert sorted(measures) == ["exited", "exited", "registered", "registered"]


def test_a_relapse_puts_the_household_back_and_keeps_what_was(folded: Folded) -> None:
    told = history().poor("h1", "p1").out_of_poverty("h1", "p1", on="2017-05-01")
    views = folded(told.relapsed("h1", on="2018-02-01"))
    row = one(views, "households")
    assert (row.state, row.exited_members, row.relapsed_on) == ("registered", [], "2018-02-01")
    person = one(views, "poverty_persons")
    days = ("2017-04-30", "2017-05-01", "2017-12-31", "2018-02-01")
    assert [exited_by(person, when) for when in days] == [False, True, True, False]


def test_an_upheld_objection_ends_the_attempt(folded: Folded) -> None:
    told = history().poor("h1", "p1")
    told.event(hh.ExitObjected(objection="o1", ground="still poor"), "h1")
    assert one(folded(told), "households").objections == ["o1"]
    told.event(hh.ExitObjectionResolved(objection="o1", upheld=True, reason="checked"), "h1")
    views = folded(told)
    row = one(views, "households")
    assert (row.state, row.objections) == ("registered", [])
    assert one(views, "objections").upheld is True


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
