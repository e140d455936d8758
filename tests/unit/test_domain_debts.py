"""Debts that were none: a fact shows that months found to be overpaid were owed after all, and the
ledger sets right exactly these months in the transaction of the fact, editing nothing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.commands import enrollment as en
from ledger.commands import payment as pay
from ledger.commands import person as pe
from ledger.commands.finding import ConvertFinding, Evidence
from ledger.domain.errors import OutOfOrder
from ledger.domain.refusals import AboveOwed, AlreadyGranted, FourEyes, NoSuchGrant
from ledger.domain.stream import enrollment_id
from tests.office import CITY, LIVING, LIVING_FEN, Office, by, died, learn, revoked


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def found(office: Office) -> str:
    """The id of the last debt found."""
    return next(e.id for e in reversed(office.log()) if type(e.data).__name__ == "OverpaymentFound")


def back(office: Office, fen: int, *, waived: bool = False) -> None:
    """A part of the last debt found is paid back, or waived."""
    said = {"overpayment": found(office), "amount_fen": fen}
    command = (
        pay.WaiveOverpayment(**said, reason="hardship", document="d")
        if waived
        else pay.RecoverOverpayment(**said, method="cash", receipt="r")
    )
    office.do(command, by("director-1", office.now.date(), CITY))


def books(office: Office) -> dict[str, int]:
    """What stands on the accounts of debts and payments, by the views."""
    office.home.projector.catch_up()
    sums: dict[str, int] = {}
    for row in office.home.projector.select("trial_balance", {}):
        sums[row.account] = sums.get(row.account, 0) + row.balance_fen
    names = ("Assets:Receivable", "Liabilities:Payable", "Liabilities:InTransit")
    wanted = (*names, "Expenses:Benefits", "Expenses:Waived")
    return {name: sums[name] for name in wanted if sums.get(name)}


def balance(office: Office, who: str) -> Any:
    office.home.projector.catch_up()
    return office.home.projector.select("balances", {"beneficiary": who})[0]


def test_a_revoked_death_takes_the_debt_back_that_it_made(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-04")
    learn(office, "2017-05-14", "2017-02-10", died(who))
    assert books(office)["Assets:Receivable"] == 2 * LIVING_FEN
    assert learn(office, "2017-05-20", "2017-05-20", revoked(who)) == [
        ("DeathRevoked",),
        ("EligibilityReviewed",),
        ("EnrollmentResumed", "2017-03"),
        ("OverpaymentCancelled", ["2017-03", "2017-04"], 2 * LIVING_FEN),
    ]
    cancelled = office.log()[-1]
    assert cancelled.data.overpayment == found(office)
    assert (cancelled.data.owed_fen, cancelled.data.refund_fen) == (2 * LIVING_FEN, 0)
    assert cancelled.causationid is not None
    assert cancelled.causationid.startswith(who)
    assert books(office) == {"Expenses:Benefits": 4 * LIVING_FEN}
    row = balance(office, who)
    assert (row.owed_fen, row.cancelled_fen, row.payable_fen) == (0, 2 * LIVING_FEN, 0)
    with pytest.raises(AboveOwed):
        back(office, 1)


def test_what_was_collected_of_a_debt_that_was_none_is_paid_to_the_person_again(
    office: Office,
) -> None:
    """March was paid back and a part of April, whose rest is no longer owed."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-04")
    learn(office, "2017-05-14", "2017-02-10", died(who))
    back(office, LIVING_FEN + 1_000)
    told = learn(office, "2017-05-20", "2017-05-20", revoked(who))
    assert told[2:] == [
        ("EnrollmentResumed", "2017-03"),
        ("OverpaymentCancelled", ["2017-03", "2017-04"], 2 * LIVING_FEN),
        ("PaymentInstructed", "2017-03", LIVING_FEN),
        ("PaymentInstructed", "2017-04", 1_000),
    ]
    assert books(office) == {
        "Liabilities:InTransit": -LIVING_FEN - 1_000,
        "Expenses:Benefits": 4 * LIVING_FEN,
    }
    cashier = by("cashier-1", "2017-05-22", CITY)
    for month in ("2017-03", "2017-04"):
        about = {"program": LIVING, "beneficiary": who, "month": month}
        office.do(pay.SettlePayment(**about, receipt="r"), cashier)
    assert books(office) == {"Expenses:Benefits": 4 * LIVING_FEN}
    row = balance(office, who)
    net_fen = row.settled_fen - row.recovered_fen
    assert (net_fen, row.owed_fen, row.payable_fen) == (4 * LIVING_FEN, 0, 0)
    arrears = pay.GrantArrears(program=LIVING, beneficiary=who, month="2017-03", reason="asked")
    with pytest.raises(AlreadyGranted):
        office.do(arrears, by("director-1", "2017-05-23", CITY))


