"""Whether every event of a subject is there: the chain of its events, and the index of all chains.

A chain's head takes in, one after the other, the position and the leaf hash of each event of one
subject; leave one out, add one or swap two, and the head is another. The index is a Merkle tree
(RFC 6962) with a leaf a subject, in ascending order of the subjects' UTF-8 bytes: how many events,
the head, the last position. Its root is committed in the log itself, by a ``ProjectionSealed``
event, for the events before a position. A subject that the index lacks is proven absent by its two
neighbors.

What that proves: what the operator committed to, for everyone at once and for good. A wrong root
is signed evidence that anybody exposes who folds the whole log (the verifier does, given all of
it); a bundle of one subject alone cannot.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger.verify.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from ledger.verify.refusal import Refused

START = bytes(HASH_BYTES)
"""The head of a chain without events."""


def link(head: bytes, position: int, leaf: bytes) -> bytes:
    """The head after one more event: SHA-256 of 0x02, head, position (uint64), leaf hash."""
    return sha256(b"\x02" + head + position.to_bytes(8) + leaf).digest()


def index_leaf(subject: str, events: int, head: bytes, last: int) -> bytes:
    """A leaf of the index: RFC 8785 JSON of the chain's length, head and last position."""
    leaf = {"events": events, "head": head.hex(), "last": last, "subject": subject}
    return json.dumps(leaf, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a sealing event says of the index: subjects and root over the first ``position`` events.

    ``event`` is the sealing event's own position.
    """

    period: str
    event: int
    position: int
    subjects: int
    root: bytes


@dataclass(frozen=True, slots=True)
class IndexProof:
    """One leaf of the index, by its bytes, with its place and the way to the root."""

    index: int
    leaf: bytes
    proof: tuple[bytes, ...]

    @property
    def subject(self) -> str:
        """Whose leaf it is. Raises :class:`Refused`."""
        try:
            subject = json.loads(self.leaf.decode())["subject"]
            if not isinstance(subject, str):
                raise TypeError("subject")
            subject.encode()  # half of a surrogate pair has no place in the order of bytes
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Refused("index-leaf", subject="?") from None
        return subject

    def check(self, sealed: Sealed) -> None:
        """Raises :class:`~ledger.verify.merkle.ProofRefused` if the index has no such leaf."""
        verify_inclusion(leaf_hash(self.leaf), self.index, sealed.subjects, self.proof, sealed.root)


def check_present(
    subject: str, events: Sequence[tuple[int, bytes]], proof: IndexProof, sealed: Sealed
) -> None:
    """The events of a subject, as (position, leaf hash), before the seal are all there are.

    Raises :class:`Refused`, and :class:`~ledger.verify.merkle.ProofRefused` for the index.
    """
    proof.check(sealed)
    head, last, count = START, -1, 0
    for position, leaf in events:
        if position >= sealed.position:
            break
        head, last, count = link(head, position, leaf), position, count + 1
    if not count or proof.leaf != index_leaf(subject, count, head, last):
        raise Refused("incomplete", subject=subject, found=count, period=sealed.period)


def check_absent(
    subject: str, before: IndexProof | None, after: IndexProof | None, sealed: Sealed
) -> None:
    """The index has no leaf for the subject: these two are neighbors, or one is at an end.

    Raises :class:`Refused`, and :class:`~ledger.verify.merkle.ProofRefused` for the index.
    """
    refused = Refused("not-absent", subject=subject, period=sealed.period)
    first = 0 if before is None else before.index + 1
    if first != (sealed.subjects if after is None else after.index):
        raise refused
    if before is None and after is None:
        raise refused
    key = subject.encode()
    if before is not None:
        before.check(sealed)
        if not before.subject.encode() < key:
            raise refused
    if after is not None:
        after.check(sealed)
        if not key < after.subject.encode():
            raise refused
