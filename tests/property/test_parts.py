"""Debts of parts of months, in any order with facts, returns and recoveries: whatever is asked, of
no grant is more found than was granted, and every balance is what the events add up to.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.application import Command
from ledger.commands import enrollment as en
from ledger.commands import payment as pay
from ledger.domain.enrollment import ENROLLMENT
from ledger.domain.errors import LedgerError
from ledger.domain.stream import enrollment_id
from projections.checks import ALL_CHECKS
from projections.checks.audit import audit
from projections.checks.sources import Sources
from tests.office import CITY, LIVING, LIVING_FEN, Office, by, died, revoked
from tests.oracle import Oracle

MONTHS = ("2017-01", "2017-02", "2017-03")
MONTH = st.sampled_from(MONTHS)
FEN = st.integers(1, LIVING_FEN + 500) | st.sampled_from([LIVING_FEN // 2, LIVING_FEN])
STEP = st.one_of(
    st.tuples(st.just("find"), st.lists(MONTH, min_size=1, max_size=2), st.none() | FEN),
    st.tuples(st.just("find"), st.lists(MONTH, min_size=1, max_size=1), FEN),
    st.tuples(st.sampled_from(["collect", "waive"]), st.integers(0, 9), FEN),
    st.tuples(st.sampled_from(["return", "instruct", "settle", "reverse", "arrears"]), MONTH),
    st.tuples(st.just("dies"), st.sampled_from(["2017-01-20", "2017-02-10", "2017-03-10"])),
    st.tuples(st.just("revoked")),
    st.tuples(st.sampled_from(["suspend", "resume"]), MONTH),
    st.tuples(st.just("error"), FEN),
)
FACTS = ("dies", "revoked", "suspend", "resume")
OF_MONEY = ("no-such-grant", "above-granted", "above-owed", "invalid-value", "invalid-amount")
LEADS = {"wrongful-stop", "not-granted", "after-death"}
"""What an audit may find where every command was obeyed: see the ledger machine."""


@cache
def _paid() -> Path:
    """One person, paid from January to March."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-parts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    office = Office(folder / "home")
    office.enrolled(1)
    office.paid(MONTHS[0], MONTHS[-1])
    office.close()
    return folder / "home"


def command(who: str, step: tuple[Any, ...], debts: list[str]) -> Command | None:
    """What a step asks for; None where there is no debt to ask about."""
    about = {"program": LIVING, "beneficiary": who}
    match step:
        case ("find", months, fen):
            parts = {} if fen is None else {months[0]: fen}
            said = {"reason": "amount", "zh": "z", "en": "e"}
            return pay.FindOverpayment(**about, months=months, parts=parts, **said)
        case ("collect" | "waive", which, fen):
            if not debts:
                return None
            of = {"overpayment": debts[which % len(debts)], "amount_fen": fen}
            if step[0] == "waive":
                return pay.WaiveOverpayment(**of, reason="r", document="d")
            return pay.RecoverOverpayment(**of, method="cash", receipt="r")
        case ("dies", _):
            return died(who)
        case (what, month):
            return OF_A_MONTH[what](about, month)
    return revoked(who)


OF_A_MONTH: dict[str, Callable[[dict[str, Any], str], Command]] = {
    "return": lambda about, month: pay.ReturnPayment(**about, month=month, reason="closed"),
    "instruct": lambda about, month: pay.InstructPayment(**about, month=month, reason="again"),
    "settle": lambda about, month: pay.SettlePayment(**about, month=month, receipt="r"),
    "reverse": lambda about, month: pay.ReverseGrant(**about, month=month, reason="r"),
    "arrears": lambda about, month: pay.GrantArrears(**about, month=month, reason="r"),
    "suspend": lambda about, month: en.SuspendEnrollment(**about, from_month=month, reason="r"),
    "resume": lambda about, month: en.ResumeEnrollment(**about, from_month=month, reason="r"),
}


@settings(max_examples=60)
@given(steps=st.lists(STEP, min_size=3, max_size=25))
def test_no_more_is_found_of_a_month_than_was_granted_for_it(
    steps: list[tuple[Any, ...]],
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="ledger-part-"))
    shutil.copytree(_paid(), folder / "home")
    office, oracle = Office(folder / "home", name="parts-"), Oracle()
    refused: list[tuple[str, str]] = []
    try:
        who, today = office.vault_id(1), date(2017, 4, 10)
        # A month whose refund is with the bank waits for its word, which comes in the end.
        read = [("settle", month) for month in MONTHS]
        asking = (each for given in steps for each in _spelled_out(given))
        for step in (None, *asking, *read):
            today += timedelta(days=1)
            office.at(today)
            asked = None if step is None else command(who, step, sorted(oracle.owed))
            if asked is not None:
                on = str(step[1]) if step is not None and step[0] == "dies" else today
                # Nobody waives a debt that they found.
                officer = "chief-1" if isinstance(asked, pay.WaiveOverpayment) else "director-1"
                try:
                    office.do(asked, by(officer, on, CITY))
                except LedgerError as refusal:
                    refused.append((step[0] if step else "", refusal.code))
                    continue
            for event in office.events(oracle.read_so_far):
                oracle.read(event)
            oracle.settle("2017-05")
            _balanced(office, oracle, who)
        office.home.projector.catch_up()
        # A fact may be refused for its own sake, and never for what is paid.
        assert not [r for r in refused if r[0] in FACTS and r[1] in OF_MONEY], refused
        found = {f.code for f in audit(office.home.feed, ALL_CHECKS, Sources()).findings}
        assert found <= LEADS, found
    finally:
        office.close()
        shutil.rmtree(folder)


def _spelled_out(step: tuple[Any, ...]) -> Sequence[tuple[Any, ...]]:
    """An ``error`` is a death that was none, with something paid back in between."""
    if step[0] != "error":
        return (step,)
    return (("dies", "2017-01-20"), ("collect", -1, step[1]), ("revoked",))


def _balanced(office: Office, oracle: Oracle, who: str) -> None:
    """The state's debts are within its grants, and are what the auditor counted."""
    e = office.ledger.state(ENROLLMENT, enrollment_id(who, LIVING))
    for grant in e.grants.values():
        assert 0 <= grant.right_fen <= grant.amount_fen
        assert 0 <= grant.kept_fen <= grant.right_fen
        assert 0 < grant.due_fen <= grant.amount_fen
    owed = {debt: found.owed_fen for debt, found in e.overpayments.items()}
    assert owed == {debt: oracle.owed[debt] for debt in owed}
    assert all(fen >= 0 for fen in owed.values())
