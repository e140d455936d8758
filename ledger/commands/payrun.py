"""Commands of a pay run, from opening it to reading the bank's result back.

A run decides thousands of lines from a view. Every line carries the version that the view saw,
and both issuing and reading back append at exactly the next one: what moved on in between is
refused by the store and decided anew, so a line can lag but never be paid twice.
"""

from collections import Counter
from datetime import date

from ledger.application import Command, handles
from ledger.budget import give_back, set_aside
from ledger.commands.payment import return_month, settle_month
from ledger.domain import payrun as rules
from ledger.domain import program as programs
from ledger.domain.division import covers
from ledger.domain.enrollment import ENROLLMENT, period_of
from ledger.domain.errors import (
    LedgerError,
    LinesChanged,
    NotEligible,
    OutOfOrder,
    OutsideDivision,
    ResultIncomplete,
    WrongKind,
)
from ledger.domain.events import enrollment as en
from ledger.domain.events import payrun as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.month import first_day, parse_month
from ledger.domain.payment import Standing, amount_for, grant, reason_left_out, standing
from ledger.domain.payrun import PAYRUN, BankLine, LeftOut, Line, PayRun
from ledger.domain.program import PROGRAM, Program, rule_of_month, rule_on
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


class IssuePayRun(PayRunCommand, frozen=True, kw_only=True):
    pass


class ReadBankResult(PayRunCommand, frozen=True, kw_only=True):
    """``result`` is the digest of a document of bank lines, one for each line issued."""

    result: str


class CancelPayRun(PayRunCommand, frozen=True, kw_only=True):
    reason: str


@handles(OpenPayRun)
def open_run(work: Work, c: OpenPayRun) -> str:
    """One run at a time for a program and month; a further batch after the one before ended."""
    _must_be_city(work)
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
    return _record(work, run, opened)


@handles(ComputePayRun)
def compute(work: Work, c: ComputePayRun) -> str:
    """Everyone in and everyone left out, from the views as of the cut-off.

    What an objection to the month's earlier batch kept from being paid stays out, and so does who
    met the conditions until a certificate ran out or an age was passed, which no event tells.
    """
    run, program, rule = _load(work, c.payrun)
    rules.must_be(run, "compute", "opened", "computed")
    cutoff = work.standings.catch_up()
    lines: list[Line] = []
    left_out: list[LeftOut] = []
    period = period_of(rule, run.month)
    upheld = upheld_in(work, program.code, run.month)
    outlived = _outlived(work, program, rule, run.month)
    for s in work.standings.standings(program.code, run.month, period, rule):
        reason = reason_left_out(s, rule, run.month, program.payee)
        if reason is None and s.enrollment in upheld:
            reason = "objection-upheld"
        if reason is None:
            reason = outlived.get(s.beneficiary)
        if reason is None:
            lines.append(_line(s, amount_for(s, rule)))
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
        by_division=_by_division(lines),
        lines=work.documents.put(rules.to_document(lines)),
        rule=rule.valid_from,
        left_out=dict(Counter(x.reason for x in left_out)),
        left_out_lines=work.documents.put(rules.to_document(left_out)),
    )
    return _record(work, run, computed)


@handles(NoticePayRun)
def notice(work: Work, c: NoticePayRun) -> str:
    run, _, rule = _load(work, c.payrun)
    data = rules.notice(run, rule, start=c.notice_from, until=c.notice_until, place=c.place)
    return _record(work, run, data)


@handles(ObjectToLine)
def object_to_line(work: Work, c: ObjectToLine) -> str:
    run, _, _ = _load(work, c.payrun)
    data = rules.objection(run, objection=c.objection, ground=c.ground, enrollment=c.enrollment)
    return _record(work, run, data)


@handles(ResolveLineObjection)
def resolve_line_objection(work: Work, c: ResolveLineObjection) -> str:
    run, _, _ = _load(work, c.payrun)
    data = rules.resolve(run, objection=c.objection, upheld=c.upheld, reason=c.reason)
    return _record(work, run, data)


