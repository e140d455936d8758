"""Explanations name the very events that a number rests on, and say why a month is not paid."""

from collections.abc import Iterable, Iterator

import msgspec
import pytest

from ledger.domain.discard import Passed
from ledger.domain.events.program import TargetSet
from ledger.log.feed import Record
from projections.differences import Look, Moment, between, differences
from projections.engine import Projector
from projections.explain import explain_balance
from projections.explain_figure import explain_figure, explain_program
from projections.explain_month import EntitlementExplanation, explain_entitlement
from projections.figures import Figure
from projections.views.balances import Balances
from projections.views.households import Households
from projections.views.programs import Programs
from projections.views.totals import ProgramTotals
from projections.year import YearTotals
from tests.histories import LIVING, RATE, History, enrollment_of, history


def figure(id: str, measure: str, program: str = LIVING) -> Figure:
    return Figure(
        id=id,
        program=program,
        zh="数",
        en="number",
        measure=measure,  # type: ignore[arg-type]
        printed="1",
        scale=1,
        unit="u",
        match="rounded",
    )


def stream(told: History, stream_id: str) -> list[Record]:
    return [(p, raw) for p, raw in told.records if b'"id":"%b/' % stream_id.encode() in raw]


def batches(told: History) -> Iterable[list[Record]]:
    return [told.records[:3], told.records[3:]]


def entitlement(
    told: History, month: str, who: str = "p1", **facts: object
) -> EntitlementExplanation:
    return explain_entitlement(
        stream(told, enrollment_of(who)),
        stream(told, f"program-{LIVING}"),
        beneficiary=who,
        code=LIVING,
        month=month,
        account="account-1",
        facts=facts,
        left_out=[],
        causes=lambda event_id: None,
    )


def told_year() -> History:
    told = history().program().rule("2016-01-01").enrolled("p1", "p2")
    told.granted("p1", "2017-01").granted("p2", "2017-01")
    return told.settled("p1", "2017-01").settled("p2", "2017-01")


def test_an_amount_is_the_sum_over_the_positions_listed() -> None:
    told = told_year()
    made = explain_figure(batches(told), figure("a", "amount"), 2017, {})
    settled = [p for p, raw in told.records if b"PaymentSettled" in raw]
    assert made.positions == settled
    assert made.total == sum(e.value for e in made.events) == 2 * RATE
    legs = {leg.account: leg.amount_fen for leg in made.events[0].postings}
    assert legs == {"Liabilities:InTransit": RATE, "Assets:Cash": -RATE}


def test_money_that_came_back_is_listed_and_taken_off() -> None:
    told = told_year()
    told.returned("p1", "2017-01", late=True)
    made = explain_figure(batches(told), figure("a", "amount"), 2017, {})
    assert made.total == RATE
    assert (made.events[-1].value, made.events[-1].en) == (-RATE, "closed account")
    assert len(made.positions) == 3


def test_a_person_counts_once_at_the_first_event_that_shows_it() -> None:
    told = told_year().granted("p1", "2017-02").settled("p1", "2017-02")
    made = explain_figure(batches(told), figure("n", "persons"), 2017, {})
    assert (made.total, len(made.positions), made.repeated) == (2, 2, 1)
    assert {e.key for e in made.events} == {"p1", "p2"}


def test_another_program_and_another_year_are_not_listed() -> None:
    told = told_year()
    assert (
        explain_figure(batches(told), figure("a", "amount", "nursing-subsidy"), 2017, {}).total == 0
    )
    assert explain_figure(batches(told), figure("a", "amount"), 2016, {}).positions == []


def test_a_rate_rests_on_the_rule_in_force() -> None:
    told = history().program().rule("2015-01-01", 5_000).rule("2016-01-01", 7_000)
    made = explain_figure(batches(told), figure("r", "rate"), 2017, {})
    assert (made.total, made.positions) == (7_000, [2])
    assert [rule.rate_fen for rule in made.rules] == [7_000]


def test_who_left_poverty_and_came_back_is_shown_both_ways() -> None:
    told = history().poor("h1", "p1", "p2").out_of_poverty("h1", "p1", "p2", on="2017-05-01")
    registered = figure("poverty.registered", "persons", "poverty-register")
    exited = figure("poverty.exited", "persons", "poverty-register")
    assert explain_figure(batches(told), registered, 2017, {}).total == 2
    assert explain_figure(batches(told), exited, 2017, {}).total == 2
    told.relapsed("h1", on="2017-08-01")
    made = explain_figure(batches(told), exited, 2017, {})
    assert (made.total, [e.value for e in made.events]) == (0, [2, -2])


def test_a_program_without_a_figure_is_explained_by_all_its_events() -> None:
    told = told_year()
    listed = {e.position for e in explain_program(batches(told), LIVING)}
    assert listed == {p for p, raw in told.records if b'"program":"living-subsidy"' in raw}


def test_a_balance_is_told_event_by_event() -> None:
    told = told_year()
    made = explain_balance(stream(told, enrollment_of("p1")), "p1", LIVING, {})
    assert made.balance["settled_fen"] == RATE
    assert made.balance["payable_fen"] == 0
    granted, settled = made.events
    assert granted.change["payable_fen"] == RATE
    assert settled.change == {"settled_fen": RATE, "in_transit_fen": -RATE, "payable_fen": -RATE}


