"""Months that were put right, or are just within a limit: no check finds anything in them."""

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.domain.events import enrollment as en
from ledger.domain.events import household as hh
from ledger.domain.events import person as pe
from ledger.domain.household import household_id
from ledger.domain.stream import enrollment_id
from ops.simulation.plants import Legacy
from ops.simulation.plants.legacy import LIVING, NURSING
from ops.simulation.plants.people import Resident
from tests.audits import Story, came_back, died, owed_back, paid, stopped, told


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
)


@pytest.mark.parametrize("story", CLEAN, ids=lambda s: s.__name__)
def test_nothing_is_found(story: Story) -> None:
    assert [(f.code, f.en) for f in told(story)[1].findings] == []
