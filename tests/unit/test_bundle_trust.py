"""Who signed, what was kept, and what the command says of it."""

import io
import json
import os
from pathlib import Path

import pytest

from ledger.domain.errors import NotFound
from ledger.log.errors import BundleForeign
from ledger.log.keys import SigningKey
from ledger.verify import bundle as bundles
from ledger.verify import command
from ledger.verify.bundle import Trust, Verified
from ledger.verify.checkpoint import Policy
from ledger.verify.note import COSIGNATURE, VerifierKey
from ledger.verify.refusal import MESSAGES, Refused
from ledger.verify.report import TEXTS
from ledger.verify.scope import Scope
from ledger.verify.subset import Runs
from tests.bundles import (
    INSPECTION,
    OPERATOR,
    STRANGE_WITNESS,
    STRANGER,
    WHOLE,
    WITNESS,
    MemoryLog,
    check,
    city,
    person,
    refusal,
    trust,
)
from tests.histories import history

# --- who signed, and what was kept


def test_a_head_without_the_cosignature_asked_for_is_refused() -> None:
    log = city()
    alone = log.bundle(WHOLE, checkpoint=log.checkpoint(None, OPERATOR))
    assert refusal(alone).code == "not-final"
    assert check(alone, trust(cosigned=False)).final is None
    assert refusal(log.bundle(WHOLE, checkpoint=log.checkpoint(None, INSPECTION))).code == "note"


def test_a_checkpoint_of_another_log_is_not_written_into_a_bundle() -> None:
    log, other = city(), MemoryLog(history().person("p7").person("p8").records)
    with pytest.raises(BundleForeign):
        log.bundle(WHOLE, checkpoint=other.checkpoint())
    with pytest.raises(BundleForeign):
        log.bundle(WHOLE, earlier=[other.checkpoint()])
    with pytest.raises(BundleForeign):
        log.bundle(WHOLE, checkpoint=log.checkpoint(10), earlier=[log.checkpoint(11)])
    with pytest.raises(NotFound):
        log.bundle(Scope("year", "1999"))


def test_without_a_proof_from_the_head_that_was_kept_nothing_is_said() -> None:
    log, year = city(), Scope("year", "2017")
    assert refusal(log.bundle(year), retained=log.checkpoint(20)).code == "no-consistency"


def test_the_whole_log_needs_no_proof_from_the_head_that_was_kept() -> None:
    log = city()
    for size in (1, 20, log.size()):
        assert check(log.bundle(WHOLE), trust(retained=log.checkpoint(size))).retained == size
    told = [raw for _, raw in log.records[:30]]
    other = MemoryLog(list(enumerate([*told[1:4], *told[:1], *told[4:]])))
    assert refusal(other.bundle(WHOLE), retained=log.checkpoint(3)).code == "inconsistent"


def test_the_head_that_was_kept_needs_no_quorum_and_no_signature_that_is_bad() -> None:
    """An office's witness keeps a head with its own cosignature; others have cosigned elsewhere."""
    log, other = city(), SigningKey.of("other.example/witness", COSIGNATURE, bytes([9]) * 32)
    both = Policy(2, (INSPECTION.verifier, other.verifier))
    head = log.checkpoint(None, OPERATOR, INSPECTION, other)

    def found(kept: bytes) -> Verified:
        return check(log.bundle(WHOLE, checkpoint=head), Trust((OPERATOR.verifier,), both, kept))

    for signers in ((OPERATOR, INSPECTION), (OPERATOR,), (OPERATOR, INSPECTION, STRANGE_WITNESS)):
        made = found(log.checkpoint(20, *signers))
        assert (made.retained, made.final) == (20, True)
    cosigned = log.checkpoint(30, OPERATOR, INSPECTION).splitlines(keepends=True)[-1]
    unsigned = log.checkpoint(20, INSPECTION)
    for bad in (log.checkpoint(20, OPERATOR) + cosigned, unsigned, log.checkpoint(20, STRANGER)):
        with pytest.raises(Refused, match="note"):
            found(bad)
    head = log.checkpoint(None, OPERATOR, INSPECTION)
    with pytest.raises(Refused, match="not-final"):
        found(log.checkpoint(20, OPERATOR, INSPECTION))


def test_without_a_key_of_the_log_nothing_is_checked() -> None:
    with pytest.raises(Refused, match="no-log-key"):
        check(city().bundle(WHOLE), bundles.Trust(()))


# --- the command


