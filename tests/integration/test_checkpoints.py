"""Keys, signing and witnessing by the command line, over HTTP, and through real kills."""

import shutil
import signal
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.verify.checkpoint import Policy, open_checkpoint
from ledger.verify.merkle import verify_consistency
from ledger.verify.note import VerifierKey
from ops.home import opened
from ops.witness.client import HttpWitness
from ops.witness.office import Witness, written_request
from ops.witness.server import MAX_BODY_BYTES, WitnessServer
from tests.bundles import INSPECTION
from tests.integration.cli import ok, run

ORIGIN = "urn:benefits-ledger:220200"
BY = ("--as", "officer-1")
EN = ("--lang", "en")
JSON = ("--format", "json")
PATIENCE_S = 60
SIGN = ("checkpoint", "sign", "--home")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the catalog in it and a key, and a witness that trusts that key."""
    folder = tmp_path_factory.mktemp("prepared")
    ok(folder / "home", "init")
    key = ok(folder / "home", "key", "generate", *BY, *JSON).json["vkey"]
    at = ("--folder", str(folder / "witness"))
    ok(folder / "home", "witness", "init", "--name", "inspection.example/w1", *at)
    ok(folder / "home", "witness", "trust", key, *at)
    return folder


@pytest.fixture
def place(prepared: Path, tmp_path: Path) -> Path:
    """A copy of one's own: folders ``home`` and ``witness``."""
    shutil.copytree(prepared, tmp_path / "place")
    return tmp_path / "place"


@contextmanager
def serving(place: Path) -> Iterator[WitnessServer]:
    """The witness over HTTP, named in the home's policy."""
    server = WitnessServer(Witness.open(place / "witness"))
    server.start()
    try:
        known = ("--witness", str(Witness.open(place / "witness").key), "--url", server.url)
        ok(place / "home", "checkpoint", "policy", *known)
        yield server
    finally:
        server.stop()


def grow(home: Path) -> None:
    """One more event."""
    ok(home, "key", "rotate", *BY)


def trust_all(place: Path) -> None:
    """What the inspection office does when it is told of a new key."""
    with opened(place / "home") as home:
        for key in home.log_keys():
            Witness.open(place / "witness").trust(str(key))


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


# --- killed


def killed(module: str, *arguments: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments], timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize("step", ["verified", "signed", "put", "stored"])
def test_a_witness_killed_at_any_step_never_cosigns_a_rollback(place: Path, step: str) -> None:
    """It dies over a head of the log; what is asked next is a fork of the same size."""
    with opened(place / "home") as home:
        log, key = home.log, home.keys.load(home.log_keys()[-1])
        size = log.size()
        root = log.tree(size).root()
    text = f"{ORIGIN}\n{size}\n{b64(root)}\n".encode()
    forked = f"{ORIGIN}\n{size}\n{b64(bytes(32))}\n".encode()
    request, fork = place / "request", place / "fork"
    request.write_bytes(written_request(0, [], text + b"\n" + key.sign(text)))
    witness = str(place / "witness")
    killed("tests.dying_witness", witness, str(request), step)

    held = Witness.open(place / "witness").memory.heads()
    assert [h.root for h in held] == ([root] if step == "stored" else [])
    # What did not leave may be forgotten; what may have left is held.
    old = held[0].size if held else 0
    fork.write_bytes(written_request(old, [], forked + b"\n" + key.sign(forked)))
    answer = asked(witness, request if not held else fork)
    assert answer == (422 if held else 200)
    if not held:
        fork.write_bytes(written_request(size, [], forked + b"\n" + key.sign(forked)))
        assert asked(witness, fork) == 422
    (last,) = Witness.open(place / "witness").memory.heads()
    assert last.root == root


def asked(witness: str, request: Path) -> int:
    """The status of a witness's answer, in a process of its own."""
    arguments = (sys.executable, "-m", "tests.dying_witness", witness, str(request), "-")
    done = subprocess.run(arguments, stdout=subprocess.PIPE, timeout=PATIENCE_S, check=True)
    return int(done.stdout.split(b"\n")[0])


def b64(raw: bytes) -> str:
    return b64encode(raw).decode()


@pytest.mark.parametrize("step", ["file", "row", "commit", "signed", "cosigned"])
def test_a_signer_killed_at_any_step_goes_on(place: Path, step: str) -> None:
    home = place / "home"
    with serving(place):
        ok(home, "checkpoint", "sign")
        grow(home)
        killed("tests.dying_signer", str(home), step)
        grow(home)
        trust_all(place)
        signed = ok(home, "checkpoint", "sign", *JSON).json
        assert signed["status"] == "final"
    consistent(home)


def test_two_signers_at_once_sign_one_history(place: Path) -> None:
    home = place / "home"
    with serving(place):
        for _ in range(2):
            grow(home)
            trust_all(place)
            both = [
                subprocess.Popen(
                    [sys.executable, "-m", "ops.cli.main", *SIGN, str(home)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
                for _ in range(2)
            ]
            for each in both:
                _, complaint = each.communicate(timeout=PATIENCE_S)
                assert each.returncode == 0, complaint.decode()
    consistent(home)


def consistent(home: Path) -> None:
    """Every head that was ever signed is one of the same log."""
    with opened(home) as found:
        signer, log = found.signer(), found.log
        with found.store.heads() as heads:
            signed = [signer.opened(h).checkpoint for h in heads.after(0, 100)]
        last: Any = signed[-1]
        for each in signed:
            proof = log.consistency(each.size, last.size).proof if each != last else []
            verify_consistency(each.size, last.size, each.root, last.root, proof)


@pytest.mark.parametrize(
    "begun", [b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n", b"HTTP/1.1 200 OK\r\nx-x: "]
)
def test_a_witness_that_never_ends_its_answer_is_as_good_as_away(begun: bytes) -> None:
    """A byte now and then, of the head or of the body: each comes in time."""
    from socket import create_server
    from threading import Event, Thread

    from ledger.log.cosigning import WitnessUnavailable

    server, over = create_server(("127.0.0.1", 0)), Event()

    def drip() -> None:
        with suppress(OSError), server.accept()[0] as client:
            client.recv(65_536)
            client.sendall(begun)
            while not over.wait(0.1):
                client.sendall(b"x")

    thread = Thread(target=drip, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        witness = HttpWitness(INSPECTION.verifier, url, timeout_s=0.4)
        begin = time.monotonic()
        with pytest.raises(WitnessUnavailable, match="no whole answer"):
            witness.add_checkpoint(0, [], b"note")
        assert time.monotonic() - begin < 10
    finally:
        over.set()
        thread.join()
        server.close()


def test_a_witness_that_answers_nonsense_is_as_good_as_away() -> None:
    """A server that is no witness gives no cosignature, and no proof of a fork either."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    from ledger.log.cosigning import WitnessUnavailable

    class Nonsense(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(409)
            self.send_header("content-type", "text/x.tlog.size")
            self.end_headers()
            self.wfile.write(b"many\n")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Nonsense)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        key = VerifierKey.parse(
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
        )
        witness = HttpWitness(key, f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(WitnessUnavailable, match="no size"):
            witness.add_checkpoint(0, [], b"note")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
