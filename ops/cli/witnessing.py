"""``witness``: what the inspection office runs, in a folder of its own, apart from any ledger."""

import time
from pathlib import Path
from typing import Annotated

import typer

from ledger.randomness import SystemRandomness
from ledger.verify.checkpoint import Checkpoint
from ops.cli.children import ProcessEnded
from ops.cli.measuring import MetricsAddress, MetricsPort, measured
from ops.cli.session import Session, command
from ops.cli.signals import until_told

app = typer.Typer(
    help="见证方(检查机构)| The witness of an inspection office", no_args_is_help=True
)

Folder = Annotated[
    Path, typer.Option("--folder", help="见证方自己的目录 | The witness's own folder")
]
FOLDER = Path("benefits-witness")
_LOOK_EVERY_S = 0.5


@command(app, "init", help="建立见证方及其密钥 | Make a witness with a key of its own")
def init(
    session: Session,
    name: Annotated[str, typer.Option(help="名称,如 inspection.example/w1 | Its name")],
    folder: Folder = FOLDER,
) -> None:
    from ops.witness.office import Witness

    witness = Witness.create(folder, name, SystemRandomness())
    if session.json:
        session.out.document({"folder": str(folder), "vkey": str(witness.key)})
    else:
        session.out.line(session.say("witness-made", vkey=witness.key, folder=folder))


@command(app, "trust", help="为该公钥的日志作见证 | Witness the log that has this key")
def trust(
    session: Session,
    vkey: Annotated[str, typer.Argument(metavar="VKEY", help="日志公钥 | A log's verifier key")],
    folder: Folder = FOLDER,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="不再信任 | Trust it no longer")] = False,
) -> None:
    """The key has to come from the operator by a way that is safe, not over the network."""
    from ops.witness.office import Witness

    witness = Witness.open(folder)
    key = witness.distrust(vkey) if remove else witness.trust(vkey)
    if session.json:
        session.out.document({"origin": key.name, "vkey": str(key), "trusted": not remove})
    else:
        done = "witness-distrusts" if remove else "witness-trusts"
        session.out.line(session.say(done, origin=key.name, id=key.id.hex()))


@command(app, "status", help="已会签的最后检查点 | The last head cosigned of each log")
def status(session: Session, folder: Folder = FOLDER) -> None:
    """Keep a copy elsewhere: a log is compared with it, whatever becomes of the server."""
    from ops.witness.office import Witness

    witness = Witness.open(folder)
    heads = witness.memory.heads()
    if session.json:
        told = [{"origin": h.origin, "size": h.size, "note": h.note.decode()} for h in heads]
        keys = [str(key) for key in witness.memory.known_keys()]
        session.out.document({"vkey": str(witness.key), "trusted": keys, "heads": told})
        return
    session.out.line(str(witness.key))
    trusted = [(key.name, key.id.hex()) for key in witness.memory.known_keys()]
    session.out.table(None, ("head-origin", "key-id"), trusted)
    rows = [
        (h.origin, h.size, _root(h.note), rfc3339_of(h.time), session.say("cosigned"))
        for h in heads
    ]
    columns = ("head-origin", ">size", "root", "signed-at", "status")
    session.out.table(None, columns, rows)


@command(app, "serve", help="在本机地址提供见证服务 | Serve on a loopback address")
def serve(
    session: Session,
    folder: Folder = FOLDER,
    *,
    host: Annotated[str, typer.Option(help="本机地址 | A loopback address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="端口 | Port; 0: any")] = 0,
    metrics_port: MetricsPort = None,
    metrics_address: MetricsAddress = "127.0.0.1",
) -> None:
    """Until told to stop (SIGTERM or SIGINT); requests under way are answered first."""
    from ops.witness.office import Witness
    from ops.witness.server import WitnessServer

    witness = Witness.open(folder)
    with (
        until_told() as stop,
        measured(session, metrics_port, metrics_address, "witness") as metrics,
    ):
        answered = None
        if metrics is not None:
            from ops.observing_heads import WitnessMetrics

            answered = WitnessMetrics(metrics, witness.memory).answered
        server = WitnessServer(witness, host, port, answered=answered)
        server.start()
        session.out.note(session.say("witness-serving", url=server.url))
        try:
            while not stop.wait(_LOOK_EVERY_S):
                if not server.running:
                    raise ProcessEnded(name="witness", status=1, log="")
        finally:
            server.stop()


def rfc3339_of(seconds: int) -> str:
    """A cosignature's time, for people."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _root(note: bytes) -> str:
    text = note.rpartition(b"\n\n")[0] + b"\n"
    return Checkpoint.parse(text).text().decode().split("\n")[2]