@handles(ApprovePayRun)
def approve(work: Work, c: ApprovePayRun) -> str:
    """By another officer; the total is committed in the same transaction."""
    run, _, rule = _load(work, c.payrun)
    _must_be_city(work)
    approved = rules.approve(run, rule, actor=work.context.actor, lines=c.lines, today=work.reached)
    if run.total_fen:
        set_aside(work, run.fund, run.program, run.id, run.total_fen)
    return _record(work, run, approved)


@handles(IssuePayRun)
def issue(work: Work, c: IssuePayRun) -> str:
    """Grant every approved line that still stands; the others are dropped and given back.

    A line stands as computed unless its stream moved on since, which the store finds out.
    """
    run, program, rule = _load(work, c.payrun)
    _must_be_city(work)
    rules.check_issuer(run, work.context.actor)
    if run.rule != rule.valid_from:
        raise LinesChanged()
    accounts = work.standings.accounts(program.code)
    issued: list[Line] = []
    dropped: Counter[str] = Counter()
    for line in rules.read_document(work.documents.get(run.lines), Line):
        account = accounts.get(line.beneficiary, line.account)
        try:
            s = _standing_now(work, run, rule, line, account)
            granted = _grant(run, program, rule, line, s)
        except LedgerError as error:
            dropped[str(error.fields.get("reason", error.code))] += 1
            continue
        work.append(
            s.enrollment, s.version + 1, granted, subject=s.beneficiary, division=s.division
        )
        issued.append(_line(s, granted.amount_fen, version=s.version + 1))
    total_fen = run_total(issued)
    data = ev.PayRunIssued(
        program=run.program,
        month=run.month,
        count=len(issued),
        total_fen=total_fen,
        by_division=_by_division(issued),
        fund=run.fund,
        lines=work.documents.put(rules.to_document(issued)),
        dropped=dict(dropped),
    )
    if total_fen < run.total_fen:
        left_fen = run.total_fen - total_fen
        give_back(work, run.fund, run.program, run.id, left_fen, reason="lines-dropped")
    return _record(work, run, data)


def _standing_now(work: Work, run: PayRun, rule: Rule, line: Line, account: str | None) -> Standing:
    """The line's standing: as computed, or of the stream's state where it moved on since."""
    if line.enrollment in work.moved:
        e = work.load(ENROLLMENT, line.enrollment)
        return standing(e, rule, run.month, account)
    return Standing(
        enrollment=line.enrollment,
        version=line.version,
        beneficiary=line.beneficiary,
        division=line.division,
        status="approved",
        start_month=line.start_month,
        active=True,
        granted=False,
        year_fen=0,
        objections=False,
        delivered=True,
        amount_fen=line.amount_fen,
        account=account,
    )


def _grant(run: PayRun, program: Program, rule: Rule, line: Line, s: Standing) -> en.SubsidyGranted:
    """The line's grant on its standing; refused if the amount is another than approved."""
    if line.enrollment in run.upheld:
        raise NotEligible(reason="objection-upheld")
    granted = grant(
        s,
        rule,
        program=program.code,
        month=run.month,
        fund=run.fund,
        payrun=run.id,
        payee=program.payee,
    )
    if granted.amount_fen != line.amount_fen:
        raise NotEligible(reason="moved-on")
    return granted


