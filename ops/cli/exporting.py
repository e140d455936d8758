"""``export``: the postings as journals that other bookkeeping programs read and check."""

from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ops.cli.output import progress
from ops.cli.session import (
    AsOfPosition,
    EffectiveOn,
    KnownOn,
    Session,
    command,
    parse_date,
    recorded_by,
)
from ops.files import write_whole
from projections import journal
from projections.asof import AsOf

app = typer.Typer(help="导出分录 | Export the postings")

FileArgument = Annotated[Path, typer.Argument(help="写入的文件 | The file to write")]
DetailOption = Annotated[
    journal.Detail,
    typer.Option(
        help="event:每个事件一笔;month:按月汇总 | A transaction per event, or sums per month"
    ),
]


@command(app, "beancount", help="写成Beancount日记账 | Write a Beancount journal")
def beancount(
    session: Session,
    *,
    file: FileArgument,
    detail: DetailOption = "event",
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> None:
    bounds = (as_of_position, known_on, effective_on)
    _export(session, journal.Beancount(), file, detail, bounds)


@command(app, "hledger", help="写成hledger日记账 | Write an hledger journal")
def hledger(
    session: Session,
    *,
    file: FileArgument,
    detail: DetailOption = "event",
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> None:
    bounds = (as_of_position, known_on, effective_on)
    _export(session, journal.Hledger(), file, detail, bounds)


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
        position, known_on, effective_on = bounds
        effective = parse_date(effective_on) if effective_on else None
        bound = AsOf(position, recorded_by(known_on), effective)
        balances = journal.closing(projector.rows("trial_balance"))

        def batches() -> journal.Batches:
            for batch in home.feed.read(0, end):
                yield batch
                report(batch[-1][0] + 1, end)

        made = journal.transactions(batches(), bound, home.discarded(), detail)
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
