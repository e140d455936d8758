"""How decisions were made: kin, four eyes, dates, notices, exits, devices, patterns, readings."""

from datetime import timedelta

from ledger.domain.events import EventData
from ledger.domain.events import enrollment as en
from ledger.domain.events import household as hh
from ledger.domain.events import person as pe
from ledger.domain.household import household_id
from ledger.domain.stream import payrun_id
from ops.simulation.calendar import CITY
from ops.simulation.plants.legacy import DISTRICT, LIVING, NURSING, Legacy
from ops.simulation.plants.people import Resident

AID, STUDENT = "lottery-fund-aid", "student-aid"
DEVICE = "assistive-device"
CLERK, CHIEF = f"officer-{DISTRICT}-01", f"officer-{DISTRICT}-02"


def plant(p: Legacy) -> None:
    """kin-undeclared to device-repeat, batch-pattern, access-abuse."""
    _who_decided(p)
    _when(p)
    _notices(p)
    _exits(p)
    _devices(p)
    _patterns(p)
    _readings(p)


def _who_decided(p: Legacy) -> None:
    """Approved by kin (declared, and by the register), or by who submitted or computed."""
    fen = p.rate_fen(LIVING)
    declared, listed, own = p.person(), p.person(), p.person()
    p.enroll(declared.id, LIVING, kin=[CHIEF])
    p.enroll(listed.id, LIVING)
    kin = {"officer": CHIEF, "person": listed.id, "relation": "兄弟"}
    p.kin.append({**kin, "valid_from": p.day(1, 1).isoformat(), "document": "回避登记"})
    p.enroll(own.id, LIVING, approver=CLERK)
    for who, code in ((declared, "kin-undeclared"), (listed, "kin-undeclared")):
        p.pay(who, LIVING, 1)
        p.expect(code, who.id, LIVING, amount_fen=fen)
    p.pay(own, LIVING, 1)
    p.expect("self-approval", own.id, LIVING, amount_fen=fen)
    who = p.person()
    p.enroll(who.id, STUDENT)
    p.pay(who, STUDENT, 2, approver=f"officer-{CITY}-01")
    run = payrun_id(STUDENT, p.month(2), 1)
    p.expect("self-approval", run, STUDENT, amount_fen=p.rate_fen(STUDENT))


def _when(p: Legacy) -> None:
    """Paid for a month before the application; an application dated ten months back."""
    for program in (LIVING, NURSING):
        who = p.person()
        p.enroll(who.id, program, month=3, start=2)
        p.pay(who, program, 2, paid_in=3)
        p.pay(who, program, 3)
        fen = p.rate_fen(program)
        p.expect("wrong-start", who.id, program, months=[p.month(2)], amount_fen=fen)
        who = p.person()
        back = p.day(3, 4) - timedelta(days=300)
        p.enroll(who.id, program, month=3, applied_on=back, documents=())
        p.expect("backdated", who.id, program)


def _notices(p: Legacy) -> None:
    """No notice; one of three days; one with an objection left open."""
    for program in (LIVING, NURSING):
        who = p.person()
        p.enroll(who.id, program, notice_days=0)
        p.pay(who, program, 1)
        p.expect("no-notice", who.id, program, amount_fen=p.rate_fen(program))
    for said in ({"notice_days": 3}, {"objection": True}):
        who = p.person()
        p.enroll(who.id, LIVING, **said)
        p.pay(who, LIVING, 1)
        p.expect("short-notice", who.id, LIVING, amount_fen=p.rate_fen(LIVING))


def _exits(p: Legacy) -> None:
    """Exits without verification or consent, or noticed too briefly; benefits long after one."""
    for left_out, days in ((hh.ExitVerified, 7), (hh.HouseholdConfirmed, 7), (None, 3)):
        home, _ = _exit(p, left_out=left_out, days=days)
        p.expect("exit-flaw", home)
    for _ in range(2):
        _, who = _exit(p)
        p.enroll(who.id, LIVING, division=who.division)
        p.pay(who, LIVING, 12, 13, 14, 15)
        months = [p.month(14), p.month(15)]
        fen = 2 * p.rate_fen(LIVING)
        p.expect("exit-then-poor", who.id, LIVING, months=months, amount_fen=fen)


