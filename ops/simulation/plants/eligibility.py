"""Months against the rule: grade, category, certificate, hardship, custody, other benefits."""

from collections.abc import Sequence

from ledger.domain.events import EventData
from ledger.domain.events import enrollment as en
from ledger.domain.events import person as pe
from ops.simulation.plants.legacy import LIVING, NURSING, Legacy
from ops.simulation.plants.people import Resident

FUEL, HEARING = "fuel-subsidy", "hearing-aid"


def plant(p: Legacy) -> None:
    """wrong-grade to not-the-higher, and custody-paid, in the order of the table."""
    regraded = pe.CertificateChanged(category=4, grade=3, reason="重新评定")
    for program, code, data in (
        (NURSING, "wrong-grade", regraded),
        (LIVING, "custody-paid", pe.CustodyRecorded(document="判决书")),
        (NURSING, "custody-paid", pe.CustodyRecorded(document="判决书")),
        (LIVING, "no-low-income", pe.LowIncomeEnded(kind="low-income", reason="收入超标")),
        (
            LIVING,
            "stacking",
            pe.LowIncomeRecognized(kind="extreme-poverty", document="特困供养证"),
        ),
        (NURSING, "stacking", _allowance("work-injury-nursing-allowance", 90_000)),
        (LIVING, "not-the-higher", _allowance("orphan-allowance", 60_000)),
        (LIVING, "not-the-higher", _allowance("orphan-allowance", 7_000)),
    ):
        _paid_all_the_same(p, program, code, data)
    _never_poor(p)
    _wrong_categories(p)
    _lapsed(p)
    _wrongful_stops(p)


def _allowance(kind: pe.AllowanceKind, monthly_fen: int) -> EventData:
    return pe.OtherAllowanceRecorded(kind=kind, monthly_fen=monthly_fen, document="发放名册")


def _paid_all_the_same(p: Legacy, program: str, code: str, data: EventData) -> None:
    """A fact of 10 February bars the program from March on, which is paid."""
    who = p.person()
    p.enroll_and_pay(who, program, 1, 2, 3, 4)
    p.about(who, data, p.day(2, 10), recorded=p.day(2, 14))
    months = [p.month(3), p.month(4)]
    p.expect(code, who.id, program, months=months, amount_fen=2 * p.rate_fen(program))


def _never_poor(p: Legacy) -> None:
    who = p.person(low_income=False)
    p.enroll_and_pay(who, LIVING, 1)
    p.expect("no-low-income", who.id, LIVING, months=[p.month(1)], amount_fen=p.rate_fen(LIVING))


def _wrong_categories(p: Legacy) -> None:
    """A fuel subsidy without a limb disability, a hearing aid without a hearing one."""
    who = p.person(category=1)
    p.enroll(who.id, FUEL, month=6)
    p.pay(who, FUEL, 7)
    fen = p.rate_fen(FUEL)
    p.expect("wrong-category", who.id, FUEL, months=[p.month(7)], amount_fen=fen)
    who = p.person()
    p.enroll(who.id, HEARING)
    kind = "21 45 03"
    assessed = en.DeviceAssessed(program=HEARING, device_class=kind, quantity=1, need="评估")
    p.step(who.id, HEARING, assessed, p.day(2, 13))
    fitted = en.DeviceFitted(
        program=HEARING, device_class=kind, item=HEARING, serial="legacy-1", quantity=1
    )
    p.step(who.id, HEARING, fitted, p.day(2, 13), hour=2)
    p.expect("wrong-category", who.id, HEARING)


def _lapsed(p: Legacy) -> None:
    """One runs out by its own date; one is frozen and suspended in time, and paid."""
    out = p.person(expires_on=p.day(2, 20))
    frozen = p.person()
    for who in (out, frozen):
        p.enroll_and_pay(who, NURSING, 1, 2, 3)
        months, fen = [p.month(3)], p.rate_fen(NURSING)
        p.expect("certificate-lapsed", who.id, NURSING, months=months, amount_fen=fen)
    p.about(frozen, pe.CertificateFrozen(reason="核查"), p.day(2, 10), recorded=p.day(2, 14))
    suspended = en.EnrollmentSuspended(program=NURSING, from_month=p.month(3), reason="certified")
    p.step(frozen.id, NURSING, suspended, p.day(2, 14), hour=2)


def _wrongful_stops(p: Legacy) -> None:
    """Ended for no reason and resumed later; renewed and not restored for two months."""
    who = p.person()
    p.enroll_and_pay(who, LIVING, 1, 2, 5)
    p.end(who.id, LIVING, 2, p.day(3, 14), "核查")
    resumed = en.EnrollmentResumed(program=LIVING, from_month=p.month(5), reason="复核")
    p.step(who.id, LIVING, resumed, p.day(5, 14))
    _owed(p, who, LIVING, [p.month(3), p.month(4)])
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
    _owed(p, who, NURSING, [p.month(6), p.month(7)])


def _owed(p: Legacy, who: Resident, program: str, months: Sequence[str]) -> None:
    fen = p.rate_fen(program) * len(months)
    p.expect("wrongful-stop", who.id, program, months=[*months], amount_fen=fen)
