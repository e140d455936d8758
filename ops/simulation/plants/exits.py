"""Poverty exits: a step left out, out of order or signed by a stranger, and benefits long after."""

from datetime import timedelta

from ledger.domain.events import EventData
from ledger.domain.events import household as hh
from ledger.domain.household import household_id
from ops.simulation.plants.legacy import DISTRICT, LIVING, Legacy
from ops.simulation.plants.people import Resident

CLERK, CHIEF = f"officer-{DISTRICT}-01", f"officer-{DISTRICT}-02"


def plant(p: Legacy) -> None:
    """exit-flaw, exit-then-poor, and an exit proposed and decided by one officer."""
    for kind in LEFT_OUT:
        _flawed(p, kind)
    for kind in ("out-of-order", "stranger", "short-notice", "objection"):
        _flawed(p, kind)
    home, _ = _exit(p, decided_by=CLERK)
    p.expect("self-approval", home, kind="exit")
    for _ in range(2):
        _, who = _exit(p)
        p.enroll(who.id, LIVING, division=who.division)
        p.pay(who, LIVING, 12, 13, 14, 15)
        months = [p.month(14), p.month(15)]
        fen = 2 * p.rate_fen(LIVING)
        p.expect("exit-then-poor", who.id, LIVING, months=months, amount_fen=fen)


LEFT_OUT: dict[str, type[EventData]] = {
    "no-review": hh.ExitProposed,
    "no-verification": hh.ExitVerified,
    "no-consent": hh.HouseholdConfirmed,
    "no-notice": hh.ExitNoticed,
}
"""The step that is left out, by the kind of flaw."""


def _flawed(p: Legacy, kind: str) -> None:
    home, _ = _exit(p, kind)
    p.expect("exit-flaw", home, kind=kind)


def _exit(p: Legacy, kind: str = "", *, decided_by: str = CHIEF) -> tuple[str, Resident]:
    """A household leaves the register in January, with a flaw of a kind."""
    who = p.person()
    home = household_id(who.id)
    on = p.day(1, 5)
    signer = p.person().id if kind == "stranger" else who.id
    days = 3 if kind == "short-notice" else 7
    until = on + timedelta(days=days - 1)
    steps: list[EventData] = [
        hh.HouseholdRegistered(head=who.id, members=[who.id], urban=True),
        hh.PovertyRegistered(members=[who.id], cause="因残", document="名册"),
        hh.ExitProposed(reviewed_on=on, attendees=30, votes_for=28, income_fen=420_000),
        hh.ExitVerified(village="村委会", resident_team="工作队"),
        hh.HouseholdConfirmed(signer=signer),
        hh.ExitNoticed(notice_from=on, notice_until=until, place="公示栏"),
    ]
    if kind == "out-of-order":
        steps[3], steps[4] = steps[4], steps[3]
    if kind == "objection":
        steps.append(hh.ExitObjected(objection="objection-1", ground="收入不实"))
    left_out = LEFT_OUT.get(kind)
    for n, data in enumerate(steps):
        if left_out is None or not isinstance(data, left_out):
            p.event(data, home, on, actor=CLERK, second=n)
    decided = hh.ExitDecided(members=[who.id], document="脱贫公告")
    p.event(decided, home, p.day(1, 20), actor=decided_by, role="approver")
    return home, who
