"""``import``: rosters of persons and of applications, from XLSX or CSV.

Good rows are applied, bad ones written back with their reasons; what a row holds is shown nowhere
else. Exit status 5 when rows were rejected and the others applied.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ledger.catalog.loader import load_divisions
from ledger.domain.errors import AlreadyExists
from ledger.work import Context
from ops.cli.moments import today
from ops.cli.officer import Officer, step
from ops.cli.output import progress
from ops.cli.session import Session
from ops.files import require_writable
from ops.home import Home
from ops.roster.applications import program_of
from ops.roster.fields import Reference
from ops.roster.headings import Layout
from ops.roster.importing import Kind, Summary, carry_out, check, choose, summary
from ops.roster.reading import read_tables
from ops.roster.rejects import free_path, write_rejects

app = typer.Typer(help="导入名册 | Import rosters", no_args_is_help=True)

IN_PART = 5
"""Exit status: rows were rejected; the others are in the ledger."""

SHOWN = 20
"""Unknown headings named on the screen, and characters of each."""

File = Annotated[Path, typer.Argument(help="名册(XLSX或CSV)| The roster, XLSX or CSV")]
Sheet = Annotated[str | None, typer.Option(help="工作表 | Which sheet")]
Rejects = Annotated[
    Path | None,
    typer.Option(help="退回名册写到何处,缺省在原文件旁 | Where rejects go, else beside the file"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只检查,不入账 | Check, apply nothing")]


@dataclass(frozen=True, slots=True)
class Files:
    """What is read, which sheet of it, and where the rejects go; ``dry_run`` applies nothing."""

    file: Path
    sheet: str | None
    rejects: Path | None
    dry_run: bool


@step(
    app,
    "persons",
    help="人员名册 | Persons with certificate, account and facts",
    role="registrar",
    without=frozenset({"key"}),
)
def import_persons(
    session: Session,
    who: Officer,
    *,
    file: File,
    sheet: Sheet = None,
    rejects: Rejects = None,
    dry_run: DryRun = False,
    document: Annotated[
        str, typer.Option(help="低保、护理等事实所据文件 | Document that facts rest on")
    ] = "人员名册",
) -> int:
    """``--effective`` is the day from which everything in the list holds."""
    files = Files(file, sheet, rejects, dry_run)
    with session.opened() as home:
        reference = _reference(home, document=document)
        return _import(session, home, who.context(home), reference, files, kind="persons")


@step(
    app,
    "applications",
    help="申请名册 | Applications for programs",
    role="registrar",
    without=frozenset({"key", "effective"}),
)
def import_applications(
    session: Session,
    who: Officer,
    *,
    file: File,
    sheet: Sheet = None,
    rejects: Rejects = None,
    dry_run: DryRun = False,
    program: Annotated[
        str | None,
        typer.Option(help="名册没有项目列时的项目 | The program, where no column names it"),
    ] = None,
) -> int:
    """Each row holds from its own day of application."""
    files = Files(file, sheet, rejects, dry_run)
    with session.opened() as home:
        named = program_of(program, home.programs) if program else None
        reference = _reference(home, program=named)
        return _import(session, home, who.context(home), reference, files, kind="applications")


def _reference(home: Home, *, document: str = "", program: str | None = None) -> Reference:
    return Reference(
        today=today(),
        divisions=load_divisions(),
        programs=home.programs,
        person_id=home.vault.person_id,
        document=document,
        program=program,
    )


def _import(
    session: Session,
    home: Home,
    context: Context,
    reference: Reference,
    files: Files,
    *,
    kind: Kind,
) -> int:
    """Check all, apply the good ones, write the bad ones back; the exit status."""
    given = frozenset({"program"} if reference.program else ())
    table, layout = choose(kind, read_tables(files.file, files.sheet), given)
    rejects = _free(files)
    _name_unknown(session, layout)
    rows = check(kind, table, layout, replace(reference, epoch=table.epoch))
    with progress(session.say("importing"), session.lang) as report:
        carry_out(home.ledger(), rows, context, report, rehearse=files.dry_run)
    rejected = [row for row in rows if row.reasons]
    if rejected:
        write_rejects(rejects, layout, rejected)
    _print(session, summary(rows), rejects if rejected else None, files.dry_run)
    return IN_PART if rejected else 0


def _free(files: Files) -> Path:
    """Where the rejects may be written, known before anything is applied."""
    path = files.rejects or free_path(files.file)
    require_writable(path)
    if path.exists():
        raise AlreadyExists(what=str(path))
    return path


def _name_unknown(session: Session, layout: Layout) -> None:
    if layout.unknown:
        shown = ["".join(filter(str.isprintable, h))[:SHOWN] for h in layout.unknown[:SHOWN]]
        session.out.note(session.say("unknown-headings", headings="、".join(shown)))


def _print(session: Session, made: Summary, rejects: Path | None, dry_run: bool) -> None:
    if session.json:
        written = str(rejects) if rejects else None
        session.out.document({**msgspec.to_builtins(made), "dry_run": dry_run, "rejects": written})
        return
    counts = (made.read, made.applied, made.present, made.repeated, made.rejected, made.events)
    session.out.table(
        session.say("rehearsed") if dry_run else None,
        (">read", ">applied", ">present", ">repeated", ">rejected", ">events"),
        [counts],
    )
    if made.reasons:
        rows = [(*reason.rsplit(" ", 1), n) for reason, n in made.reasons.items()]
        session.out.table(session.say("rejected"), ("heading", "reason", ">rows"), rows)
    if rejects:
        session.out.note(session.say("rejects-written", path=rejects, rows=made.rejected))
