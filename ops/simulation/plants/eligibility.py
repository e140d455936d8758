"""Months against the rule: grade, category, certificate, hardship, custody, other benefits."""

from ledger.domain.events import EventData
from ledger.domain.events import enrollment as en
from ledger.domain.events import person as pe
from ledger.domain.rules import Exclusion, Rule
from ops.simulation.plants.legacy import LIVING, NURSING, Legacy
from ops.simulation.plants.programs import adopt

FUEL, HEARING, IMPLANT = "fuel-subsidy", "hearing-aid", "cochlear-implant"


def plant(p: Legacy) -> None:
    """wrong-grade to not-the-higher, and custody-paid, in the order of the table."""
    regraded = pe.CertificateChanged(category=4, grade=3, reason="重新评定")
    custody = pe.CustodyRecorded(document="判决书")
    destitute = pe.LowIncomeRecognized(kind="extreme-poverty", document="特困供养证")
    for program, code, kind, data in (
        (NURSING, "wrong-grade", "", regraded),
        (LIVING, "custody-paid", "", custody),
        (NURSING, "custody-paid", "", custody),
        (LIVING, "no-low-income", "", pe.LowIncomeEnded(kind="low-income", reason="收入超标")),
        (LIVING, "stacking", "extreme-poverty", destitute),
        (NURSING, "stacking", "allowance", _allowance("work-injury-nursing-allowance", 90_000)),
        (LIVING, "not-the-higher", "allowance", _allowance("orphan-allowance", 60_000)),
        (LIVING, "not-the-higher", "allowance", _allowance("orphan-allowance", 7_000)),
    ):
        _paid_all_the_same(p, program, code, kind, data)
    _two_of_ours(p)
    _never_poor(p)
    _wrong_categories(p)
    _lapsed(p)


def _allowance(kind: pe.AllowanceKind, monthly_fen: int) -> EventData:
    return pe.OtherAllowanceRecorded(kind=kind, monthly_fen=monthly_fen, document="发放名册")


def _paid_all_the_same(p: Legacy, program: str, code: str, kind: str, data: EventData) -> None:
    """A fact of 10 February bars the program from March on, which is paid."""
    who = p.person()
    p.enroll_and_pay(who, program, 1, 2, 3, 4)
    p.about(who, data, p.day(2, 10), recorded=p.day(2, 14))
    months = [p.month(3), p.month(4)]
    fen = 2 * p.rate_fen(program)
    p.expect(code, who.id, program, kind=kind, months=months, amount_fen=fen)


def _two_of_ours(p: Legacy) -> None:
    """A program of the old system that excludes one of ours outright and yields to a higher one,
    paid together with each. No program of the catalog bars another."""
    old = Rule(
        valid_from=p.day(1, 1),
        period="month",
        rate_fen=3_000,
        exclusions=[
            Exclusion(other=LIVING, mode="exclusive", zh="与生活补贴互斥", en="not with it"),
            Exclusion(other=NURSING, mode="higher-of", zh="与护理补贴就高", en="the higher"),
        ],
        document="旧系统",
        source="assumed",
    )
    adopt(p, "legacy-heating", "旧系统取暖补助", "Heating aid of the old system", old)
    for program, code in ((LIVING, "stacking"), (NURSING, "not-the-higher")):
        who = p.person()
        p.enroll_and_pay(who, program, 1)
        p.enroll_and_pay(who, "legacy-heating", 1)
        said = {"kind": "program", "months": [p.month(1)], "amount_fen": old.rate_fen}
        p.expect(code, who.id, "legacy-heating", **said)


def _never_poor(p: Legacy) -> None:
    who = p.person(low_income=False)
    p.enroll_and_pay(who, LIVING, 1)
    p.expect("no-low-income", who.id, LIVING, months=[p.month(1)], amount_fen=p.rate_fen(LIVING))


def _wrong_categories(p: Legacy) -> None:
    """A fuel subsidy without a limb disability, a hearing aid and an implant without a hearing
    one."""
    who = p.person(category=1)
    p.enroll(who.id, FUEL, month=6)
    p.pay(who, FUEL, 7)
    fen = p.rate_fen(FUEL)
    said = {"kind": "month", "months": [p.month(7)], "amount_fen": fen}
    p.expect("wrong-category", who.id, FUEL, **said)
    who = p.person()
    p.enroll(who.id, HEARING)
    kind = "21 45 03"
    assessed = en.DeviceAssessed(program=HEARING, device_class=kind, quantity=1, need="评估")
    p.step(who.id, HEARING, assessed, p.day(2, 13))
    fitted = en.DeviceFitted(
        program=HEARING, device_class=kind, item=HEARING, serial="legacy-1", quantity=1
    )
    p.step(who.id, HEARING, fitted, p.day(2, 13), hour=2)
    p.expect("wrong-category", who.id, HEARING, kind="device")
    who = p.person()
    p.enroll(who.id, IMPLANT)
    done = en.SurgeryCompleted(program=IMPLANT, procedure="人工耳蜗植入", hospital="市医院")
    p.step(who.id, IMPLANT, done, p.day(2, 13))
    p.expect("wrong-category", who.id, IMPLANT, kind="surgery")


def _lapsed(p: Legacy) -> None:
    """One runs out by its own date; others are frozen, expire or are cancelled and suspended in
    time, and paid."""
    for data in (
        None,
        pe.CertificateFrozen(reason="核查"),
        pe.CertificateExpired(expired_on=p.day(2, 10)),
        pe.CertificateCancelled(reason="注销"),
    ):
        who = p.person(expires_on=p.day(2, 20) if data is None else None)
        p.enroll_and_pay(who, NURSING, 1, 2, 3)
        months, fen = [p.month(3)], p.rate_fen(NURSING)
        p.expect("certificate-lapsed", who.id, NURSING, months=months, amount_fen=fen)
        if data is not None:
            p.about(who, data, p.day(2, 10), recorded=p.day(2, 14))
            suspended = en.EnrollmentSuspended(
                program=NURSING, from_month=p.month(3), reason="certified"
            )
            p.step(who.id, NURSING, suspended, p.day(2, 14), hour=2)
