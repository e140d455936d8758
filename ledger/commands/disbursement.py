"""Commands that pay a run: issuing its lines to the bank, and reading the bank's result back.

Every line carries the version that the view saw when the run was computed, and both commands append
at exactly the next one: what moved on in between is refused by the store and decided anew, so a
line can lag but never be paid twice.
"""

from collections import Counter

from ledger.application import handles
from ledger.budget import give_back
from ledger.commands.conditions import unmet_in
from ledger.commands.errors import ResultIncomplete
from ledger.commands.payment import return_month, settle_month
from ledger.commands.payrun import (
    PayRunCommand,
    by_division,
    line_of,
    load,
    must_be_city,
    must_be_payable,
    record,
    run_total,
)
from ledger.domain import payrun as rules
from ledger.domain.enrollment import ENROLLMENT
from ledger.domain.errors import LedgerError
from ledger.domain.events import enrollment as en
from ledger.domain.events import payrun as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.grant import Standing, grant, paying_day, standing
from ledger.domain.payrun import BankLine, Line, PayRun
from ledger.domain.program import Program
from ledger.domain.refusals import LinesChanged, NotEligible
from ledger.domain.rules import Rule
from ledger.work import Work


class IssuePayRun(PayRunCommand, frozen=True, kw_only=True):
    pass


class ReadBankResult(PayRunCommand, frozen=True, kw_only=True):
    """``result`` is the digest of a document of bank lines, one for each line issued."""

    result: str


@handles(IssuePayRun)
def issue(work: Work, c: IssuePayRun) -> str:
    """Grant every approved line that still stands; the others are dropped and given back.

    A line stands as computed unless its stream moved on since, which the store finds out, or a fact
    that moved no stream stands against it by now.
    """
    run, program, rule = load(work, c.payrun)
    must_be_city(work)
    must_be_payable(program, run)
    rules.check_issuer(run, work.context.actor)
    if run.rule != rule.valid_from:
        raise LinesChanged()
    lines = rules.read_document(work.documents.get(run.lines), Line)
    accounts = work.standings.accounts([line.beneficiary for line in lines])
    unmet = unmet_in(work, program, rule, run.month)
    issued: list[Line] = []
    dropped: Counter[str] = Counter()
    for line in lines:
        account = accounts.get(line.beneficiary, line.account)
        try:
            if (reason := unmet(line)) is not None:
                raise NotEligible(reason=reason)
            s = _standing_now(work, run, rule, line, account)
            granted = _grant(run, program, rule, line, s)
        except LedgerError as error:
            dropped[str(error.fields.get("reason", error.code))] += 1
            continue
        work.append(
            s.enrollment, s.version + 1, granted, subject=s.beneficiary, division=s.division
        )
        issued.append(line_of(s, granted.amount_fen, version=s.version + 1))
    total_fen = run_total(issued)
    data = ev.PayRunIssued(
        program=run.program,
        month=run.month,
        count=len(issued),
        total_fen=total_fen,
        by_division=by_division(issued),
        fund=run.fund,
        lines=work.documents.put(rules.to_document(issued)),
        dropped=dict(dropped),
    )
    if total_fen < run.total_fen:
        left_fen = run.total_fen - total_fen
        give_back(work, run.fund, run.program, run.id, left_fen, reason="lines-dropped")
    return record(work, run, data)


def _standing_now(work: Work, run: PayRun, rule: Rule, line: Line, account: str | None) -> Standing:
    """The line's standing: as computed, or of the stream's state where it moved on since."""
    if line.enrollment in work.moved:
        e = work.load(ENROLLMENT, line.enrollment)
        return standing(e, rule, run.month, account, paying_day(run.month, work.today))
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
    run, program, _ = load(work, c.payrun)
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
    return record(work, run, done)


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
    month, division = run.month, line.division
    if word.returned is not None:
        return_month(work, e, month=month, reason=word.returned, division=division)
    else:
        receipt = word.receipt or ""
        settle_month(work, e, program, month=month, receipt=receipt, division=division)
