"""Debts of a part of a month: the excess comes back, the rest of the grant stands, and whatever is
learned later, no more is ever found of a month than was granted for it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands import enrollment as en
from ledger.commands import payment as pay
from ledger.domain.enrollment import ENROLLMENT
from ledger.domain.errors import InvalidAmount, InvalidValue, OutOfOrder
from ledger.domain.granted import Grant
from ledger.domain.refusals import AboveGranted, NoSuchGrant
from ledger.domain.stream import enrollment_id
from tests.office import CITY, LIVING, LIVING_FEN, Office, by, died, learn, revoked
from tests.unit.test_domain_debts import back, balance, books

MARCH = "2017-03"
EXCESS = 2_000
REST = LIVING_FEN - EXCESS


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    it.enrolled(1)
    it.paid("2017-01", MARCH)
    it.at("2017-04-10")
    yield it
    it.close()


def who(office: Office) -> str:
    return office.vault_id(1)


def too_much(office: Office, months: list[str], **parts: int) -> str:
    """What was too much of months is found; ``m03`` says how much of March. The debt's id."""
    wrong = pay.FindOverpayment(
        program=LIVING,
        beneficiary=who(office),
        months=months,
        parts={f"2017-{name[1:]}": fen for name, fen in parts.items()},
        reason="amount",
        zh="标准有误",
        en="above the rate",
    )
    office.do(wrong, by("accountant-1", office.now.date(), CITY))
    return str(office.log()[-1].id)


def grant(office: Office, month: str = MARCH) -> Grant:
    e = office.ledger.state(ENROLLMENT, enrollment_id(who(office), LIVING))
    return e.grants[month]


def test_a_part_of_a_month_is_owed_and_the_rest_stands(office: Office) -> None:
    debt = too_much(office, [MARCH], m03=EXCESS)
    found = office.log()[-1].data
    assert [(m.month, m.amount_fen) for m in found.months] == [(MARCH, EXCESS)]
    assert (found.amount_fen, found.offset_fen) == (EXCESS, 0)
    assert books(office) == {
        "Assets:Receivable": EXCESS,
        "Expenses:Benefits": 3 * LIVING_FEN - EXCESS,
    }
    assert grant(office).debts == ((debt, EXCESS),)
    assert (grant(office).status, grant(office).kept_fen) == ("settled", REST)
    row = balance(office, who(office))
    assert (row.overpaid_fen, row.owed_fen) == (EXCESS, EXCESS)
    back(office, EXCESS)
    row = balance(office, who(office))
    assert (row.owed_fen, row.settled_fen - row.recovered_fen) == (0, 3 * LIVING_FEN - EXCESS)


def test_no_more_is_found_of_a_month_than_was_granted_for_it(office: Office) -> None:
    too_much(office, [MARCH], m03=EXCESS)
    with pytest.raises(AboveGranted) as refused:
        too_much(office, [MARCH], m03=REST + 1)
    assert refused.value.code == "above-granted"
    with pytest.raises(AboveGranted):
        too_much(office, ["2017-02", MARCH], m03=LIVING_FEN)
    too_much(office, [MARCH], m03=1_000)
    too_much(office, ["2017-02", MARCH])  # all of February, and what is left of March
    lines = office.log()[-1].data.months
    assert [m.amount_fen for m in lines] == [LIVING_FEN, REST - 1_000]
    assert books(office) == {
        "Assets:Receivable": 2 * LIVING_FEN,
        "Expenses:Benefits": LIVING_FEN,
    }
    for parts in ({}, {"m03": 1}):
        with pytest.raises(NoSuchGrant):
            too_much(office, [MARCH], **parts)


def test_a_part_is_of_a_month_named_once_and_is_an_amount(office: Office) -> None:
    with pytest.raises(InvalidValue):
        too_much(office, ["2017-02"], m03=EXCESS)
    with pytest.raises(NoSuchGrant):
        too_much(office, [MARCH, MARCH], m03=EXCESS)
    for fen in (0, -1):
        with pytest.raises(InvalidAmount):
            too_much(office, [MARCH], m03=fen)


