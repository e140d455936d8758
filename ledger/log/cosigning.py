"""Asking witnesses for cosignatures, and what their answers say of this log.

A witness holds the greatest head that it cosigned. Asked with another one in mind it says the size
of its own, and the proof is built again from there. If that is greater than the head we ask for, or
the proof does not convince it, then this log is not the one that it holds: no failure to be tried
again, but what witnesses are for.
"""

from collections.abc import Sequence
from typing import Protocol

from ledger.log.errors import LogForked, LogShortened
from ledger.log.tree import Tree
from ledger.verify.checkpoint import Checkpoint
from ledger.verify.note import NoteRefused, VerifierKey, open_note, signature_line

ATTEMPTS = 4
"""How often a witness may have moved on between its answer and the next request."""


class WitnessHolds(Exception):
    """409: the greatest head that the witness cosigned has this size."""

    def __init__(self, size: int) -> None:
        super().__init__(f"holds a head of size {size}")
        self.size = size


class WitnessDoubts(Exception):
    """422: the head is not consistent with the one that the witness holds."""


class WitnessUnavailable(Exception):
    """It does not answer, or not as a witness that knows this log; the text says why."""


class Witness(Protocol):
    """One witness, wherever it runs."""

    @property
    def key(self) -> VerifierKey: ...

    def add_checkpoint(self, old: int, proof: Sequence[bytes], note: bytes) -> bytes:
        """C2SP tlog-witness ``add-checkpoint``: the signature lines of the answer.

        Raises :class:`WitnessHolds`, :class:`WitnessDoubts`, :class:`WitnessUnavailable`.
        """
        ...


def cosign(witness: Witness, note: bytes, checkpoint: Checkpoint, tree: Tree, held: int) -> bytes:
    """The witness's signature line below a head; ``held`` is what it is believed to hold.

    ``tree`` is that of the head. Raises :class:`LogShortened`, :class:`LogForked`,
    :class:`WitnessUnavailable`.
    """
    size, name = checkpoint.size, witness.key.name
    for _ in range(ATTEMPTS):
        if held > size:
            raise LogShortened(signed=held, size=size, source=name)
        proof = tree.consistency_proof(held) if 0 < held < size else []
        try:
            answer = witness.add_checkpoint(held, proof, note)
        except WitnessHolds as conflict:
            held = conflict.size
        except WitnessDoubts:
            raise LogForked(signed=held, source=name) from None
        else:
            return _line(witness, checkpoint, answer)
    raise WitnessUnavailable("it is asked by several at once")


def _line(witness: Witness, checkpoint: Checkpoint, answer: bytes) -> bytes:
    """The one line of the answer that is this witness's cosignature; others are left out."""
    text = checkpoint.text()
    try:
        opened = open_note(text + b"\n" + answer, [witness.key])
    except NoteRefused as error:
        raise WitnessUnavailable(f"its cosignature does not verify: {error}") from None
    signature = opened.signatures[0]
    return signature_line(witness.key, signature.signature)
