"""What is printed of a bundle: on any screen, and nothing that a screen would act on."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.verify import command
from ledger.verify.refusal import Refused, printable
from ledger.verify.report import lines
from tests.bundles import (
    OPERATOR,
    WHOLE,
    MemoryLog,
    check,
    city,
    packed,
    parts_of,
    person,
    refusal,
    trust,
)
from tests.histories import history

CONTROLS = "\n", "\r", "\x1b[2J", "\x7f", "\x9b31m", "\u202e", "\u2066", "\u200b", "\u2028"


@pytest.mark.parametrize("control", CONTROLS)
def test_what_nobody_signed_cannot_act_on_the_screen(control: str) -> None:
    parts = parts_of(city().bundle(WHOLE))
    spoof = f"x{control}VERIFIED"
    for found in (
        refusal(packed(parts, format=spoof)),
        refusal(packed(parts, origin=spoof)),
        refusal(packed(parts | {"claims.json": json.dumps({spoof: 1}).encode()})),
    ):
        for lang in ("zh", "en"):
            assert found.message(lang).isprintable()
            assert "VERIFIED" in found.message(lang)


@pytest.mark.parametrize("control", CONTROLS)
def test_what_the_operator_signed_cannot_either(control: str, tmp_path: Path) -> None:
    program = f"p{control}CAUTION"
    (first, *_) = history().person("p1").records
    raw = MemoryLog([(0, _paid(first[1], program))]).bundle(WHOLE)
    assert all(line.isprintable() for line in lines(check(raw, trust()), "both"))
    file, out = tmp_path / "x.zip", io.StringIO()
    file.write_bytes(raw)
    assert command.run(file, keys=[str(OPERATOR.verifier)], as_json=True, out=out) == 0
    assert out.getvalue().replace("\n", "").isprintable()
    assert program in json.loads(out.getvalue())["disbursed_fen"]["2017"]


def _paid(raw: bytes, program: str) -> bytes:
    """A payment in a program of this name, in canonical form."""
    event = json.loads(raw) | {
        "type": "benefits.PaymentSettled.v1",
        "effective": "2017-01-01",
        "data": {"program": program, "amount_fen": 1},
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def test_chinese_stays_as_it_is() -> None:
    assert printable("核定,到账 1,000.00元") == "核定,到账 1,000.00元"
    assert printable("\ud800") == "\\ud800"
    assert Refused("key", reason="x\ny").message("en") == "a key cannot be used: x\\ny"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
@pytest.mark.parametrize("more", [[], ["--format", "json"]])
def test_a_screen_without_utf_8_changes_no_outcome(
    encoding: str, more: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(city().bundle(person("p1")))
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "ledger.verify", str(file)),
            *("--key", str(OPERATOR.verifier), *more),
        ],
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert (b"VERIFIED" in ended.stdout) or (b'"verified": true' in ended.stdout)


@pytest.mark.parametrize("place", ["/dev/full", "pipe"])
def test_an_outcome_that_cannot_be_written_is_no_refusal(place: str, tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(city().bundle(person("p1")))
    if place == "pipe":
        read, there = os.pipe()
        os.close(read)
    else:
        there = os.open(place, os.O_WRONLY)
    with open(there, "wb") as out:
        ended = subprocess.run(
            [sys.executable, "-m", "ledger.verify", str(file), "--key", str(OPERATOR.verifier)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=out,
            stderr=subprocess.PIPE,
            check=False,
        )
    said = ended.stderr.decode()
    assert ended.returncode == 2
    assert ("what was found cannot be written" in said) == (place != "pipe")
    assert "Traceback" not in said
    assert "Exception ignored" not in said