def test_what_is_learned_later_finds_the_rest_and_nothing_twice(office: Office) -> None:
    """And takes that back alone when it proves wrong: the excess was never due."""
    excess = too_much(office, [MARCH], m03=EXCESS)
    learn(office, "2017-04-14", "2017-02-10", died(who(office)))
    rest = office.log()[-1]
    assert [(m.month, m.amount_fen) for m in rest.data.months] == [(MARCH, REST)]
    assert books(office) == {
        "Assets:Receivable": LIVING_FEN,
        "Expenses:Benefits": 2 * LIVING_FEN,
    }
    back(office, 1_500)
    told = learn(office, "2017-04-20", "2017-04-20", revoked(who(office)))
    assert told[-2:] == [
        ("OverpaymentCancelled", [MARCH], REST),
        ("PaymentInstructed", MARCH, 1_500),
    ]
    assert books(office) == {
        "Assets:Receivable": EXCESS,
        "Liabilities:InTransit": -1_500,
        "Expenses:Benefits": 3 * LIVING_FEN - EXCESS,
    }
    assert grant(office).debts == ((excess, EXCESS),)
    told = learn(office, "2017-04-22", "2017-02-11", died(who(office)))
    assert "OverpaymentFound" not in [t[0] for t in told]  # the refund is with the bank
    start = office.length()
    about = {"program": LIVING, "beneficiary": who(office), "month": MARCH}
    cashier = by("cashier-1", "2017-04-23", CITY)
    office.do(pay.ReturnPayment(**about, reason="closed"), cashier)
    assert office.told(start)[-1] == ("OverpaymentFound", [MARCH], REST, "alive")
    assert office.log()[-1].data.offset_fen == 1_500
    assert books(office) == {
        "Assets:Receivable": LIVING_FEN - 1_500,
        "Expenses:Benefits": 2 * LIVING_FEN,
    }


def test_of_what_comes_back_the_debt_is_collected_and_the_rest_is_due_again(
    office: Office,
) -> None:
    too_much(office, [MARCH], m03=EXCESS)
    about = {"program": LIVING, "beneficiary": who(office), "month": MARCH}
    cashier = by("cashier-1", "2017-04-12", CITY)
    start = office.length()
    office.do(pay.ReturnPayment(**about, reason="closed"), cashier)
    assert office.told(start) == [("PaymentReturned", MARCH, REST)]
    with pytest.raises(NoSuchGrant):  # of the rest nothing is kept
        too_much(office, [MARCH], m03=1)
    back(office, EXCESS)
    assert books(office) == {
        "Liabilities:Payable": -REST,
        "Expenses:Benefits": 3 * LIVING_FEN - EXCESS,
    }
    office.do(pay.InstructPayment(**about, reason="again"), cashier)
    office.do(pay.SettlePayment(**about, receipt="r"), cashier)
    assert books(office) == {"Expenses:Benefits": 3 * LIVING_FEN - EXCESS}
    too_much(office, [MARCH])
    assert office.log()[-1].data.amount_fen == REST
    with pytest.raises(OutOfOrder):
        office.do(pay.ReturnPayment(**about, reason="closed"), cashier)


def test_a_stop_reverses_the_rest_that_came_back_and_leaves_the_debt(office: Office) -> None:
    too_much(office, [MARCH], m03=EXCESS)
    about = {"program": LIVING, "beneficiary": who(office)}
    returned = pay.ReturnPayment(**about, month=MARCH, reason="closed")
    office.do(returned, by("cashier-1", "2017-04-12", CITY))
    start = office.length()
    ended = en.EndEnrollment(**about, last_month="2017-02", reason="renounced")
    office.do(ended, by("approver-1", "2017-04-13"))
    assert ("GrantReversed", MARCH, REST) in office.told(start)
    assert "OverpaymentFound" not in [t[0] for t in office.told(start)]
    assert books(office) == {
        "Assets:Receivable": EXCESS,
        "Expenses:Benefits": 2 * LIVING_FEN,
    }
