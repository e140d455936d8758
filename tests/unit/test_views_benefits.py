"""Entitlements, balances, persons and totals, by small histories."""

from datetime import date
from typing import Any

import pytest

from ledger.codec import decode
from ledger.domain.enrollment import ENROLLMENT, Enrollment
from ledger.domain.events import EVENT_TYPES
from ledger.domain.events import enrollment as en
from ledger.domain.events import household as hh
from ledger.domain.events import person as pe
from ledger.domain.grant import standing as standing_of
from ledger.domain.month import first_day
from ledger.domain.person import PERSON, Person
from ledger.domain.person import facts_on as domain_facts_on
from ledger.domain.rules import Rule
from projections.rows import Rows
from projections.views.entitlements import (
    Entitlements,
    active_in,
    granted_months,
    payable_in,
    standing,
)
from projections.views.registry import facts_on
from tests.folding import Folded, folded, one
from tests.histories import FUND, RATE, SEALED, day, enrollment_of, history

__all__ = ["folded"]

# --- entitlements


def test_an_application_becomes_an_entitlement_step_by_step(folded: Folded) -> None:
    told = history().applied("p1", on="2016-12-03")
    row = one(folded(told), "entitlements")
    assert (row.status, row.applied_on, row.version) == ("applied", "2016-12-03", 1)
    row = one(folded(told.approved("p1", start="2017-01")), "entitlements")
    assert (row.status, row.start_month, row.version) == ("approved", "2017-01", 2)
    assert row.approved_by == "approver-1"


def test_a_month_is_payable_from_the_start_until_granted(folded: Folded) -> None:
    told = history().enrolled("p1").granted("p1", "2017-02")
    row = one(folded(told), "entitlements")
    months = ("2016-12", "2017-01", "2017-02", "2017-03")
    reasons = [payable_in(row, month) for month in months]
    assert reasons == ["before-start", None, "already-granted", None]
    assert granted_months(row) == ["2017-02"]


def test_a_reversed_grant_may_be_granted_again(folded: Folded) -> None:
    told = history().enrolled("p1").granted("p1", "2017-01").granted("p1", "2017-02")
    row = one(folded(told.reversed("p1", "2017-02")), "entitlements")
    assert payable_in(row, "2017-02") is None
    assert (row.last_granted_month, row.year_fen) == ("2017-01", {"2017": RATE})


def test_a_yearly_grant_takes_the_year_and_not_the_month(folded: Folded) -> None:
    data = en.SubsidyGranted(
        program="fuel-subsidy",
        month="2017-03",
        period="2017",
        amount_fen=26_000,
        fund=FUND,
        rule=day("2016-01-01"),
        payrun="r",
        facts={},
        zh="发放",
        en="granted",
    )
    told = history().enrolled("p1", program="fuel-subsidy").step("p1", data, on="2017-03-20")
    row = one(folded(told), "entitlements")
    assert payable_in(row, "2017-09", "2017") == "already-granted"
    assert payable_in(row, "2018-01", "2018") is None


def test_a_suspension_ends_before_the_month_of_resumption(folded: Folded) -> None:
    told = history().enrolled("p1").suspended("p1", "2017-04").resumed("p1", "2017-06")
    row = one(folded(told), "entitlements")
    assert [active_in(row, f"2017-0{m}") for m in (3, 4, 5, 6)] == [True, False, False, True]


def test_an_end_leaves_months_before_it_payable(folded: Folded) -> None:
    row = one(folded(history().enrolled("p1").ended("p1", "2017-02")), "entitlements")
    assert payable_in(row, "2017-02") is None
    assert payable_in(row, "2017-03") == "ended"
    assert (row.status, row.end_month) == ("ended", "2017-02")


def test_an_open_objection_holds_everything_up(folded: Folded) -> None:
    told = history().person("p1").applied("p1").objected("p1")
    assert payable_in(one(folded(told), "entitlements"), "2017-01") == "objection-open"
    told.objection_resolved("p1").approved("p1")
    assert payable_in(one(folded(told), "entitlements"), "2017-01") is None


def test_an_objection_to_a_new_application_holds_up_nothing_approved_before(folded: Folded) -> None:
    told = history().enrolled("p1").ended("p1", "2017-02").applied("p1").objected("p1")
    row = one(folded(told), "entitlements")
    assert payable_in(row, "2017-02") is None
    assert payable_in(row, "2017-03") == "objection-open"