def test_a_refund_needs_no_money_that_the_fund_does_not_have(tmp_path: Path) -> None:
    """It is the very money that came back."""
    office = Office(tmp_path / "poor", funds_fen=3 * LIVING_FEN)
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    learn(office, "2017-04-14", "2017-02-10", died(who))
    back(office, LIVING_FEN)
    told = learn(office, "2017-04-20", "2017-04-20", revoked(who))
    assert told[-1] == ("PaymentInstructed", "2017-03", LIVING_FEN)
    office.close()


def test_a_waiver_of_a_debt_that_was_none_is_an_expense_like_any_other(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    learn(office, "2017-04-14", "2017-02-10", died(who))
    back(office, 3_000)
    back(office, LIVING_FEN - 3_000, waived=True)
    learn(office, "2017-04-20", "2017-04-20", revoked(who))
    assert books(office) == {
        "Liabilities:InTransit": -3_000,
        "Expenses:Benefits": 3 * LIVING_FEN,
    }
    row = balance(office, who)
    assert (row.waived_fen, row.refunded_fen, row.owed_fen) == (0, 3_000, 0)


def test_only_the_months_that_were_owed_after_all_leave_the_debt(office: Office) -> None:
    """Custody ended earlier than was known: March stays a debt, April and May were due."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-05")
    learn(office, "2017-06-14", "2017-02-10", pe.RecordCustody(person=who, document="judgment"))
    back(office, LIVING_FEN + 2_000)
    freed = pe.EndCustody(person=who, document="release")
    told = learn(office, "2017-06-20", "2017-03-20", freed)
    assert told[2:] == [
        ("EnrollmentResumed", "2017-04"),
        ("OverpaymentCancelled", ["2017-04", "2017-05"], 2 * LIVING_FEN),
        ("PaymentInstructed", "2017-04", 2_000),
    ]
    assert balance(office, who).owed_fen == 0, "what was paid back covers March"
    assert "Assets:Receivable" not in books(office)


def test_a_month_found_and_cancelled_and_found_again_is_one_debt_of_what_is_held(
    office: Office,
) -> None:
    """A refund that the bank returned is set off against the debt that the month is again."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    about = {"program": LIVING, "beneficiary": who, "month": "2017-03"}
    learn(office, "2017-04-10", "2017-02-10", died(who))
    back(office, 1_000)
    learn(office, "2017-04-12", "2017-04-12", revoked(who))
    office.do(pay.ReturnPayment(**about, reason="closed"), by("cashier-1", "2017-04-13", CITY))
    with pytest.raises(NoSuchGrant):
        office.do(pay.ReverseGrant(**about, reason="r"), by("director-1", "2017-04-13", CITY))
    told = learn(office, "2017-04-14", "2017-02-11", died(who))
    assert told[-1] == ("OverpaymentFound", ["2017-03"], LIVING_FEN, "alive")
    assert books(office) == {
        "Assets:Receivable": LIVING_FEN - 1_000,
        "Expenses:Benefits": 2 * LIVING_FEN,
    }
    told = learn(office, "2017-04-16", "2017-04-16", revoked(who))
    assert told[-2:] == [
        ("OverpaymentCancelled", ["2017-03"], LIVING_FEN),
        ("PaymentInstructed", "2017-03", 1_000),
    ]
    assert books(office) == {
        "Liabilities:InTransit": -1_000,
        "Expenses:Benefits": 3 * LIVING_FEN,
    }


def test_a_stop_while_a_refund_is_with_the_bank_waits_for_its_result(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    about = {"program": LIVING, "beneficiary": who, "month": "2017-03"}
    learn(office, "2017-04-10", "2017-02-10", died(who))
    back(office, 1_000)
    learn(office, "2017-04-12", "2017-04-12", revoked(who))
    told = learn(office, "2017-04-14", "2017-02-11", died(who))
    assert "OverpaymentFound" not in [t[0] for t in told]
    start = office.length()
    office.do(pay.ReturnPayment(**about, reason="closed"), by("cashier-1", "2017-04-15", CITY))
    assert office.told(start) == [
        ("PaymentReturned", "2017-03", 1_000),
        ("OverpaymentFound", ["2017-03"], LIVING_FEN, "alive"),
    ]
    assert office.log()[-1].data.offset_fen == 1_000


def test_a_debt_that_an_officer_found_in_payable_months_is_taken_back_by_no_fact(
    office: Office,
) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    wrong = pay.FindOverpayment(
        program=LIVING, beneficiary=who, months=["2017-03"], reason="amount", zh="有误", en="wrong"
    )
    office.at("2017-04-10").do(wrong, by("accountant-1", "2017-04-10", CITY))
    learn(office, "2017-04-14", "2017-02-10", died(who))
    told = learn(office, "2017-04-20", "2017-04-20", revoked(who))
    assert "OverpaymentCancelled" not in [t[0] for t in told]
    assert books(office)["Assets:Receivable"] == LIVING_FEN


def test_a_debt_that_an_officer_found_wrongly_is_taken_back_by_another(office: Office) -> None:
    """A part was collected by then and goes back to the person; a waiver would have kept it."""
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    wrong = pay.FindOverpayment(
        program=LIVING, beneficiary=who, months=["2017-03"], reason="amount", zh="有误", en="wrong"
    )
    office.at("2017-04-10").do(wrong, by("director-1", "2017-04-10", CITY))
    back(office, 1_000)
    cancel = pay.CancelOverpayment(overpayment=found(office), reason="misread", document="d")
    with pytest.raises(FourEyes):
        office.do(cancel, by("director-1", "2017-04-12", CITY))
    start = office.length()
    office.do(cancel, by("accountant-1", "2017-04-12", CITY))
    assert office.told(start) == [
        ("OverpaymentCancelled", ["2017-03"], LIVING_FEN),
        ("PaymentInstructed", "2017-03", 1_000),
    ]
    about = {"program": LIVING, "beneficiary": who, "month": "2017-03"}
    office.do(pay.SettlePayment(**about, receipt="r"), by("cashier-1", "2017-04-13", CITY))
    assert books(office) == {"Expenses:Benefits": 3 * LIVING_FEN}
    with pytest.raises(OutOfOrder):
        office.do(cancel, by("accountant-1", "2017-04-14", CITY))


def test_a_debt_that_a_stop_made_is_taken_back_with_the_stop_alone(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    learn(office, "2017-04-14", "2017-02-10", died(who))
    cancel = pay.CancelOverpayment(overpayment=found(office), reason="misread", document="d")
    with pytest.raises(OutOfOrder):
        office.do(cancel, by("director-1", "2017-04-15", CITY))


def test_an_officer_who_takes_back_a_stop_takes_back_the_debt_it_made(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-03")
    about = {"program": LIVING, "beneficiary": who, "from_month": "2017-02"}
    accountant = by("accountant-1", "2017-04-10", CITY)
    office.at("2017-04-10").do(en.SuspendEnrollment(**about, reason="inquiry"), accountant)
    start = office.length()
    office.do(en.ResumeEnrollment(**about, reason="cleared"), accountant)
    assert office.told(start) == [
        ("EnrollmentResumed", "2017-02"),
        ("OverpaymentCancelled", ["2017-02", "2017-03"], 2 * LIVING_FEN),
    ]


# --- four eyes


def test_who_found_a_debt_does_not_waive_it(office: Office) -> None:
    who = office.enrolled(1)
    office.paid("2017-01", "2017-01")
    told = {"months": ["2017-01"], "reason": "r", "zh": "z", "en": "e"}
    finds = pay.FindOverpayment(program=LIVING, beneficiary=who, **told)
    office.do(finds, by("director-1", "2017-02-01", CITY))
    with pytest.raises(FourEyes):
        back(office, LIVING_FEN, waived=True)
    waives = pay.WaiveOverpayment(
        overpayment=found(office), amount_fen=LIVING_FEN, reason="hardship", document="d"
    )
    office.do(waives, by("director-2", "2017-02-01", CITY))
    assert balance(office, who).owed_fen == 0


def test_a_finding_is_made_a_debt_by_none_who_decided_it_or_granted_the_month(
    office: Office,
) -> None:
    """The cashier granted the month: refused even where the evidence named leaves that out."""
    who = office.enrolled(1)
    about = {"program": LIVING, "beneficiary": who}
    run = office.issued("2017-01")
    office.result(run, "2017-01", returned={enrollment_id(who, LIVING): "closed"})
    start = office.length()
    again = pay.InstructPayment(**about, month="2017-01", reason="again")
    office.do(again, by("accountant-1", "2017-01-28", CITY))
    settles = pay.SettlePayment(**about, month="2017-01", receipt="r")
    office.do(settles, by("director-1", "2017-01-29", CITY))
    evidence = [
        Evidence(position=start + n, event=event.id) for n, event in enumerate(office.events(start))
    ]
    wanted = ConvertFinding(
        **about,
        code="over-cap",
        key="k",
        evidence=evidence,
        overpaid={"2017-01": 1},
        zh="多发",
        en="overpaid",
    )
    for officer in ("cashier-1", "accountant-1", "director-1"):
        with pytest.raises(FourEyes):
            office.do(wanted, by(officer, "2017-02-01", CITY))
    assert office.do(wanted, by("chief-1", "2017-02-01", CITY)).outcomes[0].events == 2
