"""Completeness in a bundle: for each subject, what a seal proves of its events and what it doesn't.

A seal covers the events before its position. Later ones are proven to be in the log, but more of
them may exist; the result says how many are of either kind.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from ledger.verify.completeness import IndexProof, Sealed, check_absent, check_present
from ledger.verify.container import json_value
from ledger.verify.merkle import ProofRefused
from ledger.verify.refusal import Refused

PART = "completeness.json"


@dataclass(frozen=True, slots=True)
class Completed:
    """One subject: ``events`` before the seal are all there are; ``after`` came later.

    ``seal`` is None where the bundle has none, and nothing is proven to be complete.
    """

    subject: str
    events: int
    after: int
    seal: Sealed | None


class Presence:
    """The events that a bundle has of its subjects, and the seals that it has."""

    def __init__(self, subjects: tuple[str, ...]) -> None:
        self._subjects = subjects
        self._events: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        self._seals: dict[int, Sealed] = {}

    def take(self, subject: str, position: int, leaf: bytes) -> None:
        """An event that is in the log, in order of positions."""
        if subject in self._subjects:
            self._events[subject].append((position, leaf))

    def sealed(self, seal: Sealed) -> None:
        """A sealing event that is in the log."""
        self._seals[seal.event] = seal

    def check(self, raw: bytes, *, unsealed: bool) -> list[Completed]:
        """Every subject's proof. Raises :class:`Refused`.

        With ``unsealed`` a bundle without any seal passes, and nothing is proven.
        """
        listed = json_value(raw, PART)
        if not isinstance(listed, list) or not all(isinstance(p, dict) for p in listed):
            raise Refused("part-malformed", part=PART, reason="[]")
        proofs = {str(p.get("subject")): p for p in listed}
        if not proofs and not self._seals and unsealed:
            return [
                Completed(subject, 0, len(self._events[subject]), None)
                for subject in self._subjects
            ]
        if len(proofs) != len(listed) or set(proofs) - set(self._subjects):
            raise Refused("part-malformed", part=PART, reason="subjects")
        return [self._checked(subject, proofs.get(subject)) for subject in self._subjects]

    def _checked(self, subject: str, said: dict[str, Any] | None) -> Completed:
        events = self._events[subject]
        at = None if said is None else said.get("seal")
        if said is None or type(at) is not int or at not in self._seals:
            raise Refused("no-completeness", subject=subject)
        seal = self._seals[at]
        before = sum(position < seal.position for position, _ in events)
        try:
            if "present" in said:
                proof = index_proof(said["present"])
                if proof is None:
                    raise Refused("no-completeness", subject=subject)
                check_present(subject, events, proof, seal)
            else:
                neighbors = index_proof(said.get("before")), index_proof(said.get("after"))
                if before:
                    raise Refused("incomplete", subject=subject, found=before, period=seal.period)
                check_absent(subject, *neighbors, seal)
        except ProofRefused as error:
            raise Refused("index-proof", subject=subject, reason=error) from None
        return Completed(subject, before, len(events) - before, seal)


def index_proof(said: object) -> IndexProof | None:
    """A leaf of the index as the part states it. Raises :class:`Refused`."""
    if said is None:
        return None
    try:
        assert isinstance(said, dict)
        proof = tuple(bytes.fromhex(h) for h in said["proof"])
        index = said["index"]
        assert type(index) is int
        return IndexProof(index, said["leaf"].encode(), proof)
    except (AssertionError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused("part-malformed", part=PART, reason=repr(error)) from None