@handles(ReadBankResult)
def read_bank_result(work: Work, c: ReadBankResult) -> str:
    """One word of the bank for every line issued; more or less than that is refused as a whole."""
    run, program, _ = _load(work, c.payrun)
    rules.must_be(run, "read-result", "issued")
    lines = rules.read_document(work.documents.get(run.issued), Line)
    words = rules.read_document(work.documents.get(c.result), BankLine)
    by_enrollment = {w.enrollment: w for w in words}
    if len(words) != len(lines) or len(by_enrollment) != len(lines):
        raise ResultIncomplete(expected=len(lines), found=len(by_enrollment))
    settled = [line for line in lines if _word(by_enrollment, line).returned is None]
    for line in lines:
        word = _word(by_enrollment, line)
        if line.enrollment not in work.moved:
            data = _result(run, program, line, word)
            work.append(
                line.enrollment,
                line.version + 1,
                data,
                subject=line.beneficiary,
                division=line.division,
            )
        else:
            _result_anew(work, run, program, line, word)
    returned_fen = run_total(lines) - run_total(settled)
    done = ev.PayRunSettled(
        program=run.program,
        month=run.month,
        settled_count=len(settled),
        settled_fen=run_total(settled),
        returned_count=len(lines) - len(settled),
        returned_fen=returned_fen,
        result=c.result,
    )
    return _record(work, run, done)


def _word(words: dict[str, BankLine], line: Line) -> BankLine:
    word = words.get(line.enrollment)
    if word is None or (word.receipt is None) == (word.returned is None):
        raise ResultIncomplete(expected=line.enrollment, found="?")
    return word


def _result(run: PayRun, program: Program, line: Line, word: BankLine) -> EventData:
    """The event of a stream that has not moved since the grant, decided without reading it."""
    if word.returned is not None:
        return en.PaymentReturned(
            program=run.program,
            month=run.month,
            amount_fen=line.amount_fen,
            fund=run.fund,
            payrun=run.id,
            reason=word.returned,
        )
    kind = en.ContributionPaid if program.payee == "insurer" else en.PaymentSettled
    return kind(
        program=run.program,
        month=run.month,
        amount_fen=line.amount_fen,
        fund=run.fund,
        payrun=run.id,
        receipt=word.receipt or "",
    )


def _result_anew(work: Work, run: PayRun, program: Program, line: Line, word: BankLine) -> None:
    """The event of a stream that moved on since the grant, decided on its state."""
    e = work.load(ENROLLMENT, line.enrollment)
    if word.returned is not None:
        return_month(work, e, run.month, word.returned)
    else:
        settle_month(work, e, program, run.month, word.receipt or "")


@handles(CancelPayRun)
def cancel(work: Work, c: CancelPayRun) -> str:
    run, _, _ = _load(work, c.payrun)
    _must_be_city(work)
    cancelled = rules.cancel(run, reason=c.reason)
    if run.status == "approved" and run.total_fen:
        give_back(work, run.fund, run.program, run.id, run.total_fen, reason="cancelled")
    return _record(work, run, cancelled)


def run_total(lines: list[Line]) -> int:
    """The lines' amounts in fen."""
    return sum(line.amount_fen for line in lines)


def _line(s: Standing, amount_fen: int, *, version: int | None = None) -> Line:
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


def _outlived(work: Work, program: Program, rule: Rule, month: str) -> dict[str, str]:
    """Whom time alone has taken out of a monthly rule; of others the day of application decides."""
    if program.beneficiary != "person" or rule.period != "month":
        return {}
    return work.standings.outlived(program.code, rule, first_day(month))


def _by_division(lines: list[Line]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for line in lines:
        totals[line.division] += line.amount_fen
    return dict(sorted(totals.items()))


def _load(work: Work, payrun: str) -> tuple[PayRun, Program, Rule]:
    run = work.load(PAYRUN, payrun)
    rules.must_be(run, "use", *(s for s in (run.status,) if s != "none"))
    program = work.load(PROGRAM, program_id(run.program))
    return run, program, _rule(program, run.month)


def _rule(program: Program, month: str) -> Rule:
    """The rule of the run's month; NoRuleInForce where there is none."""
    found = rule_of_month(program, month)
    return found if found is not None else rule_on(program, first_day(month))


def _must_be_city(work: Work) -> None:
    """A run pays in every division, so only the operator's own officers lead it."""
    if not covers(work.context.division, work.operator):
        raise OutsideDivision(officer_division=work.context.division, division=work.operator)


def _record(work: Work, run: PayRun, data: EventData) -> str:
    work.record(PAYRUN, run, data, subject=run.id, division=work.operator)
    return run.id