def test_an_objection_to_a_pay_runs_line_stays_with_the_run(folded: Folded) -> None:
    told = history().enrolled("p1")
    line = enrollment_of("p1")
    raised = en.ObjectionRaised(
        program="living-subsidy", objection="o9", ground="moved", enrollment=line
    )
    views = folded(told.event(raised, "payrun-1", subject="payrun-1"))
    row = one(views, "entitlements")
    assert (row.open_objections, row.version) == (0, 2)
    objection = one(views, "objections")
    assert (objection.enrollment, objection.open) == (line, True)


EVENTFUL = (
    history()
    .enrolled("p1")
    .granted("p1", "2017-01")
    .settled("p1", "2017-01")
    .granted("p1", "2017-02")
    .suspended("p1", "2017-03")
    .resumed("p1", "2017-05")
    .reversed("p1", "2017-02")
    .ended("p1", "2017-08")
    .resumed("p1", "2017-10")
    .granted("p1", "2017-10")
    .objected("p1")
)


@pytest.mark.parametrize("length", range(2, len(EVENTFUL.records) + 1))
def test_a_standing_from_the_row_is_the_standing_from_the_stream(
    folded: Folded, length: int
) -> None:
    told = history()
    told.records.extend(EVENTFUL.records[:length])
    state = Enrollment(enrollment_of("p1"))
    for _, raw in told.records:
        event = decode(raw)
        if event.stream == state.id:
            ENROLLMENT.evolve(state, event)
            state.version = event.version
    row = one(folded(told), "entitlements")
    rule = Rule(
        valid_from=date(2016, 1, 1), period="month", rate_fen=RATE, document="d", source="assumed"
    )
    for month in ("2016-12", "2017-01", "2017-02", "2017-04", "2017-09", "2017-10", "2017-11"):
        day = first_day(month)
        assert standing(row, month, month, "a", day) == standing_of(state, rule, month, "a", day)


# --- balances


def test_money_goes_from_granted_to_settled(folded: Folded) -> None:
    told = history().enrolled("p1").granted("p1", "2017-01")
    row = one(folded(told), "balances")
    assert (row.granted_fen, row.in_transit_fen, row.payable_fen) == (RATE, RATE, RATE)
    row = one(folded(told.settled("p1", "2017-01")), "balances")
    assert (row.settled_fen, row.in_transit_fen, row.payable_fen) == (RATE, 0, 0)
    assert row.last_settled_month == "2017-01"


def test_a_return_before_settlement_is_due_again(folded: Folded) -> None:
    told = history().enrolled("p1").granted("p1", "2017-01").returned("p1", "2017-01")
    row = one(folded(told), "balances")
    assert (row.returned_fen, row.in_transit_fen, row.payable_fen) == (RATE, 0, RATE)


def test_a_return_after_settlement_is_due_again(folded: Folded) -> None:
    told = history().enrolled("p1").granted("p1", "2017-01").settled("p1", "2017-01")
    row = one(folded(told.returned("p1", "2017-01", late=True)), "balances")
    assert (row.returned_late_fen, row.in_transit_fen, row.payable_fen) == (RATE, 0, RATE)


def test_what_was_overpaid_is_owed_until_recovered(folded: Folded) -> None:
    told = history().enrolled("p1").overpaid("p1", "2017-05", "2017-06").recovered("p1")
    row = one(folded(told), "balances")
    assert (row.overpaid_fen, row.recovered_fen, row.owed_fen) == (2 * RATE, RATE, RATE)


# --- persons


def test_a_fact_learned_late_does_not_replace_a_later_one(folded: Folded) -> None:
    told = history().person("p1").certified("p1", 3, on="2016-01-01")
    told.regraded("p1", 1, on="2017-06-01").regraded("p1", 2, on="2017-03-01")
    row = one(folded(told), "persons")
    assert row.grade == 1
    grades = [facts_on(row, date(2017, month, 15))["grade"] for month in (2, 4, 7)]
    assert grades == [3, 2, 1]


