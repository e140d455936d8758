"""Programs, funds, households and pay runs in the views, by small histories."""

from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import household as hh
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
