"""Months that somebody is owed: stopped while eligible, or payable and never granted."""

from collections.abc import Sequence
from typing import Any

from ledger.domain.events import enrollment as en
from ledger.domain.events import person as pe
from ledger.domain.rules import Rule
from ops.simulation.plants.legacy import LIVING, NURSING, Legacy
from ops.simulation.plants.people import Resident
from ops.simulation.plants.programs import adopt

TRANSPORT = "legacy-transport"
"""A program of the old system whose runs say whom they knew; nobody else is in it."""


def plant(p: Legacy) -> None:
    """wrongful-stop, not-granted."""
    _wrongful_stops(p)
    _not_granted(p)


def _not_granted(p: Legacy) -> None:
    """Of runs from January to April: one is left out of February's, one approved after it, one has
    no account, and two had their money of March come back, of whom one's grant was taken back."""
    rule = Rule(
        valid_from=p.day(1, 1), period="month", rate_fen=2_000, document="旧系统", source="assumed"
    )
    adopt(p, TRANSPORT, "旧系统交通补助", "Transport aid of the old system", rule)
    kinds = (
        ("passed-over", [2]),
        ("reversed", [3]),
        ("no-account", [1, 2, 3, 4]),
        ("not-sent", [3]),
    )
    for kind, owed in kinds:
        who = p.person(banked=kind != "no-account")
        p.enroll(who.id, TRANSPORT)
        came_back = kind in ("reversed", "not-sent")
        granted = {1, 2, 3, 4} - set(() if came_back else owed)
        p.pay(who, TRANSPORT, *sorted(granted), cutoff=True)
        if came_back:
            _came_back(p, who, 3, reversed_after=kind == "reversed")
        _owed(p, who, TRANSPORT, kind, [p.month(m) for m in owed])
    who = p.person()
    p.enroll(who.id, TRANSPORT, month=3, start=2, applied_on=p.day(2, 20))
    p.pay(who, TRANSPORT, 3, 4, cutoff=True)
    _owed(p, who, TRANSPORT, "not-made-up", [p.month(2)])


def _came_back(p: Legacy, who: Resident, month: int, *, reversed_after: bool) -> None:
    """The money came back after it had arrived, and perhaps the grant is reversed."""
    about: dict[str, Any] = {
        "program": TRANSPORT,
        "month": p.month(month),
        "amount_fen": p.rate_fen(TRANSPORT),
        "fund": TRANSPORT,
    }
    back = en.PaymentReturned(**about, reason="账户注销", after_settlement=True)
    p.step(who.id, TRANSPORT, back, p.day(month + 1, 2))
    if reversed_after:
        taken = en.GrantReversed(**about, grant="g", reason="账户注销")
        p.step(who.id, TRANSPORT, taken, p.day(month + 1, 3))


def _wrongful_stops(p: Legacy) -> None:
    """Ended for no reason and resumed later; renewed and not restored for two months."""
    who = p.person()
    p.enroll_and_pay(who, LIVING, 1, 2, 5)
    p.end(who.id, LIVING, 2, p.day(3, 14), "核查")
    resumed = en.EnrollmentResumed(program=LIVING, from_month=p.month(5), reason="复核")
    p.step(who.id, LIVING, resumed, p.day(5, 14))
    _owed(p, who, LIVING, "ended", [p.month(3), p.month(4)])
    who = p.person()
    p.enroll_and_pay(who, NURSING, 1, 2, 3)
    expired = pe.CertificateExpired(expired_on=p.day(3, 10))
    p.about(who, expired, p.day(3, 10), recorded=p.day(3, 14))
    suspended = en.EnrollmentSuspended(program=NURSING, from_month=p.month(4), reason="certified")
    p.step(who.id, NURSING, suspended, p.day(3, 14), hour=2)
    renewed = pe.CertificateChanged(category=4, grade=1, reason="换证")
    p.about(who, renewed, p.day(5, 10))
    resumed = en.EnrollmentResumed(program=NURSING, from_month=p.month(8), reason="复核")
    p.step(who.id, NURSING, resumed, p.day(8, 14))
    _owed(p, who, NURSING, "suspended", [p.month(6), p.month(7)])


def _owed(p: Legacy, who: Resident, program: str, kind: str, months: Sequence[str]) -> None:
    fen = p.rate_fen(program) * len(months)
    code = "not-granted" if program == TRANSPORT else "wrongful-stop"
    p.expect(code, who.id, program, kind=kind, months=[*months], amount_fen=fen)
