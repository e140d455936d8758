"""``checkpoint``: signing the log's heads, having them cosigned, and showing them.

Wherever a head is shown it is said whether it is *final* (the policy's witnesses cosigned it) or
*pending* (the operator's word alone).
"""

import sys
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from ledger.domain.errors import InvalidValue, LedgerError
from ledger.domain.words import in_chinese
from ledger.log.errors import LogKeyMissing, PolicyInvalid
from ledger.log.signer import Signed, Signer
from ledger.randomness import rfc3339
from ledger.store.heads import SignedHead
from ledger.verify.checkpoint import Policy
from ledger.verify.note import NoteRefused, VerifierKey
from ops.bundling import CheckpointMissing
from ops.cli.keys import NoLogKey
from ops.cli.measuring import MetricsAddress, MetricsPort, measured
from ops.cli.session import Session, command
from ops.cli.signals import until_told
from ops.cli.usage import OptionNeeded
from ops.files import write_text, write_whole
from ops.home import POLICY, Home

if TYPE_CHECKING:
    from consumers.checkpoint_topic import CheckpointTopic
    from ops.checkpointing import Observer

app = typer.Typer(help="已签名的检查点 | Signed heads of the log", no_args_is_help=True)

SHOWN = 20
"""Heads that are listed, or from which the last final one is known, unless more are asked for."""

Without = Annotated[
    bool,
    typer.Option(
        "--without-witnesses",
        help="不询问见证方即签名(结果为待见证)| Sign without asking witnesses; stays pending",
    ),
]


@command(app, "sign", help="为现有日志签名并请见证方会签 | Sign the head as it is now")
def sign(session: Session, without_witnesses: Without = False) -> None:
    with session.opened() as home:
        signer = home.signer()
        try:
            signed = signer.sign(alone=without_witnesses)
        except LogKeyMissing:
            if home.log_keys():
                raise
            raise NoLogKey() from None
        _tell_signed(session, signer, signed)


@command(app, "cosign", help="再次请见证方会签最后的检查点 | Ask for cosignatures once more")
def cosign(session: Session) -> int:
    """Exit status 1 while it is still pending."""
    with session.opened() as home:
        signer = home.signer()
        signed = signer.cosign()
        _tell_signed(session, signer, signed)
        return 0 if signer.final(signed.head) else 1


@command(app, "run", help="随日志增长持续签名 | Sign as the log grows, until told to stop")
def run(
    session: Session,
    *,
    every_events: Annotated[int, typer.Option(min=1, help="事件数 | Events")] = 10_000,
    every_seconds: Annotated[float, typer.Option(min=1, help="秒数 | Seconds")] = 60,
    publish: Annotated[
        bool, typer.Option("--publish", help="发布到Kafka | Publish to Kafka as well")
    ] = False,
    metrics_port: MetricsPort = None,
    metrics_address: MetricsAddress = "127.0.0.1",
) -> None:
    """Ends with the error's status when the log is not the one that was signed."""
    from ops.checkpointing import Pace
    from ops.checkpointing import run as sign_on

    with (
        session.opened() as home,
        until_told() as stop,
        measured(session, metrics_port, metrics_address, "signing") as metrics,
    ):
        topic = _topic(session, home) if publish else None
        notes, signer = _Notes(session, home, topic), home.signer()
        observer: Observer = notes
        if metrics is not None:
            from ops.observing_heads import SigningMetrics

            with home.store.heads() as heads:
                before = heads.newest(SHOWN)
            observer = SigningMetrics(metrics, notes, signer, before)
        try:
            sign_on(signer, home.log.size, Pace(every_events, every_seconds), stop, observer)
        finally:
            if topic is not None:
                topic.close()
    if session.json:
        session.out.document({"signed": notes.count, "size": notes.size})
    else:
        session.out.line(session.say("heads-signed", count=notes.count, size=notes.size))


@command(app, "list", help="已签名的检查点 | The heads that were signed, the newest last")
def show_all(
    session: Session,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="条数 | How many")] = SHOWN,
) -> None:
    with session.opened() as home:
        signer = home.signer()
        with home.store.heads() as heads:
            found = heads.newest(limit)
            stamps = {head.size: heads.timestamp(head.size) for head in found}
        told = [document(signer, head, stamps[head.size]) for head in found]
    if session.json:
        session.out.document({"checkpoints": [{**t, "note": None} for t in told]})
        return
    rows = [
        (t["size"], t["root"], t["signed"][:19], session.say(t["status"]), len(t["witnesses"]))
        for t in told
    ]
    session.out.table(None, (">size", "root", "signed-at", "status", ">cosigners"), rows)


