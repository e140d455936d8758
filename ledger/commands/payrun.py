"""Commands of a pay run until it is paid: opened, computed, put on notice, approved or cancelled.

A run decides thousands of lines from a view, as of a position of the log. How they are paid is in
``disbursement.py``.
"""

from collections import Counter
from datetime import date

from ledger.application import Command, handles
from ledger.budget import give_back, set_aside
from ledger.commands.conditions import unmet_in
from ledger.domain import payrun as rules
from ledger.domain import program as programs
from ledger.domain.division import covers
from ledger.domain.enrollment import period_of
from ledger.domain.errors import NotFound, OutOfOrder
from ledger.domain.events import payrun as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.grant import Standing, amount_for, paying_day, reason_left_out
from ledger.domain.month import first_day, parse_month
from ledger.domain.payrun import PAYRUN, LeftOut, Line, PayRun
from ledger.domain.program import PROGRAM, Program, rule_of_month, rule_on
from ledger.domain.refusals import OutsideDivision, WrongKind
from ledger.domain.rules import Rule
from ledger.domain.stream import payrun_id, program_id
from ledger.late import upheld_in
from ledger.work import Work


class OpenPayRun(Command, frozen=True, kw_only=True):
    program: str
    month: str
    batch: int = 1


class PayRunCommand(Command, frozen=True, kw_only=True):
    payrun: str


class ComputePayRun(PayRunCommand, frozen=True, kw_only=True):
    pass


class NoticePayRun(PayRunCommand, frozen=True, kw_only=True):
    notice_from: date
    notice_until: date
    place: str


class ObjectToLine(PayRunCommand, frozen=True, kw_only=True):
    enrollment: str
    objection: str
    ground: str


class ResolveLineObjection(PayRunCommand, frozen=True, kw_only=True):
    objection: str
    upheld: bool
    reason: str


class ApprovePayRun(PayRunCommand, frozen=True, kw_only=True):
    """``lines`` is the digest of the lines that the approver has seen."""

    lines: str


class CancelPayRun(PayRunCommand, frozen=True, kw_only=True):
    reason: str


@handles(OpenPayRun)
def open_run(work: Work, c: OpenPayRun) -> str:
    """One run at a time for a program and month; a further batch after the one before ended."""
    must_be_city(work)
    month = parse_month(c.month)
    program = work.load(PROGRAM, program_id(c.program))
    programs.must_be_open(program, c.program, first_day(month))
    rule = _rule(program, month)
    if rule.period == "none" or program.fund is None:
        raise WrongKind(program=program.code, kind=program.kind)
    run = work.load(PAYRUN, payrun_id(c.program, month, c.batch))
    if run.version:
        raise OutOfOrder(status=run.status, step="open")
    if c.batch > 1:
        before = work.load(PAYRUN, payrun_id(c.program, month, c.batch - 1))
        rules.must_be(before, "open", "issued", "settled", "cancelled")
    opened = ev.PayRunOpened(program=c.program, month=month, batch=c.batch, fund=program.fund)
    return record(work, run, opened)


@handles(ComputePayRun)
def compute(work: Work, c: ComputePayRun) -> str:
    """Everyone in and everyone left out, from the views as of the cut-off.

    What an objection to the month's earlier batch kept from being paid stays out, and so does whom
    the facts stand against though no event stopped it: see :func:`unmet_in`.
    """
    run, program, rule = load(work, c.payrun)
    rules.must_be(run, "compute", "opened", "computed")
    must_be_payable(program, run)
    cutoff = work.standings.catch_up()
    lines: list[Line] = []
    left_out: list[LeftOut] = []
    period = period_of(rule, run.month)
    upheld = upheld_in(work, program.code, run.month)
    unmet = unmet_in(work, program, rule, run.month)
    day = paying_day(run.month, work.today)
    for s in work.standings.standings(program.code, run.month, period, rule, day):
        reason = reason_left_out(s, rule, run.month, program.payee)
        if reason is None and s.enrollment in upheld:
            reason = "objection-upheld"
        if reason is None:
            reason = unmet(s)
        if reason is None:
            lines.append(line_of(s, amount_for(s, rule)))
        elif s.active or s.status != "rejected":
            left_out.append(
                LeftOut(
                    beneficiary=s.beneficiary,
                    division=s.division,
                    enrollment=s.enrollment,
                    reason=reason,
                )
            )
    left_out.extend(_not_applied(work, program, rule))
    computed = ev.PayRunComputed(
        program=run.program,
        month=run.month,
        cutoff_position=cutoff,
        count=len(lines),
        total_fen=run_total(lines),
        by_division=by_division(lines),
        lines=work.documents.put(rules.to_document(lines)),
        rule=rule.valid_from,
        left_out=dict(Counter(x.reason for x in left_out)),
        left_out_lines=work.documents.put(rules.to_document(left_out)),
    )
    return record(work, run, computed)