def run(tmp_path: Path, raw: bytes | None, *more: str) -> tuple[int, str]:
    file = tmp_path / "x.zip"
    if raw is not None:
        file.write_bytes(raw)
    out = io.StringIO()
    given = command._parser("x").parse_args([str(file), *more])
    status = command.run(
        given.bundle,
        keys=given.key,
        policy=given.policy,
        checkpoint=given.checkpoint,
        lang=given.lang,
        as_json=given.format == "json",
        out=out,
    )
    return status, out.getvalue()


KEY = ("--key", str(OPERATOR.verifier))


def test_statuses_and_both_languages(tmp_path: Path) -> None:
    log = city()
    raw = log.bundle(person("p1", "h1"), earlier=[log.checkpoint(20)])
    kept = tmp_path / "kept"
    kept.write_bytes(log.checkpoint(20))
    status, said = run(tmp_path, raw, *KEY, "--checkpoint", str(kept))
    assert status == 0
    assert "查验通过" in said
    assert "VERIFIED" in said
    status, said = run(tmp_path, raw[:-30], *KEY)
    assert status == 1
    assert "查验不通过" in said
    assert "NOT VERIFIED" in said
    witness = ("--key", str(INSPECTION.verifier))
    status, said = run(tmp_path, raw, *KEY, *witness, "--format", "json")
    assert status == 0
    made = json.loads(said)
    assert made["verified"] is True
    assert made["final"] is True
    assert made["cautions"][0]["code"] == "no-retained"


def test_what_cannot_be_checked_has_a_status_of_its_own(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    good = city().bundle(WHOLE)
    assert run(tmp_path, None, *KEY)[0] == 2
    assert run(tmp_path, good)[0] == 2
    assert run(tmp_path, good, "--key", "not+a+key")[0] == 2
    assert run(tmp_path, good, *KEY, "--checkpoint", str(empty))[0] == 2
    assert run(tmp_path, good, *KEY, "--policy", str(tmp_path / "none"))[0] == 2
    policy = tmp_path / "policy"
    policy.write_text(Policy(1, (INSPECTION.verifier,), (OPERATOR.verifier,)).text())
    assert run(tmp_path, good, "--policy", str(policy))[0] == 0
    witness = ("--key", str(INSPECTION.verifier))
    assert run(tmp_path, good, *witness, "--policy", str(policy))[0] == 2
    assert run(tmp_path, b"", *KEY)[0] == 1


def test_a_log_is_not_its_own_witness(tmp_path: Path) -> None:
    """By whichever of the two ways the keys come."""
    double = VerifierKey.of(WITNESS, COSIGNATURE, OPERATOR.verifier.public)
    policy = tmp_path / "policy"
    policy.write_text(Policy(1, (double,)).text())
    for more in (("--key", str(double)), ("--policy", str(policy))):
        status, said = run(tmp_path, city().bundle(WHOLE), *KEY, *more, "--format", "json")
        assert (status, json.loads(said)["error"]["code"]) == (2, "key")


def test_a_damaged_kept_note_is_no_fault_of_the_bundle(tmp_path: Path) -> None:
    log, kept = city(), tmp_path / "kept"
    good = log.checkpoint(20, OPERATOR)
    for bad in (b"hello", good.replace(b"\n", b"\r\n"), good + b"\n", good[:-1], good[1:]):
        kept.write_bytes(bad)
        given = (*KEY, "--checkpoint", str(kept), "--format", "json")
        status, said = run(tmp_path, log.bundle(WHOLE), *given)
        assert (status, json.loads(said)["error"]["code"]) == (2, "kept-note")


def test_a_pipe_is_not_checked_and_not_refused(tmp_path: Path) -> None:
    """A bundle is read from its end: what cannot be is no fault of the bundle."""
    pipe = tmp_path / "x.zip"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(pipe, os.O_WRONLY)
    try:
        assert run(tmp_path, None, *KEY)[0] == 2
    finally:
        os.close(reader)
        os.close(writer)


def test_every_text_is_in_both_languages() -> None:
    for texts in (MESSAGES, TEXTS):
        for zh, en in texts.values():
            assert any("\u4e00" <= c <= "\u9fff" for c in zh)
            assert en.isascii()


def test_runs_count_and_find() -> None:
    runs = Runs.of([0, 1, 2, 7, 9, 10], 11)
    assert runs.runs == ((0, 3), (7, 1), (9, 2))
    assert [runs.at(i) for i in range(len(runs))] == [0, 1, 2, 7, 9, 10]
    assert [runs.count(a, b) for a, b in ((0, 11), (2, 8), (3, 7), (8, 10))] == [6, 2, 0, 1]
    for bad in ([], [(3, 0)], [(0, 2), (1, 1)], [(0, 2), (2, 1)], [(9, 3)], [(-1, 1)]):
        with pytest.raises(Refused):
            Runs(bad, 11)
