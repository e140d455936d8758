"""``checkpoint timestamp-…``: RFC 3161 time stamps of heads, asked for and kept as files."""

from pathlib import Path
from typing import Annotated

import typer

from ledger.randomness import rfc3339
from ops.cli.checkpoints import head_of
from ops.cli.session import Session, command
from ops.files import read_given, write_whole

app = typer.Typer()


@command(
    app,
    "timestamp-request",
    help="为检查点写出RFC 3161时间戳请求 | Write a request to a time-stamping authority",
)
def timestamp_request(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    size: Annotated[int | None, typer.Option(help="大小,缺省为最后 | Size, or the last")] = None,
) -> None:
    """The authority is asked by whatever means the office has; nothing is sent from here."""
    from ops.timestamping import request

    with session.opened() as home:
        head = head_of(home, home.signer(), size)
    asked = request(head.note)
    write_whole(file, 0o644, lambda out: out.write(asked))
    if session.json:
        session.out.document({"size": head.size, "file": str(file)})
    else:
        session.out.line(session.say("stamp-asked", size=head.size, file=file))


@command(
    app,
    "timestamp-add",
    help="核验并保存时间戳回应 | Verify the authority's answer and keep it beside the head",
)
def timestamp_add(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    root: Annotated[Path, typer.Option(help="时间戳机构根证书,PEM | Its root certificates")],
    size: Annotated[int | None, typer.Option(help="大小,缺省为最后 | Size, or the last")] = None,
) -> None:
    """What does not verify is not kept; a second one for a head is left out."""
    from ops.timestamping import verified

    with session.opened() as home:
        head = head_of(home, home.signer(), size)
        response = read_given(file)
        time = rfc3339(verified(response, head.note, read_given(root)))
        with home.store.heads(write=True) as heads:
            heads.put_timestamp(head.size, response)
    if session.json:
        session.out.document({"size": head.size, "time": time})
    else:
        session.out.line(session.say("stamp-kept", size=head.size, time=time[:19]))
