"""``log``: the Merkle tree over the log: its head, proofs from it, its export, and its checks.

What convinces anybody else is bound to a signed checkpoint: the last one that this home signed, or
the one in the file that ``--checkpoint`` names, which must be signed by a key of this log.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from ledger.domain.errors import InvalidValue, LedgerError
from ledger.domain.words import in_chinese
from ledger.log.errors import OutsideLog
from ledger.log.fsck import MOST, Problem, Verified, examine, verify
from ledger.log.proofs import base64
from ledger.store.errors import StoreDamaged
from ledger.verify.checkpoint import open_checkpoint
from ledger.verify.note import NoteRefused
from ops.cli.output import progress
from ops.cli.session import Session, command
from ops.cli.usage import OptionNeeded
from ops.files import read_given
from ops.home import Home
from ops.tlog_tiles import CheckpointDiffers, CheckpointRefused, export, require_head

app = typer.Typer(
    help="日志的默克尔树:证明、导出、校验 | The log's Merkle tree: proofs, export, checks",
    no_args_is_help=True,
)

CheckpointOption = Annotated[
    Path | None,
    typer.Option("--checkpoint", help="已签名的检查点文件 | File with a signed checkpoint"),
]
ProofFormat = Annotated[
    Literal["table", "json", "c2sp"] | None,
    typer.Option("--format", help="输出格式;c2sp为通用文本 | c2sp gives the standard texts"),
]


PROBLEMS = {
    "event-differs": ("事件内容与树不符", "the event does not hash to its leaf"),
    "event-missing": ("事件缺失", "the event is missing"),
    "leaf-missing": ("树中无此事件", "the tree has no leaf for the event"),
    "leaf-stray": ("树中多出的事件", "a leaf without an event"),
    "tile-differs": ("哈希块与下层不符", "a tile does not follow from the level below"),
    "tile-missing": ("哈希块缺失", "a tile is missing"),
    "tile-stray": ("多余的哈希块", "a tile that the tree does not have"),
    "tree-size": ("树与位置数不等", "leaves and positions differ in number"),
    "run": ("位置不连续", "positions are not dense"),
    "count": ("有事件未取得位置", "events were passed over"),
    "versions": ("流的版本不连续", "versions of a stream are not dense"),
    "columns": ("存储列与事件内容不符", "columns differ from the event's bytes"),
    "unreadable": ("存储无法读取", "the store cannot be read"),
    "order": ("日志不能续写", "the log cannot be continued"),
    "checkpoint": ("与检查点不符", "not the log of the checkpoint"),
}
"""Each kind of :class:`~ledger.log.fsck.Problem` in words, and the two found here."""


class CheckpointNeeded(LedgerError):
    """A head that nobody signed proves nothing to anybody else."""

    code, zh, en = (
        "checkpoint-needed",
        "需要已签名的检查点(大小{size}):请运行 checkpoint sign,或用--checkpoint指定文件",
        "a signed checkpoint is needed (size {size}): run checkpoint sign, or name its file with "
        "--checkpoint",
    )


@command(app, "head", help="日志的大小与树根 | Size and root of the log")
def head(
    session: Session,
    size: Annotated[int | None, typer.Option(help="前N个事件 | Of the first N events")] = None,
) -> None:
    with session.opened() as home:
        tree = home.log.tree(size)
        root = tree.root()
    if session.json:
        session.out.document(
            {"origin": home.origin, "size": tree.size, "root": base64(root), "hex": root.hex()}
        )
    else:
        session.out.line(f"{tree.size} {base64(root)}")


@command(
    app,
    "prove",
    help="事件在日志中、日志只增不改的证明 | Proofs: an event is in the log, the log only grew",
    format_option=ProofFormat,
)
def prove(
    session: Session,
    *,
    position: Annotated[
        int | None, typer.Option(help="证明该位置的事件在日志中 | Prove this event's inclusion")
    ] = None,
    size: Annotated[int | None, typer.Option(help="在前N个事件中 | In the first N events")] = None,
    old: Annotated[
        int | None, typer.Option("--from", help="证明自此大小起只增不改 | Grown from this size")
    ] = None,
    new: Annotated[int | None, typer.Option("--to", help="至此大小 | To this size")] = None,
    checkpoint: CheckpointOption = None,
) -> None:
    """JSON, unless C2SP's text is asked for."""
    one = position is not None and old is None and new is None
    two = position is None and size is None and old is not None
    if position is None and old is None:
        raise OptionNeeded(field="log prove", value="--position / --from")
    if not (one or two):
        raise InvalidValue(field="--position / --from", value="-")
    asked, c2sp = size if one else new, session.format == "c2sp"
    with session.opened() as home:
        signed = _signed(home, checkpoint, asked) if checkpoint or c2sp else None
        wanted = signed.size if signed is not None else asked
        note = signed.note if signed is not None else None
        if position is not None:
            if wanted is not None and position >= wanted:
                raise InvalidValue(field="--position", value=f"{position} (--size {wanted})")
            included = home.log.inclusion(position, wanted)
            if c2sp and note is None:
                raise CheckpointNeeded(size=included.size)
            text, document = included.text(note or b""), included.document()
        else:
            if wanted is not None and (old or 0) > wanted:
                raise InvalidValue(field="--from", value=f"{old} (--to {wanted})")
            grown = home.log.consistency(old or 0, wanted)
            text, document = grown.text(note), grown.document()
        if c2sp:
            _print(text)
        else:
            session.out.document({"origin": home.origin, **document})


