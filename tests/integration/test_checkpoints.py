"""Keys, signing and witnessing, by the command line and over HTTP."""

import shutil
import signal
import subprocess
import sys
import time
from base64 import b64decode
from pathlib import Path

import httpx

from ledger.verify.checkpoint import Policy, open_checkpoint
from ledger.verify.note import VerifierKey
from ops.home import opened
from ops.witness.office import Witness, written_request
from ops.witness.server import MAX_BODY_BYTES
from tests.integration.cli import ok, run
from tests.integration.witnessed import (
    BY,
    JSON,
    ORIGIN,
    PATIENCE_S,
    grow,
    place,
    prepared,
    serving,
    trust_all,
)

__all__ = ["place", "prepared"]


EN = ("--lang", "en")


def test_from_a_key_to_a_final_checkpoint(place: Path) -> None:
    home = place / "home"
    with serving(place):
        signed = ok(home, "checkpoint", "sign", *JSON).json
        assert signed["status"] == "final"
        assert signed["missing"] == {}
    told = ok(home, "checkpoint", "show", "--note").out
    assert (
        ok(home, "checkpoint", "show", "--note", "--format", "json").json["note"] == told.decode()
    )
    keys = [VerifierKey.parse(k["vkey"]) for k in ok(home, "key", "show", *JSON).json["keys"]]
    policy = Policy.parse(ok(home, "checkpoint", "policy", *JSON).json["policy"])
    checked = open_checkpoint(told, keys, policy.witnesses)
    assert policy.final(checked)
    assert checked.checkpoint.root == b64decode(ok(home, "log", "head", *JSON).json["root"])
    assert [c["size"] for c in ok(home, "checkpoint", "list", *JSON).json["checkpoints"]] == [
        1,
        signed["size"],
    ]
    held = ok(home, "witness", "status", "--folder", str(place / "witness"), *JSON).json["heads"]
    assert [(h["origin"], h["size"]) for h in held] == [(ORIGIN, signed["size"])]


def test_screens_say_whether_a_head_is_final(place: Path) -> None:
    home = place / "home"
    ended = ok(home, "checkpoint", "sign", *EN)
    assert "pending" in ended.text
    assert "operator's word alone" in ended.err
    assert "待见证" in ok(home, "checkpoint", "list").text
    assert run(home, "checkpoint", "cosign").status == 1
    with serving(place):
        assert "final (cosigned by its witnesses)" in ok(home, "checkpoint", "cosign", *EN).text
    shown = ok(home, "checkpoint", "show", *EN, "--qr")
    assert "final" in shown.text
    assert "█" in shown.text or "▄" in shown.text
    assert shown.text.count(ORIGIN) >= 2
    picture = place / "head.svg"
    ok(home, "checkpoint", "show", "--qr-file", str(picture))
    assert picture.read_text().startswith("<?xml")


def test_an_operator_is_told_what_to_do(place: Path) -> None:
    home = place / "home"
    for arguments, code, words in (
        (("key", "generate", *BY), "log-key-exists", "rotate"),
        (("checkpoint", "show"), "checkpoint-missing", "checkpoint sign"),
        (("checkpoint", "policy", "--quorum", "2"), "policy-invalid", "2 of 0"),
        (("checkpoint", "policy", "--url", "http://127.0.0.1"), "invalid-value", "--witness"),
        (("checkpoint", "show", "7"), "no-such-head", "7"),
    ):
        ended = run(home, *arguments, *EN)
        assert ended.status
        assert code in ended.err
        assert words in ended.err
    with serving(place):
        pass  # and away again
    ended = run(home, "checkpoint", "sign", *EN)
    assert ended.status == 4
    assert "witnesses-missing" in ended.err
    assert "--without-witnesses" in ended.err
    assert [c["size"] for c in ok(home, "checkpoint", "list", *JSON).json["checkpoints"]] == [1]
    assert "pending" in ok(home, "checkpoint", "sign", "--without-witnesses", *EN).text


def test_a_restored_backup_does_not_sign(place: Path) -> None:
    home = place / "home"
    with serving(place):
        ok(home, "checkpoint", "sign")
        shutil.copytree(home, place / "backup")
        grow(home)
        trust_all(place)
        ok(home, "checkpoint", "sign")
        shutil.rmtree(home)
        (place / "backup").rename(home)
        ended = run(home, "checkpoint", "sign", *EN)
    assert ended.status == 4
    assert "log-shortened" in ended.err
    assert "inspection.example/w1" in ended.err
    assert "restored old backup" in ended.err


def test_a_rotated_key_signs_beside_the_old_one(place: Path) -> None:
    home = place / "home"
    with serving(place):
        first = ok(home, "checkpoint", "sign", *JSON).json
        grow(home)
        second = ok(home, "checkpoint", "sign", *JSON).json
        assert len(second["keys"]) == 2
        assert first["keys"] == second["keys"][1:]
        assert second["status"] == "final"
        told = Policy.parse(ok(home, "checkpoint", "policy").text)
        assert [str(key) for key in told.logs] == first["keys"] + second["keys"][:1]


# --- over HTTP


def test_the_protocol_over_http(place: Path) -> None:
    home = place / "home"
    with serving(place) as server:
        signed = ok(home, "checkpoint", "sign", *JSON).json
        note = signed["note"].encode()
        url = f"{server.url}/add-checkpoint"
        conflict = httpx.post(url, content=written_request(0, [], note))
        assert conflict.status_code == 409
        assert conflict.headers["content-type"] == "text/x.tlog.size"
        assert conflict.text == f"{signed['size']}\n"
        again = httpx.post(url, content=written_request(signed["size"], [], note))
        assert again.status_code == 200
        assert again.text.startswith("— inspection.example/w1 ")
        assert httpx.post(url, content=b"nonsense").status_code == 400
        assert httpx.post(url, content=b"x" * (MAX_BODY_BYTES + 1)).status_code == 413
        assert httpx.get(url).status_code == 405
        assert httpx.get(server.url).status_code == 404


def test_the_served_process_ends_when_told(place: Path) -> None:
    arguments = ("witness", "serve", "--folder", str(place / "witness"), "--lang", "en")
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.cli.main", *arguments], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]
        key = Witness.open(place / "witness").key
        home = place / "home"
        ok(home, "checkpoint", "policy", "--witness", str(key), "--url", url)
        assert ok(home, "checkpoint", "sign", *JSON).json["status"] == "final"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


# --- the loop


def test_the_loop_signs_as_the_log_grows_and_ends_when_told(place: Path) -> None:
    home = place / "home"
    with serving(place):
        pace = ("--every-events", "1", "--every-seconds", "1")
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.cli.main", "checkpoint", "run", *pace, "--home", str(home)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            first = wait_for_head(home, 2)
            grow(home)
            wait_for_head(home, first + 1)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0
            assert f"{first + 1}" in out
        finally:
            process.kill()
            process.wait()
    assert ok(home, "checkpoint", "show", *JSON).json["status"] == "final"


def wait_for_head(home: Path, least: int) -> int:
    """The size of the last head, once it is that great."""
    deadline = time.monotonic() + PATIENCE_S
    with opened(home) as found:
        while time.monotonic() < deadline:
            with found.store.heads() as heads:
                last = heads.last()
            if last is not None and last.size >= least:
                return last.size
            time.sleep(0.05)
    raise AssertionError(f"no head of {least} events within {PATIENCE_S} s")
