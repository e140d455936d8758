"""Each check finds what is planted for it, and nothing in what was repaired or is just within."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from ledger.domain.case import case_id
from ledger.domain.events import case as ca
from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import household as hh
from ledger.domain.events import person as pe
from ledger.domain.finding import finding_id, is_about
from ledger.domain.household import household_id
from ledger.domain.stream import enrollment_id, fund_id
from ops.simulation.plants import THEMES, Legacy, money
from ops.simulation.plants.legacy import LIVING, NURSING
from ops.simulation.plants.people import Resident
from projections.asof import AsOf
from projections.checks import ALL_CHECKS
from projections.checks.parameters import Parameters
from tests.audits import Story, came_back, found, office, owed_back, paid, told

Key = tuple[str, str, str, str | None, tuple[str, ...], int]


def key(f: Any) -> Key:
    return (f.code, f.kind, f.subject, f.program, tuple(f.months), f.amount_fen)


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.__module__.rpartition(".")[2])
def test_what_is_planted_is_found_and_nothing_else(theme: Story) -> None:
    legacy, made = told(theme)
    assert legacy.planted
    assert Counter(map(key, made.findings)) == Counter(map(key, legacy.planted))
    assert all(f.positions and f.zh and f.en for f in made.findings)
    assert len({f.id for f in made.findings}) == len(made.findings)
    start = office().feed.end()
    said = {start + n: e.event for n, e in enumerate(legacy.events())}
    for f in made.findings:
        proof = [said[p] for p in f.positions if p in said]
        assert any(is_about(event, f.subject) for event in proof), f


def test_every_kind_of_every_check_is_planted_and_has_both_names() -> None:
    planted = {(f.code, f.kind) for theme in THEMES for f in told(theme)[0].planted}
    assert planted == {(check.code, kind) for check in ALL_CHECKS for kind in check.kinds}
    assert len({code for code, _ in planted}) == len(ALL_CHECKS) == 32
    assert all(check.name_zh and check.name_en and check.__doc__ for check in ALL_CHECKS)


# --- repaired, or just within


def died(p: Legacy, who: Resident, on: date, known: date) -> None:
    data = pe.DeathRecorded(died_on=on, source="民政", document="死亡证明")
    p.about(who, data, on, recorded=known)


def stopped(p: Legacy, who: Resident, last: int, on: date, program: str = LIVING) -> None:
    p.end(who.id, program, last, on, "alive")


def overpaid_after_death(p: Legacy) -> None:
    """Dead in January, known in June: the month of death is due, the others are owed back."""
    who = paid(p)
    died(p, who, p.day(1, 20), p.day(6, 14))
    stopped(p, who, 1, p.day(6, 14))
    owed_back(p, who, 2, 3)


def returned_after_death(p: Legacy) -> None:
    who = paid(p)
    died(p, who, p.day(2, 10), p.day(6, 14))
    stopped(p, who, 2, p.day(6, 14))
    came_back(p, who, 3)


def stopped_on_the_tenth_day(p: Legacy) -> None:
    who = paid(p)
    died(p, who, p.day(3, 10), p.day(3, 28))
    stopped(p, who, 3, p.day(4, 7))


def revoked_before_it_was_late(p: Legacy) -> None:
    who = paid(p)
    died(p, who, p.day(3, 10), p.day(3, 28))
    revoked = pe.DeathRevoked(reason="误登", document="证明")
    p.about(who, revoked, p.day(4, 5))


def freeze_that_was_over_when_it_was_told(p: Legacy) -> None:
    """Frozen for two weeks of March, told in April: every month's first day had a certificate."""
    who = paid(p)
    p.about(who, pe.CertificateChanged(category=4, grade=2, reason="换证"), p.day(3, 20))
    p.about(who, pe.CertificateFrozen(reason="核查"), p.day(3, 5), recorded=p.day(4, 10))
    care = pe.LifeFactRecorded(fact="student", value="none", document="证明")
    p.about(who, care, p.day(6, 5))


def acts_of_one_whose_death_was_an_error(p: Legacy) -> None:
    who = p.person()
    died(p, who, p.day(2, 10), p.day(2, 14))
    care = pe.LifeFactRecorded(fact="student", value="none", document="证明")
    p.about(who, care, p.day(3, 5))
    p.about(who, pe.DeathRevoked(reason="误登", document="证明"), p.day(4, 5))


def ghost_whose_money_came_back(p: Legacy) -> None:
    who = paid(p, 1, program=NURSING, certified=False)
    came_back(p, who, 1, program=NURSING)