@handles(NoticePayRun)
def notice(work: Work, c: NoticePayRun) -> str:
    run, _, rule = load(work, c.payrun)
    data = rules.notice(run, rule, start=c.notice_from, until=c.notice_until, place=c.place)
    return record(work, run, data)


@handles(ObjectToLine)
def object_to_line(work: Work, c: ObjectToLine) -> str:
    """To a line of the run; one to anything else would bar the approval and concern nobody."""
    run, _, _ = load(work, c.payrun)
    rules.must_be(run, "object", "noticed")
    lines = rules.read_document(work.documents.get(run.lines), Line)
    if all(line.enrollment != c.enrollment for line in lines):
        raise NotFound(what=c.enrollment)
    data = rules.objection(run, objection=c.objection, ground=c.ground, enrollment=c.enrollment)
    return record(work, run, data)


@handles(ResolveLineObjection)
def resolve_line_objection(work: Work, c: ResolveLineObjection) -> str:
    run, _, _ = load(work, c.payrun)
    data = rules.resolve(run, objection=c.objection, upheld=c.upheld, reason=c.reason)
    return record(work, run, data)


@handles(ApprovePayRun)
def approve(work: Work, c: ApprovePayRun) -> str:
    """By another officer; the total is committed in the same transaction."""
    run, program, rule = load(work, c.payrun)
    must_be_city(work)
    must_be_payable(program, run)
    approved = rules.approve(run, rule, actor=work.context.actor, lines=c.lines, today=work.reached)
    if run.total_fen:
        set_aside(work, run.fund, run.program, run.id, run.total_fen)
    return record(work, run, approved)


@handles(CancelPayRun)
def cancel(work: Work, c: CancelPayRun) -> str:
    run, _, _ = load(work, c.payrun)
    must_be_city(work)
    cancelled = rules.cancel(run, reason=c.reason)
    if run.status == "approved" and run.total_fen:
        give_back(work, run.fund, run.program, run.id, run.total_fen, reason="cancelled")
    return record(work, run, cancelled)


def run_total(lines: list[Line]) -> int:
    """The lines' amounts in fen."""
    return sum(line.amount_fen for line in lines)


def line_of(s: Standing, amount_fen: int, *, version: int | None = None) -> Line:
    """A line of ``amount_fen``; ``version`` is what its stream has then, as it has now if None."""
    return Line(
        account=s.account,
        amount_fen=amount_fen,
        beneficiary=s.beneficiary,
        division=s.division,
        enrollment=s.enrollment,
        start_month=s.start_month,
        version=version if version is not None else s.version,
    )


def _not_applied(work: Work, program: Program, rule: Rule) -> list[LeftOut]:
    """Who by the facts known now is eligible and never applied: the list an officer calls on."""
    if program.beneficiary != "person":
        return []
    found = work.standings.eligible_unenrolled(program.code, rule, work.today)
    return [
        LeftOut(beneficiary=x.beneficiary, division=x.division, reason="not-applied") for x in found
    ]


def by_division(lines: list[Line]) -> dict[str, int]:
    """The lines' amounts in fen by division, in order of divisions."""
    totals: Counter[str] = Counter()
    for line in lines:
        totals[line.division] += line.amount_fen
    return dict(sorted(totals.items()))


def load(work: Work, payrun: str) -> tuple[PayRun, Program, Rule]:
    """A run that was opened, its program, and the rule of its month. Raises :class:`NotFound`."""
    run = work.load(PAYRUN, payrun)
    rules.must_be(run, "use", *(s for s in (run.status,) if s != "none"))
    program = work.load(PROGRAM, program_id(run.program))
    return run, program, _rule(program, run.month)


def _rule(program: Program, month: str) -> Rule:
    """The rule of the run's month; NoRuleInForce where there is none."""
    found = rule_of_month(program, month)
    return found if found is not None else rule_on(program, first_day(month))


def must_be_payable(program: Program, run: PayRun) -> None:
    """Raise ProgramClosedError for a run whose month began when the program was closed, though that
    became known after the run was opened: it can only be cancelled."""
    programs.must_be_open(program, run.program, first_day(run.month))


def must_be_city(work: Work) -> None:
    """A run pays in every division, so only the operator's own officers lead it."""
    if not covers(work.context.division, work.operator):
        raise OutsideDivision(officer_division=work.context.division, division=work.operator)


def record(work: Work, run: PayRun, data: EventData) -> str:
    """The run's next event; the run's id."""
    work.record(PAYRUN, run, data, subject=run.id, division=work.operator)
    return run.id
