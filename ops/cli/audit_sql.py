"""``audit sql`` and ``audit recompute``: questions to the archive, and the second engine.

``audit sql`` needs nothing but an archive: no home, no vault, no database.
"""

import csv
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from ledger.domain.errors import InvalidValue
from ops.cli.archiving import ArchiveOption, folder_of
from ops.cli.moments import AsOfPosition, EffectiveOn, KnownOn, parse_date, recorded_by
from ops.cli.output import progress
from ops.cli.session import Session, command
from ops.files import read_given

app = typer.Typer()

SHOWN = 100
"""Differences in a table; JSON has them all."""

SqlFormat = Annotated[
    Literal["table", "json", "csv"] | None,
    typer.Option("--format", help="输出格式 | Output format"),
]


@command(
    app,
    "sql",
    help="用SQL查询归档(只读);无查询时列出视图 | Ask the archive by SQL, or list its views",
    format_option=SqlFormat,
)
def sql(
    session: Session,
    *,
    query: Annotated[str | None, typer.Argument(help="一条SELECT | One SELECT")] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="查询所在文件 | The query's file")
    ] = None,
    archive: ArchiveOption = None,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="最多几行 | At most so many rows")
    ] = 1_000,
    timeout: Annotated[
        float, typer.Option(min=0.01, max=86_400, help="最多几秒 | At most so many seconds")
    ] = 60.0,
) -> None:
    from projections.archive.asking import opened

    if query is not None and file is not None:
        raise InvalidValue(field="query", value="QUERY -f FILE")
    if file is not None:
        query = _read(file)
    with opened(folder_of(session, archive)) as asked:
        if query is None:
            described = asked.views()
            columns: Any = ("view", "what", "columns")
            rows: list[Any] = [
                (d.name, session.pick(*_halves(d.about)), " ".join(d.columns)) for d in described
            ]
            more = False
        else:
            answer = asked.ask(query, limit=limit, timeout_s=timeout)
            columns, rows, more = answer.columns, answer.rows, answer.more
    _show(session, columns, rows)
    if more:
        session.out.note(session.say("more-rows", n=limit))


def _halves(text: str) -> tuple[str, str]:
    zh, _, en = text.partition("|")
    return zh.strip(), en.strip()


def _read(file: Path) -> str:
    try:
        return read_given(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidValue(field=file.name, value="UTF-8") from error


def _show(session: Session, columns: Any, rows: list[Any]) -> None:
    if session.format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    elif session.json:
        plain = msgspec.to_builtins(rows)
        session.out.document({"columns": list(columns), "rows": plain})
    else:
        session.out.rows(columns, rows)


@command(
    app,
    "recompute",
    help="用另一引擎(SQL)重算收支并与视图比较 | Recompute the money by SQL, compare with the views",
)
def recompute(
    session: Session,
    *,
    archive: ArchiveOption = None,
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> int:
    """Brings the archive up to the log first. Exit status 1 when a cell differs."""
    from projections.archive import recomputing
    from projections.archive.asking import opened

    folder = folder_of(session, archive)
    _bring_up(session, folder)
    bounds = (as_of_position, known_on, effective_on)
    with (
        session.opened() as home,
        session.looking(home, *bounds, views=recomputing.VIEWS) as projector,
        opened(folder) as asked,
    ):
        found = recomputing.recompute(
            asked,
            projector,
            position=as_of_position,
            known=recorded_by(known_on),
            effective=parse_date(effective_on) if effective_on is not None else None,
        )
    _print_recomputed(session, found)
    return 1 if found.differences else 0


def _bring_up(session: Session, folder: Path) -> None:
    """Add what is new to the archive, saying nothing of it but how long it takes."""
    from ops.archiving import bring_up

    with session.opened() as home, progress(session.say("archiving"), session.lang) as report:
        bring_up(home, folder, progress=report)


def _print_recomputed(session: Session, found: Any) -> None:
    out, differences = session.out, found.differences
    if session.json:
        out.document({"agree": not differences, **msgspec.to_builtins(found)})
        return
    if differences:
        out.table(
            None,
            ("table", "key-columns", "column", ">value", ">sql-value"),
            [(d.table, " ".join(d.key), d.column, d.view, d.sql) for d in differences[:SHOWN]],
        )
        out.line(session.say("engines-differ", position=found.position, n=len(differences)))
    else:
        rows = sum(found.rows.values())
        out.line(session.say("engines-agree", position=found.position, rows=rows))