def regraded_within_the_month(p: Legacy) -> None:
    who = paid(p, 1, 2, program=NURSING)
    p.about(who, pe.CertificateChanged(category=4, grade=3, reason="评定"), p.day(2, 10))


def regraded_and_back(p: Legacy) -> None:
    """A grade learned late, and corrected from the same day: what is known now counts."""
    who = paid(p, 1, 2, 3, program=NURSING)
    for grade, known in ((3, p.day(4, 10)), (2, p.day(4, 11))):
        data = pe.CertificateChanged(category=4, grade=grade, reason="评定")
        p.about(who, data, p.day(2, 10), recorded=known)


def owed_back_for_the_category(p: Legacy) -> None:
    who = p.person(category=1)
    p.enroll(who.id, "fuel-subsidy", month=5)
    p.pay(who, "fuel-subsidy", 5)
    owed_back(p, who, 5, program="fuel-subsidy")


def renewed_late_from_before(p: Legacy) -> None:
    who = paid(p, 1, 2, 3, program=NURSING, expires_on=date(2018, 2, 20))
    renewed = pe.CertificateChanged(category=4, grade=1, reason="换证")
    p.about(who, renewed, p.day(2, 18), recorded=p.day(4, 10))


def stopped_at_ones_own_wish(p: Legacy) -> None:
    who = paid(p)
    p.end(who.id, LIVING, 3, p.day(3, 28), "本人放弃")


def stopped_and_paid_after_all(p: Legacy) -> None:
    who = paid(p, 1, 2, 4)
    p.end(who.id, LIVING, 2, p.day(3, 2), "核查")
    resumed = en.EnrollmentResumed(program=LIVING, from_month=p.month(4), reason="复核")
    p.step(who.id, LIVING, resumed, p.day(4, 2))
    arrears = en.ArrearsGranted(
        program=LIVING,
        month=p.month(3),
        period=p.month(3),
        amount_fen=p.rate_fen(LIVING),
        fund="city-welfare",
        rule=date(2016, 1, 1),
        reason="复核",
        zh="补发",
        en="arrears",
    )
    p.step(who.id, LIVING, arrears, p.day(4, 2), hour=2)


def recognized_late_from_before(p: Legacy) -> None:
    who = paid(p, low_income=False)
    poor = pe.LowIncomeRecognized(kind="low-income", document="低保证")
    p.about(who, poor, p.day(1, 1), recorded=p.day(4, 10))


def allowance(p: Legacy, who: Resident, kind: pe.AllowanceKind, fen: int, until: date) -> None:
    p.about(
        who,
        pe.OtherAllowanceRecorded(kind=kind, monthly_fen=fen, document="名册"),
        p.day(1, 10),
    )
    p.about(who, pe.OtherAllowanceEnded(kind=kind, reason="停发"), until)


def allowance_that_ended(p: Legacy) -> None:
    who = paid(p, 1, 3, program=NURSING)
    allowance(p, who, "work-injury-nursing-allowance", 90_000, p.day(2, 20))


def lower_allowance(p: Legacy) -> None:
    allowance(p, paid(p), "orphan-allowance", 6_999, p.day(5, 20))


def second_payment_came_back(p: Legacy) -> None:
    who = paid(p)
    p.pay(who, LIVING, 2, paid_in=3)
    came_back(p, who, 2)


def owed_after_all_and_paid_again(p: Legacy) -> None:
    """Of a month that was no debt after all, what had been paid back is paid once more."""
    who = paid(p, 1)
    owed_back(p, who, 1)
    fen, month = p.rate_fen(LIVING), p.month(1)
    debt = f"{enrollment_id(who.id, LIVING)}/99"
    cancelled = en.OverpaymentCancelled(
        program=LIVING,
        overpayment=debt,
        months=[en.CancelledMonth(month=month, amount_fen=fen, grant="g", refund_fen=3_000)],
        amount_fen=fen,
        owed_fen=fen - 3_000,
        refund_fen=3_000,
        fund="city-welfare",
        reason="owed-after-all",
        zh="应发",
        en="owed",
    )
    about: dict[str, Any] = {"program": LIVING, "month": month, "amount_fen": 3_000}
    sent = en.PaymentInstructed(**about, fund="city-welfare", account=who.account, reason="refund")
    arrived = en.PaymentSettled(**about, fund="city-welfare", receipt="r")
    for n, data in enumerate((cancelled, sent, arrived)):
        p.step(who.id, LIVING, data, p.day(6, 20 + n))


