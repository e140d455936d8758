"""The shared facts of all checks, folded once: persons, enrollments, months paid, runs, programs.

Everything that the domain can fold is folded by it; money is folded here, since the domain's fold
refuses histories that its own commands could not have made, and those are what an audit is after.
"Paid" always means net: settled, less what came back and less the months that a debt was found
for. So what the ledger has repaired by its own commands is no longer paid.
"""

from datetime import date
from typing import Any

from ledger.domain import enrollment as enrollments
from ledger.domain import payrun as payruns
from ledger.domain.city_time import day_of
from ledger.domain.enrollment import Enrollment
from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.events import payrun as pr
from ledger.domain.payrun import PayRun
from projections.checks.files import File, MonthPaid, Run, Step
from projections.checks.registers import Registers
from projections.view import on

Key = tuple[str, str]
"""Program and beneficiary."""

STEPS = (en.EnrollmentApproved, en.EnrollmentSuspended, en.EnrollmentResumed, en.EnrollmentEnded)

ADMISSION = (
    en.ApplicationSubmitted,
    en.EligibilityAssessed,
    en.NoticePublished,
    en.NoticeClosed,
    en.EnrollmentRejected,
)


class Book(Registers):
    """See the module. ``recorded`` is the time of the last event read."""

    def __init__(self, effective: date | None = None) -> None:
        """``effective`` is the bound up to which events are let in, if there is one."""
        super().__init__()
        self._effective = effective
        self.files: dict[Key, File] = {}
        self.of_person: dict[str, list[File]] = {}
        self.runs: dict[str, Run] = {}
        self.recorded = ""
        self._texts: dict[str, str] = {}
        self._single: dict[str, tuple[str, ...]] = {}
        self._debts: dict[str, dict[str, tuple[int, str | None]]] = {}

    @property
    def today(self) -> date:
        """What an audit knows of time passing: the day of the last event's recording, or the
        effective bound where that is earlier."""
        recorded = day_of(self.recorded) if self.recorded else date.min
        return recorded if self._effective is None else min(recorded, self._effective)

    # --- enrollments

    def file(self, event: Event[Any]) -> File:
        """The file that an enrollment's event is about, made when there is none."""
        key = (event.data.program, event.subject)
        found = self.files.get(key)
        if found is None:
            program, who = self._text(key[0]), event.subject
            found = File(program, who, Enrollment(event.stream), {}, [], [], [])
            self.files[program, who] = found
            self.of_person.setdefault(who, []).append(found)
        return found

    @on(*ADMISSION, en.EligibilityReviewed)
    def _admission(self, position: int, event: Event[Any]) -> None:
        file = self.file(event)
        if isinstance(event.data, en.ApplicationSubmitted):
            file.applied.append((position, event.effective))
        enrollments.evolve(file.state, event)

    @on(en.ObjectionRaised, en.ObjectionResolved)
    def _objection(self, position: int, event: Event[Any]) -> None:
        if not event.id.startswith("payrun-"):
            enrollments.evolve(self.file(event).state, event)
            return
        run = self._run(event.subject, position)
        known = event.data.objection in run.state.objections
        if known or isinstance(event.data, en.ObjectionRaised):
            payruns.evolve(run.state, event)

    @on(*STEPS)
    def _step(self, position: int, event: Event[Any]) -> None:
        file, d = self.file(event), event.data
        until = enrollments.OPEN_ENDED
        match d:
            case en.EnrollmentApproved():
                month, reason, until = d.start_month, "", d.end_month or until
                if d.amount_fen is not None:
                    file.amounts.append(d.amount_fen)
            case en.EnrollmentEnded():
                month, reason = d.last_month, d.reason
            case _:
                month, reason = d.from_month, d.reason
        step = Step(
            position,
            day_of(event.time),
            type(d).__name__,
            self._text(month),
            self._text(reason),
            event.causationid is not None,
            until,
        )
        file.steps.append(step)
        enrollments.evolve(file.state, event)

    # --- money

    def _month(self, event: Event[Any], month: str, position: int) -> MonthPaid:
        file = self.file(event)
        found = file.months.get(month)
        if found is None:
            month = self._text(month)
            found = file.months[month] = MonthPaid(month, at=[])
        found.at.append(position)
        return found

    def _granted_anew(self, event: Event[Any], position: int) -> MonthPaid:
        """The month with a grant of its own: what was found of one taken back is none of it."""
        found = self._month(event, event.data.month, position)
        found.amount_fen, found.part_fen, found.reversed = event.data.amount_fen, 0, ""
        return found

    @on(en.SubsidyGranted)
    def _granted(self, position: int, event: Event[en.SubsidyGranted]) -> None:
        d = event.data
        found = self._granted_anew(event, position)
        found.due_fen += d.amount_fen
        found.due += 1
        if d.account is not None:
            found.account = self._text(d.account)
        run = self._run(d.payrun)
        run.granted += 1
        run.granted_fen += d.amount_fen

    @on(en.ArrearsGranted)
    def _arrears(self, position: int, event: Event[en.ArrearsGranted]) -> None:
        self._granted_anew(event, position).waiting = position

    @on(en.PaymentInstructed)
    def _instructed(self, position: int, event: Event[en.PaymentInstructed]) -> None:
        d = event.data
        found = self._month(event, d.month, position)
        found.due_fen += d.amount_fen
        found.due += 1
        found.waiting = 0
        if d.account is not None:
            found.account = self._text(d.account)

    @on(en.PaymentSettled, en.ContributionPaid)
    def _settled(
        self, position: int, event: Event[en.PaymentSettled] | Event[en.ContributionPaid]
    ) -> None:
        d = event.data
        found = self._month(event, d.month, position)
        found.due_fen -= d.amount_fen
        found.due -= 1
        found.waiting = 0
        # A refund makes up what a payment that stands had lost: it is no second one.
        refund = bool(found.paid_by) and found.paid_fen + d.amount_fen <= found.right_fen
        found.paid_fen += d.amount_fen
        one = self._single.get(event.division)
        if one is None:
            one = self._single[event.division] = (event.division,)
        if not refund:
            found.paid_by = found.paid_by + one if found.paid_by else one
        if d.payrun is not None:
            self._run(d.payrun).settled_fen += d.amount_fen

    @on(en.PaymentReturned)
    def _returned(self, position: int, event: Event[en.PaymentReturned]) -> None:
        d = event.data
        found = self._month(event, d.month, position)
        found.waiting = position
        if d.after_settlement:
            found.paid_fen -= d.amount_fen
            found.paid_by = _less(found.paid_by, event.division)
            return
        found.due_fen -= d.amount_fen
        found.due -= 1
        if d.payrun is not None:
            self._run(d.payrun).returned_fen += d.amount_fen

    @on(en.GrantReversed)
    def _reversed(self, position: int, event: Event[en.GrantReversed]) -> None:
        self._month(event, event.data.month, position).reversed = self._text(event.data.reason)

    @on(en.OverpaymentFound)
    def _overpaid(self, position: int, event: Event[en.OverpaymentFound]) -> None:
        """A month of a debt counts as paid no more, whether the debt is collected yet or not; of
        one that was merely paid too much, that part does."""
        debt = self._debts.setdefault(event.data.overpayment, {})
        for each in event.data.months:
            found = self._month(event, each.month, position)
            found.paid_fen -= each.amount_fen
            if each.amount_fen < found.right_fen:
                debt[each.month] = (each.amount_fen, None)
                found.part_fen += each.amount_fen
                continue
            division = found.paid_by[-1] if found.paid_by else event.division
            debt[each.month] = (each.amount_fen, division)
            found.waiting = 0
            found.paid_by = _less(found.paid_by, division)

    @on(en.OverpaymentCancelled)
    def _cancelled(self, position: int, event: Event[en.OverpaymentCancelled]) -> None:
        """The month is paid after all, less what is to be paid once more."""
        debt = self._debts.get(event.data.overpayment, {})
        for each in event.data.months:
            found = self._month(event, each.month, position)
            amount_fen, division = debt.pop(each.month, (each.amount_fen, event.division))
            found.paid_fen += amount_fen - each.refund_fen
            found.waiting = position if each.refund_fen else found.waiting
            if division is None:
                found.part_fen -= amount_fen
            elif each.refund_fen < amount_fen:
                found.paid_by = (*found.paid_by, division)

    # --- pay runs

    def _run(self, payrun: str, position: int | None = None) -> Run:
        run = self.runs.get(payrun)
        if run is None:
            run = self.runs[payrun] = Run(PayRun(payrun), [])
        if position is not None:
            run.at.append(position)
        return run

    @on(
        pr.PayRunOpened,
        pr.PayRunNoticed,
        pr.PayRunApproved,
        pr.PayRunCancelled,
    )
    def _run_step(self, position: int, event: Event[Any]) -> None:
        payruns.evolve(self._run(event.subject, position).state, event)

    @on(pr.PayRunComputed)
    def _computed(self, position: int, event: Event[pr.PayRunComputed]) -> None:
        run = self._run(event.subject, position)
        run.cutoff = event.data.cutoff_position
        payruns.evolve(run.state, event)

    @on(pr.PayRunIssued)
    def _issued(self, position: int, event: Event[pr.PayRunIssued]) -> None:
        run = self._run(event.subject, position)
        run.issued = event.data
        payruns.evolve(run.state, event)

    @on(pr.PayRunSettled)
    def _run_settled(self, position: int, event: Event[pr.PayRunSettled]) -> None:
        run = self._run(event.subject, position)
        run.result = event.data
        run.settled_then_fen, run.returned_then_fen = run.settled_fen, run.returned_fen
        payruns.evolve(run.state, event)

    def _text(self, text: str) -> str:
        """The same text, one object for all its occurrences."""
        return self._texts.setdefault(text, text)


def _less(paid_by: tuple[str, ...], division: str) -> tuple[str, ...]:
    """One payment fewer: of this division if there is one, else the last."""
    if len(paid_by) <= 1:
        return ()
    kept = list(paid_by)
    if division in kept:
        kept.remove(division)
    else:
        kept.pop()
    return tuple(kept)
