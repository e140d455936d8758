"""How decisions were made: kin, four eyes, dates, notices, devices, patterns, readings."""

from datetime import timedelta
from typing import Any

from ledger.domain.case import case_id
from ledger.domain.events import case as ca
from ledger.domain.events import enrollment as en
from ledger.domain.events import organization as og
from ledger.domain.events import person as pe
from ledger.domain.organization import organization_id
from ledger.domain.stream import payrun_id
from ops.simulation.calendar import CITY
from ops.simulation.plants.legacy import DISTRICT, LIVING, NURSING, Legacy
from ops.simulation.plants.runs import ACCOUNTANT, DIRECTOR

AID, STUDENT, AWARD = "lottery-fund-aid", "student-aid", "over-quota-award"
DEVICE = "assistive-device"
CLERK, CHIEF = f"officer-{DISTRICT}-01", f"officer-{DISTRICT}-02"


def plant(p: Legacy) -> None:
    """kin-undeclared to short-notice, device-repeat, batch-pattern, access-abuse."""
    _who_decided(p)
    _awarded(p)
    _when(p)
    _notices(p)
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
    for who, kind in ((declared, "declared"), (listed, "register")):
        p.pay(who, LIVING, 1)
        p.expect("kin-undeclared", who.id, LIVING, kind=kind, amount_fen=fen)
    p.pay(own, LIVING, 1)
    p.expect("self-approval", own.id, LIVING, kind="enrollment", amount_fen=fen)
    runs: tuple[tuple[int, str, dict[str, Any]], ...] = (
        (2, "payrun-approved", {"approver": ACCOUNTANT}),
        (3, "payrun-issued", {"issuer": DIRECTOR}),
    )
    for month, kind, odd in runs:
        who = p.person()
        p.enroll(who.id, STUDENT)
        p.pay(who, STUDENT, month, **odd)
        run = payrun_id(STUDENT, p.month(month), 1)
        p.expect("self-approval", run, STUDENT, kind=kind, amount_fen=p.rate_fen(STUDENT))


def _awarded(p: Legacy) -> None:
    """Who declared an employer's staff approves its award."""
    employer = organization_id("legacy-employer")
    declared = og.HeadcountDeclared(
        year=p.year, employees=100, disabled_employees=5, document="用工名册"
    )
    approved = og.AwardApproved(
        program=AWARD, year=p.year, amount_fen=500_000, document="奖励审批表"
    )
    recognized = og.OrganizationRecognized(
        program=AWARD, form="employer", name="测试福利厂", document="营业执照"
    )
    for n, data in enumerate((recognized, declared, approved)):
        p.event(data, employer, p.day(3, 5), actor=CLERK, second=n)
    p.expect("self-approval", employer, AWARD, kind="award", amount_fen=500_000)


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
    """No notice; one of three days; one with an objection left open; the same of pay runs."""
    for program in (LIVING, NURSING):
        who = p.person()
        p.enroll(who.id, program, notice_days=0)
        p.pay(who, program, 1)
        fen = p.rate_fen(program)
        p.expect("no-notice", who.id, program, kind="enrollment", amount_fen=fen)
    short: dict[str, dict[str, Any]] = {
        "short": {"notice_days": 3},
        "objection": {"objection": True},
    }
    for kind, odd in short.items():
        who = p.person()
        p.enroll(who.id, LIVING, **odd)
        p.pay(who, LIVING, 1)
        p.expect("short-notice", who.id, LIVING, kind=kind, amount_fen=p.rate_fen(LIVING))
    for month, code, kind, odd in (
        (5, "no-notice", "payrun", {"notice_days": 0}),
        (6, "short-notice", "payrun-short", short["short"]),
        (7, "short-notice", "payrun-objection", short["objection"]),
    ):
        who = p.person()
        p.enroll(who.id, NURSING)
        p.pay(who, NURSING, month, **odd)
        run = payrun_id(NURSING, p.month(month), 1)
        p.expect(code, run, NURSING, kind=kind, amount_fen=p.rate_fen(NURSING))


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
    for who, odd in ((again, "again"), (bare, "unassessed"), (lost, "no-receipt")):
        p.enroll(who.id, DEVICE)
        p.expect("device-repeat", who.id, DEVICE, kind=odd)
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
    p.expect("batch-pattern", officer, AID, kind="cap", amount_fen=20 * 299_000)
    for n in range(20):
        who = p.person()
        applied = en.ApplicationSubmitted(program=AID, documents=["申请表"])
        p.step(who.id, AID, applied, p.day(4, 4))
        rejected = en.EnrollmentRejected(
            program=AID, reason="材料不全", zh="不予批准", en="not approved"
        )
        p.step(who.id, AID, rejected, p.day(4, 9), actor=officer, role="approver", second=n)
    p.expect("batch-pattern", officer, AID, kind="reason")


def _readings(p: Legacy) -> None:
    """Readings without a case and for one never received, and one officer who reads twelve times
    what the others do."""
    for kind, case in (("no-case", None), ("unknown-case", case_id("legacy, never received"))):
        who = p.person()
        bare = pe.PersonDataAccessed(purpose="看看", fields=["name"], case=case)
        p.about(who, bare, p.day(6, 5))
        p.expect("access-abuse", who.id, kind=kind)
    case = case_id("legacy")
    received = ca.CaseReceived(
        program="petition-individual", visitors=1, channel="来信", topic="待遇"
    )
    p.event(received, case, p.day(7, 4))
    who = p.person()
    busy, others = f"officer-{CITY}-21", [f"officer-{CITY}-{n}" for n in (22, 23, 24)]
    for officer, times in ((busy, 60), *((o, 5) for o in others)):
        for n in range(times):
            read = pe.PersonDataAccessed(purpose="信访", fields=["phone"], case=case)
            p.about(who, read, p.day(7, 5), actor=officer, role="reader", second=n)
    p.expect("access-abuse", busy, kind="too-often")
