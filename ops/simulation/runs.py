"""Pay runs of a month: computed, noticed, objected to, approved, issued, and the bank's result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ledger.commands.disbursement import IssuePayRun, ReadBankResult
from ledger.commands.payrun import (
    ApprovePayRun,
    CancelPayRun,
    ComputePayRun,
    NoticePayRun,
    ObjectToLine,
    OpenPayRun,
    ResolveLineObjection,
)
from ledger.domain.payrun import PAYRUN, BankLine, Line, read_document, to_document
from ops.simulation.calendar import Calendar, accountant, cashier, director
from ops.simulation.runner import Runner


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run to make: what goes wrong with it is part of the plan.

    ``objections`` are enrollments with an upheld objection; ``returned`` maps an enrollment to
    the bank's reason; ``cancelled`` makes a first batch that is cancelled after its notice.
    """

    program: str
    objections: Sequence[str] = ()
    returned: Mapping[str, str] = field(default_factory=dict)
    cancelled: bool = False


def compute(runner: Runner, calendar: Calendar, month: int, wanted: Wanted) -> str:
    """Open and compute on the 16th, notice from the 17th to the 23rd; the run's id."""
    text = calendar.month(month)
    key = f"{text}/payrun/{wanted.program}"
    by = accountant(calendar.day(month, 16))
    batch = 1
    if wanted.cancelled:
        first = _computed(runner, calendar, month, wanted.program, batch)
        runner.one(
            f"{key}/1/cancel",
            calendar.at(month, 16, 2),
            CancelPayRun(payrun=first, reason="名单漏报一个乡镇,重新核算"),
            by,
        )
        batch = 2
    run = _computed(runner, calendar, month, wanted.program, batch)
    runner.one(
        f"{key}/{batch}/notice",
        calendar.at(month, 16, 5),
        NoticePayRun(
            payrun=run,
            notice_from=calendar.day(month, 17),
            notice_until=calendar.day(month, 23),
            place="市残联网站",
        ),
        by,
    )
    return run


def _computed(runner: Runner, calendar: Calendar, month: int, program: str, batch: int) -> str:
    key = f"{calendar.month(month)}/payrun/{program}/{batch}"
    at = calendar.at(month, 16, 1 if batch == 1 else 3)
    by = accountant(calendar.day(month, 16))
    opening = OpenPayRun(program=program, month=calendar.month(month), batch=batch)
    run = runner.one(f"{key}/open", at, opening, by)
    runner.one(f"{key}/compute", at, ComputePayRun(payrun=run), by)
    return run


def object_to_lines(
    runner: Runner, calendar: Calendar, month: int, wanted: Wanted, run: str
) -> None:
    """Objections on the 20th, all upheld on the 22nd."""
    for n, enrollment in enumerate(wanted.objections):
        key = f"{calendar.month(month)}/objection/{wanted.program}/{n}"
        objection = f"objection-{n + 1}"
        runner.one(
            f"{key}/raise",
            calendar.at(month, 20, 1, n),
            ObjectToLine(
                payrun=run,
                enrollment=enrollment,
                objection=objection,
                ground="群众反映家庭收入不实",
            ),
            accountant(calendar.day(month, 20)),
        )
    for n, _ in enumerate(wanted.objections):
        key = f"{calendar.month(month)}/objection/{wanted.program}/{n}"
        runner.one(
            f"{key}/resolve",
            calendar.at(month, 22, 1, n),
            ResolveLineObjection(
                payrun=run,
                objection=f"objection-{n + 1}",
                upheld=True,
                reason="经核查属实,本月不予发放",
            ),
            director(calendar.day(month, 22)),
        )


def approve(runner: Runner, calendar: Calendar, month: int, wanted: Wanted, run: str) -> None:
    """Approved on the 24th by another officer, exactly as noticed."""
    state = runner.ledger.state(PAYRUN, run)
    runner.one(
        f"{calendar.month(month)}/payrun/{wanted.program}/approve",
        calendar.at(month, 24),
        ApprovePayRun(payrun=run, lines=state.lines),
        director(calendar.day(month, 24)),
    )


def issue(runner: Runner, calendar: Calendar, month: int, wanted: Wanted, run: str) -> None:
    """Issued on the 25th by a third one."""
    runner.one(
        f"{calendar.month(month)}/payrun/{wanted.program}/issue",
        calendar.at(month, 25),
        IssuePayRun(payrun=run),
        cashier(calendar.day(month, 25)),
    )


def read_result(runner: Runner, calendar: Calendar, month: int, wanted: Wanted, run: str) -> None:
    """The bank's file of the 27th, a word on every line."""
    documents = runner.ledger.documents
    issued = runner.ledger.state(PAYRUN, run).issued
    result = documents.put(
        to_document(
            [
                _word(line, wanted.returned, calendar.month(month))
                for line in read_document(documents.get(issued), Line)
            ]
        )
    )
    runner.one(
        f"{calendar.month(month)}/payrun/{wanted.program}/result",
        calendar.at(month, 27),
        ReadBankResult(payrun=run, result=result),
        cashier(calendar.day(month, 27)),
    )


def _word(line: Line, returned: Mapping[str, str], month: str) -> BankLine:
    reason = returned.get(line.enrollment)
    if reason is not None:
        return BankLine(enrollment=line.enrollment, returned=reason)
    return BankLine(enrollment=line.enrollment, receipt=f"{month}-{line.enrollment[-10:]}")
