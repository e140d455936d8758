"""Whether an archive is of the log whose heads were signed.

A signed head says what the first so many events are, to the byte. It is held against the archive's
own tree: on verification against the root over the archived events up to there, on writing by a
consistency proof that leads from the signed root to the archive's. Signatures are verified by
whoever gives the heads.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from ledger.verify.merkle import ProofRefused, verify_consistency
from projections.archive.errors import ArchiveHeadDiffers
from projections.archive.manifest import text_of

Status = Literal["final", "pending", "unsigned"]


class Head(NamedTuple):
    """A head whose signatures were verified; ``final`` if its witnesses cosigned it."""

    size: int
    root: bytes
    final: bool


class Signed(NamedTuple):
    """Up to which size an archive is under a signed head, and under one that is final."""

    size: int
    final_size: int

    @property
    def status(self) -> Status:
        """Of the greatest head that the archive reaches."""
        if not self.size:
            return "unsigned"
        return "final" if self.final_size == self.size else "pending"


def reached(heads: Sequence[Head], size: int) -> Signed:
    """What the heads say of an archive of ``size`` events that none of them contradicts."""
    within = [head for head in heads if head.size <= size]
    return Signed(
        max((head.size for head in within), default=0),
        max((head.size for head in within if head.final), default=0),
    )


def require_signed(head: Head, root: bytes) -> None:
    """``root`` is over the first ``head.size`` events. Raises :class:`ArchiveHeadDiffers`."""
    if root != head.root:
        raise ArchiveHeadDiffers(size=head.size, signed=text_of(head.root), archive=text_of(root))


def require_continued(
    heads: Sequence[Head], size: int, root: bytes, proof: Callable[[int], Sequence[bytes]]
) -> None:
    """The tree of ``size`` leaves with this root continues every head that it reaches.

    ``proof`` gives the consistency proof from a smaller size; it is believed nothing. Raises
    :class:`ArchiveHeadDiffers`.
    """
    for head in heads:
        if head.size > size:
            continue
        if head.size == size:
            require_signed(head, root)
            continue
        try:
            verify_consistency(head.size, size, head.root, root, proof(head.size))
        except ProofRefused as error:
            raise ArchiveHeadDiffers(
                size=head.size, signed=text_of(head.root), archive=str(error)
            ) from error
