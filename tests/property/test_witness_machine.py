"""Whatever is submitted in whatever order, what a witness cosigns is one growing log."""

import shutil
import tempfile
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.randomness import SystemRandomness
from ledger.verify.checkpoint import Checkpoint, open_checkpoint
from ledger.verify.merkle import verify_consistency
from ops.witness.office import Answer, Witness, written_request
from tests import naive_tree
from tests.signing import TestKey, log_key, note

LOG, STRANGER = log_key(), log_key("urn:test:stranger")
LONGEST = 24
HISTORIES = [
    [b"event %d" % n if n < common else b"branch %d: %d" % (branch, n) for n in range(LONGEST)]
    for branch, common in enumerate((LONGEST, 1, 7, 16))
]
"""One log, and three that leave it after so many events."""

Sizes = st.integers(1, LONGEST)
Histories = st.integers(0, len(HISTORIES) - 1)


class WitnessMachine(RuleBasedStateMachine):
    """A witness, and a client that sends it everything but the truth as well."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="benefits-ledger-witness-"))
        self.witness = Witness.create(self.folder, "w", SystemRandomness())
        self.witness.trust(str(LOG.verifier))
        self.cosigned: list[tuple[int, int]] = []
        """History and size of every head that was cosigned, in order."""

    @property
    def held(self) -> int:
        return self.cosigned[-1][1] if self.cosigned else 0

    def submit(
        self, history: int, old: int, size: int, *, proof: list[bytes] | None = None
    ) -> Answer:
        entries = HISTORIES[history][:size]
        if proof is None:
            proof = naive_tree.proof(old, entries) if 0 < old < size else []
        head = Checkpoint(LOG.name, size, naive_tree.head(entries))
        signed = note(head, [LOG])
        answer = self.witness.add_checkpoint(written_request(old, proof, signed))
        if answer.status == 200:
            opened = open_checkpoint(signed + answer.body, [LOG.verifier], [self.witness.key])
            assert opened.cosignatures
            self.cosigned.append((history, size))
        return answer

    @rule(history=Histories, size=Sizes)
    def a_good_client_asks_again_after_a_conflict(self, history: int, size: int) -> None:
        before = self.held
        first = self.submit(history, 0, size)
        if before:
            assert (first.status, first.body) == (409, b"%d\n" % before)
            if before <= size:
                same = HISTORIES[history][:before] == HISTORIES[self.cosigned[-1][0]][:before]
                assert self.submit(history, before, size).status == (200 if same else 422)
        else:
            assert first.status == 200

    @rule(history=Histories, old=st.integers(0, LONGEST), size=Sizes)
    def any_old_size(self, history: int, old: int, size: int) -> None:
        before = self.held
        answer = self.submit(history, old, size)
        if old > size:
            assert answer.status == 400
        elif old != before:
            assert answer.status == 409
        else:
            assert answer.status in (200, 422)

    @rule(history=Histories, size=Sizes, data=st.data())
    def any_proof(self, history: int, size: int, data: st.DataObject) -> None:
        entries = HISTORIES[history][:size]
        hashes = [sha256(e).digest() for e in entries[:4]]
        real = naive_tree.proof(self.held, entries) if 0 < self.held < size else []
        steps = st.sampled_from([*real, *hashes])
        proof = data.draw(st.lists(steps, max_size=len(real) + 1))
        answer = self.submit(history, self.held, size, proof=proof)
        if proof != real:
            assert answer.status in (400, 422)

    @rule(size=Sizes)
    def an_unknown_log(self, size: int) -> None:
        head = Checkpoint(STRANGER.name, size, bytes(32))
        self.refused(404, written_request(0, [], note(head, [STRANGER])))

    @rule(size=Sizes, key=st.sampled_from([STRANGER, TestKey(LOG.name, 4)]))
    def a_signature_of_somebody_else(self, size: int, key: TestKey) -> None:
        head = Checkpoint(LOG.name, size, naive_tree.head(HISTORIES[0][:size]))
        self.refused(403, written_request(0, [], note(head, [key])))

    @rule(size=Sizes)
    def a_signature_of_another_head(self, size: int) -> None:
        head = Checkpoint(LOG.name, size, naive_tree.head(HISTORIES[0][:size]))
        signed = head.text() + b"\n" + LOG.line(head.text() + b"more\n")
        self.refused(403, written_request(self.held, [], signed))

    @rule()
    def it_is_started_anew(self) -> None:
        self.witness = Witness.open(self.folder)

    def refused(self, status: int, body: bytes) -> None:
        assert self.witness.add_checkpoint(body).status == status

    @invariant()
    def every_head_continues_the_one_before(self) -> None:
        for (old, old_size), (new, size) in pairwise(self.cosigned[-2:]):
            before, after = HISTORIES[old][:old_size], HISTORIES[new][:size]
            verify_consistency(
                old_size,
                size,
                naive_tree.head(before),
                naive_tree.head(after),
                naive_tree.proof(old_size, after) if old_size < size else [],
            )

    @invariant()
    def what_is_held_is_what_was_cosigned_last(self) -> None:
        heads = self.witness.memory.heads()
        assert [h.size for h in heads] == ([self.held] if self.cosigned else [])

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


TestWitnessMachine = WitnessMachine.TestCase
TestWitnessMachine.settings = settings(max_examples=25, stateful_step_count=25)
