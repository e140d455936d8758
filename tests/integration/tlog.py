"""A city with a key in use, checkpoints signed with it, and a hand that alters files."""

import shutil
import sqlite3
from base64 import b64decode
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ledger.commands.log_key import AdoptLogKey
from ledger.log.keys import SigningKey
from ledger.verify.checkpoint import Checkpoint
from ledger.verify.note import LOG_SIGNATURE
from ledger.work import Context
from ops.home import opened
from tests.integration.cli import ok

ORIGIN = "urn:benefits-ledger:220200"
KEY = SigningKey.of(ORIGIN, LOG_SIGNATURE, bytes(range(32)))
ANOTHER = SigningKey.of(ORIGIN, LOG_SIGNATURE, bytes(32))


def note_of(size: int, root: bytes, key: SigningKey = KEY) -> bytes:
    """A checkpoint of the city's log."""
    text = Checkpoint(ORIGIN, size, root).text()
    return text + b"\n" + key.sign(text)


@pytest.fixture(scope="module")
def signing(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated city, which has taken a key into use."""
    path = Path(shutil.copytree(city, tmp_path_factory.mktemp("signing") / "home"))
    with opened(path) as home:
        home.keys.write(KEY)
        by = Context(
            actor="officer-1", role="director", division="220200", effective=date(2018, 1, 2)
        )
        home.ledger().execute(AdoptLogKey(vkey=str(KEY.verifier)), by, key="key")
        home.log.size()
    return path


@pytest.fixture
def copy(signing: Path, tmp_path: Path) -> Path:
    """The city without its views, to do with as one likes."""
    left = shutil.ignore_patterns("views.db*")
    return Path(shutil.copytree(signing, tmp_path / "home", ignore=left))


@pytest.fixture
def checkpoint(signing: Path, tmp_path: Path) -> Callable[[int], str]:
    """Gives the file of a signed checkpoint of the city's first so many events."""

    def write(size: int) -> str:
        head = ok(signing, "log", "head", "--size", str(size), "--format", "json").json
        file = tmp_path / f"checkpoint-{size}"
        file.write_bytes(note_of(size, b64decode(head["root"])))
        return str(file)

    return write


def events(home: Path) -> list[bytes]:
    return ok(home, "events", "--format", "ndjson").out.splitlines()


def tampered(home: Path, *statements: str) -> None:
    with sqlite3.connect(home / "ledger.db") as db:
        for statement in statements:
            db.execute(statement)
    db.close()