@command(app, "show", help="一个检查点,可打印存档 | One head, for screen or paper")
def show(
    session: Session,
    size: Annotated[int | None, typer.Argument(help="大小,缺省为最后 | Size, or the last")] = None,
    *,
    qr: Annotated[bool, typer.Option("--qr", help="显示二维码 | As a QR code too")] = False,
    qr_file: Annotated[
        Path | None, typer.Option(help="二维码存为SVG或PNG | The QR code as an SVG or PNG")
    ] = None,
    note: Annotated[bool, typer.Option("--note", help="只输出签名原文 | The note alone")] = False,
) -> None:
    """The QR code holds the note itself, so that paper alone can be verified."""
    with session.opened() as home:
        signer = home.signer()
        head = head_of(home, signer, size)
        with home.store.heads() as heads:
            told = document(signer, head, heads.timestamp(head.size))
    if qr_file is not None:
        _code(head.cosigned, qr_file)
    if note and not session.json:
        sys.stdout.flush()
        sys.stdout.buffer.write(head.cosigned)
    elif session.json:
        session.out.document(told)
    else:
        _tell(session, told)
    if qr and not session.json:
        _show_code(head.cosigned)


@command(app, "policy", help="见证策略:显示或添加 | Which witnesses there are; add one")
def policy(
    session: Session,
    witness: Annotated[
        str | None, typer.Option(help="见证方公钥 | The verifier key of a witness to add")
    ] = None,
    url: Annotated[str | None, typer.Option(help="其地址 | Where it is asked")] = None,
    quorum: Annotated[int | None, typer.Option(min=0, help="须会签数 | How many")] = None,
) -> None:
    """The file is C2SP tlog-policy; it may also be written by hand."""
    if witness is None and url is not None:
        raise OptionNeeded(field="--url", value="--witness")
    if url is not None and not _is_address(url):
        raise InvalidValue(field="--url", value=url)
    with session.opened() as home:
        found = home.policy
        if witness is not None or quorum is not None:
            found = _changed(found, home, witness, url, quorum)
            write_text(home.path / POLICY, found.text())
        elif keys := home.log_keys():  # the file may be older than a change of keys
            found = replace(found, logs=keys)
    if session.json:
        listed = [{"vkey": str(key), "url": found.url(key)} for key in found.witnesses]
        session.out.document({"quorum": found.k, "witnesses": listed, "policy": found.text()})
    else:
        session.out.line(found.text().rstrip("\n"))


@command(app, "publish", help="发布到Kafka | Publish what is signed to Kafka")
def publish(session: Session) -> None:
    """What is there already is not sent again."""
    with session.opened() as home:
        topic = _topic(session, home)
        try:
            sent = topic.publish(home.store)
        finally:
            topic.close()
    if session.json:
        session.out.document({"published": sent})
    else:
        session.out.line(session.say("heads-published", count=sent))


def document(signer: Signer, head: SignedHead, stamp: bytes | None = None) -> dict[str, Any]:
    """All that is said of a head. Raises :class:`~ledger.log.errors.NoteInvalid`."""
    opened = signer.opened(head)
    checkpoint = opened.checkpoint
    root = b64encode(checkpoint.root).decode()
    ids = " ".join(s.key.id.hex() for s in opened.log_signatures)
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": root,
        "signed": head.signed,
        "status": "final" if signer.policy.final(opened) else "pending",
        "keys": [str(s.key) for s in opened.log_signatures],
        "witnesses": [
            {"name": s.key.name, "vkey": str(s.key), "time": _moment(s.time or 0)}
            for s in opened.cosignatures
        ],
        "line": f"{checkpoint.origin} {checkpoint.size} {root} {ids}",
        "timestamp": _stamped(stamp) if stamp is not None else None,
        "note": head.cosigned.decode(),
    }


def _stamped(response: bytes) -> dict[str, str]:
    from ops.timestamping import stated

    return {"time": rfc3339(stated(response)), "response": b64encode(response).decode()}


