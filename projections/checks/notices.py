"""Checks of public notice: none, too short, or closed over an open objection."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from ledger.domain.enrollment import Enrollment
from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.events import payrun as pr
from ledger.domain.payrun import PayRun
from ledger.domain.program import find_rule
from projections.checks.check import Check
from projections.checks.finding import Finding
from projections.view import on


class NoNotice(Check):
    """Where the rule in force at the approval asks for public notice."""

    code, severity = "no-notice", "medium"
    name_zh, name_en = "未经公示即批准", "approved without a closed public notice"
    kinds = ("enrollment", "payrun")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._found: list[tuple[int, Event[Any]]] = []

    @on(en.EnrollmentApproved)
    def _approved(self, position: int, event: Event[en.EnrollmentApproved]) -> None:
        file = self.book.files.get((event.data.program, event.subject))
        closed = file is not None and file.state.status == "notice-closed"
        if not closed and notice_days(self, event.data.program, event.effective):
            self._found.append((position, event))

    @on(pr.PayRunApproved)
    def _run_approved(self, position: int, event: Event[pr.PayRunApproved]) -> None:
        run = self.book.runs.get(event.subject)
        noticed = run is not None and run.state.notice_until is not None
        if not noticed and notice_days(self, event.data.program, event.effective):
            self._found.append((position, event))

    def findings(self) -> Iterator[Finding]:
        for position, event in self._found:
            yield self.found(
                event.subject,
                kind="payrun" if isinstance(event.data, pr.PayRunApproved) else "enrollment",
                program=event.data.program,
                key=event.id,
                amount_fen=approved_fen(self, event),
                positions=[*applied_at(self, event, position), position],
                zh="未经公示(或公示未结束)即批准",
                en="approved without a public notice that was closed",
            )


class ShortNotice(Check):
    """A notice that ran fewer days than the rule's, or an objection open at the approval.

    Days before what is noticed was decided don't count: nobody can have read it then. A run's lines
    are made by the ledger, so they were not there before they were recorded, whatever date the
    officer gave; an assessment on paper may have been.
    """

    code, severity = "short-notice", "medium"
    name_zh, name_en = "公示期不足或异议未结", "a short notice, or an objection open at approval"
    kinds = ("short", "objection", "payrun-short", "payrun-objection")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._notices: dict[tuple[str, str], tuple[int, date, date]] = {}
        self._found: list[tuple[list[int], Event[Any], str, str, str]] = []

    @on(en.NoticePublished, pr.PayRunNoticed)
    def _published(
        self, position: int, event: Event[en.NoticePublished] | Event[pr.PayRunNoticed]
    ) -> None:
        d = event.data
        self._notices[d.program, event.subject] = (position, d.notice_from, d.notice_until)

    @on(en.EnrollmentApproved)
    def _approved(self, position: int, event: Event[en.EnrollmentApproved]) -> None:
        file = self.book.files.get((event.data.program, event.subject))
        self._judge(position, event, file.state if file is not None else None)

    @on(pr.PayRunApproved)
    def _run_approved(self, position: int, event: Event[pr.PayRunApproved]) -> None:
        run = self.book.runs.get(event.subject)
        self._judge(position, event, run.state if run is not None else None)

    def _judge(self, position: int, event: Event[Any], noticed: Enrollment | PayRun | None) -> None:
        notice = self._notices.pop((event.data.program, event.subject), None)
        if notice is None:
            return
        at, start, until = notice
        if noticed is not None and (since := decided_on(noticed)) is not None:
            start = max(start, since)
        whose = "payrun-" if isinstance(event.data, pr.PayRunApproved) else ""
        wanted = notice_days(self, event.data.program, event.effective)
        # What was approved while the notice ran had only the days until then.
        ran = (min(until, event.effective) - start).days + (0 if event.effective <= until else 1)
        ran = max(ran, 0)
        if ran < wanted:
            zh, english = f"公示{ran}天,不足{wanted}天", f"a notice of {ran} days, not {wanted}"
            self._found.append(([at, position], event, f"{whose}short", zh, english))
        elif noticed is not None and noticed.objections:
            zh, english = "批准时仍有异议未结", "an objection was open at approval"
            self._found.append(([at, position], event, f"{whose}objection", zh, english))

    def findings(self) -> Iterator[Finding]:
        for positions, event, kind, zh, english in self._found:
            yield self.found(
                event.subject,
                kind=kind,
                program=event.data.program,
                key=event.id,
                amount_fen=approved_fen(self, event),
                positions=positions,
                zh=zh,
                en=english,
            )


def notice_days(check: Check, program: str, day: date) -> int:
    """How many days of public notice the program's rule asks for on a day."""
    known = check.book.programs.get(program)
    rule = find_rule(known, day) if known is not None else None
    return rule.notice_days if rule is not None else 0


def decided_on(noticed: Enrollment | PayRun) -> date | None:
    """The day from which what is on notice holds: of the assessment, or of the run's lines."""
    return noticed.computed_on if isinstance(noticed, PayRun) else noticed.assessed_on


def approved_fen(check: Check, event: Event[Any]) -> int:
    """What rests on an approval, in fen: paid to the beneficiary, or the run's total."""
    if isinstance(event.data, pr.PayRunApproved):
        return event.data.total_fen
    return check.book.files[event.data.program, event.subject].paid_fen


def applied_at(check: Check, event: Event[Any], position: int) -> list[int]:
    """Where what was approved had been applied for, or the run's steps until then."""
    if isinstance(event.data, pr.PayRunApproved):
        return [p for p in check.book.runs[event.subject].at if p < position]
    file = check.book.files[event.data.program, event.subject]
    return [p for p, _ in file.applied if p < position][-1:]
