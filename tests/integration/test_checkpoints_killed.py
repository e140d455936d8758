"""Signers and witnesses that are killed, raced or led on: one history is signed all the same."""

import signal
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ledger.verify.merkle import verify_consistency
from ledger.verify.note import VerifierKey
from ops.home import opened
from ops.witness.client import HttpWitness
from ops.witness.office import Witness, written_request
from tests.bundles import INSPECTION
from tests.integration.cli import ok
from tests.integration.witnessed import (
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

SIGN = ("checkpoint", "sign", "--home")


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
