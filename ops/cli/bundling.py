"""``bundle`` and ``verify-bundle``: what an inspector takes along, and how she checks it."""

import re
from pathlib import Path
from typing import Annotated

import typer

from ledger.domain.division import is_division_code
from ledger.domain.errors import InvalidValue
from ledger.log.bundle import Contents, write_bundle
from ledger.verify import command as verifier
from ledger.verify.history import parsed
from ledger.verify.refusal import Refused
from ledger.verify.scope import Scope
from ops.bundling import (
    claims,
    documents,
    earlier_heads,
    head_of,
    in_log,
    kept_index,
    person_scope,
    signed_head,
)
from ops.cli.output import progress
from ops.cli.session import Session, command
from ops.files import read_given, write_whole
from ops.home import Home
from ops.tlog_tiles import CheckpointRefused

app = typer.Typer()

PersonOption = Annotated[
    str | None, typer.Option("--for-person", metavar="ID", help="一个人 | One person's events")
]
DivisionOption = Annotated[
    str | None, typer.Option("--division", metavar="CODE", help="区划 | A division's events")
]
YearOption = Annotated[
    int | None, typer.Option("--year", help="年度 | The events effective in a year")
]
AllOption = Annotated[bool, typer.Option("--all", help="整个账本 | The whole log")]
OutputOption = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="写入文件 | The file to write")
]
NoteOption = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        metavar="SIZE|NOTE",
        help="检查点,缺省为最新的终局检查点 | The checkpoint, or the newest that is final",
    ),
]
SinceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--since",
        metavar="SIZE|NOTE",
        help="对方留存的检查点,可多次 | A checkpoint that the reader kept",
    ),
]


UnsealedOption = Annotated[
    bool,
    typer.Option(
        "--unsealed",
        help="尚无封存时也导出,不证明齐全 | Write one from before any seal, not proven complete",
    ),
]


@command(app, "bundle", help="导出可离线查验的证据包 | Write a bundle to be verified offline")
def bundle(
    session: Session,
    *,
    output: OutputOption,
    checkpoint: NoteOption = None,
    for_person: PersonOption = None,
    division: DivisionOption = None,
    year: YearOption = None,
    whole: AllOption = False,
    since: SinceOption = None,
    unsealed: UnsealedOption = False,
) -> None:
    """Events of one scope with the proofs that they are in the log of a signed checkpoint."""
    given = [for_person is not None, division is not None, year is not None, whole]
    if sum(given) != 1:
        raise InvalidValue(field="--for-person | --division | --year | --all", value="-")
    if division is not None and not is_division_code(division):
        raise InvalidValue(field="--division", value=division)
    with session.opened() as home:
        note = signed_head(home) if checkpoint is None else _note(home, checkpoint)
        asked = [_note(home, each) for each in since or ()]
        earlier = [*earlier_heads(home, note), *asked]
        scope = _scope(session, home, for_person, division, year)
        if for_person is not None and not in_log(home, scope):
            # Not refused: that there is nothing of a person is a thing to prove, too.
            session.out.note(session.say("bundle-of-nobody", person=for_person))
        contents = Contents(
            scope, note, earlier, documents(home), claims(home, scope, note), unsealed
        )
        with progress(session.say("bundling"), session.lang) as report:
            made: list[int] = []
            write_whole(
                output,
                0o600,
                lambda out: made.append(
                    write_bundle(
                        out,
                        home.log,
                        contents,
                        indexes=lambda position, root: kept_index(home, position, root),
                        progress=report,
                    )
                ),
            )
    size = output.stat().st_size
    if session.json:
        session.out.document(
            {"file": str(output), "bytes": size, "events": made[0], "scope": scope.as_dict()}
        )
    else:
        session.out.line(session.say("bundled", path=output, events=made[0], size=size))


def _note(home: Home, given: str) -> bytes:
    """A checkpoint by its size, or from a file.

    Raises NoSuchHead, CheckpointRefused, and what :func:`~ops.files.read_given` raises.
    """
    if re.fullmatch("[0-9]{1,18}", given):
        return head_of(home, int(given))
    note = read_given(Path(given))
    try:
        parsed(note)
    except Refused as error:
        raise CheckpointRefused(what=given, reason=error) from error
    return note


def _scope(
    session: Session, home: Home, person: str | None, division: str | None, year: int | None
) -> Scope:
    if person is not None:
        return person_scope(session.caught_up(home), person)
    if division is not None:
        return Scope("division", division)
    return Scope("all", "") if year is None else Scope("year", str(year))


@command(
    app,
    "verify-bundle",
    help="离线查验证据包(不需要账本目录)| Verify a bundle, without any home",
)
def verify_bundle(
    session: Session,
    bundle: Annotated[Path, typer.Argument(help="证据包 | The bundle")],
    *,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="VKEY", help="公钥,可多次 | A key of the log or a witness"),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="见证要求 | The policy of witnesses")
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="NOTE", help="留存的检查点 | The head you kept"),
    ] = None,
    unsealed: Annotated[
        bool,
        typer.Option("--unsealed", help="尚无封存时也查验 | Accept one from before any seal"),
    ] = False,
) -> int:
    """Exit status 1 when the bundle is refused, 2 when it could not be checked."""
    return verifier.run(
        bundle,
        keys=key or (),
        policy=policy,
        checkpoint=checkpoint,
        unsealed=unsealed,
        lang=session.lang,
        as_json=session.json,
    )
