"""``export``: the postings as journals that other bookkeeping programs read and check."""

from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ops.cli.moments import AsOfPosition, EffectiveOn, KnownOn, bound_by
from ops.cli.output import progress
from ops.cli.session import Session, command
from ops.files import write_whole
from projections import journal

app = typer.Typer(help="导出分录 | Export the postings")

FileArgument = Annotated[Path, typer.Argument(help="写入的文件 | The file to write")]
DetailOption = Annotated[
    journal.Detail,
    typer.Option(
        help="event:每个事件一笔;month:按月汇总 | A transaction per event, or sums per month"
    ),
]


def _exporter(name: str, writer: journal.Writer, *, help: str) -> None:
    """A command for one program's format: they take the same options."""

    @command(app, name, help=help)
    def export(
        session: Session,
        *,
        file: FileArgument,
        detail: DetailOption = "event",
        as_of_position: AsOfPosition = None,
        known_on: KnownOn = None,
        effective_on: EffectiveOn = None,
    ) -> None:
        _export(session, writer, file, detail, (as_of_position, known_on, effective_on))


_exporter("beancount", journal.Beancount(), help="写成Beancount日记账 | Write a Beancount journal")
_exporter("hledger", journal.Hledger(), help="写成hledger日记账 | Write an hledger journal")


def _export(
    session: Session,
    writer: journal.Writer,
    file: Path,
    detail: journal.Detail,
    bounds: tuple[int | None, str | None, str | None],
) -> None:
    """Whole or not at all: transactions from the events, balances from the trial balance view."""
    with (
        session.opened() as home,
        session.looking(home, *bounds, views=(journal.VIEW,)) as projector,
        progress(session.say("exporting"), session.lang) as report,
    ):
        end = projector.position()
        balances = journal.closing(projector.rows("trial_balance"))

        def batches() -> journal.Batches:
            for batch in home.feed.read(0, end):
                yield batch
                report(batch[-1][0] + 1, end)

        made = journal.transactions(batches(), bound_by(*bounds), home.discarded(), detail)
        text = journal.Journal(writer, f"{home.origin} {end}", made, balances)

        def write(out: BinaryIO) -> None:
            for piece in text:
                out.write(piece.encode())

        write_whole(file, 0o644, write)
    said = {"transactions": text.count, "accounts": len(balances), "position": end}
    if session.json:
        session.out.document({"file": str(file), **said})
    else:
        session.out.line(session.say("exported", path=file, **said))