def excess_that_was_found(p: Legacy) -> None:
    who = paid(p, 1, 2)
    p.pay(who, LIVING, 3, amount_fen=9_000)
    owed_back(p, who, 3, fen=2_000)


def a_part_of_what_was_right_is_owed_back(p: Legacy) -> None:
    """An officer's decision of its own: what is left is no amount below the rate."""
    owed_back(p, paid(p, 1, 2), 2, fen=2_000)


def excess_and_then_the_rest(p: Legacy) -> None:
    """Twice the month is found, a part each time: nothing of it is paid."""
    who = p.person(low_income=False)
    p.enroll(who.id, LIVING)
    p.pay(who, LIVING, 3, amount_fen=9_000)
    for fen in (2_000, 7_000):
        owed_back(p, who, 3, fen=fen)


def other_division_took_it_back(p: Legacy) -> None:
    who = paid(p)
    p.pay(who, LIVING, 2, division="220203")
    came_back(p, who, 2, division="220203")


def one_household_with_one_account(p: Legacy) -> None:
    family = [paid(p, 1, account="62990001") for _ in range(6)]
    members = [f.id for f in family]
    data = hh.HouseholdRegistered(head=members[0], members=members, urban=True)
    p.event(data, household_id(members[0]), p.day(1, 3))


def four_strangers_with_one_account(p: Legacy) -> None:
    for _ in range(4):
        paid(p, 1, account="62990002")


def kin_on_their_own_account(p: Legacy) -> None:
    who = paid(p)
    listed = {"officer": "officer-1", "account": who.account, "valid_from": "2018-01-01"}
    p.accounts.append({**listed, "person": who.id, "document": "d"})


def listed_later(p: Legacy) -> None:
    who = paid(p)
    listed = {"officer": "officer-1", "account": who.account, "valid_from": "2018-03-02"}
    p.accounts.append({**listed, "document": "d"})


def approved_by_another_than_kin(p: Legacy) -> None:
    who = p.person()
    p.enroll(who.id, LIVING, kin=["officer-220202-09"])


def last_payment_of_a_capped_year(p: Legacy) -> None:
    who = p.person()
    p.enroll(who.id, "township-commissioner", amount_fen=300_000)
    p.pay(who, "township-commissioner", 1, 2, 3, amount_fen=300_000)
    p.pay(who, "township-commissioner", 4, amount_fen=100_000)


def backdated_with_a_document(p: Legacy) -> None:
    who = p.person()
    p.enroll(who.id, LIVING, applied_on=p.day(1, 4) - timedelta(days=300))


def backdated_within_the_limit(p: Legacy) -> None:
    who = p.person()
    p.enroll(who.id, LIVING, applied_on=p.day(1, 4) - timedelta(days=180), documents=())


def no_notice_where_none_is_asked_for(p: Legacy) -> None:
    p.enroll(p.person().id, "accident-insurance", notice_days=0)


def objection_that_was_settled(p: Legacy) -> None:
    who = p.person()
    p.enroll(who.id, LIVING, objection=True)
    settled = en.ObjectionResolved(
        program=LIVING, objection="objection-1", upheld=False, reason="不成立"
    )
    p.step(who.id, LIVING, settled, p.day(1, 10))


def exit_of(p: Legacy, *, left_out: type[Any] | None = None) -> Resident:
    who = p.person()
    home, on = household_id(who.id), p.day(1, 5)
    steps = (
        hh.HouseholdRegistered(head=who.id, members=[who.id], urban=True),
        hh.ExitProposed(reviewed_on=on, attendees=9, votes_for=8, income_fen=1),
        hh.ExitVerified(village="村", resident_team="队"),
        hh.HouseholdConfirmed(signer=who.id),
        hh.ExitNoticed(notice_from=on, notice_until=p.day(1, 11), place="公示栏"),
    )
    for n, data in enumerate(steps):
        if left_out is None or not isinstance(data, left_out):
            p.event(data, home, on, second=n)
    data = hh.ExitDecided(members=[who.id], document="公告")
    p.event(data, home, p.day(1, 12), actor="chief")
    return who


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
    overpaid_after_death,
    returned_after_death,
    stopped_on_the_tenth_day,
    revoked_before_it_was_late,
    freeze_that_was_over_when_it_was_told,
    acts_of_one_whose_death_was_an_error,
    ghost_whose_money_came_back,
    regraded_within_the_month,
    regraded_and_back,
    owed_back_for_the_category,
    renewed_late_from_before,
    stopped_at_ones_own_wish,
    stopped_and_paid_after_all,
    recognized_late_from_before,
    allowance_that_ended,
    lower_allowance,
    second_payment_came_back,
    owed_after_all_and_paid_again,
    excess_that_was_found,
    a_part_of_what_was_right_is_owed_back,
    excess_and_then_the_rest,
    other_division_took_it_back,
    one_household_with_one_account,
    four_strangers_with_one_account,
    kin_on_their_own_account,
    listed_later,
    approved_by_another_than_kin,
    last_payment_of_a_capped_year,
    backdated_with_a_document,
    backdated_within_the_limit,
    no_notice_where_none_is_asked_for,
    objection_that_was_settled,
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


