"""The witness: every status code of C2SP tlog-witness, and what a request has to look like."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.randomness import SystemRandomness
from ledger.verify.checkpoint import Checkpoint, open_checkpoint
from ledger.verify.note import NoteRefused
from ops.witness.errors import (
    NotLoopback,
    WitnessDamaged,
    WitnessExists,
    WitnessMissing,
    WitnessUntrusting,
)
from ops.witness.office import Answer, Witness, read_request, written_request
from ops.witness.server import WitnessServer
from tests import naive_tree
from tests.signing import TestKey, log_key, note, witness_key

LOG, STRANGER = log_key(), log_key("urn:test:stranger")
LEAVES = [b"event %d" % n for n in range(40)]
FORK = [*LEAVES[:3], *(b"other %d" % n for n in range(37))]


def head(size: int, leaves: list[bytes] = LEAVES) -> Checkpoint:
    return Checkpoint(LOG.name, size, naive_tree.head(leaves[:size]))


def ask(
    witness: Witness,
    old: int,
    size: int,
    leaves: list[bytes] = LEAVES,
    *,
    proof: list[bytes] | None = None,
    keys: tuple[TestKey, ...] = (LOG,),
) -> Answer:
    """Submit a head with its proof."""
    if proof is None:
        proof = naive_tree.proof(old, leaves[:size]) if 0 < old < size else []
    return witness.add_checkpoint(written_request(old, proof, note(head(size, leaves), keys)))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = Witness.create(tmp_path / "w", "witness.example/w1", SystemRandomness())
    made.trust(str(LOG.verifier))
    return made


def held(witness: Witness) -> int:
    heads = witness.memory.heads()
    return heads[0].size if heads else 0


def test_200_a_head_that_continues_the_last_one_is_cosigned(witness: Witness) -> None:
    for old, size in ((0, 5), (5, 8), (8, 8), (8, 37)):
        answer = ask(witness, old, size)
        assert answer.status == 200
        signed = note(head(size), [LOG]) + answer.body
        opened = open_checkpoint(signed, [LOG.verifier], [witness.key])
        assert len(opened.cosignatures) == 1
        assert held(witness) == size
    kept = witness.memory.heads()[0]
    assert open_checkpoint(kept.note, [LOG.verifier], [witness.key]).witnesses


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 0\n" + note(head(5), [LOG]),
        b"old 00\n\n" + note(head(5), [LOG]),
        b"old -1\n\n" + note(head(5), [LOG]),
        b"old\n\n" + note(head(5), [LOG]),
        b"0\n\n" + note(head(5), [LOG]),
        b"OLD 0\n\n" + note(head(5), [LOG]),
        b"old 0\r\n\n" + note(head(5), [LOG]),
        b"old 0\nnot base64\n\n" + note(head(5), [LOG]),
        b"old 0\nAAAA\n\n" + note(head(5), [LOG]),
        b"old 0\n" + (b64encode(bytes(32)) + b"\n") * 64 + b"\n" + note(head(5), [LOG]),
        b"old 0\n\n" + head(5).text(),
        b"old 0\n\n" + note(head(5), [LOG])[:-1],
        b"old 0\n\n" + note(b"urn:test:log\n5\n", [LOG]),
        b"old 0\n\n" + note(head(5), [LOG]).replace(b"\n5\n", b"\n05\n"),
        b"old 0\n\n\xff" + note(head(5), [LOG]),
    ],
)
def test_400_what_is_no_request_to_the_byte(witness: Witness, body: bytes) -> None:
    assert witness.add_checkpoint(body).status == 400
    assert held(witness) == 0


def test_400_an_old_size_beyond_the_checkpoint(witness: Witness) -> None:
    assert ask(witness, 6, 5, proof=[]).status == 400


def test_403_no_signature_of_a_key_that_is_trusted(witness: Witness) -> None:
    other = TestKey(LOG.name, 4)
    for keys in ((STRANGER,), (other,), (witness_key("witness.example/w1"),)):
        assert ask(witness, 0, 5, keys=keys).status == 403
    assert held(witness) == 0
    assert ask(witness, 0, 5, keys=(STRANGER, LOG, other)).status == 200


def test_403_a_trusted_keys_signature_that_does_not_verify(witness: Witness) -> None:
    bad = head(5).text() + b"\n" + LOG.line(head(6).text())
    assert witness.add_checkpoint(b"old 0\n\n" + bad).status == 403
    second = bad + LOG.line(head(5).text())
    assert witness.add_checkpoint(b"old 0\n\n" + second).status == 403


def test_404_an_unknown_log(witness: Witness) -> None:
    unknown = Checkpoint(STRANGER.name, 5, bytes(32))
    body = written_request(0, [], note(unknown, [STRANGER, LOG]))
    assert witness.add_checkpoint(body).status == 404


def test_409_another_old_size_than_that_of_the_head_held(witness: Witness) -> None:
    assert ask(witness, 3, 5) == Answer(409, b"0\n", "text/x.tlog.size")
    ask(witness, 0, 5)
    for old, size in ((0, 8), (4, 8), (6, 8), (0, 5), (4, 4), (6, 6)):
        assert ask(witness, old, size) == Answer(409, b"5\n", "text/x.tlog.size")
    assert held(witness) == 5


def test_422_a_proof_that_does_not_convince(witness: Witness) -> None:
    assert ask(witness, 0, 5, proof=[bytes(32)]).status == 422
    ask(witness, 0, 5)
    good = naive_tree.proof(5, LEAVES[:8])
    for proof in ([], good[1:], good[:-1], [*good, bytes(32)], good[::-1], [bytes(32)] * len(good)):
        assert ask(witness, 5, 8, proof=proof).status == 422
    assert ask(witness, 5, 8, FORK).status == 422
    assert ask(witness, 5, 5, FORK).status == 422
    assert ask(witness, 5, 5, proof=[bytes(32)]).status == 422
    assert held(witness) == 5


def test_422_a_head_of_size_zero_that_is_not_that_of_an_empty_tree(witness: Witness) -> None:
    wrong = note(Checkpoint(LOG.name, 0, bytes(32)), [LOG])
    assert witness.add_checkpoint(written_request(0, [], wrong)).status == 422
    empty = Checkpoint(LOG.name, 0, sha256(b"").digest())
    assert witness.add_checkpoint(written_request(0, [], note(empty, [LOG]))).status == 200
    assert ask(witness, 0, 5).status == 200


def test_times_of_cosignatures_never_fall(tmp_path: Path) -> None:
    times = iter([1_600_000_000.9, 1_500_000_000.0, 1_700_000_000.0])
    made = Witness.create(tmp_path / "w", "w", SystemRandomness())
    witness = Witness(made._key, made.memory, clock=lambda: next(times))
    witness.trust(str(LOG.verifier))
    told = []
    for old, size in ((0, 5), (5, 6), (6, 7)):
        signed = note(head(size), [LOG]) + ask(witness, old, size).body
        told += [s.time for s in open_checkpoint(signed, [LOG.verifier], [made.key]).cosignatures]
    assert told == [1_600_000_000, 1_600_000_000, 1_700_000_000]


def test_the_published_request_is_read_and_written_to_the_byte() -> None:
    """The example of C2SP tlog-witness."""
    body = (
        "old 20852014\n"
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
        "\n"
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
        "\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
        "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    ).encode()
    read = read_request(body)
    assert (read.old_size, read.checkpoint.size, len(read.proof)) == (20852014, 20852163, 4)
    assert written_request(read.old_size, read.proof, read.note) == body
    with pytest.raises(NoteRefused):
        read_request(body + b"x")


# --- its folder


def test_a_witness_is_made_once_and_its_memory_is_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    with pytest.raises(WitnessMissing):
        Witness.open(folder)
    with pytest.raises(WitnessUntrusting):
        Witness.create(tmp_path / "bad", "a name", SystemRandomness())
    made = Witness.create(folder, "w", SystemRandomness())
    assert Witness.open(folder).key == made.key
    with pytest.raises(WitnessExists):
        Witness.create(folder, "w", SystemRandomness())
    (folder / "witness.db").rename(folder / "away")
    with pytest.raises(WitnessDamaged):
        Witness.open(folder)
    with pytest.raises(WitnessDamaged):
        made.add_checkpoint(written_request(0, [], note(head(5), [LOG])))
    assert not (folder / "witness.db").exists()
    (folder / "witness.json").write_text("{}")
    with pytest.raises(WitnessDamaged):
        Witness.open(folder)


def test_only_a_logs_key_can_be_trusted(witness: Witness) -> None:
    own = TestKey("w", 4)
    for vkey in ("nonsense", str(own.verifier), str(witness.key)):
        with pytest.raises(WitnessUntrusting):
            witness.trust(vkey)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "witness.example"])
def test_it_listens_on_loopback_only(witness: Witness, host: str) -> None:
    with pytest.raises(NotLoopback):
        WitnessServer(witness, host)
