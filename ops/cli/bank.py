"""The steps of a pay run that read or write files: the notice, the bank's file and its answer."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ledger.commands import payrun as pr
from ledger.commands.disbursement import ReadBankResult
from ledger.domain.errors import OutOfOrder
from ledger.domain.payrun import Line, read_document, to_document
from ops.cli import payfiles
from ops.cli.moments import parse_date
from ops.cli.officer import Officer, step
from ops.cli.output import yuan
from ops.cli.payrun_step import Run, find, print_run, resolved, take
from ops.cli.sealed import Opener
from ops.cli.session import Session
from ops.files import require_writable

app = typer.Typer()


@step(
    app,
    "notice",
    help="公示,并给出隐去信息的名单 | Publish, with the masked list",
    role="accountant",
)
def notice(
    session: Session,
    who: Officer,
    run: Run,
    *,
    notice_from: Annotated[str, typer.Option("--from", help="公示首日 | First day")],
    notice_until: Annotated[str, typer.Option("--until", help="公示末日(含)| Last day")],
    place: Annotated[str, typer.Option(help="公示处 | Where")],
    export: Annotated[
        Path | None, typer.Option(help="名单写入CSV文件 | Write the list to a CSV file")
    ] = None,
) -> None:
    """The list shows a name's first and last characters and ten digits of the number at most."""
    if export is not None:
        require_writable(export)  # before the notice is stored, which cannot be taken back
    wanted = pr.NoticePayRun(
        payrun=resolved(run),
        notice_from=parse_date(notice_from),
        notice_until=parse_date(notice_until),
        place=place,
    )
    with session.opened() as home:
        row = take(session, home, who, wanted)
        lines = read_document(home.documents.get(row.lines or ""), Line)
        opener = Opener(home, who.context(home), row.payrun, "public-notice")
        public = payfiles.public_list(lines, opener, session.say("erased"))
    if export is not None:
        payfiles.write_csv(export, payfiles.PUBLIC, [p.row() for p in public], mode=0o644)
        session.out.note(session.say("notice-exported", path=export, lines=len(public)))
    if session.json:
        session.out.document({**msgspec.to_builtins(row), "public_list": public})
        return
    print_run(session, row)
    if export is None:
        title = session.say("notice-title", month=row.month, program=row.program)
        columns = ("name", "id-number", "division", ">amount")
        session.out.table(title, columns, [p.row() for p in public])


@step(
    app, "bank-file", help="写出银行文件 | Write the bank's file of an issued run", role="cashier"
)
def bank_file(
    session: Session,
    who: Officer,
    run: Run,
    out: Annotated[Path, typer.Option("--out", help="文件 | Where to")],
) -> None:
    """The only file with account numbers in clear: its mode is 0600."""
    require_writable(out)  # before it is recorded that accounts were opened
    with session.opened() as home:
        row = find(session, home, run)
        if row.status not in ("issued", "settled"):
            raise OutOfOrder(status=row.status, step="bank-file")
        lines = read_document(home.documents.get(row.lines or ""), Line)
        opener = Opener(home, who.context(home), row.payrun, "bank-file")
        rows = payfiles.bank_rows(lines, opener)
        payfiles.write_csv(out, payfiles.BANK, rows, mode=0o600)
    total_fen = sum(line.amount_fen for line in lines)
    if session.json:
        session.out.document({"file": str(out), "lines": len(lines), "total_fen": total_fen})
    else:
        said = session.say("bank-file-written", path=out, lines=len(lines), total=yuan(total_fen))
        session.out.line(said)


@step(app, "read-result", help="读入银行回盘文件 | Read the bank's result back", role="cashier")
def read_result(
    session: Session,
    who: Officer,
    run: Run,
    file: Annotated[Path, typer.Argument(help="CSV: enrollment,receipt,returned")],
) -> None:
    """A word on every line issued; a file with any wrong row is refused as a whole."""
    words = payfiles.read_result(file)
    with session.opened() as home:
        find(session, home, run)
        digest = home.documents.put(to_document(words))
        wanted = ReadBankResult(payrun=resolved(run), result=digest)
        row = take(session, home, who, wanted)
    print_run(session, row)
