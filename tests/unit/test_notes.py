"""Signed notes, checkpoints and policies: published examples to the byte, and what is refused."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.verify.checkpoint import Checkpoint, Policy, open_checkpoint
from ledger.verify.note import COSIGNATURE, NoteRefused, VerifierKey, open_note
from tests.signing import log_key, note, witness_key

# The example of C2SP signed-note.
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuw"
    "HjG1Yu72IneyaQM=\n"
).encode()

# The example of golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ"
    "b6KE6RyyBwJnAM=\n"
).encode()

# The example of C2SP tlog-checkpoint.
SOFA = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

LOG, OTHER_LOG = log_key(), log_key("urn:test:other")
WITNESSES = [witness_key(f"witness.example/w{n}") for n in range(3)]
HEAD = Checkpoint(LOG.name, 5, bytes(range(32)))


@pytest.mark.parametrize(("vkey", "signed"), [(FOO, FOO_NOTE), (PETER, PETER_NOTE)])
def test_published_notes_open(vkey: str, signed: bytes) -> None:
    key = VerifierKey.parse(vkey)
    assert str(key) == vkey
    opened = open_note(signed, [key])
    text, _, line = signed.partition(b"\n\n")
    assert opened.text == text + b"\n"
    assert [s.line() for s in opened.signatures] == [line]


def test_the_published_checkpoint_parses_and_prints() -> None:
    found = Checkpoint.parse(SOFA)
    assert (found.origin, found.size, found.extensions) == (
        "example.com/behind-the-sofa",
        20852163,
        (),
    )
    assert found.text() == SOFA
    extended = Checkpoint.parse(SOFA + b"more\nand more\n")
    assert extended.extensions == ("more", "and more")
    assert extended.text() == SOFA + b"more\nand more\n"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        SOFA[:-1],
        SOFA + b"\n",
        b"\n" + SOFA,
        SOFA.replace(b"20852163", b"020852163"),
        SOFA.replace(b"20852163", b"+20852163"),
        SOFA.replace(b"20852163", "٢".encode()),
        SOFA.replace(b"20852163", b"9223372036854775808"),
        SOFA.replace(b"2I=", b"2J="),  # bits that no byte has
        SOFA.replace(b"2I=", b"2I"),
        SOFA.replace(b"CsUY", b"CsU"),
        SOFA.replace(b"CsUY", b"CsUYCsUY"),
        SOFA.replace(b"e", b"\xff"),
        b"".join(SOFA.splitlines(keepends=True)[:2]),
    ],
)
def test_what_is_not_a_checkpoint_to_the_byte_is_refused(text: bytes) -> None:
    with pytest.raises(NoteRefused):
        Checkpoint.parse(text)


@pytest.mark.parametrize("end", range(len(PETER)))
def test_a_mangled_verifier_key_is_refused(end: int) -> None:
    for mangled in (PETER[:end], PETER[end + 1 :], PETER[:end] + "~" + PETER[end + 1 :]):
        with pytest.raises(NoteRefused):
            VerifierKey.parse(mangled)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\u00a0b", "a\nb", "a\x01b"])
def test_a_name_that_no_key_may_have_is_refused(name: str) -> None:
    with pytest.raises(NoteRefused, match="name"):
        VerifierKey.of(name, COSIGNATURE, WITNESSES[0].verifier.public)


def test_a_key_of_low_order_verifies_nothing() -> None:
    with pytest.raises(NoteRefused, match="low order"):
        VerifierKey.of("witness", COSIGNATURE, b"\x01" + bytes(31))


LINE = LOG.line(HEAD.text())


@pytest.mark.parametrize(
    "signed",
    [
        b"",
        HEAD.text(),
        HEAD.text() + LINE,
        HEAD.text() + b"\n",
        HEAD.text() + b"\n" + LINE[:-1],
        HEAD.text() + b"\n" + LINE + b"\n",
        HEAD.text() + b"\n" + LINE + b"x\n",
        HEAD.text() + b"\n" + LINE.replace("— ".encode(), b"- "),
        HEAD.text() + b"\n" + LINE.replace(b" urn", b"  urn"),
        HEAD.text() + b"\n" + LINE[:-1] + b" \n",
        HEAD.text() + b"\n" + LINE + "— somebody AAAA\n".encode(),
        HEAD.text() + b"\n" + LINE + "— somebody AAAAAB==\n".encode(),
        HEAD.text() + b"\n" + LINE + "— some+body AAAAAAA=\n".encode(),
        HEAD.text() + b"\n" + LINE.replace(b"\n", b"\r\n"),
        HEAD.text() + b"\t\n\n" + LINE,
        b"\xff" + HEAD.text() + b"\n" + LINE,
        HEAD.text() + b"\n" + LINE * 101,
        b"x" * 1_000_000 + b"\n\n" + LINE,
    ],
)
def test_what_is_not_a_note_to_the_byte_is_refused(signed: bytes) -> None:
    with pytest.raises(NoteRefused):
        open_note(signed, [LOG.verifier])


def test_signatures_of_unknown_keys_are_ignored_and_a_bad_known_one_rejects() -> None:
    signed = note(HEAD, [LOG, OTHER_LOG])
    assert len(open_note(signed, [LOG.verifier]).signatures) == 1
    assert len(open_note(signed, [LOG.verifier, OTHER_LOG.verifier]).signatures) == 2
    with pytest.raises(NoteRefused, match="none of the known"):
        open_note(signed, [WITNESSES[0].verifier])
    bad = HEAD.text() + b"\n" + LOG.line(HEAD.text()) + OTHER_LOG.line(b"another text\n")
    assert len(open_note(bad, [LOG.verifier]).signatures) == 1
    with pytest.raises(NoteRefused, match="does not verify"):
        open_note(bad, [LOG.verifier, OTHER_LOG.verifier])


def test_a_key_of_the_same_name_but_another_id_is_unknown() -> None:
    witness = witness_key(LOG.name)
    assert len(open_note(note(HEAD, [LOG, witness]), [LOG.verifier]).signatures) == 1


def test_a_log_signature_is_no_cosignature_and_a_witness_no_log() -> None:
    with pytest.raises(NoteRefused, match="not a key of this kind"):
        open_checkpoint(note(HEAD, [LOG]), [WITNESSES[0].verifier], [])
    with pytest.raises(NoteRefused, match="not a key of this kind"):
        open_checkpoint(note(HEAD, [LOG]), [LOG.verifier], [OTHER_LOG.verifier])
    with pytest.raises(NoteRefused, match="not signed by a known key of its log"):
        open_checkpoint(note(HEAD, WITNESSES[:1]), [LOG.verifier], [WITNESSES[0].verifier])
    with pytest.raises(NoteRefused, match="another log's name"):
        open_checkpoint(note(HEAD, [OTHER_LOG]), [LOG.verifier, OTHER_LOG.verifier])
    with pytest.raises(NoteRefused, match="empty log"):
        open_checkpoint(note(Checkpoint(LOG.name, 0, bytes(32)), [LOG]), [LOG.verifier])


def test_cosignatures_carry_their_time() -> None:
    text = HEAD.text()
    lines = LOG.line(text) + WITNESSES[0].line(text, time=1679315147)
    keys = [w.verifier for w in WITNESSES]
    opened = open_checkpoint(text + b"\n" + lines, [LOG.verifier], keys)
    assert opened.checkpoint == HEAD
    assert [s.time for s in opened.cosignatures] == [1679315147]
    assert opened.cosignatures[0].line() in lines
    late = WITNESSES[0].line(text, time=2**63)
    with pytest.raises(NoteRefused, match="impossible time"):
        open_checkpoint(text + b"\n" + LOG.line(text) + late, [LOG.verifier], keys)


def test_a_policy_counts_its_own_witnesses_once_each() -> None:
    keys = tuple(w.verifier for w in WITNESSES)
    stranger = witness_key("witness.example/stranger")
    for k in range(1, 4):
        policy = Policy(k, keys, (LOG.verifier,))
        for count in range(4):
            for some in combinations(WITNESSES, count):
                signed = note(HEAD, [LOG, *some, *some, stranger])
                opened = open_checkpoint(signed, [LOG.verifier], [*keys, stranger.verifier])
                assert policy.final(opened) == (count >= k)
    assert not Policy(0, keys).final(opened)


def test_a_policy_prints_and_parses() -> None:
    keys = tuple(w.verifier for w in WITNESSES)
    urls = ((keys[1].public, "http://127.0.0.1:8080"),)
    for policy in (
        Policy(2, keys, (LOG.verifier,), urls),
        Policy(0, (), (LOG.verifier,)),
        Policy(1, keys),
    ):
        assert Policy.parse(policy.text()) == policy
    by_hand = f"# ours\n\n log\t{LOG.verifier}  http://log\nwitness a {keys[0]}\nquorum a\n"
    assert Policy.parse(by_hand) == Policy(1, keys[:1], (LOG.verifier,))
    for word, k in (("all", 3), ("any", 1), ("2", 2)):
        lines = [f"witness w{n} {key}" for n, key in enumerate(keys)]
        text = "\n".join([*lines, f"group g {word} w0 w1 w2", "quorum g", ""])
        assert Policy.parse(text).k == k


A, B = (f"witness {n} {w.verifier}\n" for n, w in zip("ab", WITNESSES, strict=False))


@pytest.mark.parametrize(
    "text",
    [
        "",
        A,
        "quorum a\n" + A,
        A + "quorum a\nquorum a\n",
        A + A + "quorum a\n",
        A + A.replace("witness a", "witness c") + "group g 1 a c\nquorum g\n",
        A + B + "quorum a\n",
        A + B + "group g 3 a b\nquorum g\n",
        A + B + "group g 0 a b\nquorum g\n",
        A + B + "group g 2 a a\nquorum g\n",
        A + "group g 1 a b\nquorum g\n" + B,
        A + "group g 1\nquorum g\n",
        A.replace("witness a", "witness none") + "quorum none\n",
        f"log {LOG.verifier}\nwitness a {LOG.verifier}\nquorum a\n",
        f"log {WITNESSES[0].verifier}\nquorum none\n",
        A + "quorum a b\n",
        A + "what is this\nquorum a\n",
        A.replace("+", "-", 1) + "quorum a\n",
    ],
)
def test_a_policy_that_says_less_than_it_seems_to_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        Policy.parse(text)


@given(at=st.integers(min_value=0), change=st.integers(1, 255))
def test_any_changed_byte_of_a_cosigned_checkpoint_is_refused_or_disowned(
    at: int, change: int
) -> None:
    """A change to a name or id makes a signature an unknown one: what is left must not be final."""
    signed = bytearray(note(HEAD, [LOG, WITNESSES[0]]))
    signed[at % len(signed)] ^= change
    try:
        opened = open_checkpoint(bytes(signed), [LOG.verifier], [WITNESSES[0].verifier])
    except NoteRefused:
        return
    assert opened.checkpoint == HEAD
    assert not Policy(1, (WITNESSES[0].verifier,)).final(opened)
