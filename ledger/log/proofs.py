"""Proofs as they are handed out: values, JSON documents, and C2SP's texts.

In JSON every hash is base64 (RFC 4648, section 4), as it is in checkpoints. The text of an
inclusion is a C2SP tlog-proof; that of a consistency is what a C2SP tlog-witness is sent.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple


class Inclusion(NamedTuple):
    """That an event is in the log: its leaf is at ``position`` of the tree of ``size``."""

    position: int
    size: int
    leaf: bytes
    root: bytes
    proof: list[bytes]

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "index": self.position,
            "size": self.size,
            "leaf_hash": base64(self.leaf),
            "root": base64(self.root),
            "proof": [base64(h) for h in self.proof],
        }

    def text(self, checkpoint: bytes) -> bytes:
        """A tlog-proof; ``checkpoint`` is the signed note of this size, which it includes."""
        head = ["c2sp.org/tlog-proof@v1", f"index {self.position}"]
        return _lines(head, self.proof) + b"\n" + checkpoint


class Consistency(NamedTuple):
    """That the log only grew: the tree of ``old_size`` leaves is a prefix of the new one."""

    old_size: int
    new_size: int
    old_root: bytes
    new_root: bytes
    proof: list[bytes]

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "old_size": self.old_size,
            "new_size": self.new_size,
            "old_root": base64(self.old_root),
            "new_root": base64(self.new_root),
            "proof": [base64(h) for h in self.proof],
        }

    def text(self, checkpoint: bytes | None = None) -> bytes:
        """The lines of an ``add-checkpoint`` request; all of it if the new size's note is given."""
        lines = _lines([f"old {self.old_size}"], self.proof)
        return lines if checkpoint is None else lines + b"\n" + checkpoint


def base64(data: bytes) -> str:
    """RFC 4648, section 4."""
    return b64encode(data).decode()


def _lines(head: Sequence[str], hashes: Sequence[bytes]) -> bytes:
    return "".join(f"{line}\n" for line in [*head, *map(base64, hashes)]).encode()
