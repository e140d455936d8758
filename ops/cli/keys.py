"""``key``: the keys that sign the heads of the log; the public half is an event of the log."""

from pathlib import Path
from typing import Any

import typer

from ledger.commands.log_key import AdoptLogKey
from ledger.log.errors import LogKeyExists, LogKeyMissing
from ledger.randomness import SystemRandomness
from ledger.verify.note import LOG_SIGNATURE, VerifierKey
from ops.cli.officer import Officer, step
from ops.cli.session import Session, command
from ops.home import Home

app = typer.Typer(help="日志签名密钥 | The keys that sign the log", no_args_is_help=True)


class NoLogKey(LogKeyMissing):
    """No key was ever taken into use, so none can be lost."""

    zh, en = (
        "日志尚无签名密钥;请先运行 key generate",
        "the log has no key to sign with yet; run key generate first",
    )


@step(app, "generate", help="生成并启用首个签名密钥 | Make the first key", role="operator")
def generate(session: Session, officer: Officer) -> None:
    """The secret half stays in a file that only its owner can read."""
    with session.opened() as home:
        adopted = home.log_keys()
        if adopted:
            raise LogKeyExists(id=adopted[-1].id.hex())
        _adopt_new(session, home, officer)


@step(
    app,
    "rotate",
    help="启用新的签名密钥;旧密钥文件在时两者并签 | Take a new key into use; while the old one's "
    "file is there both sign",
    role="operator",
)
def rotate(session: Session, officer: Officer) -> None:
    """Witnesses have to be told of the new key before the old one's file is removed."""
    with session.opened() as home:
        if not home.log_keys():
            raise NoLogKey()
        _adopt_new(session, home, officer)


@command(app, "show", help="日志的公钥 | The public keys of the log, the one in use last")
def show(session: Session) -> None:
    with session.opened() as home:
        adopted = home.log_keys()
        told = [_told(key, home.keys.path, key == adopted[-1]) for key in adopted]
    if session.json:
        session.out.document({"keys": told})
    else:
        rows = [(key["id"], key["vkey"], key["in_use"], key["at_hand"]) for key in told]
        session.out.table(None, ("key-id", "vkey", "in-use", "at-hand"), rows)


def _adopt_new(session: Session, home: Home, officer: Officer) -> None:
    """The file first: a key without an event signs nothing, an event without a key stops signing.

    A step that is sent again under its key makes another file, which is not adopted: the first
    one's result is repeated.
    """
    key = home.keys.generate(home.origin, LOG_SIGNATURE, SystemRandomness())
    command = AdoptLogKey(vkey=str(key.verifier))
    home.ledger().execute(command, officer.context(home), key=officer.key)
    if session.json:
        session.out.document(_told(key.verifier, home.keys.path, True))
    else:
        session.out.line(session.say("log-key-adopted", vkey=key.verifier, folder=home.keys.path))


def _told(key: VerifierKey, folder: Path, in_use: bool) -> dict[str, Any]:
    return {
        "id": key.id.hex(),
        "vkey": str(key),
        "in_use": in_use,
        "at_hand": (folder / f"{key.id.hex()}.key").exists(),
    }