class _Signed(NamedTuple):
    """A checkpoint of this log whose signatures and head were verified, with its note."""

    size: int
    note: bytes
    source: str


def _signed(home: Home, file: Path | None, size: int | None = None) -> _Signed | None:
    """The checkpoint in a file, or the one that was signed of a size (None: the last one).

    Raises :class:`CheckpointRefused`, :class:`CheckpointDiffers`, :class:`OutsideLog`.
    """
    if file is not None:
        note, source = read_given(file), str(file)
    else:
        with home.store.heads() as heads:
            head = heads.last() if size is None else heads.at(size)
        if head is None:
            return None
        note, source = head.cosigned, f"#{head.size}"
    try:
        signed = open_checkpoint(note, home.log_keys(), home.policy.witnesses).checkpoint
    except NoteRefused as error:
        raise CheckpointRefused(what=source, reason=str(error)) from error
    if size is not None and size != signed.size:
        raise InvalidValue(field="--size / --to", value=f"{size} != {signed.size}")
    require_head(home.log, signed)
    return _Signed(signed.size, note, source)


@command(app, "export", help="导出为C2SP tlog-tiles目录 | Write a C2SP tlog-tiles directory")
def write(
    session: Session,
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    checkpoint: CheckpointOption = None,
) -> None:
    """To the size of the signed checkpoint; a second export adds what is new."""
    with session.opened() as home:
        signed = _signed(home, checkpoint)
        if signed is None:
            raise CheckpointNeeded(size="-")
        with progress(session.pick("导出", "exporting"), session.lang) as report:
            done = export(home.log, folder, signed.note, report)
    if session.json:
        session.out.document({"folder": str(folder), **done._asdict()})
    else:
        session.out.line(session.say("log-exported", folder=folder, **done._asdict()))


@command(app, "verify", help="逐个重算事件的哈希 | Hash every event anew, against the tree")
def check(session: Session, checkpoint: CheckpointOption = None) -> int:
    """Exit status 1 when anything differs; the first bad position comes first."""
    return _check(session, checkpoint, full=False)


@command(app, "fsck", help="校验事件、树与顺序 | As verify; also order, versions and columns")
def fsck(session: Session, checkpoint: CheckpointOption = None) -> int:
    """Exit status 1 when anything differs; it mends nothing."""
    return _check(session, checkpoint, full=True)


def _check(session: Session, checkpoint: Path | None, *, full: bool) -> int:
    if checkpoint is not None:
        read_given(checkpoint)
    problems: list[Problem] = []
    compared: list[_Signed] = []
    with session.opened() as home:
        try:
            home.log.size()
        except StoreDamaged as error:  # what of it can be read may still show where
            problems.append(Problem("order", None, error.message(session.lang)))
        title = session.pick("校验日志", "verifying the log")
        with progress(title, session.lang) as report:
            found = (examine if full else verify)(home.store, report)
        problems += found.problems
        for file in dict.fromkeys((None, checkpoint)) if not problems else ():
            try:
                if (signed := _signed(home, file)) is not None:
                    compared.append(signed)
            except (CheckpointDiffers, OutsideLog) as error:
                problems.append(Problem("checkpoint", None, error.message(session.lang)))
    _tell(session, found, problems, compared, anchored=checkpoint is not None)
    return 1 if problems else 0


def _tell(
    session: Session,
    found: Verified,
    problems: list[Problem],
    compared: list[_Signed],
    *,
    anchored: bool,
) -> None:
    """``anchored``: compared with a checkpoint that somebody kept elsewhere."""
    root = None if found.root is None else base64(found.root)
    if session.json:
        listed = [{**p._asdict(), "what": session.pick(*PROBLEMS[p.kind])} for p in problems]
        first = min((p.position for p in problems if p.position is not None), default=None)
        document: dict[str, Any] = {"ok": not problems, "size": found.size, "root": root}
        document["checkpoints"] = [{"size": c.size, "source": c.source} for c in compared]
        session.out.document({**document, "first_bad_position": first, "problems": listed})
        return
    if problems:
        rows = [
            (
                p.position,
                session.pick(*PROBLEMS[p.kind]),
                session.pick(in_chinese("what", p.found), p.found),
            )
            for p in problems
        ]
        session.out.table(None, (">position", "what", "detail"), rows)
        more = Counter(p.kind for p in problems).most_common(1)[0][1] >= MOST
        number = f"{len(problems)}{'+' if more else ''}"
        session.out.line(session.say("log-bad", n=number, size=found.size))
    else:
        session.out.line(session.say("log-good", size=found.size, root=root or "-"))
        if not anchored:
            session.out.note(session.say("log-unanchored"))


def _print(text: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(text)
