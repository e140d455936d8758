"""A payable month that was never granted is found once the office had its chance to grant it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands import payment as pay
from ledger.commands import person as pe
from ledger.domain.events import enrollment as events
from ledger.domain.rules import Rule
from ledger.domain.stream import enrollment_id
from ops.simulation.plants import Legacy
from ops.simulation.plants.owed import TRANSPORT
from ops.simulation.plants.people import Resident
from ops.simulation.plants.programs import adopt
from projections.checks import ALL_CHECKS
from projections.checks.audit import audit
from projections.checks.finding import Finding
from projections.checks.sources import Sources
from tests.audits import Story, came_back, told
from tests.office import CITY, LIVING, LIVING_FEN, Office, by, learn


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def found(office: Office) -> list[tuple[str, str, list[str], int]]:
    findings: list[Finding] = audit(office.home.feed, ALL_CHECKS, Sources()).findings
    return [(f.code, f.kind, f.months, f.amount_fen) for f in findings]


# --- through the ledger's own commands


def test_an_approval_behind_the_months_run_is_found_when_the_next_run_is_issued(
    office: Office,
) -> None:
    office.enrolled(1)
    run = office.compute("2017-02")
    late = office.person(2)
    office.enroll(late, applied="2017-02-08", start="2017-02")
    office.notice(run, "2017-02")
    office.approve(run, "2017-02")
    office.issue(run, "2017-02")
    assert found(office) == []  # January's was never run, and February's knew of nobody new
    office.issued("2017-03")
    assert found(office) == [("not-granted", "not-made-up", ["2017-02"], LIVING_FEN)]
    arrears = pay.GrantArrears(program=LIVING, beneficiary=late, month="2017-02", reason="late")
    office.do(arrears, by("director-1", "2017-03-28", CITY))
    assert found(office) == []


def test_who_has_no_account_is_found_and_paid_once_there_is_one(office: Office) -> None:
    office.enrolled(1)
    who = office.enrolled(2, account=None)
    office.paid("2017-01", "2017-02")
    owed = (["2017-01", "2017-02"], 2 * LIVING_FEN)
    assert found(office) == [("not-granted", "no-account", *owed)]
    account = pe.ChangeBankAccount(person=who, account="6217", bank="b", holder="h")
    learn(office, "2017-02-28", "2017-02-28", account)
    assert found(office) == []  # with the office until the next run was issued
    office.paid("2017-03", "2017-03")
    assert found(office) == [("not-granted", "not-made-up", *owed)]


def test_money_that_came_back_and_is_not_sent_again_is_owed(office: Office) -> None:
    office.enrolled(1)
    who = office.enrolled(2)
    run = office.issued("2017-01")
    office.result(run, "2017-01", returned={enrollment_id(who, LIVING): "closed"})
    assert found(office) == []  # with the office until the next run was issued
    office.paid("2017-02", "2017-02")
    assert found(office) == [("not-granted", "not-sent", ["2017-01"], LIVING_FEN)]
    about = {"program": LIVING, "beneficiary": who, "month": "2017-01"}
    cashier = by("cashier-1", "2017-02-28", CITY)
    office.at("2017-02-28").do(pay.InstructPayment(**about, reason="again"), cashier)
    assert found(office) == []
    office.do(pay.SettlePayment(**about, receipt="r"), cashier)
    assert found(office) == []


def test_an_objection_that_was_upheld_owes_nothing(office: Office) -> None:
    office.enrolled(1)
    who = office.enrolled(2)
    run = office.issued("2017-01", objections=[enrollment_id(who, LIVING)])
    office.result(run, "2017-01")
    office.paid("2017-02", "2017-02")
    assert found(office) == []


def test_a_grant_taken_back_from_an_eligible_person_is_owed(office: Office) -> None:
    office.enrolled(1)
    who = office.enrolled(2)
    run = office.issued("2017-01")
    office.result(run, "2017-01", returned={enrollment_id(who, LIVING): "closed"})
    reverse = pay.ReverseGrant(program=LIVING, beneficiary=who, month="2017-01", reason="closed")
    office.do(reverse, by("accountant-1", "2017-01-28", CITY))
    assert found(office) == []
    office.paid("2017-02", "2017-02")
    assert found(office) == [("not-granted", "reversed", ["2017-01"], LIVING_FEN)]


def test_what_was_too_much_of_a_grant_taken_back_is_not_missing_from_the_next(
    office: Office,
) -> None:
    """30.00 of February were a debt, 40.00 came back and were reversed. Granted anew, the whole of
    it comes back once more."""
    office.enrolled(1)
    who = office.enrolled(2)
    office.paid("2017-01", "2017-02")
    about = {"program": LIVING, "beneficiary": who}
    director, on = by("director-1", "2017-03-02", CITY), {**about, "month": "2017-02"}
    part = {"months": ["2017-02"], "parts": {"2017-02": 3_000}, "reason": "r", "zh": "z", "en": "e"}
    office.at("2017-03-02").do(pay.FindOverpayment(**about, **part), director)
    office.do(pay.ReturnPayment(**on, reason="closed"), director)
    office.do(pay.ReverseGrant(**on, reason="closed"), director)
    office.do(pay.GrantArrears(**on, reason="again"), director)
    office.do(pay.ReturnPayment(**on, reason="closed"), director)
    office.paid("2017-03", "2017-03")
    assert found(office) == [("not-granted", "not-sent", ["2017-02"], LIVING_FEN)]


# --- as an import brings it


def left_out_of_february(
    p: Legacy, *, cap_fen: int | None = None, cutoff: bool = True
) -> list[Resident]:
    """Paid in January, March and April; another is paid all four months, so each had a run."""
    rule = Rule(
        valid_from=p.day(1, 1),
        period="month",
        rate_fen=2_000,
        cap_fen=cap_fen,
        document="d",
        source="assumed",
    )
    adopt(p, TRANSPORT, "交通补助", "Transport aid", rule)
    people = [p.person(), p.person()]
    for who, months in zip(people, ((1, 3, 4), (1, 2, 3, 4)), strict=True):
        p.enroll(who.id, TRANSPORT)
        p.pay(who, TRANSPORT, *months, cutoff=cutoff)
    return people


def taken_back(p: Legacy, reason: str) -> None:
    """February is granted to all, and one's is returned and taken back before July's run."""
    people = left_out_of_february(p)
    who = people[0]
    p.pay(who, TRANSPORT, 2, cutoff=True)
    came_back(p, who, 2, program=TRANSPORT)
    taken = events.GrantReversed(
        program=TRANSPORT,
        month=p.month(2),
        amount_fen=2_000,
        fund=TRANSPORT,
        grant="g",
        reason=reason,
    )
    p.step(who.id, TRANSPORT, taken, p.day(6, 16))
    for each in people:
        p.pay(each, TRANSPORT, 7, cutoff=True)


@pytest.mark.parametrize(
    ("story", "kinds"),
    [
        (left_out_of_february, ["passed-over"]),
        (lambda p: left_out_of_february(p, cutoff=False), []),
        (lambda p: left_out_of_february(p, cap_fen=8_000), ["passed-over"]),
        (lambda p: left_out_of_february(p, cap_fen=6_000), []),
        (lambda p: taken_back(p, "账户注销"), ["reversed"]),
        (lambda p: taken_back(p, "本人放弃"), []),
    ],
    ids=["passed-over", "no-cut-off", "below-the-cap", "cap-reached", "reversed", "wish"],
)
def test_what_an_import_left_out(story: Story, kinds: list[str]) -> None:
    findings = told(story)[1].findings
    assert [f.kind for f in findings if f.code == "not-granted"] == kinds
