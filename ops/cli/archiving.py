"""``archive``: the log as sealed Parquet segments, and the check of all of them from the bytes."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger.domain.errors import InvalidValue
from ledger.verify.checkpoint import Policy
from ledger.verify.note import NoteRefused, VerifierKey
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
from ops.files import read_given

if TYPE_CHECKING:
    from projections.archive.signed import Head, Signed

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
    from ops.archiving import bring_up
    from projections.archive.errors import ArchiveMissing
    from projections.archive.manifest import read_manifest

    try:
        before = read_manifest(folder).end
    except ArchiveMissing:
        before = 0
    with session.opened() as home, progress(session.say("archiving"), session.lang) as report:
        made, signed = bring_up(home, folder, segment_size=segment_size, progress=report)
    root = made.segments[-1].tree.root if made.segments else None
    if session.json:
        session.out.document(
            {"archive": str(folder), "events": made.end, "added": made.end - before, "root": root}
            | {"signed": document(signed), "segments": made.segments}
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
    tell_signed(session, signed, made.end)


def document(signed: "Signed") -> dict[str, Any]:
    """How far an archive is under a signed head, for JSON."""
    return {"status": signed.status, **signed._asdict()}


def tell_signed(session: Session, signed: "Signed", end: int) -> None:
    """Whether the archive's head is final, pending or unsigned, and what is beyond it."""
    status = session.say(signed.status)
    said = "archive-signed" if signed.size else "archive-unsigned"
    beyond = end - signed.size
    session.out.line(session.say(said, size=signed.size, status=status, beyond=beyond))
    if signed.status == "pending":
        session.out.note(session.say("pending-means"))


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
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="NOTE", help="留存的检查点 | The head you kept"),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="VKEY", help="公钥,可多次 | A key of the log or a witness"),
    ] = None,
) -> None:
    """The first position or segment that is wrong is an error with exit status 4, and so is a head
    that was signed and is not the archive's: of the home where there is one, and the one kept."""
    from projections.archive import verifying

    folder = folder_of(session, archive)
    heads = _heads(session, folder, checkpoint, key or ())
    with progress(session.say("verifying"), session.lang) as report:
        found = verifying.verify(folder, report, heads=heads)
        if with_log:
            with session.opened() as home:
                verifying.compare_with_log(folder, home.feed, home.origin, report)
    if session.json:
        told = {**asdict(found), "signed": document(found.signed)}
        session.out.document({"ok": True, "with_log": with_log, **told})
        return
    session.out.line(
        session.say("archive-sound", segments=found.segments, events=found.events, root=found.root)
    )
    if with_log:
        session.out.line(session.say("archive-same", events=found.events))
    tell_signed(session, found.signed, found.events)


def _heads(
    session: Session, folder: Path, checkpoint: Path | None, keys: Sequence[str]
) -> "list[Head]":
    """What is known to be signed.

    Raises what :func:`~ops.archiving.kept_head` does, NotFound, InvalidValue.
    """
    from ops.archiving import kept_head, signed_heads
    from projections.archive.manifest import read_manifest

    if keys and checkpoint is None:
        raise InvalidValue(field="--checkpoint", value="-")
    given = [_key(each) for each in keys]
    manifest, policy, heads = read_manifest(folder), Policy(0, ()), []
    if (session.home / "home.toml").exists():
        with session.opened() as home:
            heads, policy = signed_heads(home, manifest.end), home.policy
            given = given or list(home.log_keys())
    if checkpoint is not None:
        note = read_given(checkpoint)
        heads.append(kept_head(note, str(checkpoint), given, policy, manifest))
    return heads


def _key(text: str) -> VerifierKey:
    try:
        return VerifierKey.parse(text)
    except NoteRefused as error:
        raise InvalidValue(field="--key", value=str(error)) from error


__all__ = ["ArchiveOption", "app", "folder_of", "write"]