# --- what a finding rests on


def dead_and_paid(p: Legacy) -> None:
    who = paid(p)
    died(p, who, p.day(1, 20), p.day(6, 14))
    stopped(p, who, 1, p.day(6, 14))


def test_a_finding_names_the_events_that_prove_it() -> None:
    _, made = told(dead_and_paid)
    (finding,) = made.findings
    assert finding.months == ["2018-02", "2018-03"]
    assert (finding.severity, finding.amount_fen) == ("high", 14_000)
    assert len(finding.positions) == 5  # the death, and of each month its grant and its settlement
    assert finding.zh == "死亡后仍发放2个月(2018-02-2018-03)"
    assert finding.en == "2 months paid after death (2018-02-2018-03)"


def test_a_finding_says_what_of_each_month_is_to_come_back() -> None:
    """Of what is above a rate or a cap that part, for a year of its last months."""
    _, made = told(money.plant)
    overpaid = {
        (f.code, f.kind, f.program): f.overpaid
        for f in made.findings
        if f.code in ("over-cap", "double-pay", "unreconciled")
    }
    assert overpaid["over-cap", "above", LIVING] == {"2018-01": 2_000}
    assert overpaid["over-cap", "above", "lottery-fund-aid"] == {"2018-02": 100_000}
    assert overpaid["over-cap", "year", "township-commissioner"] == {"2018-11": 100_000}
    assert overpaid["over-cap", "below", LIVING] == {}
    assert overpaid["over-cap", "year", "charity-platform"] == {}
    assert overpaid["double-pay", "", LIVING] == {"2018-02": 7_000}
    assert overpaid["unreconciled", "month", LIVING] == {}
    _, made = told(dead_and_paid)
    assert made.findings[0].overpaid == {"2018-02": 7_000, "2018-03": 7_000}


def test_a_finding_that_grew_is_another_one() -> None:
    def longer(p: Legacy) -> None:
        who = paid(p, 1, 2, 3, 4)
        died(p, who, p.day(1, 20), p.day(6, 14))
        stopped(p, who, 1, p.day(6, 14))

    (one,), (other,) = told(dead_and_paid)[1].findings, told(longer)[1].findings
    assert one.subject == other.subject
    assert one.id != other.id
    assert told(dead_and_paid)[1].findings[0].id == one.id


@pytest.mark.parametrize(
    ("bound", "codes"),
    [
        (AsOf(recorded="2018-06-13T23:59:59.999999Z"), []),
        (AsOf(recorded="2018-06-14T23:59:59.999999Z"), ["dead-paid"]),
        (AsOf(effective=date(2018, 1, 9)), []),
        (AsOf(position=0), []),
    ],
)
def test_an_audit_is_as_of_what_was_known_or_held(bound: AsOf, codes: list[str]) -> None:
    assert [f.code for f in told(dead_and_paid, bound)[1].findings] == codes


def test_a_threshold_holds_from_its_day_on() -> None:
    def late(p: Legacy) -> None:
        who = paid(p)
        died(p, who, p.day(3, 10), p.day(3, 28))
        stopped(p, who, 3, p.day(4, 17))

    packaged = Parameters.packaged()
    (limit,) = packaged.of("late-stop")
    change: Callable[[str], Parameters] = lambda since: Parameters(  # noqa: E731
        [
            *packaged.entries,
            msgspec.structs.replace(limit, valid_from=date.fromisoformat(since), value=30),
        ]
    )
    assert found(late) == ["late-stop"]
    assert found(late, parameters=change("2018-03-28")) == []
    assert found(late, parameters=change("2018-03-29")) == ["late-stop"]


def test_without_a_vault_nothing_sealed_is_compared_and_that_is_said() -> None:
    def liar(p: Legacy) -> None:
        p.person(wrong="checksum")

    assert found(liar) == ["bad-identity"]
    _, made = told(liar, recognizer=None)
    assert made.findings == []
    assert made.left_out == {"bad-identity": "no-vault", "unreconciled": "no-vault"}