# --- what a view passes over


def passing_views(told: History, passed: Passed) -> Iterator[Projector]:
    projector = Projector("sqlite://", told.feed(), discarded=lambda: passed)
    projector.catch_up()
    yield projector
    projector.close()


def test_a_discarded_event_is_behind_no_number_that_does_without_it() -> None:
    told = told_year().granted("p1", "2017-02").settled("p1", "2017-02")
    settled = [p for p, raw in told.records if b"PaymentSettled" in raw]
    amount = figure("a", "amount")
    for view in (Balances.name, ProgramTotals.name):
        passed = {settled[-1]: frozenset({view})}
        for projector in passing_views(told, passed):
            (row,) = projector.select("balances", {"beneficiary": "p1"})
            year = YearTotals(projector, 2017)
            made = explain_balance(stream(told, enrollment_of("p1")), "p1", LIVING, passed)
            assert made.balance == msgspec.to_builtins(row)
            assert (settled[-1] in made.positions) is (view != Balances.name)
            explained = explain_figure(batches(told), amount, 2017, passed)
            assert explained.total == year.sum(LIVING, "amount")[1]
            assert (settled[-1] in explained.positions) is (view != ProgramTotals.name)


def test_a_discarded_rule_target_or_registration_is_behind_no_figure() -> None:
    told = told_year().poor("h1", "p1")
    aim = TargetSet(program=LIVING, year=2017, target=5, document="d")
    told.event(aim, f"program-{LIVING}", subject=LIVING)
    rule, target, poor = (
        next(p for p, raw in told.records if kind in raw)
        for kind in (b"RuleSet", b"TargetSet", b"PovertyRegistered")
    )
    registered = figure("poverty.registered", "persons", "poverty-register")
    passed = {
        rule: frozenset({Programs.name}),
        target: frozenset({Programs.name}),
        poor: frozenset({Households.name}),
    }
    for projector in passing_views(told, passed):
        year = YearTotals(projector, 2017)
        assert (year.rule_fen(LIVING, "rate_fen"), year.target(LIVING)) == (None, 0)
        assert year.poverty_persons(registered) == 0
    rate = explain_figure(batches(told), figure("r", "rate"), 2017, passed)
    assert (rate.total, rate.positions) == (0, [])
    done = explain_figure(batches(told), figure("c", "completion"), 2017, passed)
    assert (done.total, done.target) == (2, None)
    assert explain_figure(batches(told), registered, 2017, passed).total == 0


def test_what_a_view_passes_over_is_no_cause_of_a_change_in_it() -> None:
    told = told_year().granted("p1", "2017-02").settled("p1", "2017-02")
    settled = [p for p, raw in told.records if b"PaymentSettled" in raw]
    passed = {settled[-1]: frozenset({Balances.name})}
    nothing, now = Moment(0), Moment(len(told.records))
    for projector in passing_views(told, passed):
        found = differences(
            Look(nothing, []),
            Look(now, projector.rows("balances")),
            between(batches(told), nothing, now),
            [],
            2017,
            passed=passed,
        )
    (p1,) = (change for change in found.money if change.beneficiary == "p1")
    assert p1.settled_fen == (0, RATE)
    assert p1.causes.types["PaymentSettled"] == 1
    assert settled[-1] not in p1.causes.positions


# --- an entitlement in a month


def test_a_month_that_was_settled_names_its_grant_and_rule() -> None:
    made = entitlement(told_year(), "2017-01")
    assert (made.outcome, made.amount_fen, made.reason) == ("settled", RATE, None)
    assert made.rule is not None
    assert (made.rule.rate_fen, made.rule_position) == (RATE, 1)
    assert [e.type.split(".")[1] for e in made.events][-2:] == ["SubsidyGranted", "PaymentSettled"]


@pytest.mark.parametrize(
    ("month", "outcome", "reason"),
    [
        ("2016-12", "not-paid", "ended"),
        ("2017-05", "payable", None),
        ("2017-08", "not-paid", "ended"),
    ],
)
def test_a_month_that_was_not_paid_says_why(month: str, outcome: str, reason: str | None) -> None:
    made = entitlement(told_year().ended("p1", "2017-06"), month)
    assert (made.outcome, made.reason) == (outcome, reason)


def test_a_month_before_the_start_is_not_paid() -> None:
    assert entitlement(told_year(), "2016-12").reason == "before-start"


def test_the_reason_of_a_stop_is_in_words() -> None:
    made = entitlement(told_year().ended("p1", "2017-06"), "2017-08")
    assert made.zh == "不发放:已停止享受(死亡)"
    assert made.en == "not paid: ended (death)"


def test_a_suspended_month_is_not_paid() -> None:
    told = told_year().suspended("p1", "2017-03")
    assert entitlement(told, "2017-04").reason == "suspended"


def test_who_never_applied_is_judged_by_the_facts() -> None:
    told = history().program().rule("2016-01-01").person("p9")
    made = entitlement(told, "2017-03", who="p9", alive=True)
    assert (made.outcome, made.status, made.events) == ("not-paid", "none", [])
    assert made.reason in ("not-applied", "not-eligible")


def test_a_month_before_any_rule_says_so() -> None:
    assert entitlement(told_year(), "2015-06").reason == "no-rule"
