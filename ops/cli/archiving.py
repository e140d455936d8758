"""``archive``: the log as sealed Parquet segments, and the check of all of them from the bytes."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ledger.domain.errors import InvalidValue
from ops.cli.output import progress
from ops.cli.session import (
    FormatOption,
    HomeOption,
    LangOption,
    Session,
    command,
    guarded,
    settle,
)

app = typer.Typer(
    help="归档:密封的Parquet分段 | The archive: sealed Parquet segments of the log",
    invoke_without_command=True,
)

ArchiveOption = Annotated[
    Path | None,
    typer.Option("--archive", help="归档目录(默认:账本目录/archive)| The archive's directory"),
]


def folder_of(session: Session, given: Path | None) -> Path:
    """The archive's directory: as given, else in the home."""
    return given or session.home / "archive"


@app.callback()
def archive(
    ctx: typer.Context,
    *,
    to: ArchiveOption = None,
    segment_size: Annotated[
        int | None,
        typer.Option(min=1, help="每段事件数,仅首次可定(默认25万)| Events a segment"),
    ] = None,
    home: HomeOption = None,
    lang: LangOption = None,
    format: FormatOption = None,
) -> None:
    """Without a further word, bring the archive up to the log."""
    session = settle(ctx, home, lang, format)
    ctx.find_root().obj = session
    if ctx.invoked_subcommand is None:
        status = guarded(session, lambda: write(session, folder_of(session, to), segment_size))
    else:
        status = guarded(session, lambda: _nothing_before(to, segment_size))
    if status:
        raise typer.Exit(status)


def _nothing_before(to: Path | None, segment_size: int | None) -> None:
    """What stands before a further word would be silently left out of it."""
    if to is not None or segment_size is not None:
        raise InvalidValue(field="archive", value=f"{to or segment_size} verify")


def write(session: Session, folder: Path, segment_size: int | None = None) -> None:
    """Add what is new, and say what there is."""
    from projections.archive.errors import ArchiveMissing
    from projections.archive.manifest import read_manifest
    from projections.archive.writing import extend

    try:
        before = read_manifest(folder).end
    except ArchiveMissing:
        before = 0
    with session.opened() as home, progress(session.say("archiving"), session.lang) as report:
        made = extend(folder, home.feed, home.origin, segment_size=segment_size, progress=report)
    root = made.segments[-1].tree.root if made.segments else None
    if session.json:
        session.out.document(
            {"archive": str(folder), "events": made.end, "added": made.end - before, "root": root}
            | {"segments": made.segments}
        )
        return
    session.out.line(
        session.say(
            "archived",
            path=folder,
            segments=len(made.segments),
            events=made.end,
            added=made.end - before,
            root=root or "-",
        )
    )


@command(
    app,
    "verify",
    help="逐字节核验全部分段 | Check every segment from the bytes",
)
def verify(
    session: Session,
    *,
    archive: ArchiveOption = None,
    with_log: Annotated[
        bool,
        typer.Option("--with-log", help="并与账本逐段比较 | Compare with the ledger's log too"),
    ] = False,
) -> None:
    """The first position or segment that is wrong is an error with exit status 4."""
    from projections.archive import verifying

    folder = folder_of(session, archive)
    with progress(session.say("verifying"), session.lang) as report:
        found = verifying.verify(folder, report)
        if with_log:
            with session.opened() as home:
                verifying.compare_with_log(folder, home.feed, report)
    if session.json:
        session.out.document({"ok": True, "with_log": with_log, **asdict(found)})
        return
    session.out.line(
        session.say("archive-sound", segments=found.segments, events=found.events, root=found.root)
    )
    if with_log:
        session.out.line(session.say("archive-same", events=found.events))


__all__ = ["ArchiveOption", "app", "folder_of", "write"]
