"""Checks of how decisions were made: by whom, from when, and with which document."""

from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar

from ledger.domain.city_time import day_of
from ledger.domain.events import Event, EventData
from ledger.domain.events import enrollment as en
from ledger.domain.events import household as hh
from ledger.domain.events import organization as og
from ledger.domain.events import payrun as pr
from ledger.domain.events import person as pe
from ledger.domain.month import month_of
from projections.checks.check import Check
from projections.checks.files import paid_in
from projections.checks.finding import Finding
from projections.view import on


class KinUndeclared(Check):
    """Kin by the application's own declaration, or by the register of officers."""

    code, severity = "kin-undeclared", "high"
    name_zh, name_en = "审批人与对象有亲属关系未回避", "approved by kin who did not recuse"
    kinds = ("declared", "register")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._kin = {(k.officer, k.person): k for k in self.sources.register.kin}
        self._declared: dict[tuple[str, str], list[str]] = {}
        self._found: list[tuple[int, Event[en.EnrollmentApproved], str]] = []

    @on(en.ApplicationSubmitted)
    def _applied(self, position: int, event: Event[en.ApplicationSubmitted]) -> None:
        if event.data.kin:
            self._declared[event.data.program, event.subject] = event.data.kin
        else:
            self._declared.pop((event.data.program, event.subject), None)

    @on(en.EnrollmentApproved)
    def _approved(self, position: int, event: Event[en.EnrollmentApproved]) -> None:
        declared = self._declared.get((event.data.program, event.subject), ())
        listed = self._kin.get((event.actor, event.subject))
        known = listed is not None and listed.valid_from <= event.effective
        if event.actor in declared or known:
            kind = "declared" if event.actor in declared else "register"
            self._found.append((position, event, kind))

    def findings(self) -> Iterator[Finding]:
        for position, event, kind in self._found:
            file = self.book.files[event.data.program, event.subject]
            yield self.found(
                event.subject,
                kind=kind,
                program=file.program,
                key=event.id,
                amount_fen=file.paid_fen,
                positions=[*(p for p, _ in file.applied if p < position), position],
                zh=f"审批人{event.actor}系其亲属而未回避",
                en=f"approver {event.actor} is kin and did not recuse",
            )


class SelfApproval(Check):
    """Enrollments, pay runs (computed, approved, issued), poverty exits and awards."""

    code, severity = "self-approval", "high"
    name_zh, name_en = "自提自批", "submitted and approved by one person"
    APPROVALS: ClassVar[dict[type[EventData], str]] = {
        en.EnrollmentApproved: "enrollment",
        pr.PayRunApproved: "payrun-approved",
        pr.PayRunIssued: "payrun-issued",
        hh.ExitDecided: "exit",
        og.AwardApproved: "award",
    }
    kinds = tuple(APPROVALS.values())

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._applied: dict[tuple[str, str], tuple[str, int]] = {}
        self._acted: dict[str, list[tuple[str, int]]] = {}
        self._found: list[tuple[Event[Any], str | None, list[int]]] = []

    @on(en.ApplicationSubmitted)
    def _submitted(self, position: int, event: Event[en.ApplicationSubmitted]) -> None:
        self._applied[event.data.program, event.subject] = (event.actor, position)

    @on(en.EnrollmentApproved)
    def _approved(self, position: int, event: Event[en.EnrollmentApproved]) -> None:
        actor, applied = self._applied.get((event.data.program, event.subject), ("", 0))
        if actor == event.actor:
            self._found.append((event, event.data.program, [applied, position]))

    @on(pr.PayRunComputed, hh.ExitProposed, og.HeadcountDeclared)
    def _first(self, position: int, event: Event[Any]) -> None:
        self._acted[event.subject] = [(event.actor, position)]

    @on(pr.PayRunApproved, pr.PayRunIssued, hh.ExitDecided, og.AwardApproved)
    def _next(self, position: int, event: Event[Any]) -> None:
        acted = self._acted.setdefault(event.subject, [])
        before = [p for actor, p in acted if actor == event.actor]
        if before:
            program = getattr(event.data, "program", None)
            self._found.append((event, program, [*before, position]))
        if not isinstance(event.data, og.AwardApproved):
            acted.append((event.actor, position))

    def findings(self) -> Iterator[Finding]:
        for event, program, positions in self._found:
            yield self.found(
                event.subject,
                kind=self.APPROVALS[type(event.data)],
                program=program,
                key=event.id,
                amount_fen=self._amount(event),
                positions=positions,
                zh=f"{event.actor}既经办又审批",
                en=f"{event.actor} both submitted (or computed) and approved",
            )

    def _amount(self, event: Event[Any]) -> int:
        match event.data:
            case en.EnrollmentApproved():
                return self.book.files[event.data.program, event.subject].paid_fen
            case pr.PayRunApproved() | pr.PayRunIssued():
                return event.data.total_fen
            case og.AwardApproved():
                return event.data.amount_fen
        return 0