def _exit(
    p: Legacy, *, left_out: type[EventData] | None = None, days: int = 7
) -> tuple[str, Resident]:
    """A household leaves the register in January."""
    who = p.person()
    home = household_id(who.id)
    on = p.day(1, 5)
    steps: list[EventData] = [
        hh.HouseholdRegistered(head=who.id, members=[who.id], urban=True),
        hh.PovertyRegistered(members=[who.id], cause="因残", document="名册"),
        hh.ExitProposed(reviewed_on=on, attendees=30, votes_for=28, income_fen=420_000),
        hh.ExitVerified(village="村委会", resident_team="工作队"),
        hh.HouseholdConfirmed(signer=who.id),
        hh.ExitNoticed(notice_from=on, notice_until=on + timedelta(days=days - 1), place="公示栏"),
    ]
    for n, data in enumerate(steps):
        if left_out is None or not isinstance(data, left_out):
            p.event(data, home, on, actor=CLERK, second=n)
    decided = hh.ExitDecided(members=[who.id], document="脱贫公告")
    p.event(decided, home, p.day(1, 20), actor=CHIEF, role="approver")
    return home, who


def _devices(p: Legacy) -> None:
    """The class again after months; without assessment; without a serial number."""
    kind = "22 01 03"

    def assess(who: str, month: int) -> None:
        data = en.DeviceAssessed(program=DEVICE, device_class=kind, quantity=1, need="评估")
        p.step(who, DEVICE, data, p.day(month, 13))

    def fit(who: str, month: int, serial: str) -> None:
        data = en.DeviceFitted(
            program=DEVICE, device_class=kind, item=DEVICE, serial=serial, quantity=1
        )
        p.step(who, DEVICE, data, p.day(month, 13), hour=2)

    again, bare, lost = p.person(), p.person(), p.person()
    for who in (again, bare, lost):
        p.enroll(who.id, DEVICE)
        p.expect("device-repeat", who.id, DEVICE)
    for month in (2, 6):
        assess(again.id, month)
        fit(again.id, month, f"legacy-{month}")
    fit(bare.id, 2, "legacy-3")
    assess(lost.id, 2)
    fit(lost.id, 2, " ")


def _patterns(p: Legacy) -> None:
    """Twenty awards just below the cap, and twenty rejections for one reason, each in a minute."""
    officer = f"officer-{CITY}-09"
    for _ in range(20):
        p.enroll(p.person().id, AID, approver=officer, amount_fen=299_000)
    p.expect("batch-pattern", officer, AID, amount_fen=20 * 299_000)
    for n in range(20):
        who = p.person()
        applied = en.ApplicationSubmitted(program=AID, documents=["申请表"])
        p.step(who.id, AID, applied, p.day(4, 4))
        rejected = en.EnrollmentRejected(
            program=AID, reason="材料不全", zh="不予批准", en="not approved"
        )
        p.step(who.id, AID, rejected, p.day(4, 9), actor=officer, role="approver", second=n)
    p.expect("batch-pattern", officer, AID)


def _readings(p: Legacy) -> None:
    """Two readings without a case, and one officer who reads twelve times what the others do."""
    for _ in range(2):
        who = p.person()
        bare = pe.PersonDataAccessed(purpose="看看", fields=["name"])
        p.about(who, bare, p.day(6, 5))
        p.expect("access-abuse", who.id)
    who = p.person()
    busy, others = f"officer-{CITY}-21", [f"officer-{CITY}-{n}" for n in (22, 23, 24)]
    for officer, times in ((busy, 60), *((o, 5) for o in others)):
        for n in range(times):
            read = pe.PersonDataAccessed(purpose="信访", fields=["phone"], case="case-legacy")
            p.about(who, read, p.day(7, 5), actor=officer, role="reader", second=n)
    p.expect("access-abuse", busy)