def test_facts_from_the_row_are_the_facts_from_the_stream(folded: Folded) -> None:
    told = history().person("p1", on="2015-01-01").certified("p1", 3, on="2015-02-01")
    told.low_income("p1", on="2015-03-01").low_income_ended("p1", on="2017-01-01")
    told.event(pe.CertificateFrozen(reason="r"), "p1", on="2016-05-01")
    told.regraded("p1", 2, on="2016-08-01").low_income("p1", on="2016-06-01")
    told.event(
        pe.OtherAllowanceRecorded(kind="orphan-allowance", monthly_fen=60_000, document="d"),
        "p1",
        on="2016-01-01",
    )
    told.event(pe.OtherAllowanceEnded(kind="orphan-allowance", reason="r"), "p1", on="2016-09-01")
    told.event(pe.LifeFactRecorded(fact="vehicle", value=True, document="d"), "p1", on="2016-02-01")
    told.event(
        pe.LifeFactRecorded(fact="student", value="higher", document="d"), "p1", on="2016-03-01"
    )
    told.event(pe.CustodyRecorded(document="d"), "p1", on="2016-10-01")
    told.event(
        pe.ResidenceChanged(from_division="220202", to_division=None, urban=True),
        "p1",
        on="2017-02-01",
    )
    told.died("p1", "2017-03-01")
    state = Person("p1")
    for _, raw in told.records:
        PERSON.evolve(state, decode(raw))
    row = one(folded(told), "persons")
    for year in (2014, 2015, 2016, 2017):
        for month in range(1, 13):
            when = date(year, month, 2)
            assert facts_on(row, when) == domain_facts_on(state, when)


def test_a_person_belongs_to_the_household_last_joined(folded: Folded) -> None:
    told = (
        history()
        .person("p1")
        .event(hh.HouseholdRegistered(head="p1", members=["p1"], urban=True), "h1", on="2016-01-01")
    )
    told.event(hh.MemberAdded(person="p1", relation="child"), "h2", on="2016-06-01")
    told.event(hh.MemberRemoved(person="p1", reason="moved"), "h1", on="2016-06-01")
    members = folded(told).select("household_members", {"person": "p1"})
    assert [m.household for m in members if m.left_on is None] == ["h2"]


def test_the_version_of_a_person_counts_their_own_stream(folded: Folded) -> None:
    told = history().person("p1").account("p1", "a1")
    told.event(pe.PersonDataAccessed(purpose="audit", fields=["name"]), "p1")
    told.poor("h1", "p1")
    row = one(folded(told), "persons")
    assert (row.version, row.account) == (3, "a1")


def test_no_view_holds_what_was_sealed(folded: Folded) -> None:
    views = folded(EVENTFUL)
    with views.connection() as c:
        for view in views.views.values():
            for table in view.tables:
                rows = c.exec_driver_sql(f"SELECT * FROM {views.table(table.name).name}")
                assert all(SEALED.box not in str(row) for row in rows)


# --- totals


def test_a_settled_payment_counts_amount_and_person_in_its_effective_month(folded: Folded) -> None:
    told = history().enrolled("p1", "p2")
    for who in ("p1", "p2", "p1"):
        told.granted(who, "2017-01").settled(who, "2017-01")
    views = folded(told)
    total = one(views, "program_totals")
    assert (total.month, total.measure, total.amount_fen) == ("2017-01", "amount", 3 * RATE)
    persons = views.select("participants", {"measure": "persons", "year": 2017})
    assert [(p.key, p.count) for p in persons] == [("p1", 2), ("p2", 1)]
    assert persons[0].position == 7


def test_what_came_back_is_not_disbursed(folded: Folded) -> None:
    told = history().enrolled("p1").granted("p1", "2017-01").settled("p1", "2017-01")
    told.returned("p1", "2017-01", late=True)
    assert one(folded(told), "program_totals").amount_fen == 0


def test_devices_are_counted_apart_from_the_people_who_have_them(folded: Folded) -> None:
    told = history()
    for serial in ("s1", "s2"):
        fitted = en.DeviceFitted(
            program="hearing-aid", device_class="22-06", item="aid", serial=serial, quantity=1
        )
        told.step("p1", fitted, on="2017-05-01")
    views = folded(told)
    quantity = views.select("program_totals", {"measure": "quantity"})
    assert [q.quantity for q in quantity] == [2]
    assert len(views.select("participants", {"measure": "persons"})) == 1
    assert [d.serial for d in views.rows("devices")] == ["s1", "s2"]


def test_every_event_of_an_enrollment_moves_its_rows_version(folded: Folded) -> None:
    mine = {name for name, kind in EVENT_TYPES.items() if issubclass(kind, en.EnrollmentEvent)}
    handled = {kind.__name__ for kind in Entitlements(_Nothing()).handlers()}
    assert handled == mine


class _Nothing:
    def of(self, table: Any) -> Any:
        return Rows(table)