class WrongStart(Check):
    """Benefits count from the month of application."""

    code, severity = "wrong-start", "high"
    name_zh, name_en = "起始月早于申请月", "paid for months before the application"

    def findings(self) -> Iterator[Finding]:
        for file in self.book.files.values():
            if not file.applied:
                continue
            first = min(month_of(day) for _, day in file.applied)
            early = [m for m in file.paid() if m.month < first and len(m.month) == 7]
            if early:
                yield self.found(
                    file.beneficiary,
                    program=file.program,
                    months=[m.month for m in early],
                    amount_fen=sum(m.paid_fen for m in early),
                    overpaid=paid_in(early),
                    positions=[file.applied[0][0], *(p for m in early for p in m.at)],
                    zh=f"{first}申请,自{early[0].month}起发放",
                    en=f"applied in {first}, paid from {early[0].month}",
                )


class Backdated(Check):
    """Decisions and facts that make or end entitlements, recorded long after they were to hold.

    What follows from a fact learned late is none, nor is what names a document.
    """

    code, severity = "backdated", "medium"
    name_zh, name_en = "倒填日期且无附件", "recorded long after its date, without a document"

    KINDS = (
        en.ApplicationSubmitted,
        en.EnrollmentApproved,
        en.EnrollmentSuspended,
        en.EnrollmentResumed,
        en.EnrollmentEnded,
        en.ServiceDelivered,
        en.DeviceAssessed,
        en.DeviceFitted,
        en.SurgeryCompleted,
        en.PassIssued,
        en.GoodsDistributed,
        en.TrainingCompleted,
        en.EmploymentStarted,
        en.WorksAccepted,
        pe.CertificateChanged,
        pe.CertificateFrozen,
        pe.CertificateExpired,
        pe.CertificateCancelled,
        pe.ResidenceChanged,
        pe.LowIncomeRecognized,
        pe.LowIncomeEnded,
        pe.OtherAllowanceRecorded,
        pe.OtherAllowanceEnded,
        pe.LifeFactRecorded,
        pe.CustodyRecorded,
        pe.CustodyEnded,
        pe.DeathRecorded,
        pe.DeathRevoked,
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._found: list[tuple[int, Event[Any], int]] = []
        self._limits: dict[date, int] = {}

    @on(*KINDS)
    def _decided(self, position: int, event: Event[Any]) -> None:
        recorded = day_of(event.time)
        limit = self._limits.get(recorded)
        if limit is None:
            limit = self._limits[recorded] = self.number("limit_days", recorded)
        days = (recorded - event.effective).days
        if days > limit and event.causationid is None and not _documented(event.data):
            self._found.append((position, event, days))

    def findings(self) -> Iterator[Finding]:
        for position, event, days in self._found:
            yield self.found(
                event.subject,
                program=getattr(event.data, "program", None),
                key=event.id,
                positions=[position],
                zh=f"{days}天后才记录,无附件",
                en=f"recorded {days} days after its effective date, without a document",
            )


def _documented(data: Any) -> bool:
    """Whether an event names what it rests on."""
    return bool(getattr(data, "document", None) or getattr(data, "documents", None))
