"""An archive beside the heads that were signed: final, pending, unsigned, or another log's."""

import json
import shutil
from base64 import b64decode
from pathlib import Path

import pytest

from ledger.randomness import rfc3339, system_clock
from ledger.store.heads import SignedHead
from ledger.verify.checkpoint import Checkpoint
from ops.home import opened
from tests.bundles import INSPECTION, OPERATOR, STRANGER, note
from tests.integration.cli import Ended, ok, run

JSON = ("--format", "json")
EN = ("--lang", "en")
SIGN = ("checkpoint", "sign", "--without-witnesses")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The catalog, a key that signs, and all of it archived in small segments."""
    made = tmp_path / "home"
    ok(made, "init")
    ok(made, "key", "generate", "--as", "officer-1")
    ok(made, "archive", "--segment-size", "20")
    return made


def grow(home: Path) -> None:
    ok(home, "key", "rotate", "--as", "officer-1")


def code(ended: Ended) -> str:
    assert ended.status == 4
    return str(json.loads(ended.err.splitlines()[-1])["error"]["code"])


def test_it_is_said_how_far_an_archive_is_signed(home: Path) -> None:
    end = ok(home, "log", "head", *JSON).json["size"]
    found = ok(home, "archive", "verify", *JSON).json
    assert found["signed"] == {"status": "unsigned", "size": 0, "final_size": 0}
    assert "unsigned" in ok(home, "archive", *EN).text
    ok(home, *SIGN)
    told = ok(home, "archive", "verify", *EN)
    assert f"first {end} events are under a signed head: pending" in told.text
    assert "operator's word alone" in told.err
    assert "待见证" in ok(home, "archive").text
    for _ in range(15):  # more heads beyond the archive than are looked at
        grow(home)
        ok(home, *SIGN)
    assert ok(home, "archive", "verify", *JSON).json["signed"]["size"] == end
    grown = ok(home, "archive", *JSON).json
    assert grown["signed"] == {"status": "pending", "size": end + 15, "final_size": 0}
    grow(home)
    assert "1 after it are unsigned" in ok(home, "archive", *EN).text


def test_a_head_that_the_log_does_not_have_stops_the_archive(home: Path) -> None:
    """As when the log was rewritten after the signature, tiles and all."""
    grow(home)
    before = sorted(p.name for p in (home / "archive").iterdir())
    with opened(home) as found:
        text = Checkpoint(found.origin, 7, bytes(32)).text()
        lines = b"".join(k.sign(text) for k in found.keys.at_hand(found.log_keys()))
        with found.store.heads(write=True) as heads:
            heads.put(SignedHead(7, text + b"\n" + lines, rfc3339(system_clock())))
    for words in (("archive",), ("archive", "verify"), ("audit", "recompute")):
        assert code(run(home, *words, *JSON)) == "archive-head-differs"
    assert sorted(p.name for p in (home / "archive").iterdir()) == before
    assert "归档不是已签名的日志" in run(home, "archive").err
    assert "not the log that was signed" in run(home, "archive", *EN).err


def test_a_kept_head_and_keys_are_enough(home: Path, tmp_path: Path) -> None:
    """The inspector's: the archive's folder, her note, the public keys, no home."""
    size, root = (ok(home, "log", "head", *JSON).json[k] for k in ("size", "root"))
    origin = ok(home, "log", "head", *JSON).json["origin"]
    alone = ("--archive", shutil.copytree(home / "archive", tmp_path / "archive"))
    nowhere, kept = tmp_path / "none", tmp_path / "kept"
    verify = ("archive", "verify", *map(str, alone), *JSON)
    keys = [("--key", str(s.verifier)) for s in (OPERATOR, INSPECTION)]
    text = Checkpoint(origin, size, b64decode(root)).text()

    kept.write_bytes(note(text, OPERATOR, INSPECTION))
    at = ("--checkpoint", str(kept))
    found = ok(nowhere, *verify, *at, *keys[0], *keys[1]).json["signed"]
    assert found == {"status": "final", "size": size, "final_size": size}
    assert ok(nowhere, *verify, *at, *keys[0]).json["signed"]["status"] == "pending"
    assert ok(nowhere, *verify).json["signed"]["status"] == "unsigned"

    kept.write_bytes(note(Checkpoint(origin, size - 1, bytes(32)).text(), OPERATOR))
    assert code(run(nowhere, *verify, *at, *keys[0])) == "archive-head-differs"
    kept.write_bytes(note(Checkpoint(origin, size + 1, bytes(32)).text(), OPERATOR))
    ended = run(nowhere, *verify, *at, *keys[0])
    assert code(ended) == "archive-stale"
    stranger = _relabeled(tmp_path / "archive", tmp_path / "relabeled")
    kept.write_bytes(note(text, OPERATOR))
    ended = run(nowhere, "archive", "verify", "--archive", stranger, *JSON, *at, *keys[0])
    assert (ended.status, "checkpoint-refused" in ended.err) == (2, True)
    kept.write_bytes(note(text, STRANGER))
    for given in ((*at, *keys[0]), at):
        ended = run(nowhere, *verify, *given)
        assert (ended.status, "checkpoint-refused" in ended.err) == (2, True)
    for given in (keys[0], ("--checkpoint", str(tmp_path / "no")), (*at, "--key", "x")):
        assert run(nowhere, *verify, *given).status == 2


def _relabeled(folder: Path, to: Path) -> str:
    """The archive under another log's name, which no hash of it covers."""
    shutil.copytree(folder, to)
    manifest = json.loads((to / "manifest.json").read_bytes())
    (to / "manifest.json").write_text(json.dumps(manifest | {"origin": "urn:x:another"}))
    return str(to)