def _moment(seconds: int) -> str:
    return rfc3339(datetime.fromtimestamp(min(seconds, 253402300799), UTC))


def head_of(home: Home, signer: Signer, size: int | None) -> SignedHead:
    """The head of a size, or the last one. Raises NoSuchHead, :class:`CheckpointMissing`."""
    if size is not None:
        return signer.head(size)
    with home.store.heads() as heads:
        last = heads.last()
    if last is None:
        raise CheckpointMissing()
    return last


def _tell_signed(session: Session, signer: Signer, signed: Signed) -> None:
    told = document(signer, signed.head)
    if session.json:
        session.out.document({**told, "missing": signed.missing})
        return
    _tell(session, told)
    _tell_missing(session, signed)


def _tell_missing(session: Session, signed: Signed) -> None:
    for name, reason in signed.missing.items():
        said = session.pick(in_chinese("reason", reason), reason)
        session.out.note(session.say("witness-away", name=name, reason=said))


def _tell(session: Session, told: dict[str, Any]) -> None:
    rows = [
        *((key, told[key]) for key in ("origin", "size", "root", "signed")),
        ("status", session.say(told["status"])),
        *(("key", key) for key in told["keys"]),
        *(("witness", f"{w['name']} {w['time'][:19]}") for w in told["witnesses"]),
        *(("timestamp", t["time"][:19]) for t in (told["timestamp"],) if t is not None),
    ]
    session.out.table(None, ("what", "value"), [(session.say(f"head-{k}"), v) for k, v in rows])
    session.out.line(told["line"])
    if told["status"] == "pending":
        session.out.note(session.say("pending-means"))


def _code(note: bytes, file: Path) -> None:
    import segno

    kind = file.suffix.removeprefix(".")
    if kind not in ("svg", "png"):
        raise InvalidValue(field="--qr-file", value=str(file))
    code = segno.make(note, error="l", micro=False)
    write_whole(file, 0o644, lambda out: code.save(out, kind=kind, scale=4))


def _show_code(note: bytes) -> None:
    import segno

    segno.make(note, error="l", micro=False).terminal(compact=True)


def _is_address(url: str) -> bool:
    """Whether a witness could be asked there."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _changed(
    policy: Policy, home: Home, witness: str | None, url: str | None, quorum: int | None
) -> Policy:
    witnesses, urls = policy.witnesses, policy.urls
    try:
        if witness is not None:
            key = VerifierKey.parse(witness)
            witnesses = (*(w for w in witnesses if w.public != key.public), key)
            urls = tuple(each for each in urls if each[0] != key.public)
            urls += ((key.public, url),) if url else ()
        k = quorum if quorum is not None else max(policy.k, 1)
        return Policy(k, witnesses, home.log_keys(), urls)
    except NoteRefused as error:
        raise PolicyInvalid(reason=str(error)) from None


def _topic(session: Session, home: Home) -> "CheckpointTopic":
    from consumers.checkpoint_topic import CheckpointTopic
    from ops.settings import Settings

    return CheckpointTopic(Settings.load(session.home).kafka("relay"), home.origin)


class _Notes:
    """What the loop did, told on standard error; what was signed is published."""

    def __init__(self, session: Session, home: Home, topic: "CheckpointTopic | None") -> None:
        self._session, self._home, self._topic = session, home, topic
        self.count = 0
        self.size = 0

    def looked(self, size: int) -> None:
        pass

    def signed(self, signed: Signed, final: bool) -> None:
        session, status = self._session, "final" if final else "pending"
        if signed.head.size != self.size:
            self.count += 1
        self.size = signed.head.size
        session.out.note(
            session.say("head-was-signed", size=signed.head.size, status=session.say(status))
        )
        _tell_missing(session, signed)
        if self._topic is not None:
            self._publish(self._topic)

    def _publish(self, topic: "CheckpointTopic") -> None:
        """Signing goes on without Kafka; what was not published is with the next head."""
        try:
            topic.publish(self._home.store)
        except LedgerError as error:
            self._session.out.note(error.message(self._session.lang))

    def failed(self, error: LedgerError, again_in_s: float) -> None:
        words = error.message(self._session.lang)
        session = self._session
        session.out.note(session.say("again-later", error=words, seconds=again_in_s))
