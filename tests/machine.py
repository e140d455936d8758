"""Where any sequence of commands begins: a small city, a clock, and an auditor of events.

The rules are in :mod:`tests.machine_people` and in ``tests/property/test_ledger_machine.py``.
"""

import atexit
import shutil
import tempfile
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from ledger.application import Command
from ledger.domain.errors import LedgerError
from ledger.domain.month import month_of, plus_months
from tests.office import LIVING, NURSING, Office
from tests.oracle import Oracle

PEOPLE = 4
WHO = st.integers(0, PEOPLE - 1)
PROGRAM_CODE = st.sampled_from([LIVING, LIVING, NURSING])
OFFICER = st.sampled_from(["clerk-1", "approver-1", "kin-1"])
LEADER = st.sampled_from(["accountant-1", "director-1", "cashier-1"])
HARDSHIP = st.sampled_from(["low-income", "low-income", "extreme-poverty"])
AGO = st.integers(-20, 130)
"""Days between a fact's own day and its recording: some facts are known ahead."""
BACK = st.sampled_from([0, 0, 0, 1, 1, 2, 3, -1, -4])
"""Months before the present one."""
BATCH = st.sampled_from([1, 1, 2])
TERM = st.none() | st.integers(-3, 4)
"""Months from the present one to the last that is approved."""
FEN = st.integers(1, 20_000)
OBJECTED = st.sampled_from([None, None, "open", "upheld", "refused"])
"""What becomes of an objection, if there is one."""


@cache
def _city(funds_fen: int) -> Path:
    """Four people, three of them paid from January to March, one of these in both programs."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-machine-city-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    office = Office(folder / "home", funds_fen=funds_fen)
    for n in range(PEOPLE):
        who = office.person(n, care=n > 0)
        if n < 3:
            office.enroll(who, LIVING)
        if n == 2:
            office.enroll(who, NURSING)
    office.paid("2017-01", "2017-03", LIVING, NURSING)
    office.close()
    return folder / "home"


class Machine(RuleBasedStateMachine):
    """A city to start from, how commands are asked for, and the auditor that reads what follows."""

    @initialize(funds_fen=st.sampled_from([100_000, 100_000_000]))
    def open(self, funds_fen: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-machine-"))
        shutil.copytree(_city(funds_fen), self.folder / "home")
        self.office = Office(self.folder / "home", name="machine-")
        self.oracle = Oracle()
        self.day = date(2017, 4, 20)
        self.objections = 0
        self.office.at(self.day)
        self.people = [self.office.vault_id(n) for n in range(PEOPLE)]
        self.audit()

    # --- carrying out, and auditing

    def ask(self, command: Command, context: Any, key: str | None = None) -> bool:
        """Whether the ledger agreed; refused or not, nothing is half done."""
        self.office.at(self.day)
        before = self.office.length()
        try:
            result = self.office.do(command, context, key=key)
        except LedgerError:
            result = None
        stored = self.office.length() - before
        told = 0 if result is None or result.repeated else result.outcomes[0].events
        assert stored == told, f"{stored} events of {command} were stored, {told} reported"
        if stored:
            self.audit()
        return result is not None

    def audit(self) -> None:
        for event in self.office.events(self.oracle.read_so_far):
            self.oracle.read(event)
        self.oracle.settle(plus_months(month_of(self.day), 1))

    def on(self, ago: int) -> date:
        return self.day - timedelta(days=ago)

    def month(self, back: int) -> str:
        return plus_months(month_of(self.day), -back)

    def about(self, who: int, program: str) -> dict[str, str]:
        return {"program": program, "beneficiary": self.people[who]}
