"""Small histories for the checks, told as a legacy import would bring them, and an audit of each.

Nothing is stored: the events are laid behind those of an office whose catalog is adopted and whose
funds are filled, and folded from there.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from ledger.application import Command
from ledger.catalog.loader import load_funds
from ledger.commands.program import AdoptProgram, AppropriateFunds, OpenFund
from ledger.domain.events import enrollment as en
from ledger.domain.events import household as hh
from ledger.domain.events import person as pe
from ledger.domain.household import household_id
from ledger.domain.stream import enrollment_id
from ledger.recognition import Recognition
from ledger.work import Context
from ops.home import Home
from ops.simulation.calendar import Calendar
from ops.simulation.plants import Legacy
from ops.simulation.plants.legacy import LIVING
from ops.simulation.plants.people import Resident
from projections.asof import AsOf
from projections.checks import ALL_CHECKS
from projections.checks.audit import Audit, audit
from projections.checks.parameters import Parameters
from projections.checks.sources import Register, Sources
from tests.histories import ListFeed

Story = Callable[[Legacy], None]


@cache
def office() -> Home:
    """A home with nothing but its catalog and its funds."""
    folder = Path(tempfile.mkdtemp(prefix="benefits-ledger-office-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = Home.create(folder / "home", seed=3, year=2017)
    day = Calendar(2017).day(0, 1)
    by = Context(actor="director", role="director", division="220200", effective=day)
    commands: list[Command] = [AdoptProgram(definition=p) for p in home.programs.values()]
    for fund in load_funds().values():
        commands.append(OpenFund(definition=fund))
        commands.append(
            AppropriateFunds(fund=fund.code, amount_fen=10**9, year=2017, document="预算")
        )
    clock = Calendar(2017).at(0, 1)
    done = home.ledger(clock=lambda: clock).execute_group([(c, by) for c in commands], key="k")
    assert not [o for o in done.outcomes if o.error]
    return home


def told(story: Story, bound: AsOf | None = None, **sources: Any) -> tuple[Legacy, Audit]:
    """The story, and what an audit of it answers; ``sources`` replaces what it is given."""
    home = office()
    legacy = Legacy(home, 2018, dict(home.programs))
    story(legacy)
    records = [r for batch in home.feed.read(0) for r in batch]
    start = len(records)
    records += [(start + n, e.state) for n, e in enumerate(legacy.events())]
    register = msgspec.convert(
        {"accounts": legacy.accounts, "kin": legacy.kin}, Register, strict=False
    )
    given = {
        "parameters": Parameters.packaged(),
        "register": register,
        "recognizer": Recognition(home.vault),
        **sources,
    }
    return legacy, audit(ListFeed(records), ALL_CHECKS, Sources(**given), bound)


def found(story: Story, **sources: Any) -> list[str]:
    """The codes of what is found, in order."""
    return [f.code for f in told(story, **sources)[1].findings]


def paid(p: Legacy, *months: int, program: str = LIVING, **person: Any) -> Resident:
    """Someone enrolled and paid for months (January to March unless said otherwise)."""
    who = p.person(**person)
    p.enroll_and_pay(who, program, *(months or (1, 2, 3)))
    return who


def owed_back(
    p: Legacy, who: Resident, *months: int, program: str = LIVING, fen: int | None = None
) -> None:
    """The ledger finds the months overpaid, or ``fen`` of each, on 15 June."""
    fen = fen or p.rate_fen(program)
    lines = [en.OverpaidMonth(month=p.month(m), amount_fen=fen, grant="g") for m in months]
    data = en.OverpaymentFound(
        program=program,
        overpayment=f"{enrollment_id(who.id, program)}/99",
        months=lines,
        amount_fen=fen * len(lines),
        fund="city-welfare",
        reason="alive",
        zh="多发",
        en="overpaid",
    )
    p.step(who.id, program, data, p.day(6, 15))


def came_back(p: Legacy, who: Resident, month: int, *, program: str = LIVING, **by: Any) -> None:
    """The money of a month came back after it had arrived, on 15 June."""
    data = en.PaymentReturned(
        program=program,
        month=p.month(month),
        amount_fen=p.rate_fen(program),
        fund="city-welfare",
        reason="退回",
        after_settlement=True,
    )
    p.step(who.id, program, data, p.day(6, 15), **by)


def died(p: Legacy, who: Resident, on: date, known: date) -> None:
    """A death on a day, recorded on another."""
    data = pe.DeathRecorded(died_on=on, source="民政", document="死亡证明")
    p.about(who, data, on, recorded=known)


def stopped(p: Legacy, who: Resident, last: int, on: date, program: str = LIVING) -> None:
    """The benefit ended after a month because of a death, as was recorded on a day."""
    p.end(who.id, program, last, on, "alive")


def exit_of(
    p: Legacy,
    *,
    left_out: type[Any] | None = None,
    noticed_from: date | None = None,
    noticed_until: date | None = None,
) -> Resident:
    """A household of one leaves poverty on 12 January: every step on the 5th, noticed from then
    until the 11th unless said otherwise."""
    who = p.person()
    home, on = household_id(who.id), p.day(1, 5)
    noticed = hh.ExitNoticed(
        notice_from=noticed_from or on, notice_until=noticed_until or p.day(1, 11), place="公示栏"
    )
    steps = (
        hh.HouseholdRegistered(head=who.id, members=[who.id], urban=True),
        hh.ExitProposed(reviewed_on=on, attendees=9, votes_for=8, income_fen=1),
        hh.ExitVerified(village="村", resident_team="队"),
        hh.HouseholdConfirmed(signer=who.id),
        noticed,
    )
    for n, data in enumerate(steps):
        if left_out is None or not isinstance(data, left_out):
            p.event(data, home, on, second=n)
    data = hh.ExitDecided(members=[who.id], document="公告")
    p.event(data, home, p.day(1, 12), actor="chief")
    return who
