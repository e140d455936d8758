"""The log's head and proofs from the command line, verified by nothing but what they say."""

from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.verify.checkpoint import Checkpoint
from ledger.verify.merkle import Frontier, leaf_hash, verify_consistency, verify_inclusion
from ops.home import opened
from tests.integration.cli import ok, run
from tests.integration.tlog import ANOTHER, ORIGIN, checkpoint, copy, events, note_of, signing

__all__ = ["checkpoint", "copy", "signing"]


def test_the_head_is_that_of_the_events_as_they_are_printed(signing: Path) -> None:
    frontier, printed = Frontier(), events(signing)
    frontier.extend(map(leaf_hash, printed))
    head = ok(signing, "log", "head", "--format", "json").json
    assert (head["size"], head["origin"]) == (len(printed), ORIGIN)
    assert b64decode(head["root"]) == bytes.fromhex(head["hex"]) == frontier.root()
    assert ok(signing, "log", "head").text.split() == [str(len(printed)), head["root"]]


def test_an_inclusion_proof_is_verified_by_what_it_says(signing: Path) -> None:
    printed = events(signing)
    for position, size in ((0, 1), (77, 300), (300, len(printed)), (len(printed) - 1, None)):
        asked = ("--size", str(size)) if size else ()
        found = ok(signing, "log", "prove", "--position", str(position), *asked).json
        leaf = b64decode(found["leaf_hash"])
        assert leaf == sha256(b"\0" + printed[position]).digest()
        assert (found["index"], found["size"]) == (position, size or len(printed))
        proof = [b64decode(h) for h in found["proof"]]
        verify_inclusion(leaf, position, found["size"], proof, b64decode(found["root"]))


def test_a_consistency_proof_is_verified_by_what_it_says(signing: Path) -> None:
    for old, new in ((1, 2), (255, 257), (4_096, 10_000), (5_000, 5_000)):
        found = ok(signing, "log", "prove", "--from", str(old), "--to", str(new)).json
        roots = b64decode(found["old_root"]), b64decode(found["new_root"])
        assert (found["old_size"], found["new_size"]) == (old, new)
        verify_consistency(old, new, *roots, [b64decode(h) for h in found["proof"]])


def test_the_texts_are_those_of_the_specifications(
    signing: Path,
    checkpoint: Callable[[int], str],
) -> None:
    file = checkpoint(1_000)
    proof = ("log", "prove", "--position", "7", "--checkpoint", file)
    document = ok(signing, *proof).json
    head, _, note = ok(signing, *proof, "--format", "c2sp").out.partition(b"\n\n")
    lines = head.decode().split("\n")
    assert lines == ["c2sp.org/tlog-proof@v1", "index 7", *document["proof"]]
    assert (document["size"], note) == (1_000, Path(file).read_bytes())

    grown = ("log", "prove", "--from", "300", "--checkpoint", file, "--format", "c2sp")
    head, _, note = ok(signing, *grown).out.partition(b"\n\n")
    hashes = ok(signing, "log", "prove", "--from", "300", "--to", "1000").json["proof"]
    assert head.decode().split("\n") == ["old 300", *hashes]
    assert note == Path(file).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (("prove",), "invalid-value", 2),
        (("prove", "--position", "1", "--from", "1"), "invalid-value", 2),
        (("prove", "--from", "1", "--size", "3"), "invalid-value", 2),
        (("prove", "--position", "99999999"), "outside-log", 2),
        (("prove", "--position", "-1"), "outside-log", 2),
        (("prove", "--position", "5", "--size", "5"), "invalid-value", 2),
        (("prove", "--from", "0"), "outside-log", 2),
        (("prove", "--from", "9", "--to", "8"), "invalid-value", 2),
        (("prove", "--from", "9", "--to", "99999999"), "outside-log", 2),
        (("prove", "--position", "1", "--format", "c2sp"), "checkpoint-needed", 2),
        (("prove", "--position", "1", "--checkpoint", "nowhere"), "not-found", 2),
        (("head", "--size", "0"), "outside-log", 2),
        (("export", "somewhere"), "checkpoint-needed", 2),
        (("verify", "--checkpoint", "nowhere"), "not-found", 2),
    ],
)
def test_what_cannot_be_proved_is_refused(
    signing: Path,
    arguments: tuple[str, ...],
    code: str,
    status: int,
) -> None:
    for lang in ("zh", "en"):
        ended = run(signing, "log", *arguments, "--lang", lang)
        assert (ended.status, ended.out) == (status, b"")
        assert f" {code}: " in ended.err


def test_only_a_checkpoint_of_this_log_by_its_own_key_counts(
    signing: Path, tmp_path: Path, checkpoint: Callable[[int], str]
) -> None:
    good = Path(checkpoint(10)).read_bytes()
    root = Checkpoint.parse(good.partition(b"\n\n")[0] + b"\n").root
    for name, note, code, status in (
        ("forked", note_of(10, bytes(32)), "checkpoint-differs", 3),
        ("longer", note_of(10**8, root), "outside-log", 2),
        ("stranger", note_of(10, root, ANOTHER), "checkpoint-refused", 2),
        ("touched", good.replace(b"\n10\n", b"\n11\n"), "checkpoint-refused", 2),
        ("cut", good[:40], "checkpoint-refused", 2),
        ("empty", b"", "checkpoint-refused", 2),
    ):
        file = tmp_path / name
        file.write_bytes(note)
        for command in (("prove", "--position", "1"), ("export", str(tmp_path / "out"))):
            ended = run(signing, "log", *command, "--checkpoint", str(file))
            assert (ended.status, f" {code}: " in ended.err) == (status, True)
        checked = run(signing, "log", "verify", "--checkpoint", str(file), "--format", "json")
        if code == "checkpoint-refused":
            assert (checked.status, code in checked.err) == (2, True)
        else:
            assert checked.status == 1
            assert [p["kind"] for p in checked.json["problems"]] == ["checkpoint"]
    assert not (tmp_path / "out").exists()
    checked = ok(signing, "log", "verify", "--checkpoint", checkpoint(10), "--format", "json")
    assert [c["size"] for c in checked.json["checkpoints"]] == [10]
    other_size = run(
        signing, "log", "prove", "--position", "1", "--size", "9", "--checkpoint", checkpoint(10)
    )
    assert (other_size.status, "10" in other_size.err) == (2, True)


def test_without_a_file_it_is_the_head_that_this_home_signed(copy: Path, tmp_path: Path) -> None:
    home = copy
    with opened(home) as it:
        note = it.signer().sign().head.note
    text = ok(home, "log", "prove", "--position", "7", "--format", "c2sp").out
    assert text.endswith(note)
    grown = ok(home, "log", "prove", "--from", "7", "--format", "c2sp").out
    assert grown.endswith(note)
    ok(home, "log", "export", str(tmp_path / "out"))
    assert (tmp_path / "out" / "checkpoint").read_bytes() == note
    checked = ok(home, "log", "verify", "--format", "json").json
    assert [c["size"] for c in checked["checkpoints"]] == [checked["size"]]
    assert (
        run(home, "log", "prove", "--position", "7", "--size", "9", "--format", "c2sp").status == 2
    )
