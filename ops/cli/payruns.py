"""``payrun``: a run from opening to issuing, each step by the officer named for it."""

from typing import Annotated

import msgspec
import typer

from ledger.commands import payrun as pr
from ledger.commands.disbursement import IssuePayRun
from ledger.domain.errors import InvalidValue
from ledger.domain.month import parse_month
from ledger.domain.payrun import LeftOut, Line, read_document
from ledger.domain.words import STATES
from ops.cli.officer import Officer, step
from ops.cli.output import yuan
from ops.cli.payrun_step import (
    Run,
    find,
    print_run,
    reason_text,
    resolved,
    take,
    take_and_print,
)
from ops.cli.session import Session, command
from ops.cli.usage import OptionNeeded

app = typer.Typer(
    help="发放批次 | Pay runs, from opening to the bank's result", no_args_is_help=True
)

ROWS = 50


@command(app, "list", help="列出发放批次 | List pay runs")
def list_runs(
    session: Session,
    program: Annotated[str | None, typer.Option(help="项目代码 | Program")] = None,
    month: Annotated[str | None, typer.Option(help="月份 | Month")] = None,
) -> None:
    wanted = {"program": program, "month": parse_month(month) if month else None}
    where = {name: value for name, value in wanted.items() if value is not None}
    with session.opened() as home:
        runs = session.caught_up(home).select("payruns", where, ("month", "program", "batch"))
    if session.json:
        session.out.document({"payruns": runs})
        return
    columns = ("payrun", "program", "month", ">batch", "status", ">count", ">total", ">returned")
    session.out.table(
        None,
        columns,
        [
            (
                r.payrun,
                r.program,
                r.month,
                r.batch,
                session.word(STATES, r.status),
                r.count,
                yuan(r.total_fen),
                r.returned_count,
            )
            for r in runs
        ],
    )


@command(app, "show", help="名单与未列入的原因 | Lines, and who is left out and why")
def show(
    session: Session,
    run: Run,
    limit: Annotated[int, typer.Option(min=1, help="最多几行 | At most")] = ROWS,
) -> None:
    with session.opened() as home:
        row = find(session, home, run)
        lines = read_document(home.documents.get(row.lines), Line) if row.lines else []
        left = row.left_out_lines
        left_out = read_document(home.documents.get(left), LeftOut) if left else []
    if session.json:
        session.out.document(
            {**msgspec.to_builtins(row), "line_list": lines, "left_out_list": left_out}
        )
        return
    print_run(session, row)
    session.out.table(
        None,
        ("beneficiary", "division", "enrollment", ">amount", "start-month"),
        [
            (x.beneficiary, x.division, x.enrollment, yuan(x.amount_fen), x.start_month)
            for x in lines[:limit]
        ],
    )
    session.out.table(
        session.say("left-out"),
        ("beneficiary", "division", "why"),
        [(x.beneficiary, x.division, reason_text(session, x.reason)) for x in left_out[:limit]],
    )
    if max(len(lines), len(left_out)) > limit:
        session.out.note(session.say("more-rows", n=limit))


@step(app, "open", help="开立一批 | Open a run for a program and month", role="accountant")
def open_run(
    session: Session,
    who: Officer,
    program: Annotated[str, typer.Argument(help="项目代码 | Program")],
    month: Annotated[str, typer.Argument(help="月份 YYYY-MM | Month")],
    batch: Annotated[int, typer.Option(min=1, help="批次 | Batch")] = 1,
) -> None:
    take_and_print(session, who, pr.OpenPayRun(program=program, month=month, batch=batch))


@step(app, "compute", help="核算名单 | Compute the lines", role="accountant")
def compute(
    session: Session,
    who: Officer,
    run: Run,
) -> None:
    take_and_print(session, who, pr.ComputePayRun(payrun=resolved(run)))


@step(app, "object", help="对一笔提出异议 | Object to a line", role="accountant")
def object_to(
    session: Session,
    who: Officer,
    run: Run,
    *,
    enrollment: Annotated[str, typer.Argument(help="登记编号 | The line's enrollment")],
    objection: Annotated[str, typer.Option(help="异议编号 | The objection's id")],
    ground: Annotated[str, typer.Option(help="理由 | Ground")],
) -> None:
    wanted = pr.ObjectToLine(
        payrun=resolved(run), enrollment=enrollment, objection=objection, ground=ground
    )
    take_and_print(session, who, wanted)


@step(app, "resolve", help="处理异议 | Settle an objection", role="director")
def resolve(
    session: Session,
    who: Officer,
    run: Run,
    *,
    objection: Annotated[str, typer.Argument(help="异议编号 | The objection's id")],
    upheld: Annotated[bool, typer.Option("--upheld", help="成立 | It is right")] = False,
    dismissed: Annotated[bool, typer.Option("--dismissed", help="不成立 | It is not")] = False,
    reason: Annotated[str, typer.Option(help="理由 | Reason")],
) -> None:
    """One of --upheld and --dismissed."""
    if upheld and dismissed:
        raise InvalidValue(field="--upheld", value="--dismissed")
    if not upheld and not dismissed:
        raise OptionNeeded(field="payrun resolve", value="--upheld / --dismissed")
    wanted = pr.ResolveLineObjection(
        payrun=resolved(run), objection=objection, upheld=upheld, reason=reason
    )
    take_and_print(session, who, wanted)


@step(app, "approve", help="审批所见名单 | Approve the lines seen", role="director")
def approve(
    session: Session,
    who: Officer,
    run: Run,
    lines: Annotated[
        str | None, typer.Option(help="所见名单的摘要 | Digest of the lines seen")
    ] = None,
) -> None:
    """Without ``--lines`` the lines as they are now are taken as seen."""
    with session.opened() as home:
        seen = lines or find(session, home, run).lines or ""
        row = take(session, home, who, pr.ApprovePayRun(payrun=resolved(run), lines=seen))
    print_run(session, row)


@step(app, "issue", help="发放 | Grant the lines and instruct the bank", role="cashier")
def issue(
    session: Session,
    who: Officer,
    run: Run,
) -> None:
    take_and_print(session, who, IssuePayRun(payrun=resolved(run)))


@step(app, "cancel", help="取消 | Cancel a run that is not issued", role="accountant")
def cancel(
    session: Session,
    who: Officer,
    run: Run,
    reason: Annotated[str, typer.Option(help="理由 | Reason")],
) -> None:
    take_and_print(session, who, pr.CancelPayRun(payrun=resolved(run), reason=reason))
